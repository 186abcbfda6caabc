import type { Ip } from '@cni/ip';
import { attribute, attributes } from '../codec/attributes.ts';
import { u32 } from '../codec/codec.ts';
import { ipBytes, macBytes } from '../codec/values.ts';
import type { Shape } from '../message.ts';
import { type NeighbourHeader, parseNeighbor } from '../npm.ts';

/** `RTM_*`, linux/rtnetlink.h */
export const RTM_NEWNEIGH = 28;
export const RTM_DELNEIGH = 29;
export const RTM_GETNEIGH = 30;

export interface NeighbourAttributes {
  readonly ip?: Ip;
  readonly mac?: string;
  readonly link?: number;
}

/** `struct ndmsg` and `NDA_*`, linux/neighbour.h */
export const neighbourShape: Shape<NeighbourHeader, NeighbourAttributes> = {
  subject: 'neighbour',
  size: 12,
  header: parseNeighbor,
  attributes: attributes<NeighbourAttributes>(
    'NDA',
    { ip: attribute(1, ipBytes), mac: attribute(2, macBytes), link: attribute(8, u32) },
    { skipRest: true },
  ),
};
