/** What is to be made for an attachment, found without touching anything. CHECK compares the kernel with the same. */
import type { Cidr } from '@cni/ip';
import type { FilterHook, Match } from '@cni/rtnetlink';
import { CniError } from '@cni/skel';
import { type Bucket, bucketOf } from './bucket.ts';
import { type Config, type Direction, type Limit, limitOf, type Sources } from './config.ts';
import type { Facts } from './facts.ts';

/** The namespace that a shaper is in. */
export type Side = 'pod' | 'host';

/** Packets of a link that are led through a shaper, and those among them that pass it by. */
export interface Feed {
  /** Index. */
  readonly link: number;
  readonly hook: FilterHook;
  readonly redirect: readonly Match[];
  readonly pass: readonly Match[];
  /** The link carries the traffic of other attachments too. */
  readonly shared: boolean;
}

/** One bucket: at the root of a link, or of an IFB that hooks feed. */
export type Shaper = {
  readonly direction: Direction;
  readonly side: Side;
  readonly bucket: Bucket;
  /** Bytes: the largest of the links. */
  readonly mtu: number;
} & ({ readonly root: number } | { readonly feeds: readonly Feed[] });

export type Shaping = readonly Shaper[];

/** What is wanted of an attachment. */
export interface Wanted extends Pick<Config, 'latency' | 'unshapedSubnets' | 'shapedSubnets' | 'sameNode' | 'where'> {
  readonly limits: { readonly [D in Direction]?: Limit };
}

/** Nothing if there is no limit. */
export function wantedOf(sources: Sources): Wanted | undefined {
  const [ingress, egress] = [limitOf('ingress', sources), limitOf('egress', sources)];
  if (ingress === undefined && egress === undefined) return undefined;
  return { ...sources.config, limits: { ...(ingress && { ingress }), ...(egress && { egress }) } };
}

/** The shapers of an attachment. Throws `CniError` for what cannot be had with this kind of link. */
export function plan(wanted: Wanted, facts: Facts): Shaping {
  return (['ingress', 'egress'] as const).flatMap((direction) => {
    const limit = wanted.limits[direction];
    return limit === undefined ? [] : planOf(direction, limit, wanted, facts);
  });
}

function planOf(direction: Direction, limit: Limit, wanted: Wanted, facts: Facts): Shaper[] {
  const mtu = Math.max(...facts.links.map((link) => link.mtu));
  const common = { direction, bucket: bucketOf(limit, { mtu, latency: wanted.latency, direction }), mtu };
  const ends = hostEndsOf(facts);
  if (ends !== undefined) {
    if (wanted.sameNode === 'free')
      throw new CniError('UNSUPPORTED_FIELD', 'sameNode "free" is not supported for a veth: use unshapedSubnets');
    return [{ ...common, side: 'host', ...atLinks(ends, opposite(direction), direction, wanted) }];
  }
  const onHost = wanted.where !== 'pod' || wanted.sameNode === 'free';
  const inPod = wanted.where !== 'host' && wanted.sameNode !== 'free';
  const links = facts.links.map(({ index }) => index);
  const shapers: Shaper[] = [];
  if (inPod) shapers.push({ ...common, side: 'pod', ...atLinks(links, direction, direction, wanted) });
  // In l3s packets from outside pass the slave's ingress unseen.
  if (onHost || (facts.l3s && direction === 'ingress'))
    shapers.push({ ...common, side: 'host', feeds: hostFeeds(direction, wanted, facts) });
  return shapers;
}

/** The ends on the node, if every link of the pod has one: then the pod cannot touch what limits it. */
function hostEndsOf({ links }: Facts): readonly number[] | undefined {
  const ends = links.flatMap(({ hostEnd }) => hostEnd ?? []);
  return ends.length === links.length ? ends : undefined;
}

/** What goes into the pod leaves the link's other end. */
function opposite(direction: Direction): FilterHook {
  return direction === 'ingress' ? 'egress' : 'ingress';
}

type Subnets = Pick<Wanted, 'unshapedSubnets' | 'shapedSubnets'>;

/** All that passes a hook of the links; the root of a single one where that is the same. */
function atLinks(
  links: readonly number[],
  hook: FilterHook,
  direction: Direction,
  subnets: Subnets,
): { readonly root: number } | { readonly feeds: readonly Feed[] } {
  const [only] = links;
  const all = subnets.shapedSubnets === undefined && subnets.unshapedSubnets === undefined;
  if (all && hook === 'egress' && links.length === 1 && only !== undefined) return { root: only };
  return { feeds: links.map((link) => ({ link, hook, shared: false, ...matchesOf([{}], direction, subnets) })) };
}

/** The pod's packets at the master, and all of those at the node's ends of its other links. */
function hostFeeds(direction: Direction, wanted: Wanted, { master, addresses, links }: Facts): Feed[] {
  if (master === undefined)
    throw new CniError(
      'INVALID_CONFIG',
      `${asked(wanted)} needs a master on the node, which this kind of link has not`,
    );
  if (addresses.length === 0)
    throw new CniError(
      'INVALID_CONFIG',
      `${asked(wanted)} needs addresses in prevResult, by which the node tells the pod’s packets`,
    );
  const own = addresses.map(
    (address): Match => (direction === 'ingress' ? { destination: address } : { source: address }),
  );
  const atMaster: Feed = { link: master, hook: direction, shared: true, ...matchesOf(own, direction, wanted) };
  const [, ...others] = links;
  const ends =
    wanted.sameNode === 'free' || wanted.where === 'pod' ? [] : others.flatMap(({ hostEnd }) => hostEnd ?? []);
  return [
    atMaster,
    ...ends.map((link) => ({
      link,
      hook: opposite(direction),
      shared: false,
      ...matchesOf([{}], direction, wanted),
    })),
  ];
}

/** What limits on the node are for. */
function asked({ sameNode, where }: Wanted): string {
  if (sameNode === 'free') return 'sameNode: "free"';
  return where === 'pod' ? 'mode l3s' : `where: "${where}"`;
}

/** `base` with the subnets beyond: the others are the source of what goes into the pod. */
function matchesOf(
  base: readonly Match[],
  direction: Direction,
  { shapedSubnets, unshapedSubnets }: Subnets,
): Pick<Feed, 'redirect' | 'pass'> {
  const narrowed = (subnets: readonly Cidr[]) =>
    base.flatMap((match) =>
      subnets
        .filter((subnet) => isOfFamily(match, subnet))
        .map(
          (subnet): Match =>
            direction === 'ingress' ? { ...match, source: subnet } : { ...match, destination: subnet },
        ),
    );
  return {
    redirect: shapedSubnets === undefined ? base : narrowed(shapedSubnets),
    pass: unshapedSubnets === undefined ? [] : narrowed(unshapedSubnets),
  };
}

function isOfFamily({ source, destination }: Match, { ip }: Cidr): boolean {
  return ((source ?? destination)?.ip.family ?? ip.family) === ip.family;
}
