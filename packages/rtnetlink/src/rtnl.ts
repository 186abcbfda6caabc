import type { Netns } from '@cni/sys';
import { type Addresses, addressVerbs } from './address/addresses.ts';
import { converse } from './conversation.ts';
import { type Links, linkVerbs } from './link/links.ts';
import { linkNames } from './names.ts';
import { type Neighbours, neighbourVerbs } from './neighbour/neighbours.ts';
import { type Routes, routeVerbs } from './route/routes.ts';
import { type Rules, ruleVerbs } from './rule/rules.ts';
import { type Filters, filterVerbs } from './tc/filters.ts';
import { type Qdiscs, qdiscVerbs } from './tc/qdiscs.ts';
import { openTransport, type Transport } from './transport.ts';

/** A conversation with the kernel about one network namespace, over one socket. */
export interface Rtnl {
  readonly links: Links;
  readonly addresses: Addresses;
  readonly routes: Routes;
  readonly rules: Rules;
  readonly neighbours: Neighbours;
  readonly qdiscs: Qdiscs;
  readonly filters: Filters;
  close(): void;
}

/** Opens a conversation about `netns`, or the own namespace. Throws `SysError`. */
export function openRtnl(netns?: Netns): Rtnl {
  return rtnlOver(openTransport('rtnetlink', netns));
}

/** The verbs over a given transport: a scripted kernel, in tests. They are made when they are first asked for. */
export function rtnlOver(transport: Transport): Rtnl {
  const conversation = converse(transport);
  const names = linkNames();
  let links: Links | undefined;
  let addresses: Addresses | undefined;
  let routes: Routes | undefined;
  let rules: Rules | undefined;
  let neighbours: Neighbours | undefined;
  let qdiscs: Qdiscs | undefined;
  let filters: Filters | undefined;
  return {
    get links() {
      links ??= linkVerbs(conversation, names);
      return links;
    },
    get addresses() {
      addresses ??= addressVerbs(conversation, names);
      return addresses;
    },
    get routes() {
      routes ??= routeVerbs(conversation, names);
      return routes;
    },
    get rules() {
      rules ??= ruleVerbs(conversation);
      return rules;
    },
    get neighbours() {
      neighbours ??= neighbourVerbs(conversation, names);
      return neighbours;
    },
    get qdiscs() {
      qdiscs ??= qdiscVerbs(conversation, names);
      return qdiscs;
    },
    get filters() {
      filters ??= filterVerbs(conversation, names);
      return filters;
    },
    close: conversation.close,
  };
}
