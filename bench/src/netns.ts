import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

/** A network namespace, gone with its scope. */
export interface Netns extends Disposable {
  readonly name: string;
  /** As a runtime gives it in `CNI_NETNS`. */
  readonly path: string;
}

/** Makes one; only root may. */
export function makeNetns(): Netns {
  const name = `bench-${randomBytes(3).toString('hex')}`;
  ip(`netns add ${name}`);
  return { name, path: `/run/netns/${name}`, [Symbol.dispose]: () => ip(`netns del ${name}`) };
}

/** Runs iproute2's `ip`. Throws when it fails. */
export function ip(words: string): void {
  const path = `/usr/sbin:/sbin:${process.env['PATH']}`;
  execFileSync('ip', words.split(' '), { stdio: ['ignore', 'ignore', 'inherit'], env: { PATH: path } });
}
