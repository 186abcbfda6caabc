import * as z from 'zod/mini';
import { LinkSetting } from './entries/entry.ts';
import type { Mode } from './mode.ts';

/** An interface of the pod that routes may have to be parted for. */
export interface Nic {
  readonly name: string;
  /** Without prefix lengths. */
  readonly addresses: readonly string[];
  /** Its own routing table, if it has one already. */
  readonly table?: number | undefined;
  /** Whether the attachment of another interface looks after that table. */
  readonly kept?: boolean | undefined;
  /** Of its routes in the main table, and of default routes in its own. */
  readonly destinations: readonly string[];
}

/** How packets get from the pod to its node: a link in each, and their MAC addresses. */
export interface NodeWay {
  readonly link: string;
  readonly mac: string;
  readonly hostLink: string;
  readonly hostMac: string;
}

/** What is set in the pod, and what it was before. */
export interface Setting {
  readonly key: string;
  readonly value: string;
  readonly before?: string | undefined;
}

/** Everything that a plan depends on: what was configured, and what was found in the kernel. */
export interface Inputs {
  readonly mode: Mode;
  /** Whether this attachment makes the pod's link to its node. */
  readonly makesVeth: boolean;
  /** That of the attachment first; then those with default routes, and those with a table. */
  readonly nics: readonly Nic[];
  readonly way: NodeWay;
  /** Bytes. */
  readonly vethMtu: number;
  readonly vethAddress?: string | undefined;
  /** The first of each family is the gateway of what goes by the node. */
  readonly nodeAddresses: readonly string[];
  /** Where they are from, if they are not all of the node's. */
  readonly hostIPs: readonly string[];
  readonly hostInterfaces: readonly string[];
  readonly hijack: readonly string[];
  readonly policyRoutes: readonly { readonly dst: string; readonly gw: string }[];
  readonly hostRuleTable: number;
  readonly settings: readonly Setting[];
  /** What is set on the attachment's own link. */
  readonly own: LinkSetting;
  /** Of the marks of connections that came by the node; none if their replies are nobody's business. */
  readonly replyBit?: number | undefined;
  readonly tunePodRoutes: boolean;
  /** Names of interfaces that were asked for as that of the default route; the first that is there counts. */
  readonly wishes: readonly string[];
  /** Numbers of the pod's routing tables that are in use. */
  readonly takenTables: readonly number[];
}

const text = z.string();
const number = z.number();
const setting = z.object({ key: text, value: text, before: z.optional(text) });

/** Inputs as they are kept. */
export const Inputs: z.ZodMiniType<Inputs> = z.object({
  mode: z.enum(['underlay', 'overlay']),
  makesVeth: z.boolean(),
  nics: z.array(
    z.object({
      name: text,
      addresses: z.array(text),
      table: z.optional(number),
      kept: z.optional(z.boolean()),
      destinations: z.array(text),
    }),
  ),
  way: z.object({ link: text, mac: text, hostLink: text, hostMac: text }),
  vethMtu: number,
  vethAddress: z.optional(text),
  nodeAddresses: z.array(text),
  hostIPs: z.array(text),
  hostInterfaces: z.array(text),
  hijack: z.array(text),
  policyRoutes: z.array(z.object({ dst: text, gw: text })),
  hostRuleTable: number,
  settings: z.array(setting),
  own: LinkSetting,
  replyBit: z.optional(number),
  tunePodRoutes: z.boolean(),
  wishes: z.array(text),
  takenTables: z.array(number),
});
