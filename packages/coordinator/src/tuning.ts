import type { Inputs, Nic } from './inputs.ts';
import { familyOf, isDefault } from './words.ts';

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
  const holder = others.find(hasDefault);
  if (!tunePodRoutes || makesVeth || own === undefined || holder === undefined) return undefined;
  const wished = wishes.flatMap((name) => nics.filter((nic) => nic.name === name && mayOwn(nic)));
  const owner = wished[0] ?? holder;
  const movers = nics.filter((nic) => nic !== owner && (nic === own || hasDefault(nic) || nic.table !== undefined));
  return { owner, tables: numbered(movers, takenTables) };
}

function hasDefault({ destinations }: Nic): boolean {
  return destinations.some(isDefault);
}

/** One that has a table has its default route there. */
function mayOwn(nic: Nic): boolean {
  return hasDefault(nic) || nic.table !== undefined;
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

/** The families in which the owner has a default route, and so the others need not. */
export function ownedFamilies({ owner }: Tuning): (4 | 6)[] {
  const families = owner.table === undefined ? owner.destinations.filter(isDefault) : owner.addresses;
  return ([4, 6] as const).filter((family) => families.some((one) => familyOf(one) === family));
}
