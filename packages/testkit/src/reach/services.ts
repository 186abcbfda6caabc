/** Services as kube-proxy makes them on a node: addresses that are translated to those of somebody else. */
import { exec, text, utf8 } from '@cni/sys';

/** One address and port of a service, or one port of the node; for TCP and UDP. */
export interface Service {
  readonly address: string;
  readonly port: number;
  readonly backend: string;
  readonly backendPort: number;
  /** Whether the backend sees an address of the node in place of the client's. */
  readonly masquerade?: boolean;
}

/** kube-proxy's own mark. */
const MASQUERADE = '0x4000/0x4000';

/** Both families' rules, in place of all that there are in the `nat` table of a namespace. Throws when the kernel cannot. */
export function addServices(netns: string, services: readonly Service[]): void {
  for (const family of [4, 6] as const) {
    const own = services.filter(({ address }) => address.includes(':') === (family === 6));
    restore(netns, family, rulesOf(own));
  }
}

function rulesOf(services: readonly Service[]): string {
  return [
    '*nat',
    ':SERVICES - [0:0]',
    '-A PREROUTING -j SERVICES',
    '-A OUTPUT -j SERVICES',
    `-A POSTROUTING -m mark --mark ${MASQUERADE} -j MASQUERADE`,
    ...services.flatMap(({ address, port, backend, backendPort, masquerade }) => {
      const to = backend.includes(':') ? `[${backend}]:${backendPort}` : `${backend}:${backendPort}`;
      return ['tcp', 'udp'].flatMap((protocol) => {
        const match = `-A SERVICES -d ${address} -p ${protocol} --dport ${port}`;
        return [
          ...(masquerade ? [`${match} -j MARK --set-xmark ${MASQUERADE}`] : []),
          `${match} -j DNAT --to-destination ${to}`,
        ];
      });
    }),
    'COMMIT',
    '',
  ].join('\n');
}

/** Of the two that Debian has, the one for this kernel's tables. */
function restore(netns: string, family: 4 | 6, rules: string): void {
  const complaints = [];
  for (const variant of ['nft', 'legacy']) {
    const program = `/usr/sbin/ip${family === 6 ? '6' : ''}tables-${variant}-restore`;
    const { status, stderr } = exec('/usr/bin/nsenter', {
      args: [`--net=${netns}`, program],
      stdin: utf8(rules),
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    });
    if (status === 0) return;
    complaints.push(text(stderr).trim());
  }
  throw new Error(`make services for IPv${family}: ${complaints.join('; ')}`);
}
