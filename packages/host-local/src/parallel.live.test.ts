import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Node } from './testing/plugin.ts';

const REFERENCE = '/usr/lib/cni/host-local';
const OURS = fileURLToPath(new URL('./testing/main.ts', import.meta.url));

interface Ended {
  readonly id: string;
  readonly status: number | null;
  readonly stdout: string;
}

/** Starts one of the plugins as a process of its own; `kill` ends it after so many milliseconds. */
function start(node: Node, id: string, who: 'ours' | 'reference', command: string, kill?: number): Promise<Ended> {
  const { env, stdin } = node.request(command, { id, config: { cniVersion: '1.0.0' } });
  const [program, args] = who === 'ours' ? [process.execPath, ['--conditions=@cni/source', OURS]] : [REFERENCE, []];
  return new Promise((resolve) => {
    const child = spawn(program as string, args as string[], { env });
    let stdout = '';
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stdin.on('error', () => {});
    child.on('close', (status) => resolve({ id, status, stdout }));
    child.stdin.end(stdin);
    if (kill !== undefined) setTimeout(() => child.kill('SIGKILL'), kill);
  });
}

/** As many at a time as there are in a row. */
async function inRows<T>(items: readonly T[], row: number, work: (item: T) => Promise<Ended>): Promise<Ended[]> {
  const ended: Ended[] = [];
  for (let at = 0; at < items.length; at += row)
    ended.push(...(await Promise.all(items.slice(at, at + row).map(work))));
  return ended;
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

test('many processes of both plugins at once: every one an address of its own', async () => {
  using node = new Node({ ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00:1::/64' }]] });
  const ended = await inRows(numbers(60), 20, (n) => start(node, `c${n}`, n % 2 === 0 ? 'ours' : 'reference', 'ADD'));
  for (const { status, stdout } of ended) expect(status, stdout).toBe(0);
  const addresses = ended.flatMap(({ stdout }) =>
    JSON.parse(stdout).ips.map(({ address }: { address: string }) => address),
  );
  expect(new Set(addresses).size).toBe(120);
  expect(Object.keys(node.held())).toHaveLength(120);
  for (const { id } of ended) expect(node.say('CHECK', { id })).toBe('');
});

test('processes killed at random leave no address without an owner, and none half', async () => {
  using node = new Node({ ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00:1::/64' }]] });
  const first = await start(node, 'first', 'ours', 'ADD');
  expect(first.status).toBe(0);
  const ended = await inRows(numbers(48), 6, (n) => start(node, `c${n}`, 'ours', 'ADD', 150 + Math.random() * 250));
  expect(node.say('CHECK', { id: 'first' })).toBe('');
  const owners = new Map<string | undefined, number>();
  for (const record of Object.values(node.held())) owners.set(record, (owners.get(record) ?? 0) + 1);
  expect([...owners.values()].every((count) => count === 2)).toBe(true);
  for (const { id, status } of ended) if (status === 0) expect(node.say('CHECK', { id })).toBe('');
  for (const { id } of ended) expect(node.say('DEL', { id })).toBe('');
  expect(Object.values(node.held())).toEqual(['first\r\neth0', 'first\r\neth0']);
});
