import type { Link, Route, Rtnl } from '@cni/rtnetlink';
import { type Attachment, CniError, type Result } from '@cni/skel';
import type { Config } from './config.ts';

/** Finds the link that is to carry the slave. `home` is the namespace it lives in. */
export function resolveMaster(home: Rtnl, config: Config, attachment: Attachment, prevResult?: Result): Link {
  const name = config.master ?? masterOf(prevResult, config, attachment);
  const master = name === undefined ? byDefaultRoute(home) : home.links.find({ name });
  if (master === undefined) {
    const where = config.linkInContainer ? `in ${attachment.sandbox}` : 'on the node';
    throw new CniError(
      'MASTER_MISSING',
      name === undefined
        ? `master is not set, and there is no default route ${where}`
        : `master "${name}": no such link ${where}`,
    );
  }
  if (config.mtu !== undefined && config.mtu > master.mtu) {
    throw new CniError(
      'INVALID_CONFIG',
      `mtu ${config.mtu} is larger than ${master.mtu}, the mtu of master ${master.name}`,
    );
  }
  return master;
}

/** In a chain the master is the one link that an earlier plugin made where we look for it. */
function masterOf(prevResult: Result | undefined, config: Config, attachment: Attachment): string | undefined {
  if (prevResult === undefined) return undefined;
  const sandbox = config.linkInContainer ? attachment.sandbox : '';
  const candidates = (prevResult.interfaces ?? []).filter((link) => (link.sandbox ?? '') === sandbox);
  const [only] = candidates;
  if (candidates.length !== 1 || only === undefined) {
    throw new CniError(
      'INVALID_CONFIG',
      `master is not set, and prevResult has ${candidates.length} links to choose from`,
    );
  }
  return only.name;
}

/** The device of the default route with the lowest metric, IPv4 before IPv6. */
function byDefaultRoute(home: Rtnl): Link | undefined {
  for (const family of [4, 6] as const) {
    const [best] = home.routes
      .list({ family })
      .filter(isDefault)
      .sort((a, b) => (a.priority ?? 0) - (b.priority ?? 0));
    if (best?.link !== undefined) return home.links.find({ index: best.link });
  }
  return undefined;
}

function isDefault({ destination, type, link }: Route): boolean {
  return destination.prefixLength === 0 && (type === undefined || type === 'unicast') && link !== undefined;
}
