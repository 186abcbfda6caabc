export type { AddressFilter, LinkAddress, NewAddress, Scope } from './address/address.ts';
export type { Addresses } from './address/addresses.ts';
export { NetlinkError } from './error.ts';
export { deleteQuietly, type End } from './link/deletion.ts';
export type {
  Ipvlan,
  IpvlanFlag,
  IpvlanMode,
  Link,
  LinkChange,
  LinkInfo,
  LinkKey,
  Macvlan,
  MacvlanMode,
  NewLink,
  NewLinkInfo,
  NewPeer,
  OperState,
} from './link/link.ts';
export type { Links } from './link/links.ts';
export { findPeer } from './link/peer.ts';
export type { Neighbour, NeighbourFilter, NeighbourState, NewNeighbour } from './neighbour/neighbour.ts';
export type { Neighbours } from './neighbour/neighbours.ts';
export { type Nftables, nftablesOver, openNftables } from './nftables/nftables.ts';
export type {
  Chain,
  ChainHook,
  ChainRule,
  CtState,
  FoundTable,
  MarkBits,
  RuleMatch,
  RuleSet,
  Table,
  TableFamily,
  TableKey,
} from './nftables/table.ts';
export { equalTables, lacksNftables, type Tables } from './nftables/tables.ts';
export {
  MAIN_TABLE,
  type NewNexthop,
  type NewRoute,
  type Nexthop,
  type OtherAttribute,
  type Route,
  type RouteFilter,
  type RouteKey,
  type RoutePreference,
  type RouteProtocol,
  type RouteType,
} from './route/route.ts';
export type { Routes } from './route/routes.ts';
export { openRtnl, type Rtnl, rtnlOver } from './rtnl.ts';
export type { NewRule, Rule } from './rule/rule.ts';
export type { Rules } from './rule/rules.ts';
export type { Statistics } from './tc/codec.ts';
export type { Filter, FilterAction, FilterKey, FilterPlace, Match, NewFilter } from './tc/filter.ts';
export type { Filters } from './tc/filters.ts';
export { equalHandles, type FilterHook, formatHandle, type Handle, type QdiscParent } from './tc/handle.ts';
export type { Fifo, FqCodel, NewQdisc, OtherQdisc, Qdisc, QdiscInfo, QdiscKey, QdiscPlace, Tbf } from './tc/qdisc.ts';
export type { Qdiscs } from './tc/qdiscs.ts';
export {
  type Bytes,
  type BytesPerSecond,
  burstOf,
  bytes,
  bytesPerSecond,
  LONGEST_BUCKET_SECONDS,
  type Micros,
  micros,
  type Ticks,
  ticksOf,
  U32_MAX,
} from './tc/units.ts';
export { setTrace } from './trace.ts';
export type { Transport } from './transport.ts';
