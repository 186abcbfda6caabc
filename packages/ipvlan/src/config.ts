import type { Schema } from '@cni/skel';
import * as z from 'zod/mini';

/** The keys of an `ipvlan` configuration, beside those of the protocol. */
export interface Config {
  /** The link on which the slave is made; by default the device of the default route, or the one of `prevResult`. */
  readonly master?: string | undefined;
  readonly mode: 'l2' | 'l3' | 'l3s';
  /** Who may reach whom among the slaves of one master. */
  readonly flag: 'bridge' | 'private' | 'vepa';
  /** Bytes, up to the master's. */
  readonly mtu?: number | undefined;
  /** The master is in the pod's namespace. */
  readonly linkInContainer: boolean;
  /** IPv6 duplicate address detection: wait for its verdict, use the address meanwhile, or do without. */
  readonly dad: 'wait' | 'optimistic' | 'off';
}

/** IFNAMSIZ less its NUL. */
const NAME_MAX = 15;

/** What every link carries (RFC 791), and what the kernel lets an Ethernet device have. */
const MTU_MIN = 68;
const MTU_MAX = 65_535;

export const Config: Schema<Config> = z.object({
  master: z.optional(z.string().check(z.minLength(1), z.maxLength(NAME_MAX))),
  mode: z._default(z.enum(['l2', 'l3', 'l3s']), 'l2'),
  flag: z._default(z.enum(['bridge', 'private', 'vepa']), 'bridge'),
  mtu: z.optional(z.int().check(z.minimum(MTU_MIN), z.maximum(MTU_MAX))),
  linkInContainer: z._default(z.boolean(), false),
  dad: z._default(z.enum(['wait', 'optimistic', 'off']), 'wait'),
});
