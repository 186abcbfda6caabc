import { equalCidrs } from '@cni/ip';
import type { Filter, FilterAction, FilterHook, Handle, Match, NewFilter, Rtnl } from '@cni/rtnetlink';
import type { Feed } from './plan.ts';

/**
 * Ours come after everybody else's: what is led away here comes back behind the filters, so that a policy that came later
 * would never see it. 49152 and below is what the kernel gives to those who do not choose.
 */
const FIRST_PRIORITY = 0xcb00;
const LAST_PRIORITY = 0xcb0f;

/** One for each hook, protocol and kind of action: the kernel cannot tell u32 filters of one priority apart. */
function priorityOf(hook: FilterHook, { source, destination }: Match, pass: boolean): number {
  const family = (source ?? destination)?.ip.family;
  const protocol = family === undefined ? 0 : family === 4 ? 1 : 2;
  return FIRST_PRIORITY + (hook === 'ingress' ? 0 : 8) + (pass ? 0 : 4) + protocol;
}

/** Set where the hook was made for the filter. */
const MADE = 0x80000000;

/** The owner of a filter is written on it: the index of the IFB, even where packets do not go there. */
function flowOf({ ifb, made }: Target): Handle {
  const number = made ? ifb + MADE : ifb;
  return { major: number >>> 16, minor: number & 0xffff };
}

function ownerOf({ flow }: Filter): Target | undefined {
  if (flow === undefined) return undefined;
  const number = flow.major * 0x10000 + flow.minor;
  return number >= MADE ? { ifb: number - MADE, made: true } : { ifb: number, made: false };
}

/** The IFB that packets are led to, and whether the hook they are led away at was made for it. */
export interface Target {
  readonly ifb: number;
  readonly made: boolean;
}

/** The filters that lead a feed through an IFB. */
export function filtersOf({ link, hook, redirect, pass }: Feed, target: Target): NewFilter[] {
  const one = (match: Match, action: FilterAction): NewFilter => ({
    link,
    hook,
    priority: priorityOf(hook, match, action === 'pass'),
    match,
    action,
    flow: flowOf(target),
  });
  return [...pass.map((match) => one(match, 'pass')), ...redirect.map((match) => one(match, { redirect: target.ifb }))];
}

/** Those of a hook that this plugin made, for anybody. */
function listOurs({ filters }: Rtnl, link: number, hook: FilterHook): Filter[] {
  return filters
    .list({ link, hook })
    .filter(({ kind, priority }) => kind === 'u32' && priority >= FIRST_PRIORITY && priority <= LAST_PRIORITY);
}

/** Those of a hook that lead to an IFB, or past it. */
export function listOwn(rtnl: Rtnl, { link, hook }: Pick<Feed, 'link' | 'hook'>, ifb: number): Filter[] {
  return listOurs(rtnl, link, hook).filter((filter) => ownerOf(filter)?.ifb === ifb);
}

function isDead({ action }: Filter): boolean {
  return typeof action === 'object' && action.redirect === 0;
}

/** Whether a filter is the one that is wanted. */
export function isSame(found: Filter, wanted: NewFilter): boolean {
  const target = (action: FilterAction | undefined) => (typeof action === 'object' ? action.redirect : action);
  return (
    found.priority === wanted.priority &&
    target(found.action) === target(wanted.action) &&
    found.match !== undefined &&
    isSamePrefix(found.match.source, wanted.match.source) &&
    isSamePrefix(found.match.destination, wanted.match.destination)
  );
}

function isSamePrefix(a: Match['source'], b: Match['source']): boolean {
  return a === undefined || b === undefined ? a === b : equalCidrs(a, b);
}

/** Makes a hook lead to the IFB as wanted: what is missing is added, and what is ours and not wanted goes, black holes included. */
export function reconcile(rtnl: Rtnl, feed: Feed, target: Target): void {
  const there = listOurs(rtnl, feed.link, feed.hook);
  const own = there.filter((found) => ownerOf(found)?.ifb === target.ifb);
  const wanted = filtersOf(feed, target);
  for (const filter of wanted) if (!own.some((found) => isSame(found, filter))) rtnl.filters.add(filter);
  const stale = there.filter((found) => !own.includes(found) && (!feed.shared || isDead(found)));
  const unwanted = own.filter((found) => !wanted.some((filter) => isSame(found, filter)));
  for (const filter of [...stale, ...unwanted]) rtnl.filters.deleteIfPresent(filter);
}

const HOOKS: readonly FilterHook[] = ['ingress', 'egress'];

/** Deletes the filters of an IFB at a link, or all of ours there, and the hooks if they were made for one and nobody uses them. */
export function deleteFilters(rtnl: Rtnl, link: number, { ifb, made = false }: Partial<Target> = {}): void {
  const ours = HOOKS.flatMap((hook) => listOurs(rtnl, link, hook)).filter(
    (filter) => ifb === undefined || ownerOf(filter)?.ifb === ifb,
  );
  for (const filter of ours) rtnl.filters.deleteIfPresent(filter);
  if (!made && !ours.some((filter) => ownerOf(filter)?.made)) return;
  if (HOOKS.some((hook) => rtnl.filters.list({ link, hook }).length > 0)) return;
  rtnl.qdiscs.deleteIfPresent({ link, parent: 'ingress', kind: 'clsact' });
}
