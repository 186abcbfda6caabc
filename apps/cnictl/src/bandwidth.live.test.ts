/** Pods of the reference plugins with limits of ours. The node is this process's own namespace: run with `unshare --net`. */
import { exec, findStat, findText, randomHex, text } from '@cni/sys';
import { expect, test } from 'vitest';
import { parseMetrics } from './testing/prometheus.ts';
import { type Outcome, runExecutable, runFree, Stage } from './testing/stage.ts';

const REFERENCE = '/usr/lib/cni';
const EXECUTABLE = new URL('../dist/cnictl', import.meta.url).pathname;
const BANDWIDTH = new URL('../../bandwidth/src/main.ts', import.meta.url).pathname;
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

function run(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = exec(program, { args, env: { PATH }, stdin: new Uint8Array(0) });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${text(stderr)}`);
  return text(stdout);
}
const ip = (...args: string[]) => run('/sbin/ip', ...args);
const tc = (pod: string, ...args: string[]) => run('/sbin/tc', ...(pod === '' ? [] : ['-n', pod]), ...args);

type Run = (env: Record<string, string>, ...words: string[]) => Outcome;
const programs: [string, Run][] = [
  ['function', runFree],
  ...(findStat(EXECUTABLE) === undefined
    ? []
    : [['executable', (env, ...words) => runExecutable(EXECUTABLE, env, ...words)] satisfies [string, Run]]),
];

/** Two networks with limits, and pods. */
class Node {
  readonly stage: Stage = new Stage();
  readonly name: string = randomHex(3);
  readonly pods: readonly string[] = ['a', 'b'].map((letter) => `cnictl-bw-${this.name}${letter}`);
  readonly run: Run;

  constructor(run: Run) {
    this.run = run;
    for (const pod of this.pods) ip('netns', 'add', pod);
    ip('link', 'add', `up${this.name}`, 'type', 'veth', 'peer', 'name', `dn${this.name}`);
    ip('link', 'set', `up${this.name}`, 'up');
    const ipam = { type: 'host-local', dataDir: `${this.stage.path}/ipam`, subnet: '10.214.9.0/24' };
    const limits = { type: 'bandwidth', capabilities: { bandwidth: true }, maxRate: '1G' };
    for (const plugin of [{ type: 'macvlan', master: `up${this.name}` }, { type: 'ptp' }]) {
      const name = `${plugin.type}-${this.name}`;
      this.stage.configure(`${name}.conflist`, {
        cniVersion: '1.0.0',
        name,
        plugins: [{ ...plugin, ipam }, limits],
      });
    }
    const node = `exec ${process.execPath} --conditions=@cni/source ${BANDWIDTH}`;
    this.stage.executable('bandwidth', `#!/bin/sh\n${node}\n`);
  }

  cnictl(...words: string[]): Outcome {
    const { confDir, binDir, cacheDir } = this.stage;
    const places = ['--conf-dir', confDir, '--bin-dir', `${binDir}:${REFERENCE}`, '--cache-dir', cacheDir];
    return this.run({ PATH }, ...words, ...places);
  }

  /** A command that succeeds. */
  must(...words: string[]): string {
    const { status, stdout, stderr } = this.cnictl(...words);
    if (status !== 0) throw new Error(`cnictl ${words.join(' ')}: ${stderr}`);
    return stdout;
  }

  // biome-ignore lint/suspicious/noExplicitAny: a test looks at a few fields
  show(network: string, pod: string): any {
    return JSON.parse(this.must('bandwidth', 'show', network, pod, '--json'));
  }

  [Symbol.dispose](): void {
    for (const pod of this.pods) if (findStat(`/run/netns/${pod}`) !== undefined) ip('netns', 'del', pod);
    ip('link', 'del', `up${this.name}`);
    this.stage[Symbol.dispose]();
  }
}

const CAPABILITY = [
  '--capability',
  'bandwidth={"ingressRate":20000000,"egressRate":10000000,"ingressBurst":2147483647}',
];
const table = programs.flatMap(([what, run]) => ['macvlan', 'ptp'].map((type) => [what, type, run] as const));

test.each(table)('the %s changes the limits of a running pod of %s', (_, type, program) => {
  using node = new Node(program);
  const [pod = ''] = node.pods;
  const network = `${type}-${node.name}`;
  node.must('add', network, pod, ...CAPABILITY);
  const rows = node.must('bandwidth', 'set', network, pod, '--egress', '0.05G', '--egress-burst=1M');
  expect(rows).toMatch(/^limit {2}egress +50 Mbit\/s {2}burst 1 Mbit +override +was 10 Mbit\/s$/m);
  expect(node.must('bandwidth', 'show', network, pod)).toMatch(
    /^limit +ingress +20 Mbit\/s +burst 131.072 kbit +runtimeConfig\nlimit +egress +50 Mbit\/s +burst 1 Mbit +override +instead of 10 Mbit\/s, runtimeConfig\nbucket +ingress +\S+ (in the pod|on the node) .* of 20 Mbit\/s over 1 s .* packets .* drops .* overlimits +backlog /,
  );
  node.must('check', network, pod);

  const [, egress] = node.show(network, pod).buckets;
  expect(egress).toMatchObject({ direction: 'egress', place: type === 'ptp' ? 'node-ifb' : 'pod-link', rate: 50e6 });
  const change = ['handle', 'cb1:', 'tbf', 'rate', '90mbit', 'burst', '125000', 'limit', '300000'];
  tc(type === 'ptp' ? '' : pod, 'qdisc', 'change', 'dev', egress.link, 'root', ...change);
  expect(node.cnictl('check', network, pod)).toMatchObject({ status: 1, stderr: expect.stringContaining('code 110') });
  expect(node.must('bandwidth', 'show', network, pod)).toMatch(/^fault {3}.*rate in bytes per second is 11250000/m);

  const refused = node.cnictl('bandwidth', 'set', network, pod, '--ingress', '2G', '--json');
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain('ingress: 2 Gbit/s is more than maxRate, 1 Gbit/s (code 7)');

  node.must('bandwidth', 'reset', network, pod);
  expect(node.show(network, pod)).toMatchObject({
    limits: { current: { ingress: { rate: 20e6, origin: 'runtimeConfig' }, egress: { rate: 10e6 } } },
    faults: [],
  });
  node.must('check', network, pod);
  node.must('bandwidth', 'set', network, '--container-id', `cnictl-${pod}`, '--egress', '1M');
  for (const operand of [`cnictl-${pod}`, `cnictl-${pod.slice(0, -1)}`, `/run/netns/${pod}`])
    expect(node.show(network, operand)).toMatchObject({ containerID: `cnictl-${pod}` });
  const record = `/run/cni/bandwidth/${network}:cnictl-${pod}:eth0`;
  expect(findText(record)).toContain('"egressRate":1000000');
  node.must('del', network, pod);
  expect(findText(record)).toBeUndefined();
});

test.each(programs)('the %s finds what a runtime has attached, by container and by namespace', (_, program) => {
  using node = new Node(program);
  const network = `macvlan-${node.name}`;
  const ids = ['4f2a91', '4f2b07'];
  for (const [index, id] of ids.entries())
    node.must('add', network, node.pods[index] ?? '', '--container-id', id, ...CAPABILITY);
  for (const [index, id] of ids.entries())
    for (const operand of [id, id.slice(0, 4), `/run/netns/${node.pods[index]}`])
      expect(node.show(network, operand)).toMatchObject({ containerID: id });
  const { status, stderr } = node.cnictl('bandwidth', 'show', network, '4f2');
  expect({ status, stderr }).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('4f2 could be 4f2a91 or 4f2b07'),
  });
  expect(node.cnictl('bandwidth', 'show', network, '4f2c')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining(`4f2c is not attached to ${network}`),
  });
  for (const id of ids) node.must('del', network, '--container-id', id);
});

test.each(programs)('the %s prints metrics of all pods, and is not kept from it by one that is gone', (_, program) => {
  using node = new Node(program);
  const networks = ['macvlan', 'ptp'].map((type) => `${type}-${node.name}`);
  const [a = '', b = ''] = node.pods;
  node.must('add', networks[0] ?? '', a, ...CAPABILITY);
  node.must('add', networks[1] ?? '', b, ...CAPABILITY);
  const metrics = parseMetrics(node.must('bandwidth', 'metrics'));
  const series = (name: string) => metrics.get(`cni_bandwidth_${name}`)?.samples ?? [];
  const place = ({ labels }: { labels: Record<string, string> }) =>
    [labels['network'], labels['container'], labels['ifname'], labels['direction'], labels['place']].join(' ');
  const places = [
    `${networks[0]} cnictl-${a} eth0 ingress pod-ifb`,
    `${networks[0]} cnictl-${a} eth0 egress pod-link`,
    `${networks[1]} cnictl-${b} eth0 ingress node-link`,
    `${networks[1]} cnictl-${b} eth0 egress node-ifb`,
  ];
  for (const name of ['rate_bytes_per_second', 'burst_bytes', 'bytes_total', 'packets_total', 'drops_total'])
    expect(series(name).map(place), name).toEqual(places);
  expect(series('rate_bytes_per_second').map(({ value }) => value)).toEqual([
    2_500_000, 1_250_000, 2_500_000, 1_250_000,
  ]);
  expect(series('overlimits_total')).toHaveLength(4);
  expect(series('backlog_bytes')).toHaveLength(4);

  ip('netns', 'del', a);
  const left = node.cnictl('bandwidth', 'metrics');
  expect([left.status, left.stderr]).toEqual([0, '']);
  expect(parseMetrics(left.stdout).get('cni_bandwidth_bytes_total')?.samples.map(place)).toEqual(places.slice(2));

  const [first = '', second = ''] = networks;
  for (const network of [second, first]) {
    const config = {
      cniVersion: '1.0.0',
      name: network,
      plugins: [{ type: 'ptp' }, { type: 'bandwidth', latency: 'soon' }],
    };
    node.stage.configure(`00-${network}.conflist`, config);
  }
  const failed = node.cnictl('bandwidth', 'metrics');
  expect([failed.status, failed.stderr]).toEqual([
    0,
    `cnictl: cnictl-${b}/eth0 on ${second}: latency: "soon" is not a time of 1ms to 10s, such as 10ms (got "soon")\n`,
  ]);
  expect(parseMetrics(failed.stdout).get('cni_bandwidth_unreadable_attachments')?.samples).toEqual([
    { labels: {}, value: 1 },
  ]);
});
