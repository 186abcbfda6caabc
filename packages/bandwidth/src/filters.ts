import { equalCidrs } from '@cni/ip';
import type { Filter, FilterAction, FilterHook, Handle, Match, NewFilter, Rtnl } from '@cni/rtnetlink';
import type { Feed } from './plan.ts';

/**
 * Ours come after everybody else's: what is led away here comes back behind the filters, so that a policy that came later
 * would never see it. Those who do not choose get 49152, or one less than the first that is there: hence the gaps.
 */
const FIRST_PRIORITY = 0xc100;
const GAP = 0x100;

/** One for each hook, protocol and kind of action: the kernel cannot tell u32 filters of one priority apart. */
function priorityOf(hook: FilterHook, { source, destination }: Match, pass: boolean): number {
  const family = (source ?? destination)?.ip.family;
  const protocol = family === undefined ? 0 : family === 4 ? 1 : 2;
  return FIRST_PRIORITY + GAP * (protocol + (pass ? 0 : 3) + (hook === 'ingress' ? 0 : 6));
}

const PRIORITIES = 12;

function isOurs({ kind, priority, flow, action }: Filter): boolean {
  const slot = (priority - FIRST_PRIORITY) / GAP;
  return (
    kind === 'u32' &&
    Number.isInteger(slot) &&
    slot >= 0 &&
    slot < PRIORITIES &&
    flow !== undefined &&
    action !== undefined
  );
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
  return filters.list({ link, hook }).filter(isOurs);
}

/** Deletes filters of one hook; a priority without any goes too, which the kernel keeps while there are others. */
function removeFilters({ filters }: Rtnl, unwanted: readonly Filter[]): void {
  for (const filter of unwanted) filters.deleteIfPresent(filter);
  const [one] = unwanted;
  if (one === undefined) return;
  const left = new Set(filters.list({ link: one.link, hook: one.hook }).map(({ priority }) => priority));
  const empty = new Map(
    unwanted.filter(({ priority }) => !left.has(priority)).map((filter) => [filter.priority, filter]),
  );
  for (const filter of empty.values()) filters.deleteIfPresent({ ...filter, handle: 0 });
}

/** Deletes the filters of an IFB at a hook. */
export function deleteOwn(rtnl: Rtnl, feed: Feed, ifb: number): void {
  removeFilters(rtnl, listOwn(rtnl, feed, ifb));
}

/** Those of a hook that lead to an IFB, or past it. */
export function listOwn(rtnl: Rtnl, { link, hook }: Pick<Feed, 'link' | 'hook'>, ifb: number): Filter[] {
  return listOurs(rtnl, link, hook).filter((filter) => ownerOf(filter)?.ifb === ifb);
}

function isDead({ action }: Filter): boolean {
  return targetOf(action) === 0;
}

/** Index of the link that a filter redirects to, or that the packet passes; a filter of ours does nothing else. */
function targetOf(action: FilterAction | undefined): number | 'pass' | undefined {
  if (typeof action === 'object') return 'redirect' in action ? action.redirect : undefined;
  return action;
}

/** Whether a filter is the one that is wanted. */
export function isSame(found: Filter, wanted: NewFilter): boolean {
  return (
    found.priority === wanted.priority &&
    targetOf(found.action) === targetOf(wanted.action) &&
    found.match !== undefined &&
    isSamePrefix(found.match.source, wanted.match.source) &&
    isSamePrefix(found.match.destination, wanted.match.destination)
  );
}

function isSamePrefix(a: Match['source'], b: Match['source']): boolean {
  return a === undefined || b === undefined ? a === b : equalCidrs(a, b);
}

/** Makes a hook that nobody has used yet lead to the IFB. */
export function lead(rtnl: Rtnl, feed: Feed, target: Target): void {
  for (const filter of filtersOf(feed, target)) rtnl.filters.add(filter);
}

/** Makes a hook lead to the IFB as wanted: what is missing is added, and what is ours and not wanted goes, black holes included. */
export function reconcile(rtnl: Rtnl, feed: Feed, target: Target): void {
  const there = listOurs(rtnl, feed.link, feed.hook);
  const own = there.filter((found) => ownerOf(found)?.ifb === target.ifb);
  const wanted = filtersOf(feed, target);
  for (const filter of wanted) if (!own.some((found) => isSame(found, filter))) rtnl.filters.add(filter);
  const stale = there.filter((found) => !own.includes(found) && (!feed.shared || isDead(found)));
  const unwanted = own.filter((found) => !wanted.some((filter) => isSame(found, filter)));
  removeFilters(rtnl, [...stale, ...unwanted]);
}

const HOOKS: readonly FilterHook[] = ['ingress', 'egress'];

/** Whether the hooks of a link were made for a filter of ours that is there. */
export function wereMade(rtnl: Rtnl, link: number): boolean {
  return HOOKS.some((hook) => listOurs(rtnl, link, hook).some((filter) => ownerOf(filter)?.made));
}

/** Deletes the filters of an IFB at a link, or all of ours there, and the hooks if they were made for one and nobody uses them. */
export function deleteFilters(rtnl: Rtnl, link: number, { ifb, made = false }: Partial<Target> = {}): void {
  const ours = HOOKS.map((hook) =>
    listOurs(rtnl, link, hook).filter((filter) => ifb === undefined || ownerOf(filter)?.ifb === ifb),
  );
  for (const filters of ours) removeFilters(rtnl, filters);
  if (made || ours.flat().some((filter) => ownerOf(filter)?.made)) deleteHooksIfUnused(rtnl, link);
}

/** Deletes a clsact qdisc that nobody has a filter at. */
export function deleteHooksIfUnused(rtnl: Rtnl, link: number): void {
  if (HOOKS.some((hook) => rtnl.filters.list({ link, hook }).length > 0)) return;
  rtnl.qdiscs.deleteIfPresent({ link, parent: 'ingress', kind: 'clsact' });
}
