import type { End, Link, Rtnl } from '@cni/rtnetlink';
import { CniError, type Undo } from '@cni/skel';
import { isErrno, withNetnsLock, writeSysctls } from '@cni/sys';
import type { Facts } from './facts.ts';
import { deleteHooksIfUnused, deleteOwn, filtersOf, isSame, lead, listOwn, reconcile, wereMade } from './filters.ts';
import { aliasOf, groupOf, ifbName, isOwn, type Owner, type Source, sourcesOf } from './ifb.ts';
import { leftoversOf } from './leftovers.ts';
import type { Feed, Shaper, Shaping } from './plan.ts';
import { checkBucket, failed, putBucket } from './queue.ts';
import { deleteIfb, unlead } from './remove.ts';

/** The namespaces that shapers are in. */
export interface Sides {
  readonly pod: End;
  readonly host: End;
}

export interface Applied {
  readonly sides: Sides;
  readonly owner: Owner;
  readonly facts: Facts;
  readonly undo: Undo;
  /** Nothing of it can be there yet. */
  readonly isNew?: boolean;
}

/** Makes what the plan says. What is there already is changed in place; last goes what another plan made, so that at no moment there is no limit. */
export function apply(shaping: Shaping, options: Applied): void {
  const there = shaping.filter((shaper) => applyOne(shaper, options));
  if (options.isNew && there.length === 0) return;
  for (const leftover of leftoversOf(shaping, options)) leftover.remove();
}

/** Whether something of it was there. */
function applyOne(shaper: Shaper, options: Applied): boolean {
  const end = options.sides[shaper.side];
  if ('root' in shaper) return putBucket({ rtnl: end.rtnl, link: shaper.root }, shaper.bucket, options.undo);
  const locked = shaper.feeds.some((feed) => feed.shared) ? withNetnsLock : alone;
  return locked(() => feedIfb(end, shaper, options, locked));
}

/** Hooks that are of one attachment alone need no lock. */
function alone<T>(run: () => T): T {
  return run();
}

type Fed = Shaper & { readonly feeds: readonly Feed[] };

/** The bucket first and the filters last: no packet finds an IFB that is not ready. */
function feedIfb(end: End, shaper: Fed, { owner, undo }: Applied, locked: typeof alone): boolean {
  const { rtnl } = end;
  const name = ifbName(owner, shaper.direction);
  const ifb = findOrAdd(end, name, shaper, owner, undo);
  const isThere = putBucket({ rtnl, link: ifb.index }, shaper.bucket, undo);
  const links = [...new Set(shaper.feeds.map(({ link }) => link))];
  const known = sourcesOf(ifb.alias ?? '');
  // Written before anything is made: if we are killed in the next moment, DEL knows.
  const intended = links.map((link): Source => known.find((one) => one.link === link) ?? { link, made: true });
  const stale = known.filter(({ link }) => !links.includes(link));
  const label = (sources: readonly Source[]) =>
    rtnl.links.set(ifb.index, { alias: aliasOf(owner, sources), group: 0, up: true });
  label([...intended, ...stale]);
  const hooks = new Map(links.map((link) => [link, addHooks(rtnl, link, shaper.feeds, undo, locked)]));
  const sources = intended.map((one) =>
    known.includes(one) || hooks.get(one.link) !== 'foreign' ? one : { ...one, made: false },
  );
  if (sources.some((one, index) => one !== intended[index])) label([...sources, ...stale]);
  for (const feed of shaper.feeds) {
    undo.defer(`delete the filters that lead to ${name}`, () => locked(() => deleteOwn(rtnl, feed, ifb.index)));
    const target = { ifb: ifb.index, made: sources.some(({ link, made }) => link === feed.link && made) };
    if (hooks.get(feed.link) === 'new') lead(rtnl, feed, target);
    else reconcile(rtnl, feed, target);
  }
  if (stale.length > 0) {
    // Links of the node may have filters of others.
    if (end.netns === undefined && locked === alone) withNetnsLock(() => unlead(end, ifb, stale));
    else unlead(end, ifb, stale);
    label(sources);
  }
  return isThere;
}

/** An IFB without IPv6: it would give itself an address, and say so to the pod's network. */
function findOrAdd(end: End, name: string, { mtu }: Shaper, owner: Owner, undo: Undo): Link {
  const { rtnl, netns } = end;
  undo.defer(`delete link ${name}`, () => {
    const made = rtnl.links.find({ name });
    if (made !== undefined && isOwn(made, owner)) deleteIfb(end, made);
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

/** Makes the hooks of a link, unless they are there: of our making, or somebody else's. */
function addHooks(
  rtnl: Rtnl,
  link: number,
  feeds: readonly Feed[],
  undo: Undo,
  locked: typeof alone,
): 'new' | 'ours' | 'foreign' {
  try {
    rtnl.qdiscs.add({ link, parent: 'ingress', kind: 'clsact' });
    undo.defer('delete the clsact qdisc', () => locked(() => deleteHooksIfUnused(rtnl, link)));
    return 'new';
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    expectHooks(rtnl, link, feeds, error);
    return wereMade(rtnl, link) ? 'ours' : 'foreign';
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

/** Compares the kernel with the plan. Throws `CniError`. */
export function check(shaping: Shaping, compared: Compared): void {
  for (const shaper of shaping) checkOne(shaper, compared);
  for (const { fault } of leftoversOf(shaping, compared)) throw failed(fault);
}

export type Compared = Omit<Applied, 'undo' | 'isNew'>;

/** Compares the kernel with one of the plan's. Throws `CniError`. */
export function checkOne(shaper: Shaper, { sides, owner }: Pick<Compared, 'sides' | 'owner'>): void {
  const { rtnl } = sides[shaper.side];
  if ('root' in shaper) checkBucket({ rtnl, link: shaper.root }, shaper.bucket);
  else checkIfb(rtnl, shaper, owner);
}

function checkIfb(rtnl: Rtnl, { direction, bucket, feeds }: Fed, owner: Owner): void {
  const name = ifbName(owner, direction);
  const ifb = rtnl.links.find({ name });
  if (ifb === undefined || !isOwn(ifb, owner)) throw new CniError('LINK_MISSING', `${name} is gone`);
  if (!ifb.up) throw failed(`${name} is down`);
  checkBucket({ rtnl, link: ifb.index }, bucket);
  for (const feed of feeds) {
    const there = listOwn(rtnl, feed, ifb.index);
    const wanted = filtersOf(feed, { ifb: ifb.index, made: false });
    if (there.length === wanted.length && wanted.every((one) => there.some((found) => isSame(found, one)))) continue;
    const source = rtnl.links.find({ index: feed.link })?.name ?? `link ${feed.link}`;
    throw failed(`${source}: a filter at its ${feed.hook} that leads to ${name} is gone or was changed`);
  }
  const stale = sourcesOf(ifb.alias ?? '').find(({ link }) => !feeds.some((feed) => feed.link === link));
  const source = stale && rtnl.links.find({ index: stale.link });
  if (source !== undefined) throw failed(`${source.name}: its packets are led to ${name}, which is not asked for`);
}
