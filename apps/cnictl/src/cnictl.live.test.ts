import { exec, findStat, listDirectory, randomHex, text } from '@cni/sys';
import { expect, test } from 'vitest';
import { type Outcome, runExecutable, runFree, Stage } from './testing/stage.ts';

/** The reference plugins, of Debian's package containernetworking-plugins. */
const REFERENCE = '/usr/lib/cni';

const EXECUTABLE = new URL('../dist/cnictl', import.meta.url).pathname;

type Run = (env: Record<string, string>, ...words: string[]) => Outcome;

/** The program as a function, and as an executable once that is built. */
const programs: [string, Run][] = [
  ['function', runFree],
  ...(findStat(EXECUTABLE) === undefined
    ? []
    : [['executable', (env, ...words) => runExecutable(EXECUTABLE, env, ...words)] satisfies [string, Run]]),
];

function ip(...args: string[]): string {
  const { status, stdout, stderr } = exec('/sbin/ip', { args, env: {}, stdin: new Uint8Array(0) });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${text(stderr)}`);
  return text(stdout);
}

/** A namespace for the plugins to be in and one for the pod, networks of the reference plugins, and a cache. */
class Node {
  readonly name: string = `cnictl-test-${randomHex(3)}`;
  readonly pod: string = `${this.name}-pod`;
  readonly stage: Stage = new Stage();
  readonly dataDir: string = `${this.stage.path}/ipam`;
  readonly run: Run;

  constructor(run: Run) {
    this.run = run;
    ip('netns', 'add', this.name);
    ip('netns', 'add', this.pod);
    ip('-n', this.name, 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1');
    ip('-n', this.name, 'link', 'set', 'up0', 'up');
    const ipam = { type: 'host-local', dataDir: this.dataDir, subnet: '10.213.9.0/24', routes: [{ dst: '0.0.0.0/0' }] };
    this.network('bridged', { type: 'bridge', bridge: 'br0', isGateway: true, ipam });
    this.network('macvlan', { type: 'macvlan', master: 'up0', ipam });
    this.network('ptp', { type: 'ptp', ipam });
  }

  private network(name: string, plugin: object): void {
    const plugins = [plugin, { type: 'tuning', sysctl: { 'net.ipv4.conf.all.arp_notify': '1' } }];
    this.stage.configure(`${name}.conflist`, { cniVersion: '1.0.0', name, plugins });
  }

  /** A command whose plugins are in this node's namespace: each is started by a script that goes there. */
  cnictl(command: string, network: string, ...words: string[]): Outcome {
    for (const type of ['bridge', 'macvlan', 'ptp', 'host-local', 'tuning']) this.inNode(type);
    const { confDir, binDir, cacheDir } = this.stage;
    const places = ['--conf-dir', confDir, '--bin-dir', binDir, '--cache-dir', cacheDir];
    return this.run({ PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, command, network, ...words, ...places);
  }

  /** `nsenter` and not `ip netns exec`: that one would hide /sys, and the namespaces' names with it. */
  private inNode(type: string): void {
    const path = `/run/netns/${this.name}`;
    this.stage.executable(type, `#!/bin/sh\nexec nsenter --net=${path} ${REFERENCE}/${type}\n`);
  }

  /** Addresses that are given out. */
  reserved(network: string): string[] {
    const directory = `${this.dataDir}/${network}`;
    if (findStat(directory) === undefined) return [];
    return listDirectory(directory).filter((name) => /^\d/.test(name));
  }

  [Symbol.dispose](): void {
    for (const name of [this.pod, this.name]) {
      if (findStat(`/run/netns/${name}`) !== undefined) ip('netns', 'del', name);
    }
    this.stage[Symbol.dispose]();
  }
}

test.each(programs.flatMap(([what, run]) => ['bridged', 'macvlan', 'ptp'].map((name) => [what, name, run] as const)))(
  'the %s attaches a namespace to %s with the reference plugins, checks it and detaches it',
  (_, network, run) => {
    using node = new Node(run);
    const added = node.cnictl('add', network, node.pod, '--json');
    expect(added).toMatchObject({ status: 0, stderr: '' });
    const [{ address }] = JSON.parse(added.stdout).ips;
    expect(ip('-n', node.pod, '-j', 'addr', 'show', 'dev', 'eth0')).toContain(`"local":"${address.split('/')[0]}"`);
    expect(node.reserved(network)).toEqual([address.split('/')[0]]);
    expect(node.stage.cached(`${network}-cnictl-${node.pod}-eth0`)).toContain(address);

    expect(node.cnictl('check', network, node.pod)).toMatchObject({ status: 0, stderr: '' });
    ip('-n', node.pod, 'addr', 'flush', 'dev', 'eth0');
    expect(node.cnictl('check', network, node.pod)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/CHECK: /),
    });

    expect(node.cnictl('del', network, node.pod)).toMatchObject({ status: 0, stderr: '' });
    expect(ip('-n', node.pod, '-j', 'link')).not.toContain('"eth0"');
    expect([node.reserved(network), listDirectory(`${node.stage.cacheDir}/results`)]).toEqual([[], []]);
    expect(node.cnictl('del', network, node.pod).status).toBe(0);
  },
);

test.each(programs)('the %s collects what a namespace left behind', (_, run) => {
  using node = new Node(run);
  expect(node.cnictl('add', 'bridged', node.pod).status).toBe(0);
  expect(node.cnictl('gc', 'bridged').stdout).toContain(`kept  cnictl-${node.pod}/eth0`);
  ip('netns', 'del', node.pod);
  expect(node.cnictl('gc', 'bridged').stdout).toContain(`deleted  cnictl-${node.pod}/eth0`);
  expect([node.reserved('bridged'), listDirectory(`${node.stage.cacheDir}/results`)]).toEqual([[], []]);
});

test.each(programs)('the %s tells which versions the reference plugins speak', (_, run) => {
  using node = new Node(run);
  expect(node.cnictl('version', 'macvlan')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/plugin {3}host-local {2}\S+ {2}0\.1\.0 .*1\.0\.0/),
  });
});

test.each(programs)('the %s says how to take back an ADD that failed, and that does it', (_, run) => {
  using node = new Node(run);
  ip('-n', node.pod, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'other');
  const { status, stderr } = node.cnictl('add', 'macvlan', node.pod);
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^cnictl: plugin macvlan ADD: .*exists.* \(code 999\)\n {2}to remove what was made: cnictl del /,
  );
  const [, ...words] = (/cnictl del .*/.exec(stderr)?.[0] ?? '').split(' ');
  expect(run({ PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, ...words).status).toBe(0);
  expect(node.reserved('macvlan')).toEqual([]);
});
