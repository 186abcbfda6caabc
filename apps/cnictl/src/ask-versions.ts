import { CniError, type JsonObject, parseJson, parseWith, SPEC_VERSIONS } from '@cni/skel';
import * as z from 'zod/mini';
import type { Attachment } from './attachment.ts';
import { callPlugin, type Runtime } from './call-plugin.ts';
import type { ChainedPlugin, Network } from './network.ts';

/** What a plugin says of itself. */
export interface PluginVersions {
  readonly type: string;
  readonly versions: readonly string[];
}

const Answer = z.object({
  cniVersion: z.string().check(z.minLength(1)),
  supportedVersions: z.nullish(z.array(z.string())),
});

/** VERSION of each plugin of a network and of the IPAM plugins they delegate to, each once. Throws {@link CniError}. */
export function askVersions(runtime: Runtime, { plugins }: Network): PluginVersions[] {
  const types = new Set(plugins.flatMap((plugin) => [plugin.type, ...ipamTypeOf(plugin)]));
  return Array.from(types, (type) => ({ type, versions: versionsOf(runtime, type) }));
}

function ipamTypeOf({ config }: ChainedPlugin): string[] {
  const type = (config['ipam'] as JsonObject | null | undefined)?.['type'];
  return typeof type === 'string' && type !== '' ? [type] : [];
}

/** As libcni has it: the first plugins looked at these variables whatever the verb. */
const NOBODY: Attachment = { containerId: 'dummy', ifName: 'dummy', netns: 'dummy', cniArgs: [], capabilities: {} };

function versionsOf(runtime: Runtime, type: string): readonly string[] {
  try {
    const what = `answer of plugin ${type}`;
    const stdin = { cniVersion: SPEC_VERSIONS.at(-1) };
    const answer = parseJson(callPlugin(runtime, { type, verb: 'VERSION', attachment: NOBODY, stdin }), what);
    const { cniVersion, supportedVersions } = parseWith(Answer, answer, what);
    if (supportedVersions != null) return supportedVersions;
    if (cniVersion === '0.2.0') return ['0.1.0', '0.2.0'];
    throw new CniError('DELEGATE_FAILED', `${what}: supportedVersions: required`);
  } catch (error) {
    // Plugins of the time before the verb.
    if (error instanceof Error && error.message.includes('unknown CNI_COMMAND: VERSION')) return ['0.1.0'];
    throw error;
  }
}
