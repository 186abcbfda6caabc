import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { checkpoint } from './interruption.ts';
import { formatPlan, type Plan, parseReport, type Report } from './plan.ts';

/** For what is compiled, built and written while measuring. */
export const cache: string = join(import.meta.dirname, '../../.cache/bench');

/** Samples of a plan, and how much the machine was busy with something else meanwhile. */
export interface Measured extends Report {
  /** Share of all processors that others used, 0 to 1. */
  readonly disturbance: number;
}

/** Runs a plan, in a namespace if one is named. Throws when a run ends otherwise than expected, with what it said. */
export async function measure(plan: Plan, netns?: { readonly path: string }): Promise<Measured> {
  const [program, ...args] = netns === undefined ? [spawner()] : ['nsenter', `--net=${netns.path}`, spawner()];
  await checkpoint();
  const [busyBefore, ownBefore, before] = [busyMilliseconds(), process.cpuUsage(), performance.now()];
  const { status, signal, error, stdout, stderr } = spawnSync(program, args, {
    input: formatPlan(plan),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  await checkpoint();
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`measure: ${signal === null ? stderr.trim() : `ended by ${signal}`}`);
  const report = parseReport(stdout, plan);
  const own = process.cpuUsage(ownBefore);
  const others = busyMilliseconds() - busyBefore - report.cpuMilliseconds - (own.user + own.system) / 1000;
  return { ...report, disturbance: Math.max(0, others) / ((performance.now() - before) * cpus().length) };
}

/** What all processors have worked since boot. */
function busyMilliseconds(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}

/** The compiled spawner; compiled once for each version of its source. Throws when there is no C compiler. */
export function spawner(): string {
  const source = join(import.meta.dirname, 'spawner.c');
  const digest = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16);
  const program = join(cache, `spawner-${digest}`);
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const unfinished = `${program}.${process.pid}`;
  execFileSync('gcc', ['-O2', '-Wall', '-Wextra', '-static', '-o', unfinished, source], { stdio: 'inherit' });
  renameSync(unfinished, program);
  return program;
}
