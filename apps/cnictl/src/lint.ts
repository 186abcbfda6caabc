import { isObject, type JsonObject, parseJson, SPEC_VERSIONS } from '@cni/skel';
import { readFile } from '@cni/sys';
import { closest } from './closest.ts';
import { filesOf } from './find-network.ts';
import { lintPlugin } from './lint-plugin.ts';
import { type Network, parseNetwork, parsePlugin, spokenVersion } from './network.ts';
import { attempt, type Problem } from './problem.ts';
import type { Invocation } from './session.ts';
import { printJson } from './session.ts';

interface Finding extends Problem {
  readonly file: string;
}

const KEYS = ['name', 'cniVersion', 'cniVersions', 'disableCheck', 'disableGC', 'loadOnlyInlinedPlugins', 'plugins'];

/** `cnictl lint FILE...`; false when there are errors. */
export function lint({ line, terminal }: Invocation): boolean {
  const findings = line.operands.flatMap(lintFile);
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  if (line.given.has('json')) terminal.stdout(printJson(findings));
  else terminal.stdout(`${[...findings.map(sentence), tally(errors, findings.length - errors)].join('\n')}\n`);
  return errors === 0;
}

function sentence({ file, severity, message }: Finding): string {
  return `${file}: ${severity}: ${message}`;
}

function tally(errors: number, warnings: number): string {
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;
  return errors + warnings === 0 ? 'nothing wrong' : `${count(errors, 'error')}, ${count(warnings, 'warning')}`;
}

/** Everything wrong with a conflist and the files that add plugins to it, or with a file of a single plugin. */
export function lintFile(file: string): Finding[] {
  const { value, problems } = attempt('', () => parseJson(readFile(file), 'the file'));
  const here = (found: readonly Problem[]) => found.map((problem) => ({ file, ...problem }));
  if (problems.length > 0)
    return here([{ severity: 'error', message: problems.map(({ message }) => message).join(': ') }]);
  if (!isObject(value)) return here([{ severity: 'error', message: 'expected an object' }]);
  const isSingle = !file.endsWith('.conflist') && !('plugins' in value);
  if (isSingle) return here([...attempt('', () => parsePlugin(readFile(file))).problems, ...lintPlugin(value, '')]);
  const network = attempt('', () => parseNetwork(readFile(file)));
  const more = network.value === undefined ? [] : filesBeside(file, network.value);
  const found = [
    ...network.problems,
    ...(network.value === undefined ? [] : lintNetwork(network.value, more.length)),
    ...lintConflist(value),
  ];
  return [...here(found), ...more.flatMap(lintFile)];
}

function filesBeside(file: string, { name, loadOnlyInlinedPlugins }: Network): string[] {
  const directory = file.slice(0, file.lastIndexOf('/') + 1);
  return loadOnlyInlinedPlugins ? [] : filesOf(`${directory}${name}`, ['.conf']);
}

function lintNetwork(network: Network, more: number): Problem[] {
  const empty = network.plugins.length + more === 0;
  const missing: Problem[] = empty ? [{ severity: 'error', message: 'plugins: required' }] : [];
  return [...missing, ...attempt('', () => spokenVersion(network)).problems];
}

function lintConflist(document: JsonObject): Problem[] {
  const { cniVersion, cniVersions, plugins } = document;
  const old = `cniVersion: absent means 0.1.0; the newest is ${SPEC_VERSIONS.at(-1)}`;
  const unversioned: Problem[] = (cniVersion ?? cniVersions) == null ? [{ severity: 'warning', message: old }] : [];
  const misspelled = Object.keys(document).flatMap((key): Problem[] => {
    const meant = KEYS.includes(key) ? undefined : closest(key, KEYS);
    const message = `${key}: unknown key \`${key}\`, did you mean \`${meant}\`?`;
    return meant === undefined ? [] : [{ severity: 'warning', message }];
  });
  const inlined: unknown[] = Array.isArray(plugins) ? plugins : [];
  const inPlugins = inlined.flatMap((plugin, index) =>
    isObject(plugin) ? lintPlugin(plugin, `plugins[${index}]`) : [],
  );
  return [...unversioned, ...misspelled, ...inPlugins];
}
