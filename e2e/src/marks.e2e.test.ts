/**
 * Without nf_tables: packets that come in over `veth0` are marked by a filter, and the kernel's own replies take the mark
 * along. Here because the development machines' kernels have no act_skbedit.
 */
import { parseCidr, parseIp } from '@cni/ip';
import { openRtnl } from '@cni/rtnetlink';
import { openNetns, writeSysctls } from '@cni/sys';
import { expect, test } from 'vitest';
import { deleteNetns, makeNetnsOf, type Netns } from './netns.ts';

const BIT = { mark: 0x80, mask: 0x80 };
const POD = ['10.1.0.5', 'fd00::5'] as const;

/** A pod whose default route leads nowhere, and whose link `veth0` is the way the requests come. */
function connect(client: Netns, pod: Netns): void {
  client.batch(
    `link add vh type veth peer name veth0 netns ${pod.name}`,
    'link set vh up',
    'address add 192.0.2.1/32 dev vh',
    'address add 2001:db8::1/128 dev vh nodad',
    'route add 10.1.0.5 dev vh src 192.0.2.1',
    'route add fd00::5 dev vh src 2001:db8::1',
  );
  pod.batch(
    'link add eth0 type dummy',
    'link set eth0 up',
    'link set veth0 up',
    'address add 10.1.0.5/24 dev eth0',
    'address add fd00::5/64 dev eth0 nodad',
    'route add default via 10.1.0.1',
    'route add default via fd00::1',
  );
  const [clients, pods] = [openRtnl(openNetns(client.path)), openRtnl(openNetns(pod.path))];
  const [vh, veth0] = [clients.links.get({ name: 'vh' }), pods.links.get({ name: 'veth0' })];
  for (const text of POD) clients.neighbours.replace({ link: vh.index, ip: parseIp(text), mac: veth0.address });
  for (const text of ['192.0.2.1', '2001:db8::1'])
    pods.neighbours.replace({ link: veth0.index, ip: parseIp(text), mac: vh.address });
  for (const destination of [parseCidr('0.0.0.0/0'), parseCidr('::/0')]) {
    pods.routes.add({ destination, link: veth0.index, table: 100 });
    const family = destination.ip.family;
    pods.rules.add({ family, priority: 1000, fwmark: BIT.mark, fwmask: BIT.mask, table: 100 });
  }
}

/** Answers on TCP and UDP, from one socket for each that listens to everybody. */
const SERVER = `
  const udp = require("dgram").createSocket("udp6");
  udp.on("message", (_, { address, port }) => udp.send("udp", port, address));
  udp.bind(7000, "::", () =>
    require("net").createServer((socket) => socket.end("tcp")).listen(7000, "::"));
`;

/** The process of a server that is ready. */
function serve(pod: Netns): number {
  const start = `"${process.execPath}" -e '${SERVER}' >/dev/null 2>&1 & echo $!`;
  return Number(pod.run('sh', '-c', `${start}; until ss -Hltn | grep -q :7000; do sleep 0.1; done`));
}

/** What is answered, TCP and UDP, of each address; all at once. */
const CLIENT = `
  const tell = (name, connect) => new Promise((resolve) => {
    connect((data) => resolve(String(data)));
    setTimeout(resolve, 4000, "no answer");
  });
  const asked = process.argv.slice(1).flatMap((address) => [
    tell("tcp", (told) => require("net").connect(7000, address).on("data", told).on("error", () => {})),
    tell("udp", (told) => {
      const socket = require("dgram").createSocket(address.includes(":") ? "udp6" : "udp4").on("message", told);
      socket.connect(7000, address, () => socket.send("hello"));
    }),
  ]);
  Promise.all(asked).then((answers) => { console.log(answers.join()); process.exit(); });
`;

const answers = (client: Netns) => client.run(process.execPath, '-e', CLIENT, ...POD).trim();

test('TCP and ICMP replies leave by veth0 on both families; of UDP the kernel remembers no mark', () => {
  const [client, pod] = makeNetnsOf('client', 'pod');
  let server: number | undefined;
  try {
    connect(client, pod);
    server = serve(pod);
    const { qdiscs, filters, links } = openRtnl(openNetns(pod.path));
    const link = links.get({ name: 'veth0' }).index;
    const filter = {
      link,
      hook: 'ingress',
      priority: 9,
      match: {},
      action: BIT,
      flow: { major: 0, minor: 1 },
    } as const;
    expect(answers(client)).toBe('no answer,no answer,no answer,no answer');
    qdiscs.add({ link, parent: 'ingress', kind: 'clsact' });
    filters.add(filter);
    expect(filters.list({ link, hook: 'ingress', priority: 9 })).toMatchObject([{ match: {}, action: BIT }]);
    writeSysctls(
      { 'net/ipv4/tcp_fwmark_accept': 1, 'net/ipv4/fwmark_reflect': 1, 'net/ipv6/fwmark_reflect': 1 },
      openNetns(pod.path),
    );
    expect(answers(client)).toBe('tcp,no answer,tcp,no answer');
    for (const address of POD) client.ping(address);
  } finally {
    if (server !== undefined) process.kill(server, 'SIGKILL');
    deleteNetns(client, pod);
  }
});
