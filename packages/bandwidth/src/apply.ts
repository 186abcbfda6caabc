import type { Link, Rtnl } from '@cni/rtnetlink';
import { CniError, type Undo } from '@cni/skel';
import { isErrno, type Netns, writeSysctls } from '@cni/sys';
import { deleteHooksIfUnused, deleteOwn, filtersOf, isSame, listOwn, reconcile, wereMade } from './filters.ts';
import { aliasOf, DIRECTIONS, groupOf, ifbName, isOwn, type Owner, type Source, sourcesOf } from './ifb.ts';
import type { Feed, Shaper, Shaping } from './plan.ts';
import { checkBucket, failed, putBucket } from './queue.ts';
import { deleteIfb, deleteQuietly, locked } from './remove.ts';

/** The namespaces that shapers are in. */
export interface Sides {
  readonly pod: End;
  readonly host: End;
}

/** One of them. */
export interface End {
  readonly rtnl: Rtnl;
  /** Absent on the node. */
  readonly netns?: Netns;
}

export interface Applied {
  readonly sides: Sides;
  readonly owner: Owner;
  readonly undo: Undo;
}

/** Makes what the plan says, and removes what an earlier one left; what is there already is changed in place. */
export function apply(shaping: Shaping, options: Applied): void {
  for (const shaper of shaping) applyOne(shaper, options);
  removeOthers(shaping, options);
}

function applyOne(shaper: Shaper, options: Applied): void {
  const end = options.sides[shaper.side];
  if ('root' in shaper) putRoot(end, shaper.root, shaper, options.undo);
  else if (shaper.feeds.some(({ shared }) => shared)) locked(() => feedIfb(end, shaper, options));
  else feedIfb(end, shaper, options);
}

function putRoot({ rtnl }: End, link: number, { bucket }: Shaper, undo: Undo): void {
  const { name } = rtnl.links.get({ index: link });
  putBucket({ rtnl, link, name }, bucket, undo);
}

type Fed = Shaper & { readonly feeds: readonly Feed[] };

/** The bucket first and the filters last: no packet finds an IFB that is not ready. */
function feedIfb(end: End, shaper: Fed, { owner, undo }: Applied): void {
  const { rtnl } = end;
  const name = ifbName(owner, shaper.direction);
  const ifb = findOrAdd(end, name, shaper, owner, undo);
  putBucket({ rtnl, link: ifb.index, name }, shaper.bucket, undo);
  const links = [...new Set(shaper.feeds.map(({ link }) => link))];
  const known = sourcesOf(ifb.alias ?? '');
  // Written before anything is made: if we are killed in the next moment, DEL knows.
  const intended = links.map((link): Source => known.find((one) => one.link === link) ?? { link, made: true });
  const label = (sources: readonly Source[]) =>
    rtnl.links.set(ifb.index, { alias: aliasOf(owner, sources), group: 0, up: true });
  label(intended);
  const there = links.filter((link) => !addHooks(rtnl, link, shaper.feeds, undo));
  const sources = intended.map((one) =>
    known.includes(one) || !there.includes(one.link) ? one : { ...one, made: false },
  );
  if (there.length > 0) label(sources);
  for (const feed of shaper.feeds) {
    undo.defer(`delete the filters that lead to ${name}`, () => deleteOwn(rtnl, feed, ifb.index));
    const made = sources.find(({ link }) => link === feed.link)?.made ?? false;
    reconcile(rtnl, feed, { ifb: ifb.index, made });
  }
}

/** An IFB without IPv6: it would give itself an address, and say so to the pod's network. */
function findOrAdd({ rtnl, netns }: End, name: string, { mtu }: Shaper, owner: Owner, undo: Undo): Link {
  undo.defer(`delete link ${name}`, () => {
    const made = rtnl.links.find({ name });
    if (made !== undefined && isOwn(made, owner)) deleteQuietly({ rtnl, ...(netns && { netns }) }, [made.index]);
  });
  try {
    rtnl.links.add({ name, mtu, group: groupOf(owner.network), info: { kind: 'ifb' } });
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    const link = rtnl.links.get({ name });
    if (isOwn(link, owner)) return link;
    throw new CniError('LINK_EXISTS', `${name} is there already, and not ours`, { cause: error });
  }
  try {
    writeSysctls({ [`net/ipv6/conf/${name}/disable_ipv6`]: 1 }, netns);
  } catch (error) {
    // A kernel without IPv6.
    if (!isErrno(error, 'ENOENT')) throw error;
  }
  return rtnl.links.get({ name });
}

/** Makes the hooks of a link, unless they are there; whether they are of our making, now or earlier. */
function addHooks(rtnl: Rtnl, link: number, feeds: readonly Feed[], undo: Undo): boolean {
  try {
    rtnl.qdiscs.add({ link, parent: 'ingress', kind: 'clsact' });
    undo.defer('delete the clsact qdisc', () => deleteHooksIfUnused(rtnl, link));
    return true;
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    expectHooks(rtnl, link, feeds, error);
    return wereMade(rtnl, link);
  }
}

/** An ingress qdisc has no hook for what leaves the link. */
function expectHooks(rtnl: Rtnl, link: number, feeds: readonly Feed[], cause: unknown): void {
  if (feeds.every((feed) => feed.link !== link || feed.hook === 'ingress')) return;
  const { kind } = rtnl.qdiscs.list({ link }).find(({ parent }) => parent === 'ingress') ?? {};
  if (kind !== 'ingress') return;
  const { name } = rtnl.links.get({ index: link });
  const message = `${name} has an ingress qdisc of somebody else, where a clsact is needed for what leaves it`;
  throw new CniError('LINK_MISMATCH', message, { cause });
}

/** What an earlier ADD with other limits made and this one does not want. */
function removeOthers(shaping: Shaping, { sides, owner }: Applied): void {
  for (const side of ['pod', 'host'] as const) {
    const { rtnl } = sides[side];
    for (const direction of DIRECTIONS) {
      const wanted = shaping.some((one) => one.side === side && one.direction === direction && 'feeds' in one);
      const ifb = wanted ? undefined : rtnl.links.find({ name: ifbName(owner, direction) });
      if (ifb !== undefined && isOwn(ifb, owner)) deleteIfb(sides[side], ifb);
    }
  }
}

/** Compares the kernel with the plan. Throws `CniError`. */
export function check(shaping: Shaping, { sides, owner }: Omit<Applied, 'undo'>): void {
  for (const shaper of shaping) {
    const { rtnl } = sides[shaper.side];
    if ('root' in shaper) {
      const { name } = rtnl.links.get({ index: shaper.root });
      checkBucket({ rtnl, link: shaper.root, name }, shaper.bucket);
    } else checkIfb(rtnl, shaper, owner);
  }
}

function checkIfb(rtnl: Rtnl, { direction, bucket, feeds }: Fed, owner: Owner): void {
  const name = ifbName(owner, direction);
  const ifb = rtnl.links.find({ name });
  if (ifb === undefined || !isOwn(ifb, owner)) throw new CniError('LINK_MISSING', `${name} is gone`);
  if (!ifb.up) throw failed(`${name} is down`);
  checkBucket({ rtnl, link: ifb.index, name }, bucket);
  for (const feed of feeds) {
    const there = listOwn(rtnl, feed, ifb.index);
    const wanted = filtersOf(feed, { ifb: ifb.index, made: false });
    if (there.length === wanted.length && wanted.every((one) => there.some((found) => isSame(found, one)))) continue;
    const source = rtnl.links.find({ index: feed.link })?.name ?? `link ${feed.link}`;
    throw failed(`${source}: a filter at its ${feed.hook} that leads to ${name} is gone or was changed`);
  }
}
