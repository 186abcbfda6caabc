import { copy } from './copy.ts';
import { defaultRoute } from './default-route.ts';
import type { Entry, SideName } from './entry.ts';
import type { Kind } from './kind.ts';
import { link } from './link.ts';
import { marking } from './marking.ts';
import { neighbour } from './neighbour.ts';
import { route } from './route.ts';
import { rule } from './rule.ts';
import { sysctl } from './sysctl.ts';
import { veth } from './veth.ts';

const KINDS: { readonly [Name in Entry['kind']]: Kind<Extract<Entry, { kind: Name }>> } = {
  veth,
  link,
  sysctl,
  neighbour,
  route,
  copy,
  rule,
  marking,
  default: defaultRoute,
};

/** What the entry's kind can do. */
export function kindOf<E extends Entry>({ kind }: E): Kind<E> {
  return KINDS[kind] as unknown as Kind<E>;
}

/** Where an entry is to be taken back: a pair of links goes with the node's. */
export function sideOf(entry: Entry): SideName {
  if (entry.kind === 'veth') return 'host';
  return 'side' in entry ? entry.side : 'pod';
}
