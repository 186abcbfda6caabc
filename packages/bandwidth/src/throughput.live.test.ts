/** What iperf3 sees. The exact figures are the bench's business; here nothing may be far off, in the first second as later. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { startTraffic } from '@cni/testkit/traffic';
import { afterEach, expect, test } from 'vitest';
import { addPod, must, type PodKind, run, type TestPod } from './testing/pods.ts';

const pods: TestPod[] = [];
afterEach(() => {
  for (const pod of pods.splice(0)) {
    must(pod, 'DEL', {});
    pod.remove();
  }
});

const SECONDS = 3;
/** TCP payload of a frame of 1514 bytes. */
const PAYLOAD = 1448 / 1514;

interface Measured {
  /** Bits per second on the link, over the whole run and in each second of it. */
  readonly whole: number;
  readonly each: readonly number[];
}

/** One run from the pod to the node, or the other way; measured where it arrives. */
async function measure(pod: TestPod, direction: 'ingress' | 'egress'): Promise<Measured> {
  const server = spawn('iperf3', ['-s', '-1', '-J', '-B', '10.9.0.1'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const output = text(server.stdout);
  while (run('ss', '-Hltn', 'sport', '=', ':5201') === '') await setTimeout(10);
  const reverse = direction === 'ingress' ? ['-R'] : [];
  const client = pod.exec('iperf3', '-J', '-c', '10.9.0.1', '-t', String(SECONDS), ...reverse);
  const receiver = JSON.parse(direction === 'ingress' ? client : await output);
  await output;
  const each = receiver.intervals.map((one: { sum: { bits_per_second: number; seconds: number } }) => one.sum);
  return {
    whole: receiver.end.sum_received.bits_per_second / PAYLOAD,
    each: each
      .filter(({ seconds }: { seconds: number }) => seconds > 0.5)
      .map((one: { bits_per_second: number }) => one.bits_per_second / PAYLOAD),
  };
}

/** The macvlan's far end is the node of these tests: the other end of its master. */
function connected(kind: PodKind): TestPod {
  const pod = addPod(kind);
  pods.push(pod);
  if (kind === 'macvlan') run('ip', 'address', 'add', '10.9.0.1/24', 'dev', `${pod.hostEnd}x`);
  return pod;
}

const rates = [10, 100, 1000];
const table = (['veth', 'macvlan'] as const).flatMap((kind) =>
  (['ingress', 'egress'] as const).flatMap((direction) => rates.map((rate) => [kind, direction, rate] as const)),
);

// Another program that takes the processor for a second must not decide it.
test.each(table)('%s, %s at %d Mbit/s', { retry: 2 }, async (kind, direction, rate) => {
  const pod = connected(kind);
  // The burst that containerd sends.
  const key = direction === 'ingress' ? 'Ingress' : 'Egress';
  must(pod, 'ADD', { runtimeConfig: { bandwidth: { [`${key}Rate`]: rate * 1e6, [`${key}Burst`]: 2 ** 32 - 1 } } });
  const { whole, each } = await measure(pod, direction);
  const ratio = (value: number) => Number((value / (rate * 1e6)).toFixed(3));
  console.log(`${kind} ${direction} ${rate} Mbit/s: ${ratio(whole)} of it, by second ${each.map(ratio).join(' ')}`);
  expect(ratio(whole)).toBeGreaterThan(0.9);
  expect(ratio(whole)).toBeLessThan(1.1);
  for (const second of each) expect(ratio(second)).toBeLessThan(1.1);
});

test('a ping finds room in a queue that streams fill', { retry: 2, timeout: 60_000 }, async () => {
  const [pod, other] = [connected('veth'), addPod('veth', 1)];
  pods.push(other);
  must(pod, 'ADD', { runtimeConfig: { bandwidth: { egressRate: 1e7 } } });
  pod.ip('route', 'add', 'default', 'via', '10.9.0.1');
  other.ip('route', 'add', 'default', 'via', '10.9.1.1');
  run('sysctl', '-qw', 'net.ipv4.ip_forward=1');
  const running = await startTraffic({ from: pod.path, to: other.path, address: '10.9.1.2', streams: 8 });
  try {
    await setTimeout(2_000);
    const summary = pod.exec('sh', '-c', 'ping -n -q -i 0.01 -c 300 -W 1 10.9.1.2 || true');
    const [, received] = / (\d+) received/.exec(summary) ?? [];
    expect(Number(received)).toBeGreaterThan(290);
  } finally {
    await running.stop();
  }
});
