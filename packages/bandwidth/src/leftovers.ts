import type { Sides } from './apply.ts';
import type { Facts } from './facts.ts';
import { DIRECTIONS, ifbName, isOwn, type Owner } from './ifb.ts';
import type { Shaping } from './plan.ts';
import { deleteBucket, findBucket } from './queue.ts';
import { deleteIfb } from './remove.ts';

/** Something of an attachment that its plan does not have: of an ADD with other limits, or of nobody that is known. */
export interface Leftover {
  /** What CHECK says. */
  readonly fault: string;
  remove(): void;
}

/** All that there is. A root qdisc of ours is at the attachment's own link or its end on the node, and nowhere else. */
export function leftoversOf(
  shaping: Shaping,
  { sides, owner, facts }: { readonly sides: Sides; readonly owner: Owner; readonly facts: Facts },
): Leftover[] {
  const [own] = facts.links;
  const [side, link] = own.hostEnd === undefined ? (['pod', own.index] as const) : (['host', own.hostEnd] as const);
  const inPod = facts.links.every(({ hostEnd }) => hostEnd !== undefined) ? [] : ifbsIn('pod');
  return [...inPod, ...ifbsIn('host'), ...rootAt()];

  function ifbsIn(place: 'pod' | 'host'): Leftover[] {
    const end = sides[place];
    return DIRECTIONS.flatMap((direction) => {
      if (shaping.some((one) => one.side === place && one.direction === direction && 'feeds' in one)) return [];
      const ifb = end.rtnl.links.find({ name: ifbName(owner, direction) });
      if (ifb === undefined || !isOwn(ifb, owner)) return [];
      return { fault: `${ifb.name} limits ${direction}, which is not asked for`, remove: () => deleteIfb(end, ifb) };
    });
  }

  function rootAt(): Leftover[] {
    const { rtnl } = sides[side];
    if (shaping.some((one) => one.side === side && 'root' in one && one.root === link)) return [];
    if (findBucket({ rtnl, link }) === undefined) return [];
    const name = rtnl.links.find({ index: link })?.name ?? `link ${link}`;
    return [{ fault: `${name} is limited, which is not asked for`, remove: () => void deleteBucket(rtnl, link) }];
  }
}
