/** The places of an underlay network, as scripts that make them: a node, its pod, and outside a client beyond their router. */

import { quoted } from '../job.ts';

export const families = [4, 6] as const;
export type Family = (typeof families)[number];

/** The pods of an underlay are in the subnet of their node. */
export const addresses = {
  4: { pod: '10.1.0.2', node: '10.1.0.250', router: '10.1.0.1', client: '198.51.100.1' },
  6: { pod: 'fd00:1::2', node: 'fd00:1::250', router: 'fd00:1::1', client: '2001:db8:100::1' },
} as const;
export const subnets = { 4: '10.1.0.0/24', 6: 'fd00:1::/64' } as const;
export const ports = { pod: 8080, node: 30080 } as const;

/** What a client speaks, in socat's words. */
export const kinds = ['TCP4', 'TCP6', 'UDP4', 'UDP6'] as const;
export type Kind = (typeof kinds)[number];

export function familyOf(kind: Kind): Family {
  return kind.endsWith('4') ? 4 : 6;
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Two programs: who asks says something, and tells on standard error what he hears; who answers tells who it was that asked. */
export const PROGRAMS: string = lines(
  String.raw`printf '#!/bin/sh\necho hello; read -r line; echo "$line" >&2\n' > /ask`,
  String.raw`printf '#!/bin/sh\nread -r line; echo "$SOCAT_PEERADDR"\n' > /answer`,
  'chmod 755 /ask /answer',
);

/** Addresses are there at once, and stay as they are. */
const WITHOUT_DAD = 'echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad';

/** In `node`. The NodePort is what kube-proxy makes of `externalTrafficPolicy: Local`: a new destination, the source as it was. */
export const NODE: string = lines(
  WITHOUT_DAD,
  'for key in ipv4/ip_forward ipv6/conf/all/forwarding; do echo 1 > /proc/sys/net/$key; done',
  'ip link add uplink type veth peer name uplink netns outside',
  'ip link set lo up',
  'ip link set uplink up',
  ...families.flatMap((family) => [
    `ip address add ${onUplink(family, 'node')} dev uplink`,
    `ip route add default via ${addresses[family].router}`,
  ]),
  nft(
    'table inet services {',
    'chain prerouting {',
    'type nat hook prerouting priority dstnat',
    ...families.flatMap((family) => ['tcp', 'udp'].map((protocol) => nodePort(family, protocol))),
    '}',
    '}',
  ),
);

function onUplink(family: Family, who: 'node' | 'router'): string {
  return `${addresses[family][who]}/${family === 4 ? '24' : '64'}`;
}

function nodePort(family: Family, protocol: string): string {
  const { node, pod } = addresses[family];
  const ip = family === 4 ? 'ip' : 'ip6';
  return `${ip} daddr ${node} ${protocol} dport ${ports.node} dnat ${ip} to ${bracketed(pod)}:${ports.pod}`;
}

/** In `outside`, when the node is there. */
export const OUTSIDE: string = lines(
  WITHOUT_DAD,
  'ip link set lo up',
  'ip link set uplink up',
  ...families.flatMap((family) => [
    `ip address add ${onUplink(family, 'router')} dev uplink`,
    `ip address add ${addresses[family].client} dev lo`,
  ]),
);

/** In `outside`: nobody answers for the addresses of pods in the l3 modes. */
export const TO_POD_BY_NODE: string = lines(
  ...families.map((family) => `ip route replace ${addresses[family].pod} via ${addresses[family].node}`),
);

/** In `pod`: servers that listen to everybody; -t is how long one may take to answer when nothing more is to be heard. */
export const POD: string = lines('ip link set lo up', ...kinds.map(server));

function server(kind: Kind): string {
  const how = kind.startsWith('TCP') ? 'LISTEN' : 'RECVFROM';
  const only = familyOf(kind) === 6 ? ',ipv6only=1' : '';
  return `socat -t 60 ${kind}-${how}:${ports.pod},fork,reuseaddr${only} EXEC:/answer > /dev/null 2>&1 &`;
}

/** In `outside`: a client of each kind, all at once, that tells its kind and what it heard in so many seconds. */
export function clients(whom: 'pod' | 'node', seconds: number): string {
  return lines(...kinds.map((kind) => client(kind, whom, seconds)), 'wait');
}

function client(kind: Kind, whom: 'pod' | 'node', seconds: number): string {
  const { client, [whom]: target } = addresses[familyOf(kind)];
  const options = `bind=${bracketed(client)},connect-timeout=${seconds}`;
  // How long one direction outlives the other. The answer and its end may come as one; UDP has no end.
  const rest = kind.startsWith('TCP') ? seconds : 0;
  const address = `${kind}:${bracketed(target)}:${ports[whom]},${options}`;
  return `echo "${kind} $(socat -lf /dev/null -T ${seconds} -t ${rest} '${address}' EXEC:/ask 2>&1)" &`;
}

/** Everything of a place that an attachment may change. Neighbours that are not permanent come and go by themselves. */
export const STATE: string = lines(
  ...['link show', 'address show', 'rule show', 'route show table all', 'neighbour show nud permanent'].map(ip),
  ...['rule show', 'route show table all'].map((words) => ip(`-6 ${words}`)),
  'nft list ruleset',
);

/** The sysctls that an attachment may change. */
export const SYSCTLS =
  'grep -r . /proc/sys/net/ipv4/tcp_fwmark_accept /proc/sys/net/ipv*/fwmark_reflect /proc/sys/net/ipv4/conf';

/** Files of attachments, on the machine: not what host-local remembers of the order of addresses. */
export const FILES = `
mkdir -p /run/cni /var/lib/cni
find /run/cni /var/lib/cni -type f ! -path '*/.host-local/*' ! -name lock ! -name 'last_reserved*'
`;

function ip(words: string): string {
  return `ip ${words}`;
}

/** A command that adds to the ruleset. */
export function nft(...ruleset: string[]): string {
  return `printf '%s\\n' ${quoted(lines(...ruleset))} | nft -f -`;
}

function lines(...all: string[]): string {
  return all.join('\n');
}
