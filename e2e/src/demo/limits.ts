/** Two pods with 100M both ways, as iperf3 shows it to an operator; and 20M for one of them while it runs. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type DemoNode, NETWORK, type Pod } from './node.ts';
import { expect, milliseconds, say } from './outcomes.ts';

/** What a runtime makes of both annotations, its burst for pods without an opinion included. */
export const HUNDRED: string = JSON.stringify({
  ingressRate: 100_000_000,
  ingressBurst: 4_294_967_295,
  egressRate: 100_000_000,
  egressBurst: 4_294_967_295,
});

const SECONDS = 10;
/** The change comes after this second. */
const CHANGE = 4;
/** TCP payload of a frame of 1514 bytes. */
const PAYLOAD = 1448 / 1514;

export async function showLimits(node: DemoNode, [one, two]: readonly [Pod, Pod]): Promise<void> {
  say('\n4  kubernetes.io/ingress-bandwidth: 100M, kubernetes.io/egress-bandwidth: 100M');
  const [address = ''] = two.addresses;
  two.netns.run('iperf3', '-s', '-1', '-D');
  waitForServer(two);
  say(`   ${one.name}# iperf3 -c ${address} -t ${SECONDS}`);
  const rates = await iperf(one, address, () => change(node, one.name));
  const [first = 0] = rates;
  // In a guest the change itself takes a second or two.
  const [before, after] = [rates.slice(1, CHANGE), rates.slice(-3)];
  const payload = (limit: number) => `of ${(limit * PAYLOAD).toFixed(1)} that ${limit} Mbit/s of frames carry`;
  say();
  expect('limited', first <= 105, `first second  ${first} Mbit/s ${payload(100)}`);
  expect('limited', isNear(before, 100), `before        ${mean(before)} Mbit/s ${payload(100)}`);
  expect('limited', isNear(after, 20), `after         ${mean(after)} Mbit/s ${payload(20)}`);
}

function change(node: DemoNode, name: string): void {
  const started = performance.now();
  const set = node.cnictl('bandwidth', 'set', NETWORK, name, '--egress', '20M');
  expect(
    'limited',
    set.status === 0,
    `cnictl bandwidth set ${NETWORK} ${name} --egress 20M  ${milliseconds(started)}${set.status === 0 ? '' : `  ${set.stderr}`}`,
  );
}

/** Shows iperf3's own table; Mbit/s of each second. */
async function iperf({ netns }: Pod, address: string, thenChange: () => void): Promise<number[]> {
  const words = ['iperf3', '-c', address, '-t', String(SECONDS), '-f', 'm', '--forceflush'];
  const client = spawn('nsenter', [`--net=${netns.path}`, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  const rates: number[] = [];
  for await (const line of createInterface({ input: client.stdout })) {
    say(`     ${line}`);
    const [, from, to, rate] = /([\d.]+)-([\d.]+) +sec .* ([\d.]+) Mbits\/sec/.exec(line) ?? [];
    if (rate === undefined || Number(to) - Number(from) > 1.5) continue;
    rates.push(Number(rate));
    if (rates.length === CHANGE) thenChange();
  }
  return rates;
}

function waitForServer({ netns }: Pod): void {
  while (!netns.run('ss', '-Hltn').includes(':5201')) netns.run('sleep', '0.05');
}

function mean(rates: readonly number[]): number {
  return Number((rates.reduce((sum, rate) => sum + rate, 0) / rates.length).toFixed(1));
}

/** Never more. A guest has one processor, and may make less of a second when its machine is busy. */
function isNear(rates: readonly number[], limit: number): boolean {
  return Math.max(...rates) >= limit * PAYLOAD * 0.8 && mean(rates) <= limit * PAYLOAD * 1.05;
}
