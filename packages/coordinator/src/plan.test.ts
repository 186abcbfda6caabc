import { expect, test } from 'vitest';
import type { Entry } from './entries/entry.ts';
import type { Inputs, Nic } from './inputs.ts';
import { plan } from './plan.ts';

/** The entry as iproute2 would say it. */
function line(entry: Entry): string {
  const side = 'side' in entry ? `${entry.side}: ` : '';
  switch (entry.kind) {
    case 'veth':
      return `link ${entry.link} ${entry.mac} peer ${entry.hostLink} ${entry.hostMac} mtu ${entry.mtu}${entry.address ? ` address ${entry.address}` : ''}`;
    case 'link':
      return `link set ${entry.link}${entry.mac ? ` address ${entry.mac}` : ''}${entry.txQueueLength ? ` txqueuelen ${entry.txQueueLength}` : ''}`;
    case 'sysctl':
      return `${side}${entry.key}=${entry.value}`;
    case 'neighbour':
      return `${side}neigh ${entry.ip} lladdr ${entry.mac} dev ${entry.link}`;
    case 'route': {
      const words = [
        entry.via && `via ${entry.via}`,
        `dev ${entry.link}`,
        entry.source && `src ${entry.source}`,
        entry.onlink && 'onlink',
      ];
      return `${side}route ${entry.destination} ${words.filter(Boolean).join(' ')} table ${entry.table}`;
    }
    case 'copy':
      return `copy ${entry.destinations.join(', ')} dev ${entry.link} table ${entry.table}`;
    case 'rule': {
      const match = entry.from ? ` from ${entry.from}` : entry.mark ? ` fwmark ${entry.mark}` : '';
      return `${side}rule${entry.family} pref ${entry.priority}${match} lookup ${entry.table}`;
    }
    case 'marking':
      return `mark ${entry.bit} on ${entry.link}`;
    case 'default':
      return `default${entry.family} is by ${entry.link}`;
  }
}

const eth0: Nic = { name: 'eth0', addresses: ['10.9.0.10', 'fd09::10'], destinations: [] };
const way = { link: 'veth0', mac: 'PM', hostLink: 'vethX', hostMac: 'HM' };

const first: Inputs = {
  mode: 'underlay',
  makesVeth: true,
  nics: [eth0],
  way,
  vethMtu: 1500,
  nodeAddresses: ['10.9.0.2', '192.0.2.2', 'fd09::2'],
  hostIPs: [],
  hostInterfaces: [],
  hijack: ['10.96.0.0/12'],
  policyRoutes: [],
  hostRuleTable: 500,
  settings: [],
  own: {},
  tunePodRoutes: true,
  wishes: [],
  takenTables: [],
};

const lines = (inputs: Partial<Inputs> = {}) => plan({ ...first, ...inputs }).map(line);

test('the first underlay interface', () => {
  expect(lines({ replyBit: 8 })).toEqual([
    'link veth0 PM peer vethX HM mtu 1500',
    'pod: net/ipv6/conf/veth0/disable_ipv6=0',
    'host: net/ipv6/conf/vethX/accept_ra=0',
    'pod: neigh 10.9.0.2 lladdr HM dev veth0',
    'pod: neigh 192.0.2.2 lladdr HM dev veth0',
    'pod: neigh fd09::2 lladdr HM dev veth0',
    'pod: route 10.9.0.2/32 dev veth0 src 10.9.0.10 table 254',
    'pod: route 192.0.2.2/32 dev veth0 src 10.9.0.10 table 254',
    'pod: route 10.96.0.0/12 via 10.9.0.2 dev veth0 src 10.9.0.10 onlink table 254',
    'pod: route fd09::2/128 dev veth0 src fd09::10 table 254',
    'pod: rule4 pref 1000 fwmark 8 lookup 100',
    'pod: route 0.0.0.0/0 via 10.9.0.2 dev veth0 src 10.9.0.10 onlink table 100',
    'pod: rule6 pref 1000 fwmark 8 lookup 100',
    'pod: route ::/0 via fd09::2 dev veth0 src fd09::10 onlink table 100',
    'mark 8 on veth0',
    'host: neigh 10.9.0.10 lladdr PM dev vethX',
    'host: rule4 pref 1000 lookup 500',
    'host: route 10.9.0.10/32 dev vethX src 10.9.0.2 table 500',
    'host: neigh fd09::10 lladdr PM dev vethX',
    'host: rule6 pref 1000 lookup 500',
    'host: route fd09::10/128 dev vethX table 500',
  ]);
});

test('a family that the node does not have is left alone', () => {
  expect(lines({ nodeAddresses: ['10.9.0.2'] }).filter((one) => /fd09|rule6/.test(one))).toEqual([]);
});

test('addresses of the node that are given: nobody knows whether they are there', () => {
  expect(lines({ hostIPs: ['10.9.0.2'] })).toContain('host: route 10.9.0.10/32 dev vethX table 500');
});

test('settings of the interface, policy routes, an address for veth0', () => {
  const found = lines({
    own: { mac: 'M', txQueueLength: 500 },
    settings: [{ key: 'net/ipv4/conf/all/rp_filter', value: '0', before: '2' }],
    policyRoutes: [{ dst: '10.2.0.0/16', gw: '10.9.0.1' }],
    vethAddress: '169.254.7.7',
  });
  expect(found).toEqual(
    expect.arrayContaining([
      'link veth0 PM peer vethX HM mtu 1500 address 169.254.7.7/32',
      'link set eth0 address M txqueuelen 500',
      'pod: net/ipv4/conf/all/rp_filter=0',
      'pod: route 10.2.0.0/16 via 10.9.0.1 dev eth0 table 254',
    ]),
  );
});

const full = (name: string, host: number, table?: number): Nic => ({
  name,
  addresses: [`10.9.0.${host}`],
  destinations: ['0.0.0.0/0', '10.9.0.0/24'],
  ...(table !== undefined && { table }),
});
const later = { makesVeth: false, nics: [full('net1', 11), full('eth0', 10)], nodeAddresses: ['10.9.0.2'], hijack: [] };

test('a later underlay interface: the default route stays, and it has a table', () => {
  expect(lines(later)).toEqual([
    'copy 0.0.0.0/0, 10.9.0.0/24 dev net1 table 101',
    'pod: route 10.9.0.2/32 dev veth0 src 10.9.0.11 table 101',
    'pod: rule4 pref 1010 from 10.9.0.11/32 lookup 101',
    'default4 is by eth0',
    'host: neigh 10.9.0.11 lladdr PM dev vethX',
    'host: rule4 pref 1000 lookup 500',
    'host: route 10.9.0.11/32 dev vethX src 10.9.0.2 table 500',
  ]);
});

test('the later interface is that of the default route: the first one gets the table', () => {
  const found = lines({ ...later, wishes: ['net1'], policyRoutes: [{ dst: '10.2.0.0/16', gw: '10.9.0.1' }] });
  expect(found).toEqual(
    expect.arrayContaining([
      'copy 0.0.0.0/0, 10.9.0.0/24 dev eth0 table 101',
      'pod: rule4 pref 1010 from 10.9.0.10/32 lookup 101',
      'pod: route 10.2.0.0/16 via 10.9.0.1 dev net1 table 254',
      'default4 is by net1',
    ]),
  );
  expect(found.filter((one) => one.includes('10.9.0.11/32 lookup'))).toEqual([]);
});

test('an interface that is not there yet is waited for', () => {
  expect(lines({ ...later, wishes: ['net2'] })).toContain('default4 is by eth0');
});

const kept: Nic = { ...full('net1', 11, 101), kept: true };

test('a third one: every table is somebody’s alone', () => {
  const nics = [full('net2', 12), full('eth0', 10), kept];
  const found = lines({ ...later, nics, takenTables: [101, 102] });
  expect(found.filter((one) => one.startsWith('copy'))).toEqual(['copy 0.0.0.0/0, 10.9.0.0/24 dev net2 table 103']);
  expect(found).toContain('pod: rule4 pref 1012 from 10.9.0.12/32 lookup 103');
});

test('asked once more, with the first interface put aside already: it stays there', () => {
  const nics = [full('net1', 11), { ...full('eth0', 10, 102), destinations: ['0.0.0.0/0', '10.9.0.0/24'] }];
  const found = lines({ ...later, nics, wishes: ['net1'], takenTables: [102] });
  expect(found).toContain('default4 is by net1');
  expect(found).toContain('copy 0.0.0.0/0, 10.9.0.0/24 dev eth0 table 102');
  expect(lines({ ...later, nics, takenTables: [102] })).toContain('default4 is by eth0');
});

test('an earlier interface that was put aside becomes that of the default route', () => {
  const nics = [full('net2', 12), full('eth0', 10), kept];
  const found = lines({ ...later, nics, wishes: ['net1'], takenTables: [101] });
  expect(found).toContain('default4 is by net1');
  expect(found.filter((one) => one.startsWith('copy')).map((one) => one.replace(/.*dev/, ''))).toEqual([
    ' net2 table 102',
    ' eth0 table 103',
  ]);
});

test('without tunePodRoutes, only the way to the node', () => {
  expect(lines({ ...later, tunePodRoutes: false }).filter((one) => !one.startsWith('host'))).toEqual([]);
});

test('overlay: the way is by the first interface, in the main table and in that of the attachment', () => {
  const overlay = { link: 'eth0', mac: 'EM', hostLink: 'cali1', hostMac: 'CM' };
  const calico: Nic = { name: 'eth0', addresses: ['10.244.0.7'], destinations: ['0.0.0.0/0', '169.254.1.1/32'] };
  expect(
    lines({ ...later, mode: 'overlay', way: overlay, nics: [full('net1', 11), calico], hijack: ['10.96.0.0/12'] }),
  ).toEqual([
    'pod: neigh 10.9.0.2 lladdr CM dev eth0',
    'pod: route 10.9.0.2/32 dev eth0 src 10.244.0.7 table 254',
    'pod: route 10.96.0.0/12 via 10.9.0.2 dev eth0 src 10.244.0.7 onlink table 254',
    'copy 0.0.0.0/0, 10.9.0.0/24 dev net1 table 101',
    'pod: route 10.9.0.2/32 dev eth0 src 10.9.0.11 table 101',
    'pod: route 10.96.0.0/12 via 10.9.0.2 dev eth0 src 10.9.0.11 onlink table 101',
    'pod: rule4 pref 1010 from 10.9.0.11/32 lookup 101',
    'default4 is by eth0',
    'host: neigh 10.9.0.11 lladdr EM dev cali1',
    'host: rule4 pref 1000 lookup 500',
    'host: route 10.9.0.11/32 dev cali1 src 10.9.0.2 table 500',
  ]);
});
