import { parseCidr } from '@cni/ip';
import { expect } from 'vitest';
import * as z from 'zod/mini';
import { definePlugin, execute, type Plugin, type PluginDefinition, type Result } from '../index.ts';

/** This process's namespace: a plugin that may use it needs no root. */
export const OWN_NETNS = '/proc/self/ns/net';
const env = {
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'id',
  CNI_NETNS: OWN_NETNS,
  CNI_NETNS_OVERRIDE: 'TRUE',
  CNI_IFNAME: 'eth0',
  CNI_PATH: '/opt/cni/bin',
};
const network = { cniVersion: '1.1.0', name: 'net' };
/** A result that every version can tell. */
export const addressed: Result = { ips: [{ address: parseCidr('10.1.2.3/8') }] };

/** What a test has otherwise. */
export type Parts = Partial<PluginDefinition<{ mode: string }, unknown, unknown, unknown, string>>;

/** A plugin that does nothing, but for `parts`. */
export function plugin(parts: Parts = {}): Plugin {
  return definePlugin({
    name: 'x',
    about: 'x does nothing',
    config: z.object({ mode: z._default(z.string(), 'l2') }),
    add: () => addressed,
    del() {},
    check() {},
    ...(parts as object),
  });
}

export interface Run {
  readonly verb?: string;
  readonly env?: Record<string, string>;
  readonly config?: object;
  readonly stdin?: string | Uint8Array;
}

/** What came out of one run. */
export interface Outcome {
  readonly status: number;
  readonly stderr: string;
  // biome-ignore lint/suspicious/noExplicitAny: any document
  readonly stdout: any;
}

/** Runs a verb in the own namespace. */
export function run(subject: Plugin, { verb = 'ADD', env: more = {}, config = {}, stdin }: Run = {}): Outcome {
  const { status, stdout, stderr } = execute(subject, {
    env: { ...env, CNI_COMMAND: verb, ...more },
    stdin: stdin ?? JSON.stringify({ ...network, ...config }),
  });
  return { status, stderr, stdout: stdout === '' ? undefined : JSON.parse(stdout) };
}

/** Remembers what each verb was given. */
export function recorder(parts: Parts = {}): { subject: Plugin; calls: Record<string, unknown>[] } {
  const calls: Record<string, unknown>[] = [];
  const note = (call: object) => void calls.push({ ...call });
  const subject = plugin({
    ...parts,
    add(call) {
      note(call);
      return call.prevResult ?? addressed;
    },
    del: note,
    check: note,
  });
  return { subject, calls };
}

/** A refusal with a code and, if given, this message. */
export const failed = (code: number, msg: unknown = expect.any(String)): Outcome => ({
  status: 1,
  stderr: '',
  stdout: expect.objectContaining({ code, msg }),
});
