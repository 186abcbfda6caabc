/** The ways between a pod, its sibling on the node, the node and the outside, with and without a service in between. */
import { basename } from 'node:path';
import { type Protocol, type Reached, reach, type Server } from './reach.ts';
import { addServices, type Service } from './services.ts';

/** Who is asked, and who asks. */
export interface Party {
  /** Path of its namespace. */
  readonly netns: string;
  /** Those that are asked for; of one family, or of both. */
  readonly addresses: readonly string[];
}

/** One pod's neighbourhood. Ways are those of the families that the pod and the other party have. */
export interface Site {
  readonly node: Party;
  readonly outside: Party;
  readonly pod: Party;
  readonly sibling: Party;
  /** What comes from outside gets to the pod without being forwarded by the node, and so is not masqueraded. */
  readonly unforwarded?: boolean;
}

const ROLES = ['node', 'outside', 'pod', 'sibling'] as const;
type Role = (typeof ROLES)[number];

interface Way {
  readonly name: string;
  readonly from: Role;
  /** Who has to answer. */
  readonly to: Role;
  /** Behind which service; `node port`: at an address of the node. */
  readonly by?: 'service' | 'node port';
  /** As whose address the client is seen; as its own unless given. */
  readonly as?: Role;
}

const WAYS: readonly Way[] = [
  { name: 'pod → pod', from: 'pod', to: 'sibling' },
  { name: 'pod → outside', from: 'pod', to: 'outside' },
  { name: 'outside → pod', from: 'outside', to: 'pod' },
  { name: 'pod → node', from: 'pod', to: 'node' },
  { name: 'node → pod', from: 'node', to: 'pod' },
  { name: 'pod → service on the node', from: 'pod', to: 'node', by: 'service' },
  { name: 'pod → service on a pod', from: 'pod', to: 'sibling', by: 'service' },
  { name: 'pod → service on a pod, masqueraded', from: 'pod', to: 'sibling', by: 'service', as: 'node' },
  { name: 'pod → service on itself, masqueraded', from: 'pod', to: 'pod', by: 'service', as: 'node' },
  { name: 'pod → service outside, masqueraded', from: 'pod', to: 'outside', by: 'service', as: 'node' },
  { name: 'node → service on a pod', from: 'node', to: 'pod', by: 'service' },
  { name: 'outside → node port on a pod', from: 'outside', to: 'pod', by: 'node port' },
  { name: 'outside → node port on a pod, masqueraded', from: 'outside', to: 'pod', by: 'node port', as: 'node' },
];

export const WAY_NAMES: readonly string[] = WAYS.map(({ name }) => name);

/** Where services are. */
export const SERVICE_CIDRS: readonly string[] = ['10.96.0.0/16', 'fd96::/64'];
const PORT = 8080;
const SERVICE_PORT = 80;
const FIRST_NODE_PORT = 30_000;

const PROTOCOLS: readonly Protocol[] = ['tcp', 'udp'];

interface Question {
  readonly way: string;
  readonly protocol: Protocol;
  readonly netns: string;
  readonly address: string;
  readonly port: number;
  readonly answerer: string;
  /** One of these. */
  readonly seen: readonly string[];
}

const familyOf = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4);
const ofFamily = (addresses: readonly string[], family: 4 | 6) => addresses.filter((one) => familyOf(one) === family);

/** Of several sites on one node each has services of its own. */
function questionsOf(site: Site, number: number): { questions: Question[]; services: Service[] } {
  const services: Service[] = [];
  const questions = WAYS.flatMap((way, index) =>
    ([4, 6] as const).flatMap((family): Question[] => {
      const { from, to } = { from: site[way.from], to: site[way.to] };
      const targets = ofFamily(to.addresses, family);
      const [first] = targets;
      if (first === undefined || ofFamily(site.pod.addresses, family).length === 0) return [];
      const as = site.unforwarded && way.from === 'outside' ? way.from : (way.as ?? way.from);
      const seen = ofFamily(site[as].addresses, family);
      if (seen.length === 0) return [];
      const asked = { way: way.name, netns: from.netns, answerer: nameOf(to), seen };
      const byBoth = (at: { address: string; port: number }) =>
        PROTOCOLS.map((protocol) => ({ ...asked, ...at, protocol }));
      if (way.by === undefined) return targets.flatMap((address) => byBoth({ address, port: PORT }));
      const [node = ''] = ofFamily(site.node.addresses, family);
      const at =
        way.by === 'service'
          ? { address: family === 4 ? `10.96.${number}.${index}` : `fd96::${number}:${index}`, port: SERVICE_PORT }
          : { address: node, port: FIRST_NODE_PORT + number * WAYS.length + index };
      services.push({ ...at, backend: first, backendPort: PORT, masquerade: way.as === 'node' });
      return byBoth(at);
    }),
  );
  return { questions, services };
}

/** A party answers with the name of its namespace. */
function nameOf({ netns }: Party): string {
  return basename(netns);
}

function serversOf(sites: readonly Site[]): Server[] {
  const paths = sites.flatMap((site) => ROLES.map((role) => site[role]));
  const servers = paths.map((party) => ({ netns: party.netns, port: PORT, name: nameOf(party) }));
  return servers.filter(({ netns }, at) => servers.findIndex((one) => one.netns === netns) === at);
}

/** Makes the services of the sites on their node. */
export function addSiteServices(sites: readonly Site[]): void {
  const [first] = sites;
  if (first === undefined) return;
  addServices(
    first.node.netns,
    sites.flatMap((site, number) => questionsOf(site, number).services),
  );
}

/** Milliseconds: who is to answer may take his time on a busy machine. */
const PATIENCE = 10_000;
const IMPATIENCE = 1000;

/** What became of a way. */
export interface WayTried {
  readonly name: string;
  /** Attempts: for each site, family, address and protocol. */
  readonly attempts: number;
  /** What was wrong with some of them. */
  readonly faults: readonly string[];
}

/** Tries all ways of all sites at once. Those that are not among `hopeful` are given up after a second. */
export function tryWays(
  sites: readonly Site[],
  hopeful: readonly string[] = WAY_NAMES,
  protocols: readonly Protocol[] = PROTOCOLS,
): WayTried[] {
  const questions = sites
    .flatMap((site, number) => questionsOf(site, number).questions)
    .filter(({ protocol }) => protocols.includes(protocol));
  const probes = questions.map(({ way, ...probe }) => ({
    ...probe,
    patience: hopeful.includes(way) ? PATIENCE : IMPATIENCE,
  }));
  const reached = reach(serversOf(sites), probes);
  const told = questions.map((question, at) => ({ question, fault: faultOf(question, reached[at]) }));
  return WAY_NAMES.map((name) => {
    const own = told.filter(({ question }) => question.way === name);
    const faults = own.flatMap(({ question, fault }) =>
      fault === undefined ? [] : [`${question.protocol} ${question.address} port ${question.port}: ${fault}`],
    );
    return { name, attempts: own.length, faults };
  });
}

function faultOf({ answerer, seen }: Question, reached: Reached | undefined): string | undefined {
  if (reached === undefined) return 'not tried';
  if ('failure' in reached) return reached.failure;
  if (reached.name !== answerer) return `${reached.name} answers, not ${answerer}`;
  return seen.includes(reached.seen) ? undefined : `${answerer} sees ${reached.seen}, not ${seen.join(' or ')}`;
}

/** Those of which every attempt succeeds. */
export function openWays(tried: readonly WayTried[]): string[] {
  return tried.filter(({ attempts, faults }) => attempts > 0 && faults.length === 0).map(({ name }) => name);
}

/** Those of which every attempt fails. */
export function closedWays(tried: readonly WayTried[]): string[] {
  return tried.filter(({ attempts, faults }) => attempts > 0 && faults.length === attempts).map(({ name }) => name);
}
