import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Netns } from './netns.ts';

/** One plugin's part of a conflist. */
export interface PluginConfig {
  readonly type: string;
  readonly [key: string]: unknown;
}

export interface Conflist {
  readonly cniVersion: string;
  readonly name: string;
  readonly plugins: readonly PluginConfig[];
}

/** The keys that tests look at; a result of 0.3.0 or newer. */
export interface Result {
  readonly cniVersion: string;
  readonly interfaces?: readonly { name: string; mac?: string; mtu?: number; sandbox?: string }[];
  readonly ips?: readonly { address: string; gateway?: string; interface?: number }[];
  readonly routes?: readonly { dst: string; gw?: string }[];
  readonly dns?: Readonly<Record<string, unknown>>;
}

/** A plugin's answer when it refuses. */
export interface Refusal {
  readonly cniVersion?: string;
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

/** A plugin ended with an error object on its standard output. */
export class PluginError extends Error {
  readonly refusal: Refusal;

  constructor(what: string, refusal: Refusal) {
    super(`${what}: code ${refusal.code}, ${refusal.msg}${refusal.details ? `; ${refusal.details}` : ''}`);
    this.refusal = refusal;
  }
}

export type Command = 'ADD' | 'CHECK' | 'DEL' | 'STATUS' | 'GC' | 'VERSION';

/** A pod's place in a network: what a runtime says in the environment. */
export interface Attachment {
  readonly containerId: string;
  readonly ifName: string;
  /** The path of the namespace; empty when it is gone. */
  readonly netns: string;
}

/** What a container runtime does with a conflist, and no more: one process for each plugin, environment and standard input in, JSON out. */
export class Runtime {
  readonly host: Netns;
  /** Directories of executables, the first that has a plugin wins. */
  readonly path: readonly string[];

  constructor(host: Netns, ...path: string[]) {
    this.host = host;
    this.path = path;
  }

  /** The result of the last plugin. Throws {@link PluginError}. */
  add(list: Conflist, attachment: Attachment): Result {
    let prevResult: Result | undefined;
    for (const plugin of list.plugins) prevResult = this.call('ADD', list, plugin, attachment, prevResult) as Result;
    if (prevResult === undefined) throw new Error(`add ${list.name}: no plugin in the list`);
    return prevResult;
  }

  check(list: Conflist, attachment: Attachment, prevResult: Result): void {
    for (const plugin of list.plugins) this.call('CHECK', list, plugin, attachment, prevResult);
  }

  /** In reverse. `prevResult` is absent when the runtime has lost its cache, or never had a result. */
  del(list: Conflist, attachment: Attachment, prevResult?: Result): void {
    for (const plugin of list.plugins.toReversed()) this.call('DEL', list, plugin, attachment, prevResult);
  }

  /** Asks each plugin whether it is able to serve the next ADD. Throws {@link PluginError}. */
  status(list: Conflist): void {
    for (const plugin of list.plugins) this.call('STATUS', list, plugin);
  }

  /** Runs one plugin and gives what it printed, `undefined` for nothing. Throws {@link PluginError}. */
  call(command: Command, list: Conflist, plugin: PluginConfig, attachment?: Attachment, prevResult?: Result): unknown {
    const { cniVersion, name } = list;
    const stdin = JSON.stringify({ cniVersion, name, ...plugin, ...(prevResult && { prevResult }) });
    const env = this.environment(command, attachment);
    const { status, stdout, stderr } = this.host.try([this.executable(plugin.type)], { env, stdin });
    const what = `${plugin.type} ${command}`;
    const printed = stdout === '' ? undefined : parsed(what, stdout);
    if (status === 0) return printed;
    if (!isRefusal(printed)) throw new Error(`${what}: exit status ${status} and no error object\n${stdout}${stderr}`);
    throw new PluginError(what, printed);
  }

  environment(command: Command, attachment?: Attachment): Record<string, string> {
    const env = { CNI_COMMAND: command, CNI_PATH: this.path.join(delimiter), PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
    if (attachment === undefined) return env;
    const { containerId, ifName, netns } = attachment;
    return { ...env, CNI_CONTAINERID: containerId, CNI_IFNAME: ifName, CNI_NETNS: netns };
  }

  executable(type: string): string {
    const found = this.path.map((directory) => join(directory, type)).find(existsSync);
    if (found === undefined) throw new Error(`find plugin ${type}: not in ${this.path.join(', ')}`);
    return found;
  }
}

function parsed(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${what} printed something else than one JSON document: ${text}`);
  }
}

function isRefusal(printed: unknown): printed is Refusal {
  return typeof printed === 'object' && printed !== null && 'code' in printed && 'msg' in printed;
}
