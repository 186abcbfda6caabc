import type { Netns } from '@cni/sys';
import { parseCniArgs } from './cni-args.ts';
import { type Environment, type Verb, variable } from './environment.ts';
import { CniError } from './error.ts';
import { type Ipam, ipamOf } from './ipam.ts';
import { printJson } from './json.ts';
import { isGone, mayBeOwn, openSandbox, ownNamespace, unopened } from './netns.ts';
import type { Parts } from './parts.ts';
import type { Attachment, CheckCall, Network, Plugin } from './plugin.ts';
import { attachKeys, type CommonKeys, previousResult, type Request, validAttachments } from './request.ts';
import { encodeResult, type Result } from './result.ts';
import { parseWith } from './schema.ts';
import { type Undo, withUndo } from './undo.ts';

/** A request that has been understood as far as every verb has it in common. */
export interface Understood {
  readonly env: Environment;
  /** Takes the result of ADD. */
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly parts: Parts;
  readonly request: Request;
  readonly network: Network;
  readonly common: CommonKeys;
}

type Performer = (plugin: Plugin, asked: Understood) => void;

const PERFORMERS: Readonly<Record<Exclude<Verb, 'VERSION'>, Performer>> = {
  ADD: add,
  DEL: del,
  CHECK: check,
  GC: gc,
  STATUS: status,
};

/** Does what is asked. Throws. */
export function perform(plugin: Plugin, verb: Exclude<Verb, 'VERSION'>, asked: Understood): void {
  PERFORMERS[verb](plugin, asked);
}

/** A result that cannot be told is a failure like others: what nobody knows of must not stay. */
function add(plugin: Plugin, asked: Understood): void {
  const prepared = prepare(plugin, asked);
  withNetns(plugin, asked, !mayBeOwn(asked.env), (netns) =>
    withUndo((undo) => {
      const call = { ...prepared, ipam: ipamFor(plugin, asked, undo), undo };
      const result = plugin.definition.add(lazily(call, netns));
      asked.stdout(printJson(encodeResult(result, asked.network.cniVersion)));
    }),
  );
}

function check(plugin: Plugin, asked: Understood): void {
  const prepared = prepare(plugin, asked);
  withNetns(plugin, asked, false, (netns) => plugin.definition.check(lazily(prepared, netns)));
}

type Prepared = Omit<CheckCall<unknown, unknown, unknown, string>, 'netns'>;

/** Everything is parsed before anything is done. */
function prepare(plugin: Plugin, asked: Understood): Prepared {
  const { definition, respell } = plugin;
  const { request, network, env } = asked;
  const config = parseWith(definition.config, respell.config(request.document));
  const { runtimeConfig, argsCni, dns } = attachKeys(request);
  return {
    config,
    network,
    attachment: attachmentOf(env),
    prevResult: previousResult(request, network),
    ipam: ipamFor(plugin, asked),
    args: parseCniArgs(variable(env, 'CNI_ARGS'), definition.cniArgs ?? []),
    runtimeConfig:
      definition.runtimeConfig &&
      parseWith(definition.runtimeConfig, respell.runtimeConfig(runtimeConfig), 'runtimeConfig'),
    argsCni: definition.argsCni && parseWith(definition.argsCni, respell.argsCni(argsCni), 'args.cni'),
    dns,
  };
}

function attachmentOf(env: Environment): Attachment {
  return {
    containerId: variable(env, 'CNI_CONTAINERID'),
    ifName: variable(env, 'CNI_IFNAME'),
    sandbox: variable(env, 'CNI_NETNS'),
  };
}

function isIpam({ name, definition }: Plugin, { common }: Understood): boolean {
  return definition.role === 'ipam' || common.ipam?.type === name;
}

/** The IPAM plugin to delegate to. An IPAM plugin must never delegate to itself, whatever name it is installed under. */
function ipamFor(plugin: Plugin, asked: Understood, undo?: Undo): Ipam | undefined {
  const type = asked.common.ipam?.type ?? '';
  if (type === '' || isIpam(plugin, asked)) return undefined;
  const { env, request, network, stderr, parts } = asked;
  return ipamOf({ type, env, request, version: network.cniVersion, stderr, parts, ...(undo && { undo }) });
}

/**
 * Opens the namespace for ADD and CHECK. An IPAM plugin has no use for it, so there it is opened, and may fail, when it is looked
 * at; before that only where it must not be the plugin's own.
 */
function withNetns<T>(plugin: Plugin, asked: Understood, refuseOwn: boolean, work: (netns: () => Netns) => T): T {
  const path = variable(asked.env, 'CNI_NETNS');
  if (!refuseOwn && isIpam(plugin, asked)) return withNetnsOnDemand(path, work);
  const opened = openSandbox(path);
  if ('cause' in opened) {
    const failure = unopened(opened.cause);
    if (!isIpam(plugin, asked)) throw failure;
    return work(() => {
      throw failure;
    });
  }
  try {
    if (opened.own && refuseOwn) throw ownNamespace(path);
    return work(() => opened.netns);
  } finally {
    opened.netns.close();
  }
}

function withNetnsOnDemand<T>(path: string, work: (netns: () => Netns) => T): T {
  let netns: Netns | undefined;
  const open = () => {
    const opened = openSandbox(path);
    if ('cause' in opened) throw unopened(opened.cause);
    return opened.netns;
  };
  try {
    return work(() => (netns ??= open()));
  } finally {
    netns?.close();
  }
}

function lazily<Call extends object, Sandbox>(call: Call, netns: () => Sandbox): Call & { readonly netns: Sandbox } {
  return Object.defineProperty(call, 'netns', { get: netns, enumerable: true }) as Call & { readonly netns: Sandbox };
}

function del(plugin: Plugin, asked: Understood): void {
  const { definition } = plugin;
  const { request, network, env } = asked;
  const config = definition.delConfig === undefined ? {} : parseWith(definition.delConfig, request.document);
  const prevResult = previousResult(request, network);
  let netns: { readonly left: Netns | undefined } | undefined;
  const look = () => {
    netns ??= { left: remainingNetns(env) };
    return netns.left;
  };
  // As for CHECK: an IPAM plugin looks if it wants to.
  if (!isIpam(plugin, asked)) look();
  try {
    definition.del(
      lazily({ config, network, attachment: attachmentOf(env), prevResult, ipam: ipamFor(plugin, asked) }, look),
    );
  } finally {
    netns?.left?.close();
  }
}

/** The namespace if it is there; not the plugin's own, where nothing is to be deleted. Throws when it is there and cannot be opened. */
function remainingNetns(env: Environment): Netns | undefined {
  const path = variable(env, 'CNI_NETNS');
  if (path === '') return undefined;
  const opened = openSandbox(path);
  if ('cause' in opened) {
    if (isGone(opened.cause)) return undefined;
    throw opened.cause;
  }
  if (!opened.own || mayBeOwn(env)) return opened.netns;
  opened.netns.close();
  return undefined;
}

function gc(plugin: Plugin, asked: Understood): void {
  const valid = validAttachments(asked.request);
  const call = { ...everyCall(plugin, asked), validAttachments: valid };
  if (plugin.definition.gc === undefined) call.ipam?.gc();
  else plugin.definition.gc(call);
}

function status(plugin: Plugin, asked: Understood): void {
  const call = everyCall(plugin, asked);
  if (plugin.definition.status === undefined) call.ipam?.status();
  else plugin.definition.status(call);
}

function everyCall(plugin: Plugin, asked: Understood) {
  const config = parseWith(plugin.definition.config, plugin.respell.config(asked.request.document));
  return { config, network: asked.network, ipam: ipamFor(plugin, asked) };
}

/** The result that CHECK, and ADD of a chained plugin, cannot do without. Throws {@link CniError} `INVALID_CONFIG` when there is none. */
export function neededPrevResult({ prevResult }: { readonly prevResult: Result | undefined }): Result {
  if (prevResult !== undefined) return prevResult;
  throw new CniError('INVALID_CONFIG', 'prevResult: required');
}
