import { CniError } from '@cni/skel';
import type { Config } from './config.ts';

/** The name, in every pod, of the link that leads to its node. */
export const VETH = 'veth0';

/** `underlay`: the pod gets a link to its node of its own. `overlay`: the first interface, of another CNI, leads there. */
export type Mode = 'underlay' | 'overlay';

export interface Situation {
  readonly mode: Exclude<Config['mode'], 'disable'>;
  /** The interface of this attachment, and the pod's first one. */
  readonly ifName: string;
  readonly first: string;
  readonly hasVeth: boolean;
}

/** What this attachment is to be. Throws {@link CniError} `INVALID_CONFIG`. */
export function decide({ mode, ifName, first, hasVeth }: Situation): Mode {
  const isFirst = ifName === first;
  switch (mode) {
    case 'auto':
      return isFirst || hasVeth ? 'underlay' : 'overlay';
    case 'underlay':
      if (isFirst || hasVeth) return 'underlay';
      throw refused(mode, `the pod has no ${VETH}: coordinator has to be in the network of ${first} too`);
    case 'overlay':
      if (isFirst)
        throw refused(mode, `${ifName} is the pod's first interface (podDefaultCniNic), and leads to no node`);
      if (hasVeth) throw refused(mode, `the pod has ${VETH}: ${first} is an underlay interface`);
      return 'overlay';
  }
}

function refused(mode: string, reason: string): CniError {
  return new CniError('INVALID_CONFIG', `mode "${mode}": ${reason}`);
}
