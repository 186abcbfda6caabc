/** `NFPROTO_*`, linux/netfilter.h: whose packets; inet is IPv4 and IPv6. */
export type TableFamily = 'inet' | 'ip' | 'ip6';

/** A table by its name, which is its family's own. */
export interface TableKey {
  readonly family: TableFamily;
  readonly name: string;
}

/** A table with all that is in it. */
export interface Table extends TableKey {
  readonly chains: readonly Chain[];
}

/** `NF_INET_*`, linux/netfilter.h */
export type ChainHook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';

/** A chain at a hook. */
export interface Chain {
  readonly name: string;
  /** A route chain (hook output only) has the packet routed again where it changed the mark. In inet it needs Linux 5.2. */
  readonly type: 'filter' | 'route';
  readonly hook: ChainHook;
  /** The lower comes first; mangle is -150. */
  readonly priority: number;
  /** What becomes of a packet in the end; `accept` unless given. */
  readonly policy?: 'accept' | 'drop';
  readonly rules: readonly ChainRule[];
}

/** Bits of a mark: `mask` says which, `mark` (within the mask) what they are. */
export interface MarkBits {
  readonly mark: number;
  readonly mask: number;
}

/** `NF_CT_STATE_*`, linux/netfilter/nf_conntrack_common.h */
export type CtState = 'invalid' | 'established' | 'related' | 'new' | 'untracked';

/** Which packets; all that is given has to match. */
export interface RuleMatch {
  /** Name of the link the packet came in on, or did not. */
  readonly iif?: string | { readonly not: string };
  /** Name of the link the packet leaves on, or does not. */
  readonly oif?: string | { readonly not: string };
  /** Any of these states of the packet's connection. */
  readonly ctState?: readonly CtState[];
  /** Whether the packet goes the way of the first one of its connection. */
  readonly ctDirection?: 'original' | 'reply';
  readonly ctMark?: MarkBits;
  readonly packetMark?: MarkBits;
}

/** What is set; all other bits stay as they are. */
export interface RuleSet {
  readonly ctMark?: MarkBits;
  readonly packetMark?: MarkBits;
}

/** A rule of a chain. */
export interface ChainRule {
  readonly match?: RuleMatch;
  readonly set?: RuleSet;
}

/** A table as the kernel describes it. */
export interface FoundTable extends Table {
  /** What is in it and cannot be said in these words: `rule 2 of chain output`. Whoever made the table did not make that. */
  readonly foreign: readonly string[];
}
