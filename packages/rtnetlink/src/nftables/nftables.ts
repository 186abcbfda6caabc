import type { Netns } from '@cni/sys';
import { converse } from '../conversation.ts';
import { openTransport, type Transport } from '../transport.ts';
import { type Tables, tableVerbs } from './tables.ts';

/** A conversation with the kernel about nf_tables in one network namespace, over one socket. */
export interface Nftables {
  readonly tables: Tables;
  close(): void;
}

/** Opens a conversation about `netns`, or the own namespace. Throws `SysError`, `EPROTONOSUPPORT` on a kernel without nfnetlink. */
export function openNftables(netns?: Netns): Nftables {
  return nftablesOver(openTransport('nfnetlink', netns));
}

/** The verbs over a given transport: a scripted kernel, in tests. */
export function nftablesOver(transport: Transport): Nftables {
  const conversation = converse(transport);
  return { tables: tableVerbs(conversation), close: conversation.close };
}
