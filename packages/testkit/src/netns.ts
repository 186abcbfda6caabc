import { execFileSync } from 'node:child_process';
import { type Netns, openNetns, randomHex } from '@cni/sys';
import { test as base, type TestAPI } from 'vitest';

/** A network namespace for one test. */
export interface TestNetns {
  /** As in `ip netns`. */
  readonly name: string;
  /** /var/run/netns/NAME */
  readonly path: string;
  readonly netns: Netns;
  /** Runs iproute2 inside: `ip('link', 'set', 'lo', 'up')`; what it printed. Throws `Error` with what it complained of. */
  ip(...args: string[]): string;
  /** `ip -j -d ARGS` inside, parsed: the second opinion on what was done. */
  // biome-ignore lint/suspicious/noExplicitAny: iproute2's objects, of which a test looks at a few fields
  ipJson(...args: string[]): any[];
  /** Runs any program inside; what it printed. */
  exec(program: string, ...args: string[]): string;
}

/** Makes a namespace with a name of its own. Remove it with {@link removeNetns}. */
export function addNetns(role: string): TestNetns {
  const name = `cni-test-${role}-${randomHex(4)}`;
  execFileSync('ip', ['netns', 'add', name]);
  const path = `/var/run/netns/${name}`;
  const exec = (program: string, ...args: string[]) =>
    execFileSync('ip', ['netns', 'exec', name, program, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  return {
    name,
    path,
    netns: openNetns(path),
    exec,
    ip: (...args) => exec('ip', ...args),
    ipJson: (...args) => JSON.parse(exec('ip', '-j', '-d', ...args) || '[]'),
  };
}

/** Removes a namespace, and all links that were born there. */
export function removeNetns({ name, netns }: TestNetns): void {
  netns.close();
  execFileSync('ip', ['netns', 'del', name]);
}

/** Two fresh namespaces, removed when the test ends, however it ends. */
export interface NetnsFixture {
  readonly host: TestNetns;
  readonly pod: TestNetns;
}

/** vitest's `test` with two fresh network namespaces: `netnsTest('…', ({ host, pod }) => …)`. Needs root. */
export const netnsTest: TestAPI<NetnsFixture> = base.extend<NetnsFixture>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the parameter to learn what a fixture needs
  host: async ({}, use) => withNetns('host', use),
  // biome-ignore lint/correctness/noEmptyPattern: as above
  pod: async ({}, use) => withNetns('pod', use),
});

async function withNetns(role: string, use: (netns: TestNetns) => Promise<void>): Promise<void> {
  const netns = addNetns(role);
  try {
    await use(netns);
  } finally {
    removeNetns(netns);
  }
}
