/** From what is remembered of an attachment to the limits that the plugin bandwidth holds it to. */
import { type Limits, type Node, openLimits } from '@cni/plugin-bandwidth';
import { CniError, isObject, type JsonObject } from '@cni/skel';
import { openNetns } from '@cni/sys';
import { networkIn } from './attach.ts';
import type { CachedAttachment } from './cache.ts';
import { requestOf, resultIn } from './chain.ts';
import { type ChainedPlugin, type Network, spokenVersion } from './network.ts';

/**
 * Opens the limits of an attachment by the network as it is now, or as it was when that is gone. Throws {@link CniError}, and
 * `SysError` when the namespace cannot be opened.
 */
export function withLimits<T>(
  cached: CachedAttachment,
  found: Network | undefined,
  use: (limits: Limits) => T,
  node?: Node,
): T {
  const then = networkIn(cached);
  const network = found ?? then;
  const plugin = network && bandwidthIn(network);
  if (network === undefined || plugin === undefined)
    throw new CniError('INVALID_CONFIG', `no plugin of ${cached.networkName} is bandwidth`);
  const asAdded = then && bandwidthIn(then);
  const netns = openNetns(cached.netns);
  try {
    const prevResult = resultIn(cached, spokenVersion(network));
    const request = requestOf(network, withArgsOf(plugin, asAdded), { attachment: cached, prevResult });
    const limits = openLimits({
      request,
      attachment: { ...cached, sandbox: cached.netns },
      netns,
      ...(node && { node }),
    });
    try {
      return use(limits);
    } finally {
      limits.close();
    }
  } finally {
    netns.close();
  }
}

/** Whether bandwidth is a plugin of the network, as {@link withLimits} looks at it. */
export function isShaped(cached: CachedAttachment, found: Network | undefined): boolean {
  const network = found ?? networkIn(cached);
  return network !== undefined && bandwidthIn(network) !== undefined;
}

/** The first one is the one that counts: a second would change what it made. */
function bandwidthIn({ plugins }: Network): ChainedPlugin | undefined {
  return plugins.find(({ type }) => type === 'bandwidth');
}

/** `args` are the pod's own: a runtime puts them in, and no file has them. */
function withArgsOf(plugin: ChainedPlugin, asAdded: ChainedPlugin | undefined): ChainedPlugin {
  const args: unknown = asAdded?.config['args'];
  const config: JsonObject = isObject(args) ? { ...plugin.config, args } : plugin.config;
  return { ...plugin, config };
}
