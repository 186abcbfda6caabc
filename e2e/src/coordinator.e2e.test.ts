/** Who reaches whom on real ipvlan, before and after coordinator: pods, their node, the outside, and services of the node. */
import { addSiteServices, closedWays, openWays, tryWays, WAY_NAMES } from '@cni/testkit';
import { describe, expect } from 'vitest';
import { expectNothingLeft, families, type Mode, modes, runtimeOf } from './network.ts';
import type { Result } from './runtime.ts';
import { type Attached, attach, chain, coordinator, makeNode, setOnNode, siteOf, stateOfAll } from './underlay.ts';
import { test, type World } from './world.ts';

/** What the slaves of one master do without help. In mode l3s the node translates what it sees of them. */
const SLAVES = ['pod → pod', 'pod → outside', 'outside → pod'];
const unaided: Readonly<Record<Mode, readonly string[]>> = {
  l2: SLAVES,
  l3: SLAVES,
  l3s: [
    ...SLAVES,
    'pod → service outside, masqueraded',
    'outside → node port on a pod',
    'outside → node port on a pod, masqueraded',
  ],
};
/** Where the answer has to go by the node, which is not to be seen in it. In the l3 modes all that leaves goes by the node. */
const byReply: Readonly<Record<Mode, readonly string[]>> = {
  l2: ['pod → service on a pod', 'outside → node port on a pod'],
  l3: ['pod → service on a pod'],
  l3s: ['pod → service on a pod'],
};
const without = (names: readonly string[]) => WAY_NAMES.filter((name) => !names.includes(name));

describe.each(modes)('%s', (mode) => {
  test('IPv4, IPv6 and dual stack: all ways open with coordinator and close without', ({ world }) => {
    const node = makeNode(world, mode);
    const runtime = runtimeOf(world);
    const all = families.map((family) => attach(runtime, chain(world, mode, family), world.pod()));
    const [four, six, dual] = all as [Attached, Attached, Attached];
    const sites = [[four, dual] as const, [six, dual] as const, [dual, four] as const].map((pair) =>
      siteOf(world, mode, node, pair),
    );
    addSiteServices(sites);
    const before = stateOfAll(world, ...all.map(({ pod }) => pod));
    expectWays('without coordinator', unaided[mode]);

    const call = (verb: 'ADD' | 'CHECK' | 'DEL', keys: object = {}) =>
      all.map(({ list, pod, result }) => runtime.call(verb, list, { ...coordinator, ...keys }, pod.attachment, result));
    const results = call('ADD') as Result[];
    for (const [at, result] of results.entries()) expectLinks(result, all[at]);
    // Where nf_tables cannot look at connections, replies by UDP are not told from requests.
    const hasConnections = canLookAtConnections(world);
    expect(dual.pod.try(['nft', 'list', 'table', 'inet', 'cni-coordinator']).status === 0).toBe(hasConnections);
    const byAnswer = hasConnections ? WAY_NAMES : without(byReply[mode]);
    call('CHECK');
    expectWays('with coordinator', WAY_NAMES, byAnswer);
    setOnNode(world, { 'net/ipv4/conf/all/rp_filter': 1 });
    expectWays('with a node that looks where packets come from', WAY_NAMES, byAnswer);

    call('ADD', { replyViaVeth: false });
    expectWays('without marks', without(byReply[mode]));
    call('ADD');
    expectWays('with marks again', WAY_NAMES, byAnswer);

    call('DEL');
    expect(stateOfAll(world, ...all.map(({ pod }) => pod))).toEqual(before);
    for (const { list, pod, result } of all) runtime.del(list, pod.attachment, result);
    world.host.ip('link', 'del', 'mgmt');
    expectNothingLeft(world, ...all.map(({ pod }) => pod));

    function expectWays(when: string, openByTcp: readonly string[], openByUdp = openByTcp): void {
      for (const [protocol, open] of [['tcp', openByTcp] as const, ['udp', openByUdp] as const]) {
        const tried = tryWays(sites, open, [protocol]);
        const faults = tried.filter(({ name, faults }) => open.includes(name) && faults.length > 0);
        expect(faults, `${protocol} ${when}`).toEqual([]);
        expect(openWays(tried), `${protocol} ${when}`).toEqual(WAY_NAMES.filter((name) => open.includes(name)));
        expect(closedWays(tried), `${protocol} ${when}`).toEqual(without(open));
      }
    }
  });
});

/** Whether the kernel takes a rule about connections. */
function canLookAtConnections({ outside }: World): boolean {
  const rule = 'add table inet probe; add chain inet probe one; add rule inet probe one ct state new';
  const { status } = outside.try(['nft', rule]);
  if (status === 0) outside.run('nft', 'delete table inet probe');
  return status === 0;
}

/** The pair is told, so that plugins behind find it; the addresses are those of the pod's own interface. */
function expectLinks({ interfaces = [], ips }: Result, attached: Attached | undefined): void {
  expect(interfaces).toEqual([
    ...(attached?.result.interfaces ?? []),
    { name: expect.stringMatching(/^veth[0-9a-f]{11}$/), mac: expect.any(String) },
    { name: 'veth0', mac: expect.any(String), sandbox: attached?.pod.path },
  ]);
  expect(ips).toEqual(attached?.result.ips);
}
