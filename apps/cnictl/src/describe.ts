import { formatCidr, formatIp } from '@cni/ip';
import { decodeResult, type JsonObject, type Result, type ResultRoute, type SpecVersion } from '@cni/skel';
import { text } from '@cni/sys';
import type { FinishedCall } from './call-plugin.ts';

type Row = readonly string[];

/** A result as rows of a table, for people. */
export function describeResult(answer: JsonObject, version: SpecVersion): Row[] {
  const result = decodeResult(answer, version, 'result');
  return [...interfaceRows(result), ...addressRows(result), ...routeRows(result), ...dnsRows(result)];
}

function interfaceRows({ interfaces = [] }: Result): Row[] {
  return interfaces.map(({ name, mac = '', mtu, sandbox = 'on the node' }) => {
    return ['interface', name, mac, mtu === undefined ? '' : `mtu ${mtu}`, sandbox];
  });
}

function addressRows({ ips = [], interfaces = [] }: Result): Row[] {
  return ips.map(({ address, gateway, interface: index }) => {
    const on = index === undefined ? undefined : interfaces[index];
    return [
      'address',
      formatCidr(address),
      gateway === undefined ? '' : `gateway ${formatIp(gateway)}`,
      on === undefined ? '' : `on ${on.name}`,
    ];
  });
}

/** The keys of a route beside `dst` and `gw`, in iproute2's order. */
const ROUTE_KEYS = ['table', 'scope', 'priority', 'mtu', 'advmss'] as const satisfies (keyof ResultRoute)[];

function routeRows({ routes = [] }: Result): Row[] {
  return routes.map((route) => {
    const more = ROUTE_KEYS.filter((key) => route[key] !== undefined).map((key) => `${key} ${route[key]}`);
    return ['route', formatCidr(route.dst), route.gw === undefined ? '' : `via ${formatIp(route.gw)}`, more.join(' ')];
  });
}

function dnsRows({ dns = {} }: Result): Row[] {
  const { domain, nameservers = [], search = [], options = [] } = dns;
  const rows: [string, string[]][] = [
    ['nameserver', nameservers],
    ['domain', domain === undefined ? [] : [domain]],
    ['search', search],
    ['options', options],
  ];
  return rows.filter(([, words]) => words.length > 0).map(([key, words]) => ['dns', key, words.join(' ')]);
}

/** How long it took, and each plugin's part; with the verb where there was more than one. */
export function describeTimes(milliseconds: number, calls: readonly FinishedCall[]): string {
  const mixed = new Set(calls.map(({ verb }) => verb)).size > 1;
  const parts = calls.map((call) => `${mixed ? `${call.verb} ` : ''}${call.type} ${call.milliseconds.toFixed(1)}`);
  return `${milliseconds.toFixed(1)} ms${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`;
}

/** One call of a plugin with everything that went in and came out. */
export function describeCall({ type, verb, path, env, stdin, ended, milliseconds }: FinishedCall): string {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const end = ended.status === undefined ? `signal ${ended.signal}` : `exit status ${ended.status}`;
  const blocks: [string, string][] = [
    ['environment', variables.join('\n')],
    ['stdin', JSON.stringify(stdin, null, 2)],
    ['stdout', text(ended.stdout)],
    ['stderr', text(ended.stderr)],
  ];
  const told = blocks.filter(([, content]) => content.trim() !== '').map(([label, content]) => block(label, content));
  return `--- ${verb} ${type}: ${path}\n${told.join('')}--- ${verb} ${type}: ${end} after ${milliseconds.toFixed(1)} ms\n\n`;
}

function block(label: string, content: string): string {
  const lines = content.trimEnd().split('\n');
  return `${label}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}
