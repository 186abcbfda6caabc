/** Who reaches whom without and with coordinator: pods, their node, the outside, and services of the node. */
import { join } from 'node:path';
import { addSiteServices, SERVICE_CIDRS, type Site, tryWays, type WayTried } from '@cni/testkit/ways';
import { makeNetns } from '../netns.ts';
import type { Conflist, Result } from '../runtime.ts';
import { type DemoNode, NODE_ADDRESSES, ours, type Pod, ROUTER } from './node.ts';
import { expect, say } from './outcomes.ts';

const NETWORK = 'services';
/** What slaves of one master do by themselves. */
const UNAIDED = ['pod → pod', 'pod → outside', 'outside → pod'];

/** Two more pods, in a network that differs by coordinator only. */
export function showServices(node: DemoNode, chapter: string, list: Conflist, without: readonly [Pod, Pod]): void {
  say(`\n${chapter}  Pods, their node and its services: by TCP, without coordinator and with it in the chain`);
  const before = waysOf(node, without, UNAIDED);
  node.install(join(ours, 'coordinator'), 'coordinator');
  node.configure('20-services.conflist', withCoordinator(list));
  const pods = ['pod-c', 'pod-d'].map((name) => attach(node, name)) as [Pod, Pod];
  const after = waysOf(node, pods);
  say(`   ${''.padEnd(44)} without  with`);
  for (const [at, { name, faults }] of after.entries()) {
    const wasOpen = isOpen(before[at]);
    const good = faults.length === 0 && wasOpen === UNAIDED.includes(name);
    expect('reached', good, `${name.padEnd(44)} ${wasOpen ? '  yes  ' : '  no   '}  ${faults[0] ?? 'yes'}`);
  }
  for (const { name, netns } of pods) {
    for (const verb of ['check', 'del'] as const) {
      const { status, stderr } = node.cnictl(verb, NETWORK, netns.path, '--container-id', name);
      expect(verb === 'check' ? 'checked' : 'detached', status === 0, `cnictl ${verb} ${NETWORK} ${name} ${stderr}`);
    }
    netns.delete();
  }
}

function isOpen(tried: WayTried | undefined): boolean {
  return tried?.faults.length === 0;
}

/** With addresses of its own, and with coordinator behind bandwidth, as generators of networks write it. */
function withCoordinator({ plugins, ...list }: Conflist): Conflist {
  const text = JSON.stringify(plugins)
    .replaceAll('.100-172.51.0.108', '.110-172.51.0.118')
    .replaceAll('::100-fd51::108', '::110-fd51::118');
  const before = JSON.parse(text) as Conflist['plugins'];
  return { ...list, name: NETWORK, plugins: [...before, { type: 'coordinator', serviceCIDR: SERVICE_CIDRS }] };
}

function attach(node: DemoNode, name: string): Pod {
  const netns = makeNetns(name);
  const { status, stdout, stderr } = node.cnictl('add', NETWORK, netns.path, '--container-id', name, '--json');
  const { ips = [] }: Result = status === 0 ? JSON.parse(stdout) : {};
  const addresses = ips.map(({ address }) => address.replace(/\/.*/, ''));
  expect('attached', status === 0, `cnictl add ${NETWORK} ${name}   eth0: ${addresses.join(', ')}${stderr}`);
  return { name, netns, addresses };
}

function waysOf(node: DemoNode, [pod, sibling]: readonly [Pod, Pod], hopeful?: readonly string[]): WayTried[] {
  const party = ({ netns, addresses }: Pod) => ({ netns: netns.path, addresses });
  const site: Site = {
    node: { netns: node.netns.path, addresses: NODE_ADDRESSES.map((address) => address.replace(/\/.*/, '')) },
    outside: { netns: node.router.path, addresses: ROUTER },
    pod: party(pod),
    sibling: party(sibling),
  };
  addSiteServices([site]);
  // By TCP alone: the guest's nf_tables cannot look at connections, and then replies by UDP go their own way.
  return tryWays([site], hopeful, ['tcp']);
}
