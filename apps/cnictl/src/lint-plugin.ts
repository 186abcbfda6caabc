import { bandwidth } from '@cni/plugin-bandwidth';
import { coordinator } from '@cni/plugin-coordinator';
import { hostLocal } from '@cni/plugin-host-local';
import { ipvlan } from '@cni/plugin-ipvlan';
import { attachKeys, commonKeys, isObject, type JsonObject, type Plugin, parseWith } from '@cni/skel';
import { closest } from './closest.ts';
import { attempt, joinPath, type Problem } from './problem.ts';
import { keysOf, memberOf, unknownKeys } from './unknown-keys.ts';

/** The plugins whose configuration is known to the last key. */
const OURS: ReadonlyMap<string, Plugin> = new Map(
  [ipvlan, hostLocal, bandwidth, coordinator].map((plugin) => [plugin.name, plugin]),
);

/** Plugins of others whose names are near to those of ours. */
const OTHERS = ['vlan', 'macvlan', 'ipvtap'];

/** Keys that any plugin may have: the protocol's, and those of the network in a file of a single plugin. */
const PLUGIN_KEYS = [
  'name',
  'cniVersion',
  'type',
  'args',
  'capabilities',
  'dns',
  'ipam',
  'ipMasq',
  'logFile',
  'logLevel',
];

/** What is wrong with the configuration of one plugin and of the IPAM plugin it delegates to. Of unknown plugins only the names are looked at. */
export function lintPlugin(config: JsonObject, path: string): Problem[] {
  const { type, ipam } = config;
  const ipamType = isObject(ipam) ? ipam['type'] : undefined;
  const main = ourPlugin(type);
  const delegate = ourPlugin(ipamType);
  return [
    ...lintType(type, joinPath(path, 'type')),
    ...lintType(ipamType, joinPath(path, 'ipam.type')),
    ...(main === undefined ? [] : lintMain(main, config, path)),
    ...(delegate?.definition.role === 'ipam' ? lintIpam(delegate, config, path) : []),
    ...(main === undefined ? [] : lintCapabilities([main, delegate], config, path)),
  ];
}

function ourPlugin(type: unknown): Plugin | undefined {
  return typeof type === 'string' ? OURS.get(type) : undefined;
}

function lintType(type: unknown, path: string): Problem[] {
  if (typeof type !== 'string' || OURS.has(type) || OTHERS.includes(type)) return [];
  const meant = closest(type, OURS.keys());
  return meant === undefined ? [] : [warning(`${path}: did you mean \`${meant}\`? (got "${type}")`)];
}

function lintMain({ definition, respell }: Plugin, config: JsonObject, path: string): Problem[] {
  const spelled = respell.config(config);
  const request = { bytes: new Uint8Array(0), document: config };
  return [
    ...attempt(path, () => commonKeys(request, 'ADD')).problems,
    ...attempt(path, () => attachKeys(request)).problems,
    ...attempt('', () => parseWith(definition.config, spelled, path)).problems,
    ...unknownKeys(definition.config, spelled, path, PLUGIN_KEYS).map(warning),
  ];
}

/** An IPAM plugin's keys are in `ipam`; the rest of the document is not its own. */
function lintIpam({ definition }: Plugin, config: JsonObject, path: string): Problem[] {
  const schema = memberOf(definition.config, 'ipam');
  const unknown = schema === undefined ? [] : unknownKeys(schema, config['ipam'], joinPath(path, 'ipam'), ['type']);
  return [...attempt('', () => parseWith(definition.config, config, path)).problems, ...unknown.map(warning)];
}

/** Capabilities of others pass; one that is nearly ours was probably meant to be. */
function lintCapabilities(
  plugins: readonly (Plugin | undefined)[],
  { capabilities }: JsonObject,
  path: string,
): Problem[] {
  const schemas = plugins.flatMap((plugin) => plugin?.definition.runtimeConfig ?? []);
  const known = schemas.flatMap(keysOf);
  if (!isObject(capabilities)) return [];
  return Object.keys(capabilities).flatMap((name) => {
    const meant = known.includes(name) ? undefined : closest(name, known);
    const at = joinPath(path, `capabilities.${name}`);
    return meant === undefined ? [] : [warning(`${at}: unknown capability \`${name}\`, did you mean \`${meant}\`?`)];
  });
}

function warning(message: string): Problem {
  return { severity: 'warning', message };
}
