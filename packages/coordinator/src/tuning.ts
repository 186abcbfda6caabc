import type { Inputs, Nic } from './inputs.ts';
import { isDefault } from './words.ts';

/** Who has the default route, and the tables of the others. */
export interface Tuning {
  readonly owner: Nic;
  readonly tables: ReadonlyMap<Nic, number>;
}

/** The first table of an interface; below are those of replies and of others. */
export const FIRST_TABLE = 101;

/**
 * Parts the routes of a pod with several interfaces, so that what has the address of one leaves by it: the main table is that of
 * the owner of the default route, and each other interface has one of its own. Nothing where there is nothing to part.
 */
export function tuningOf({ tunePodRoutes, makesVeth, nics, wishes, takenTables }: Inputs): Tuning | undefined {
  const [own, ...others] = nics;
  const usual = others.find(hasDefault);
  if (!tunePodRoutes || makesVeth || own === undefined || usual === undefined) return undefined;
  const [wished] = wishes.flatMap((name) => nics.filter((nic) => nic.name === name && hasDefault(nic)));
  const owner = wished ?? usual;
  const movers = nics.filter((nic) => nic !== owner && (nic === own || hasDefault(nic)));
  return { owner, tables: numbered(movers, takenTables) };
}

function hasDefault({ destinations }: Nic): boolean {
  return destinations.some(isDefault);
}

/** A table for each: its own, or the first that nobody has. */
function numbered(nics: readonly Nic[], taken: readonly number[]): Map<Nic, number> {
  const used = new Set([...taken, ...nics.flatMap(({ table }) => table ?? [])]);
  const next = (): number => {
    let table = FIRST_TABLE;
    while (used.has(table)) table += 1;
    used.add(table);
    return table;
  };
  return new Map(nics.map((nic) => [nic, nic.table ?? next()]));
}
