import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { constants as os } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const cache = join(root, '.cache');

/** What a person can do something about: its message is all that is shown. */
export class Failure extends Error {}

/** The environment of our tools: the pinned Node and pnpm come first, nobody is asked or told anything. */
export function toolsEnv() {
  const path = [join(root, 'node_modules/.bin'), join(cache, 'pnpm/node_modules/.bin'), process.env.PATH];
  return { ...process.env, PATH: path.join(delimiter), TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' };
}

/** Runs one step of the set-up under a title, with its time. */
export async function step(title, action) {
  const started = performance.now();
  process.stdout.write(`${title} … `);
  try {
    const result = await action();
    process.stdout.write(`${seconds(performance.now() - started)}\n`);
    return result;
  } catch (error) {
    process.stdout.write('failed\n');
    throw error;
  }
}

export function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/**
 * Runs a command; its output goes to `.cache/log/NAME.log`, and line by line, without colours, to `onLine`.
 * Gives its exit status, its lines and the log's path.
 */
export function run(name, command, args, { env = toolsEnv(), onLine } = {}) {
  const log = join(cache, 'log', `${name}.log`);
  mkdirSync(dirname(log), { recursive: true });
  const file = createWriteStream(log);
  const lines = [];
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (text) => {
      file.write(text);
      const complete = `${rest}${text}`.split('\n');
      rest = complete.pop();
      for (const line of complete.map(plain)) {
        lines.push(line);
        onLine?.(line);
      }
    });
    stream.on('end', () => rest !== '' && lines.push(plain(rest)));
  }
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Failure(`run ${command}: ${error.message}`)));
    child.once('close', (status, signal) => {
      file.end(() => resolve({ status: status ?? 128 + os.signals[signal], lines, log }));
    });
  });
}

/** The same for a command that has to succeed; `remedy` says what to do when it does not. */
export async function must(name, command, args, { remedy, ...options } = {}) {
  const { status, lines, log } = await run(name, command, args, options);
  if (status === 0) return lines;
  const what = `${[command, ...args].join(' ')}: exit status ${status}`;
  throw new Failure(
    [what, ...lines.slice(-25).map((line) => `  ${line}`), `All of it: ${log}`, remedy].filter(Boolean).join('\n'),
  );
}

/** A line as a person sees it: no escape sequences, and of what was overwritten only the last. */
function plain(line) {
  return stripVTControlCharacters(line).replace(/\r+$/, '').replace(/^.*\r/, '');
}
