/** `node main.ts [TABLE...]`: measures ours beside the reference and prints tables; all of them are also written to RESULTS.md. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accuracy } from './accuracy.ts';
import { bandwidth } from './bandwidth.ts';
import { isBuilt } from './candidates.ts';
import { coordinator } from './coordinator.ts';
import { hostLocal } from './host-local.ts';
import { Interruption } from './interruption.ts';
import { ipvlan } from './ipvlan.ts';
import { latency } from './latency.ts';
import { describeMachine, referenceVersion } from './machine.ts';
import { startup } from './startup.ts';
import { type Measurement, renderMarkdown, renderText, type Table } from './table.ts';

const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  startup,
  'host-local': hostLocal,
  ipvlan,
  coordinator,
  bandwidth,
  accuracy,
  latency,
};

async function main(words: readonly string[]): Promise<number> {
  const names = Object.keys(MEASUREMENTS);
  const strangers = words.filter((word) => !names.includes(word));
  if (strangers.length > 0) {
    console.error(`bench: no table ${strangers.join(', ')}; there are ${names.join(', ')}`);
    return 2;
  }
  const introduction = [`On ${describeMachine(import.meta.dirname)}.`, `Reference: ${referenceVersion()}.`];
  console.log(`${introduction.join('\n')}\n`);
  const wanted = words.length === 0 ? names : names.filter((name) => words.includes(name));
  const keeps = wanted.length === names.length && isBuilt;
  const failed = await measureAll(wanted, (tables, missing) => {
    if (keeps) writeResults(introduction, tables, missing);
  });
  return failed ? 1 : 0;
}

type Keep = (tables: readonly Table[], missing: readonly string[]) => void;

/** One after another, and kept after each; what cannot be measured keeps nothing else from being measured. Whether anything failed. */
async function measureAll(names: readonly string[], keep: Keep): Promise<boolean> {
  const tables: Table[] = [];
  const failed: string[] = [];
  for (const [index, name] of names.entries()) {
    try {
      const measured = await MEASUREMENTS[name]?.((line) => console.log(`… ${line}`));
      for (const table of measured ?? []) console.log(`\n${renderText(table).trimEnd()}`);
      tables.push(...(measured ?? []));
    } catch (error) {
      if (error instanceof Interruption) throw error;
      failed.push(name);
      console.error(`\n${name}: ${error instanceof Error ? error.message : error}\n`);
    }
    keep(tables, [...failed, ...names.slice(index + 1)]);
  }
  return failed.length > 0;
}

function writeResults(introduction: readonly string[], tables: readonly Table[], missing: readonly string[]): void {
  const head = [
    '# Results',
    '',
    `Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}; [how to read it](README.md).`,
    ...introduction,
    ...(missing.length === 0 ? [] : [`Not measured: ${missing.join(', ')}.`]),
  ];
  const path = join(import.meta.dirname, '../RESULTS.md');
  writeFileSync(path, `${head.join('\n')}\n\n${tables.map(renderMarkdown).join('\n')}`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Interruption)) throw error;
  process.exitCode = 1;
}
