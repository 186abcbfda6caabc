/**
 * `node src/runtimes/main.ts [containerd | podman | ctr | mixed]...`: our plugins under real container runtimes. Prints each case as it
 * ends, and at the end all of them as a table.
 */
import { execFileSync } from 'node:child_process';
import { exitOnSignals, jobInside } from '../inside.ts';
import { ipvlanKernel, type Kernel, onIpvlanKernel, runsNatively } from '../kernel.ts';
import { searchPath } from '../uml/boot.ts';
import { makeImage } from './image.ts';
import { obstacleTo } from './obstacle.ts';
import { type Outcome, outcomeIn, progressOf, tableOf } from './report.ts';

const MINUTES = 20;

/** Which test files need ipvlan, one after another and beside others: two take the time of the longer. */
const LANES: readonly (readonly { name: string; ipvlan: boolean }[])[] = [
  [{ name: 'containerd', ipvlan: true }],
  [
    { name: 'mixed', ipvlan: false },
    { name: 'podman', ipvlan: true },
    { name: 'ctr', ipvlan: true },
  ],
];

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const outcomes: Outcome[] = [];

/** Runs test files in one place; false when something failed. What vitest says is shown when all of it is there. */
async function run(names: readonly string[], kernel: Kernel): Promise<boolean> {
  if (names.length === 0) return true;
  const lines: string[] = [];
  const files = names.map((name) => `/${name}.runtime.test.ts`);
  const command = ['vitest', 'run', '--config', 'vitest.runtimes.config.ts', '--configLoader', 'native', ...files];
  const job = jobInside(command, kernel, MINUTES, (line) => {
    const outcome = outcomeIn(line);
    if (outcome === undefined) lines.push(line);
    else {
      outcomes.push(outcome);
      say(progressOf(outcome));
    }
  });
  try {
    return (await onIpvlanKernel(job, kernel)) === 0;
  } catch (error) {
    lines.push(String(error));
    return false;
  } finally {
    say(lines.join('\n'));
  }
}

/** The test files of a lane that are wanted: first those that the host's kernel can run, then the rest in one place. */
async function runLane(lane: (typeof LANES)[number], wanted: readonly string[], kernel: Kernel): Promise<boolean> {
  const chosen = lane.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const anywhere = (await runsNatively()) ? 'native' : kernel;
  const names = (ipvlan: boolean) => chosen.filter((one) => one.ipvlan === ipvlan).map(({ name }) => name);
  const passed = [await run(names(false), anywhere), await run(names(true), kernel)];
  return passed.every(Boolean);
}

/** What a program says of its version, if it is there. */
function versionOf(program: string): string {
  const env = { PATH: searchPath() };
  const [version] = /\d+\.\d+[\w.]*/.exec(execFileSync(program, ['--version'], { env, encoding: 'utf8' })) ?? [];
  return `${program} ${version}`;
}

async function main(wanted: readonly string[]): Promise<number> {
  const started = performance.now();
  const known = LANES.flat().map(({ name }) => name);
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`no runtime tests ${unknown.join(', ')}: there are ${known.join(', ')}`);
  const there = (['containerd', 'podman'] as const).filter((runtime) => obstacleTo(runtime) === undefined);
  if (there.length > 0) {
    makeImage();
    say(`Runtimes: ${[...there, 'crun'].map(versionOf).join(', ')}`);
  }
  const kernel = ipvlanKernel();
  const passed = await Promise.all(LANES.map((lane) => runLane(lane, wanted, kernel)));
  say(`\n${tableOf(outcomes)}\n`);
  say(`Under real runtimes: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return passed.every(Boolean) ? 0 : 1;
}

exitOnSignals();
process.exitCode = await main(process.argv.slice(2));
