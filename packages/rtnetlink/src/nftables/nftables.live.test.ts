import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestNetns, netnsTest as test } from '@cni/testkit';
import { describe, expect, onTestFinished } from 'vitest';
import { openNftables, openRtnl } from '../index.ts';
import type { MarkBits, Table } from './table.ts';
import { equalTables, lacksNftables, type Tables } from './tables.ts';

const BIT: MarkBits = { mark: 0x80, mask: 0x80 };
/** Connections that came in over veth0 have their replies marked. */
const table: Table = {
  family: 'inet',
  name: 'replies',
  chains: [
    {
      name: 'prerouting',
      type: 'filter',
      hook: 'prerouting',
      priority: -150,
      rules: [
        { match: { iif: 'veth0', ctState: ['new'] }, set: { ctMark: BIT } },
        { match: { iif: { not: 'veth0' }, ctDirection: 'reply', ctMark: BIT }, set: { packetMark: BIT } },
      ],
    },
    {
      name: 'output',
      type: 'route',
      hook: 'output',
      priority: -150,
      rules: [{ match: { ctDirection: 'reply', ctMark: BIT }, set: { packetMark: BIT } }],
    },
  ],
};

/** The refusal of a kernel that has no nf_tables, or not for this family. */
function lacking(netns: TestNetns): unknown {
  try {
    const { tables } = openNftables(netns.netns);
    tables.replace(table);
    tables.delete(table);
    return undefined;
  } catch (error) {
    if (lacksNftables(error)) return error;
    throw error;
  }
}

/** The verbs in a namespace; the test is skipped where the kernel lacks what they need. */
function tablesIn(netns: TestNetns, skip: (why: string) => never): Tables {
  const error = lacking(netns);
  return error === undefined ? openNftables(netns.netns).tables : skip(`this kernel: ${error}`);
}

test('a kernel that lacks them: nothing is found or deleted, and the refusal is recognised', ({ host, skip }) => {
  const error = lacking(host);
  if (error === undefined) return skip('this kernel has nf_tables');
  expect(String(error)).toMatch(/EOPNOTSUPP|EPROTONOSUPPORT/);
  if (String(error).includes('EPROTONOSUPPORT')) return;
  const { tables } = openNftables(host.netns);
  expect(tables.find(table)).toBeUndefined();
  expect(tables.deleteIfPresent(table)).toBe(false);
});

// biome-ignore lint/suspicious/noExplicitAny: nft's objects, of which a test looks at a few fields
type Shown = any;

/** What nft says is there, by what it is. */
function shown(host: TestNetns, what: 'table' | 'chain' | 'rule'): Shown[] {
  const { nftables } = JSON.parse(host.exec('nft', '-j', 'list', 'ruleset'));
  return nftables.flatMap((one: Shown) => one[what] ?? []);
}

describe('what nft says of what we make', () => {
  test('add: the same, and refused where there is one', ({ host }) => {
    const { tables } = openNftables(host.netns);
    tables.add(table);
    const added = [shown(host, 'chain'), shown(host, 'rule')];
    expect(() => tables.add(table)).toThrow('add table inet replies: EEXIST');
    expect([shown(host, 'chain'), shown(host, 'rule')]).toEqual(added);
    const found = tables.find(table);
    expect(found && equalTables(found, table)).toBe(true);
  });

  test('chains and rules', ({ host, skip }) => {
    const tables = tablesIn(host, skip);
    tables.replace(table);
    const mangle = (key: string) => ({ mangle: { key: { [key]: { key: 'mark' } }, value: { '|': [{}, 0x80] } } });
    const marked = { match: { op: '==', left: { '&': [{ ct: { key: 'mark' } }, 0x80] }, right: 0x80 } };
    const reply = { match: { op: '==', left: { ct: { key: 'direction' } }, right: 'reply' } };
    const isNew = { match: { op: 'in', left: { ct: { key: 'state' } }, right: 'new' } };
    const link = (op: string) => ({ match: { op, left: { meta: { key: 'iifname' } }, right: 'veth0' } });
    expect(shown(host, 'chain')).toMatchObject([
      { name: 'prerouting', type: 'filter', hook: 'prerouting', prio: -150, policy: 'accept' },
      { name: 'output', type: 'route', hook: 'output', prio: -150, policy: 'accept' },
    ]);
    expect(shown(host, 'rule')).toMatchObject([
      { chain: 'prerouting', expr: [link('=='), isNew, mangle('ct')] },
      { chain: 'prerouting', expr: [link('!='), reply, marked, mangle('meta')] },
      { chain: 'output', expr: [reply, marked, mangle('meta')] },
    ]);
  });

  test('replaced whole, left alone by others of that name, deleted once', ({ host, skip }) => {
    const tables = tablesIn(host, skip);
    expect(tables.find(table)).toBeUndefined();
    expect(() => tables.delete(table)).toThrow(/^delete table inet replies: ENOENT/);
    tables.replace({ ...table, family: 'ip6' });
    tables.replace(table);
    tables.replace({ ...table, chains: table.chains.slice(1) });
    expect(shown(host, 'rule').map(({ family, chain }) => `${family} ${chain}`)).toEqual([
      'ip6 prerouting',
      'ip6 prerouting',
      'ip6 output',
      'inet output',
    ]);
    expect([tables.deleteIfPresent(table), tables.deleteIfPresent(table)]).toEqual([true, false]);
    expect(shown(host, 'table').map(({ family, name }) => `${family} ${name}`)).toEqual(['ip6 replies']);
  });

  test('all or nothing', ({ host, skip }) => {
    const tables = tablesIn(host, skip);
    tables.replace(table);
    const before = host.exec('nft', 'list', 'ruleset');
    // A route chain is for packets of this host only.
    const wrong: Table = { ...table, chains: table.chains.map((chain) => ({ ...chain, type: 'route' })) };
    expect(() => tables.replace(wrong)).toThrow(
      /^add chain prerouting \(route at prerouting -150\) to table inet replies: EOPNOTSUPP/,
    );
    expect(host.exec('nft', 'list', 'ruleset')).toBe(before);
  });
});

describe('found again', () => {
  test('as it was made, whoever made it', ({ host, pod, skip }) => {
    const tables = tablesIn(host, skip);
    tables.replace(table);
    const found = tables.find(table);
    expect(found && equalTables(found, table)).toBe(true);
    const { tables: others } = openNftables(pod.netns);
    pod.exec('sh', '-c', `nft -f - <<END\n${host.exec('nft', 'list', 'ruleset')}\nEND`);
    const again = others.find(table);
    expect(again && equalTables(again, table)).toBe(true);
  });

  test('with what somebody has done to it', ({ host, skip }) => {
    const tables = tablesIn(host, skip);
    const isIntact = () => {
      const found = tables.find(table);
      return [found?.foreign, found !== undefined && equalTables(found, table)];
    };
    const disturb: [string, string[]][] = [
      ['add rule inet replies output counter', ['rule 2 of chain output']],
      ['add chain inet replies extra', ['chain extra']],
      ['flush chain inet replies output', []],
      ['add chain inet replies output { policy drop; }', []],
      ['insert rule inet replies prerouting iifname "eth0" ct mark set 7', ['rule 1 of chain prerouting']],
      ['add table inet replies { flags dormant; }', ['flags 1']],
    ];
    for (const [command, foreign] of disturb) {
      tables.replace(table);
      expect(isIntact()).toEqual([[], true]);
      host.exec('nft', command);
      expect(isIntact(), command).toEqual([foreign, false]);
    }
  });
});

/** Answers on TCP and UDP, from the one socket for each that listens to everybody. */
const SERVER = `
  const udp = require('dgram').createSocket('udp6');
  udp.on('message', (_, { address, port }) => udp.send('udp', port, address));
  udp.bind(7000, '::', () =>
    require('net').createServer((socket) => socket.end('tcp')).listen(7000, '::', () => console.log('ready')));
`;

/** Prints what it is answered, or that it is not. */
const CLIENT = `
  const [how, address] = process.argv.slice(1);
  const finish = (text) => { console.log(text); process.exit(); };
  setTimeout(finish, 1500, 'no answer');
  const told = (data) => finish(String(data));
  if (how === 'tcp') require('net').connect(7000, address).on('data', told).on('error', () => {});
  else {
    const socket = require('dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4').on('message', told);
    socket.connect(7000, address, () => socket.send('hello'));
  }
`;

async function serve(pod: TestNetns): Promise<void> {
  const server = spawn('ip', ['netns', 'exec', pod.name, process.execPath, '-e', SERVER], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    server.kill('SIGKILL');
    await once(server, 'exit');
  });
  await once(server.stdout, 'data');
}

/** A pod whose default route leads nowhere, and whose link veth0 is the way the requests come. */
function connect(host: TestNetns, pod: TestNetns): void {
  host.ip('link', 'add', 'vh', 'type', 'veth', 'peer', 'name', 'veth0', 'netns', pod.name);
  pod.ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'nowhere');
  for (const name of ['eth0', 'nowhere', 'veth0', 'lo']) pod.ip('link', 'set', name, 'up');
  host.ip('link', 'set', 'vh', 'up');
  host.ip('address', 'add', '192.0.2.1/32', 'dev', 'vh');
  host.ip('address', 'add', '2001:db8::1/128', 'dev', 'vh', 'nodad');
  pod.ip('address', 'add', '10.1.0.5/24', 'dev', 'eth0');
  pod.ip('address', 'add', 'fd00::5/64', 'dev', 'eth0', 'nodad');
  host.ip('route', 'add', '10.1.0.5', 'dev', 'vh', 'src', '192.0.2.1');
  host.ip('route', 'add', 'fd00::5', 'dev', 'vh', 'src', '2001:db8::1');
  pod.ip('route', 'add', 'default', 'via', '10.1.0.1');
  pod.ip('route', 'add', 'default', 'via', 'fd00::1');
  // Nobody answers for an IPv6 address on another link than its own, or asks before the link has one that is proven.
  const mac = (netns: TestNetns, link: string) => netns.ipJson('link', 'show', 'dev', link)[0].address;
  host.ip('neighbour', 'add', 'fd00::5', 'lladdr', mac(pod, 'veth0'), 'dev', 'vh', 'nud', 'permanent');
  pod.ip('neighbour', 'add', '2001:db8::1', 'lladdr', mac(host, 'vh'), 'dev', 'veth0', 'nud', 'permanent');
  const { routes, rules, links } = openRtnl(pod.netns);
  const link = links.get({ name: 'veth0' }).index;
  for (const family of [4, 6] as const) {
    const destination = { ip: { family, value: 0n }, prefixLength: 0 };
    routes.add({ destination, link, table: 100 });
    rules.add({ family, priority: 1000, fwmark: BIT.mark, fwmask: BIT.mask, table: 100 });
  }
}

const ADDRESSES = ['10.1.0.5', 'fd00::5'] as const;

describe('a reply leaves by the link the request came in on', () => {
  const answers = (host: TestNetns) =>
    ADDRESSES.flatMap((address) =>
      ['tcp', 'udp'].map((how) => host.exec(process.execPath, '-e', CLIENT, how, address).trim()),
    );

  test('with the table, and not without it: TCP and UDP, IPv4 and IPv6', async ({ host, pod, skip }) => {
    const tables = tablesIn(pod, skip);
    connect(host, pod);
    await serve(pod);
    expect(answers(host)).toEqual(['no answer', 'no answer', 'no answer', 'no answer']);
    tables.replace(table);
    expect(answers(host)).toEqual(['tcp', 'udp', 'tcp', 'udp']);
  });

  test('with the marks of others left as they are', async ({ host, pod, skip }) => {
    const tables = tablesIn(pod, skip);
    connect(host, pod);
    await serve(pod);
    tables.replace(table);
    pod.exec(
      'nft',
      `table inet application {
        chain before { type filter hook output priority -160; meta mark set 0x5; }
        chain after { type filter hook output priority 0; meta mark 0x85 counter; }
      }`,
    );
    expect(answers(host)).toEqual(['tcp', 'udp', 'tcp', 'udp']);
    const [, { expr }] = shown(pod, 'rule').filter((rule) => rule.table === 'application');
    // An answer to each datagram, and three packets at the least to each connection.
    expect(expr[1].counter.packets).toBeGreaterThanOrEqual(8);
  });
});
