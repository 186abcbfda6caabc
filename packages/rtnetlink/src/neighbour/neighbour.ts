import type { Family, Ip } from '@cni/ip';

/** `NUD_*`, linux/neighbour.h */
export type NeighbourState =
  | 'none'
  | 'incomplete'
  | 'reachable'
  | 'stale'
  | 'delay'
  | 'probe'
  | 'failed'
  | 'noarp'
  | 'permanent';

/** A neighbour: who answers for an IP on a link. */
export interface Neighbour {
  /** Index of the link. */
  readonly link: number;
  readonly ip: Ip;
  /** Absent while it is not resolved. */
  readonly mac?: string;
  readonly state: NeighbourState;
}

/** A neighbour to be set. */
export interface NewNeighbour {
  /** Index of the link. */
  readonly link: number;
  readonly ip: Ip;
  readonly mac: string;
  /** `permanent` unless given. */
  readonly state?: NeighbourState;
}

/** Which neighbours are listed. */
export interface NeighbourFilter {
  readonly family?: Family;
  /** Index of a link. */
  readonly link?: number;
}
