/** The example plugin: its value conforms, and the executable that somebody else would build does, alone and behind ipvlan. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCidr } from '@cni/ip';
import { encodeResult, execute, type Result } from '@cni/skel';
import { openNetns, readSysctl, writeSysctls } from '@cni/sys';
import { conformance, eachFault, type Fixture, withFault } from '@cni/testkit';
import { sysctl } from 'cni-sysctl';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ended, makeNetns, type Netns } from './netns.ts';
import { conflist, expectNothingLeft } from './network.ts';
import { type Conflist, Runtime } from './runtime.ts';
import { ours, type Pod, reference, thirdParty, type World, test as worldTest } from './world.ts';

const NOTIFY = 'net.ipv4.conf.IFNAME.arp_notify';
const PORTS = 'net.ipv4.ip_local_port_range';
const wanted = { [NOTIFY]: 1, [PORTS]: '20000 60999' };

describe('in one pod', () => {
  let pod: Netns;
  let asMade: Record<string, string>;
  beforeAll(() => {
    pod = makeNetns('pod');
    pod.ip('link', 'add', 'eth0', 'type', 'dummy');
    asMade = values();
  });
  afterAll(() => pod.delete());

  const notify = NOTIFY.replace('IFNAME', 'eth0');
  const inPod = <T>(work: (netns: ReturnType<typeof openNetns>) => T): T => {
    const netns = openNetns(pod.path);
    try {
      return work(netns);
    } finally {
      netns.close();
    }
  };
  const values = () =>
    inPod((netns) => Object.fromEntries([notify, PORTS].map((name) => [name, readSysctl(name, netns)])));
  const set = (changes: Record<string, string>) => inPod((netns) => writeSysctls(changes, netns));

  const result: Result = { ips: [{ address: parseCidr('10.1.0.2/24'), interface: 0 }], interfaces: [{ name: 'eth0' }] };
  /** What is set stays until the namespace goes, so nothing is left over here; of a failed ADD see below. */
  const ofSysctl: Fixture = {
    role: 'chained',
    wrongKeys: { harmless: { sysctl: { 'kernel.pid_max': 1 } } },
    prepare: () => ({
      netns: pod.path,
      config: { type: 'sysctl', sysctl: wanted },
      prevResult: (version) => encodeResult(result, version),
      leftovers: () => [],
      damages: {
        'another value': () => set({ [notify]: '0' }),
        'another value in a list': () => set({ [PORTS]: '20000 60998' }),
      },
      remove: () => set(asMade),
    }),
  };
  conformance(sysctl, ofSysctl);
  conformance(join(thirdParty, 'sysctl'), ofSysctl);

  function run(verb: string, settings: object) {
    const stdin = { cniVersion: '1.1.0', name: 'net', type: 'sysctl', sysctl: settings, prevResult: {} };
    const env = { CNI_COMMAND: verb, CNI_CONTAINERID: 'id', CNI_NETNS: pod.path, CNI_IFNAME: 'eth0' };
    const { status, stdout } = execute(sysctl, { env, stdin: JSON.stringify(stdin) });
    return { status, ...(stdout !== '' && JSON.parse(stdout)) };
  }

  test('an ADD that fails at any step leaves the values as they were', () => {
    const steps = eachFault('once', (fault) => {
      const said = withFault(fault, () => run('ADD', wanted));
      if (said.value.status !== 0) expect(values(), `after a refused ${said.refused}`).toEqual(asMade);
      set(asMade);
      return said;
    });
    expect(steps).toBeGreaterThan(0);
  });

  test.each([
    [{ [PORTS]: '60999 20000' }, 5, 'write /proc/sys/net/ipv4/ip_local_port_range: EINVAL'],
    [{ 'net.ipv4.conf.IFNAME.unheard_of': 1 }, 5, 'open /proc/sys/net/ipv4/conf/eth0/unheard_of: ENOENT'],
    [{ 'net.ipv4.conf.eth0.arp_notify': 2 }, 110, 'net.ipv4.conf.eth0.arp_notify is 2, not 1'],
  ])('%j is refused, and what was set is set back', (settings, code, msg) => {
    expect(run('ADD', { ...wanted, ...settings })).toMatchObject({ status: 1, code, msg });
    expect(values()).toEqual(asMade);
  });

  test.each([
    { 'kernel.pid_max': 1 },
    { net: 1 },
    { 'net.': 1 },
    { 'net..ipv4': 1 },
    { 'net.ipv4.../../kernel/pid_max': 1 },
    { 'net/ipv4/ip_forward': 1 },
    { 'net.ipv4.conf.a/b.forwarding': 1 },
    { '/proc/sys/net/ipv4/ip_forward': 1 },
    { 'net.ipv4.ip_forward\n': 1 },
    { [PORTS]: '' },
    { [PORTS]: '1\n2' },
    { [PORTS]: 1.5 },
    { [PORTS]: null },
    { [PORTS]: [1, 2] },
  ])('%j is refused before anything is done', (settings) => {
    expect(run('ADD', { ...wanted, ...settings })).toMatchObject({
      status: 1,
      code: 7,
      msg: expect.stringMatching(/^sysctl\./),
    });
    expect(values()).toEqual(asMade);
  });
});

const CHAIN = 'chain.conflist';

/** Both executables in one network, as `cnictl` runs them on the world's host. */
function cnictl(world: World, verb: string, pod: Pod, ...words: string[]): Ended {
  const places = ['--bin-dir', `${ours}:${thirdParty}`, '--cache-dir', join(world.dataDir, 'cache')];
  return world.host.try([join(ours, 'cnictl'), verb, join(world.dataDir, CHAIN), pod.path, ...words, ...places]);
}

function chain(world: World, settings: object = wanted): Conflist {
  const { plugins, ...list } = conflist(world, 'l2', 'IPv4');
  const chained = { ...list, plugins: [...plugins, { type: 'sysctl', sysctl: settings }] };
  writeFileSync(join(world.dataDir, CHAIN), JSON.stringify(chained));
  return chained;
}

const valueIn = (pod: Pod, path: string) => pod.run('cat', `/proc/sys/net/ipv4/${path}`).trim();

describe('behind ipvlan', () => {
  worldTest.for(['eth0', 'eth0.7'])('%s: set, checked, missed, gone', (ifName, { world }) => {
    const pod = world.pod();
    chain(world);
    expect(cnictl(world, 'add', pod, '-i', ifName)).toMatchObject({ status: 0, stderr: '' });
    expect(valueIn(pod, `conf/${ifName}/arp_notify`)).toBe('1');
    expect(valueIn(pod, 'ip_local_port_range')).toBe('20000\t60999');
    pod.ping('10.1.0.1');
    expect(cnictl(world, 'check', pod, '-i', ifName)).toMatchObject({ status: 0, stderr: '' });
    pod.run('sh', '-c', `echo 0 >/proc/sys/net/ipv4/conf/${ifName}/arp_notify`);
    expect(cnictl(world, 'check', pod, '-i', ifName)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('arp_notify is 0, not 1 (code 110)'),
    });
    expect(cnictl(world, 'del', pod, '-i', ifName)).toMatchObject({ status: 0, stderr: '' });
    expectNothingLeft(world, pod);
    expect(readdirSync(join(world.dataDir, 'cache/results'))).toEqual([]);
  });

  worldTest('refused: the values are as before, and DEL removes the rest', ({ world }) => {
    const pod = world.pod();
    chain(world, { [PORTS]: '20000 60999', 'net.ipv4.ip_default_ttl': 300 });
    expect(cnictl(world, 'add', pod)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('plugin sysctl ADD: write /proc/sys/net/ipv4/ip_default_ttl: EINVAL (code 5)'),
    });
    expect(valueIn(pod, 'ip_local_port_range')).toBe('32768\t60999');
    expect(cnictl(world, 'del', pod).status).toBe(0);
    expectNothingLeft(world, pod);
  });

  worldTest('of the reference', ({ world }) => {
    const pod = world.pod();
    const runtime = new Runtime(world.host, reference, thirdParty);
    const list = chain(world);
    const result = runtime.add(list, pod.attachment);
    expect(result).toMatchObject({ ips: [{ address: '10.1.0.2/24' }], interfaces: [{ name: 'eth0' }] });
    expect(valueIn(pod, 'conf/eth0/arp_notify')).toBe('1');
    runtime.check(list, pod.attachment, result);
    runtime.del(list, pod.attachment, result);
    expectNothingLeft(world, pod);
  });
});
