import { nft } from './places.ts';

/** The marks of somebody else: on connections, and on packets. */
const CONNECTION = 0x539;
const PACKET = 0x4000;

/** How replies leave a pod: with their marks as they have to be, or changed. */
export type Counted = Readonly<Record<'byNode' | 'byEth0' | 'changed', boolean>>;

/** In `pod`: sets marks before the coordinator does, and counts replies behind it; `bit` is the coordinator's. */
export function countMarks(bit: number): string {
  const reply = 'ct direction reply';
  return nft(
    'table inet others {',
    'counter byNode { }',
    'counter byEth0 { }',
    'counter changed { }',
    'chain in {',
    'type filter hook prerouting priority -160',
    `ct state new ct mark set ${CONNECTION}`,
    '}',
    'chain out {',
    'type filter hook output priority -160',
    `meta mark set ${PACKET}`,
    '}',
    'chain leaving {',
    'type filter hook postrouting priority 0',
    `${reply} oifname "veth0" ct mark ${CONNECTION | bit} meta mark ${PACKET | bit} counter name byNode return`,
    `${reply} oifname "eth0" ct mark ${CONNECTION} meta mark ${PACKET} counter name byEth0 return`,
    `${reply} counter name changed`,
    '}',
    '}',
  );
}

/** In `pod`: what {@link countedIn} reads. */
export const COUNTERS = 'nft -j list counters table inet others';

export function countedIn(json: string): Counted {
  const { nftables } = JSON.parse(json) as { nftables: { counter?: { name: string; packets: number } }[] };
  const counters = nftables.flatMap(({ counter }) => counter ?? []);
  return Object.fromEntries(counters.map(({ name, packets }) => [name, packets > 0])) as Counted;
}
