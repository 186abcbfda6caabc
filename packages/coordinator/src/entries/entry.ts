/**
 * What the coordinator makes is a list of entries, each one thing of the kernel. ADD puts them in order, CHECK looks for them, DEL
 * takes them back in reverse. The list is kept while the attachment lives, so numbers, addresses and names are plain JSON.
 */
import * as z from 'zod/mini';

/** Where an entry is: in the pod's namespace, or in the node's. */
export type SideName = 'pod' | 'host';

/** The pair of links between pod and node. */
export interface VethEntry {
  readonly kind: 'veth';
  readonly link: string;
  readonly mac: string;
  readonly hostLink: string;
  readonly hostMac: string;
  readonly mtu: number;
  /** With its prefix length. */
  readonly address?: string | undefined;
}

/** What is set on a link of the pod, and what it was before. */
export interface LinkSetting {
  readonly mac?: string | undefined;
  readonly macBefore?: string | undefined;
  readonly txQueueLength?: number | undefined;
  readonly txQueueLengthBefore?: number | undefined;
}

export interface LinkEntry extends LinkSetting {
  readonly kind: 'link';
  readonly link: string;
}

export interface SysctlEntry {
  readonly kind: 'sysctl';
  readonly side: SideName;
  readonly key: string;
  readonly value: string;
  /** Absent where it goes with its link. */
  readonly before?: string | undefined;
}

export interface NeighbourEntry {
  readonly kind: 'neighbour';
  readonly side: SideName;
  readonly link: string;
  readonly ip: string;
  readonly mac: string;
}

export interface RouteEntry {
  readonly kind: 'route';
  readonly side: SideName;
  readonly table: number;
  readonly destination: string;
  readonly link: string;
  readonly via?: string | undefined;
  readonly source?: string | undefined;
  readonly onlink?: boolean | undefined;
}

/** The routes of the main table by a link are in another one too. */
export interface CopyEntry {
  readonly kind: 'copy';
  readonly link: string;
  readonly table: number;
  readonly destinations: readonly string[];
}

export interface RuleEntry {
  readonly kind: 'rule';
  readonly side: SideName;
  readonly family: 4 | 6;
  readonly priority: number;
  readonly table: number;
  readonly from?: string | undefined;
  /** One bit, compared alone. */
  readonly mark?: number | undefined;
}

/** Connections that come in by a link are marked, and their replies. */
export interface MarkingEntry {
  readonly kind: 'marking';
  readonly link: string;
  readonly bit: number;
}

/** The default routes of the main table are those of this link. */
export interface DefaultEntry {
  readonly kind: 'default';
  readonly family: 4 | 6;
  readonly link: string;
  /** The interface of the attachment, which will leave. */
  readonly leaving: string;
}

export type Entry =
  | VethEntry
  | LinkEntry
  | SysctlEntry
  | NeighbourEntry
  | RouteEntry
  | CopyEntry
  | RuleEntry
  | MarkingEntry
  | DefaultEntry;

const text = z.string();
const number = z.number();
const side = z.enum(['pod', 'host']);
const family = z.union([z.literal(4), z.literal(6)]);

const linkSetting = {
  mac: z.optional(text),
  macBefore: z.optional(text),
  txQueueLength: z.optional(number),
  txQueueLengthBefore: z.optional(number),
};

/** A setting of a link as it is kept. */
export const LinkSetting: z.ZodMiniType<LinkSetting> = z.object(linkSetting);

/** An entry as it is kept. */
export const Entry: z.ZodMiniType<Entry> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('veth'),
    link: text,
    mac: text,
    hostLink: text,
    hostMac: text,
    mtu: number,
    address: z.optional(text),
  }),
  z.object({ kind: z.literal('link'), link: text, ...linkSetting }),
  z.object({ kind: z.literal('sysctl'), side, key: text, value: text, before: z.optional(text) }),
  z.object({ kind: z.literal('neighbour'), side, link: text, ip: text, mac: text }),
  z.object({
    kind: z.literal('route'),
    side,
    table: number,
    destination: text,
    link: text,
    via: z.optional(text),
    source: z.optional(text),
    onlink: z.optional(z.boolean()),
  }),
  z.object({ kind: z.literal('copy'), link: text, table: number, destinations: z.array(text) }),
  z.object({
    kind: z.literal('rule'),
    side,
    family,
    priority: number,
    table: number,
    from: z.optional(text),
    mark: z.optional(number),
  }),
  z.object({ kind: z.literal('marking'), link: text, bit: number }),
  z.object({ kind: z.literal('default'), family, link: text, leaving: text }),
]);
