import { spawnSync } from 'node:child_process';
import { collectExecutables } from './executables.mjs';
import { run, seconds } from './run.mjs';

const isRoot = process.getuid() === 0;

/** In this order. `obstacle` says why a stage cannot run here; `needs` names a stage that has to have passed. */
const stages = [
  { name: 'build', action: build, obstacle: () => missingPrograms('gcc', 'musl-gcc', 'wasm2c') },
  { name: 'check', action: () => turbo('check') },
  { name: 'lint', action: () => run('lint', 'biome', ['check', '.']) },
  { name: 'unit tests', action: () => turbo('test'), tests: true },
  {
    name: 'live tests',
    // One package at a time: some of them measure what goes through a link.
    action: () => turbo('test:live', '--concurrency=1'),
    tests: true,
    obstacle: () => (isRoot ? undefined : 'needs root'),
  },
  {
    name: 'e2e tests',
    action: () => turbo('e2e'),
    tests: true,
    needs: 'build',
    obstacle: () => missingPrograms('ip', 'ping'),
  },
];

/** Runs all stages, whatever becomes of one; ends with a table and the sums. Gives the exit status. */
export async function runStages() {
  const done = [];
  for (const stage of stages) done.push(await runStage(stage, done));
  const sum = (key) => done.reduce((total, one) => total + one[key], 0);
  const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map(sum);
  console.log(`\n${table(done)}\n`);
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return failed === 0 ? 0 : 1;
}

async function runStage(stage, done) {
  const none = { name: stage.name, passed: 0, failed: 0, skipped: 0, time: 0 };
  const reason = obstacleTo(stage, done);
  if (reason !== undefined) {
    console.log(`\n${stage.name}: skipped, ${reason}`);
    return { ...none, outcome: `skipped: ${reason}` };
  }
  console.log(`\n${stage.name}`);
  const started = performance.now();
  const { status, lines, log } = await stage.action();
  const time = performance.now() - started;
  if (status !== 0) explain(lines, log);
  const counts = stage.tests ? count(lines) : none;
  // A stage that fails without a failed test is one failure, and so are tests of which none is heard.
  const sound = status === 0 && (!stage.tests || counts.passed > 0);
  const failed = sound ? 0 : Math.max(1, counts.failed);
  const outcome = failed === 0 ? 'passed' : 'failed';
  console.log(`${stage.name}: ${outcome} in ${seconds(time)}`);
  return { ...none, ...counts, failed, time, outcome, tests: stage.tests };
}

function obstacleTo({ obstacle, needs }, done) {
  const before = done.find(({ name }) => name === needs);
  if (before !== undefined && before.outcome !== 'passed') return `${needs} did not pass`;
  return obstacle?.();
}

async function build() {
  const built = await turbo('build');
  if (built.status === 0) collectExecutables();
  return built;
}

/** Runs a task in every package that has it, and shows each test file as it ends, and each case under a runtime. */
function turbo(task, ...options) {
  const onLine = (line) => {
    const file = /^(\S+?):\S+: +([✓❯×✗-] .*(?:\.test\.ts.*| \d+\.\d s))$/.exec(line);
    if (file !== null) console.log(`  ${file[1].padEnd(22)} ${file[2]}`);
  };
  return run(task.replace(':', '-'), 'turbo', ['run', task, '--continue', ...options], { onLine });
}

/** The sums of vitest's last lines: `Tests  1 failed | 45 passed | 2 skipped (48)`. */
function count(lines) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const words = { passed: 'passed', failed: 'failed', skipped: 'skipped', todo: 'skipped' };
  for (const line of lines) {
    const [, summary] = /^\S+: +Tests {2}(.*)\(\d+\)$/.exec(line) ?? [];
    for (const [, number, word] of summary?.matchAll(/(\d+) (passed|failed|skipped|todo)/g) ?? [])
      counts[words[word]] += Number(number);
  }
  return counts;
}

/** Of turbo's lines those of the tasks that failed, one task after another; else the last. */
function explain(lines, log) {
  const failed = lines.flatMap((line) => /^ *Failed: +(.*)$/.exec(line)?.[1].split(', ') ?? []);
  const theirs = failed.flatMap((task) =>
    lines.filter((line) => line.startsWith(`${task.replace('#', ':')}: `)).slice(-60),
  );
  for (const line of theirs.length > 0 ? theirs : lines.slice(-40)) console.log(`  ${line}`);
  console.log(`  All of it: ${log}`);
}

function missingPrograms(...names) {
  const missing = names.filter(
    (name) => spawnSync('sh', ['-c', `command -v ${name}`], { env: sbinEnv() }).status !== 0,
  );
  return missing.length === 0 ? undefined : `missing on this machine: ${missing.join(', ')}`;
}

/** Where a user's PATH has no sbin, root's programs are still found. */
function sbinEnv() {
  return { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
}

function table(done) {
  const head = ['stage', 'passed', 'failed', 'skipped', 'time', ''];
  const rows = done.map(({ name, tests, passed, failed, skipped, time, outcome }) => {
    const numbers = tests ? [passed, failed, skipped] : ['', '', ''];
    return [name, ...numbers, time === 0 ? '' : seconds(time), outcome].map(String);
  });
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const print = (row) =>
    row
      .map((cell, column) => (column % 5 === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  ')
      .trimEnd();
  return [head, ...rows].map(print).join('\n');
}
