import { equalIps, parseIp } from '@cni/ip';
import type { NeighbourEntry } from './entry.ts';
import { type Kind, placeOf } from './kind.ts';

export const neighbour: Kind<NeighbourEntry> = {
  words: ({ ip, link }) => `neighbour ${ip} on ${link}`,
  put({ side, link, ip, mac }, ground) {
    ground[side].rtnl.neighbours.replace({ link: ground[side].index(link), ip: parseIp(ip), mac });
  },
  take({ side, link, ip }, ground) {
    const index = ground[side].find(link)?.index;
    if (index !== undefined) ground[side].rtnl.neighbours.deleteIfPresent(index, parseIp(ip));
  },
  faultOf(entry, look) {
    const { side, link, ip, mac } = entry;
    const index = look[side].find(link)?.index;
    const found = look.neighbours(side).find((one) => one.link === index && equalIps(one.ip, parseIp(ip)));
    if (found?.state === 'permanent' && found.mac === mac) return undefined;
    const actual = found === undefined ? 'is gone' : `is ${found.mac}, ${found.state}, and not ${mac}, permanent`;
    return `${neighbour.words(entry)} ${placeOf(entry)} ${actual}`;
  },
};
