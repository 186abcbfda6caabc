/** The main job, shown: two pods attached, reached, checked and detached, and nothing left. Runs as root on an ipvlan kernel. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeNetns } from '../netns.ts';
import type { Result } from '../runtime.ts';
import type { State } from '../state.ts';
import { HUNDRED, showLimits } from './limits.ts';
import { DemoNode, MASTER, NETWORK, NODE_ADDRESSES, ours, type Pod, ROUTER } from './node.ts';
import { conclude, expect, milliseconds, say } from './outcomes.ts';
import { showServices } from './services.ts';

const CONFLIST = {
  cniVersion: '1.0.0',
  name: NETWORK,
  plugins: [
    {
      type: 'ipvlan',
      master: MASTER,
      mode: 'l2',
      ipam: {
        type: 'host-local',
        dataDir: '',
        pools: {
          four: { subnet: '172.51.0.0/16', ips: ['172.51.0.100-172.51.0.108'] },
          six: { subnet: 'fd51::/64', ips: ['fd51::100-fd51::108'] },
        },
        ipv4: ['four'],
        ipv6: ['six'],
        routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
      },
    },
    { type: 'bandwidth', capabilities: { bandwidth: true } },
  ],
};

async function demo(node: DemoNode): Promise<void> {
  introduce();
  install(node);
  const before = node.state();
  const names = ['pod-a', 'pod-b'];
  say('\n2  Attach two pods, as a runtime does');
  const pods = names.flatMap((name) => attach(node, name));
  const [one, two] = pods;
  if (one !== undefined && two !== undefined) {
    reach(pods);
    await showLimits(node, [one, two]);
    showServices(node, '5', CONFLIST, [one, two]);
    say('\n6  Check them');
    for (const { name } of pods) command(node, 'check', name);
  }
  say('\n7  Detach them, one of them twice');
  for (const name of [...names, 'pod-a']) command(node, 'del', name);
  compare(before, node.state());
  for (const { netns } of pods) netns.delete();
}

function introduce(): void {
  const where = process.env['DEMO_KERNEL'] === 'uml' ? 'User-Mode Linux' : "this machine's own";
  say();
  say(`Kernel   Linux ${release()}, ${where}`);
  say(`Node     link ${MASTER}, ${NODE_ADDRESSES.join(', ')}`);
  say(`Router   ${ROUTER.join(', ')}, at the other end of ${MASTER}`);
}

function install(node: DemoNode): void {
  say('\n1  Install');
  for (const name of ['ipvlan', 'host-local', 'bandwidth', 'cnictl']) {
    const { size } = statSync(node.install(join(ours, name), name));
    say(`   /opt/cni/bin/${name.padEnd(12)} ${(size / 1e6).toFixed(1)} MB`);
  }
  const [plugin] = CONFLIST.plugins;
  if (plugin !== undefined && 'ipam' in plugin) plugin.ipam.dataDir = join(node.data, 'networks');
  node.configure('10-underlay.conflist', CONFLIST);
  say('   /etc/cni/net.d/10-underlay.conflist');
  say(`      ipvlan      master ${MASTER}, mode l2`);
  say('      host-local  172.51.0.100-172.51.0.108 in 172.51.0.0/16, fd51::100-fd51::108 in fd51::/64');
}

/** The pod, or nothing when it was refused. */
function attach(node: DemoNode, name: string): Pod[] {
  const netns = makeNetns(name);
  const started = performance.now();
  const { status, stdout, stderr } = node.cnictl(
    'add',
    NETWORK,
    netns.path,
    '--container-id',
    name,
    '--capability',
    `bandwidth=${HUNDRED}`,
    '--json',
  );
  const time = milliseconds(started);
  if (status !== 0) {
    expect('attached', false, `add ${name}: ${stderr || stdout}`);
    netns.delete();
    return [];
  }
  const { ips = [] }: Result = JSON.parse(stdout);
  const addresses = ips.map(({ address }) => address);
  expect('attached', ips.length === 2, `cnictl add ${NETWORK} ${name}  ${time}   eth0: ${addresses.join(', ')}`);
  paths.set(name, netns.path);
  return [{ name, netns, addresses: addresses.map((address) => address.replace(/\/.*/, '')) }];
}

const paths = new Map<string, string>();

function command(node: DemoNode, verb: 'check' | 'del', name: string): void {
  const started = performance.now();
  const { status, stderr } = node.cnictl(verb, NETWORK, paths.get(name) ?? name, '--container-id', name);
  expect(
    verb === 'check' ? 'checked' : 'detached',
    status === 0,
    `cnictl ${verb} ${NETWORK} ${name}  ${milliseconds(started)}${status === 0 ? '' : `   ${stderr}`}`,
  );
}

/** Every pod to the other one and to the router, on both families. */
function reach(pods: readonly Pod[]): void {
  say('\n3  Who reaches whom (round trip)');
  const targets = [...pods, { name: 'router', addresses: ROUTER }];
  for (const { name, netns } of pods) {
    for (const target of targets.filter((other) => other.name !== name)) {
      const answers = target.addresses.map((address) => [
        address,
        ping(netns.try(['ping', '-n', '-c', '2', '-i', '0.2', '-W', '2', address]).stdout),
      ]);
      const told = answers.map(([address, time]) => `${address} ${time ?? 'no answer'}`.padEnd(26));
      expect(
        'reached',
        answers.every(([, time]) => time !== undefined),
        `${name} → ${target.name.padEnd(7)} ${told.join('  ')}`,
      );
    }
  }
}

function ping(output: string): string | undefined {
  const times = [...output.matchAll(/time=([\d.]+) ms/g)].map(([, time]) => Number(time));
  return times.length === 0 ? undefined : `${Math.min(...times).toFixed(2)} ms`;
}

function compare(before: State, after: State): void {
  say('\n8  What is left on the node');
  const nouns = {
    links: 'links',
    addresses: 'addresses',
    routes: 'routes',
    rules: 'rules',
    qdiscs: 'queueing disciplines',
    files: 'reservations and cache files',
  };
  for (const [key, noun] of Object.entries(nouns) as [keyof State, string][]) {
    const added = after[key].filter((line) => !before[key].includes(line));
    const lost = before[key].filter((line) => !after[key].includes(line));
    const counts = `${before[key].length} before, ${after[key].length} after`;
    expect(
      'nothing left',
      added.length + lost.length === 0,
      `${noun.padEnd(28)} ${counts}${[...added.map((line) => `\n       left: ${line}`), ...lost.map((line) => `\n       gone: ${line}`)].join('')}`,
    );
  }
}

const directory = mkdtempSync(join(tmpdir(), 'cni-demo-'));
const node = new DemoNode(directory);
try {
  await demo(node);
} finally {
  node.delete();
  rmSync(directory, { recursive: true, force: true });
}
process.exitCode = conclude();
