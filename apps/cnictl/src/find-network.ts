import { CniError, toFailure } from '@cni/skel';
import { findStat, listDirectory, readFile } from '@cni/sys';
import { type ChainedPlugin, type Network, parseNetwork, parsePlugin, upconvert } from './network.ts';

/**
 * The network of a name in a configuration directory, or of a path of a conflist. Looks as libcni does: at `*.conflist` in
 * order of their names, then at `*.conf` and `*.json` with a single plugin each; the first with the name counts, and a broken
 * file before it is an error. `undefined` when there is none. Throws {@link CniError} naming the file.
 */
export function findNetwork(nameOrPath: string, directory: string): Network | undefined {
  if (nameOrPath.includes('/')) return readNetwork(nameOrPath);
  for (const path of filesOf(directory, ['.conflist'])) {
    const network = readNetwork(path);
    if (network.name === nameOrPath) return network;
  }
  for (const path of filesOf(directory, ['.conf', '.json'])) {
    const plugin = readPlugin(path);
    if (plugin.config['name'] === nameOrPath) return upconvert(plugin);
  }
  return undefined;
}

/** The error for a network that is not there, with what else is. */
export function noSuchNetwork(name: string, directory: string): CniError {
  const names = filesOf(directory, ['.conflist', '.conf', '.json']).flatMap(nameIn);
  const others = names.length > 0 ? `; there ${names.length > 1 ? 'are' : 'is'} ${names.join(', ')}` : '';
  const absent = findStat(directory) === undefined ? ', which is not there' : others;
  return new CniError('INVALID_CONFIG', `find network "${name}" in ${directory}${absent || ', which has none'}`);
}

function nameIn(path: string): string[] {
  try {
    return [path.endsWith('.conflist') ? parseNetwork(readFile(path)).name : String(readPlugin(path).config['name'])];
  } catch {
    return [];
  }
}

/** Reads a conflist and the plugins that files beside it add to it. Throws {@link CniError} naming the file. */
export function readNetwork(path: string): Network {
  const network = reading(path, () => parseNetwork(readFile(path)));
  const directory = path.slice(0, path.lastIndexOf('/'));
  const more = network.loadOnlyInlinedPlugins ? [] : filesOf(`${directory}/${network.name}`, ['.conf']).map(readPlugin);
  const plugins = [...network.plugins, ...more];
  if (plugins.length === 0) throw new CniError('INVALID_CONFIG', `read ${path}: plugins: required`);
  return { ...network, plugins };
}

function readPlugin(path: string): ChainedPlugin {
  return reading(path, () => parsePlugin(readFile(path)));
}

function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const { code, msg, details } = toFailure(cause);
    throw new CniError(code, msg.includes(path) ? msg : `read ${path}: ${msg}`, { details });
  }
}

/** Paths of the files with one of these endings, in order of their names; none when there is no such directory. */
export function filesOf(directory: string, endings: readonly string[]): string[] {
  if (findStat(directory)?.type !== 'directory') return [];
  return listDirectory(directory)
    .filter((name) => endings.some((ending) => name.endsWith(ending)))
    .toSorted()
    .map((name) => `${directory}/${name}`)
    .filter((path) => findStat(path)?.type !== 'directory');
}
