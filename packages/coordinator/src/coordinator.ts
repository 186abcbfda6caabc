/**
 * coordinator gives an underlay pod a way to its own node, beside its interface on the network: a link of its own, and the routes
 * for it in both places. So node and pod reach each other, services work, and replies leave by the way that requests came.
 *
 * Kernel: drivers/net/veth.c, Documentation/networking/policy-routing.rst
 */
import { setTrace } from '@cni/rtnetlink';
import { CniError, definePlugin, neededPrevResult, type Plugin, type Result } from '@cni/skel';
import { checkAll } from './apply.ts';
import { ArgsCni, Config } from './config.ts';
import { converge } from './converge.ts';
import { detect } from './detect.ts';
import { inputsOf } from './facts.ts';
import { openSide } from './ground.ts';
import type { Inputs } from './inputs.ts';
import { ownerOf } from './owner.ts';
import { plan } from './plan.ts';
import { findRecord, recordsOf } from './record.ts';
import { collect, removeAll } from './remove.ts';
import { expectReady } from './status.ts';

let tell: ((line: string) => void) | undefined;

export const coordinator: Plugin = definePlugin({
  name: 'coordinator',
  about: 'coordinator gives a pod on an underlay network a way to its own node and to services',
  config: Config,
  caselessKeys: true,
  argsCni: ArgsCni,
  trace(sink) {
    tell = sink;
    setTrace(sink);
  },

  add({ config, attachment, netns, network, argsCni, undo, ...call }) {
    const prevResult = neededPrevResult(call);
    if (config.mode === 'disable') return prevResult;
    const owner = ownerOf(attachment, network.name);
    const { sandbox } = attachment;
    const ground = { pod: openSide(netns), host: openSide(), owner };
    const records = recordsOf(attachment.containerId);
    const wish = argsCni.podDefaultRouteNic ?? config.podDefaultRouteNic;
    const inputs = inputsOf({ config, wish, sandbox, ground, records });
    const announce = detect(config, ground, prevResult);
    converge({ ...owner, sandbox, wish, inputs, entries: plan(inputs) }, { ground, undo, tell });
    announce();
    return reported(prevResult, inputs, sandbox);
  },

  del({ attachment, netns, network, prevResult }) {
    removeAll({ owner: ownerOf(attachment, network.name), netns, prevResult });
  },

  check({ config, attachment, netns, network, ...call }) {
    neededPrevResult(call);
    if (config.mode === 'disable') return;
    const owner = ownerOf(attachment, network.name);
    const record = findRecord(owner);
    if (record === undefined)
      throw new CniError(
        'CHECK_FAILED',
        `there is no record of an ADD of ${attachment.ifName} for ${attachment.containerId}`,
      );
    checkAll(record.entries, { pod: openSide(netns), host: openSide(), owner });
  },

  gc({ network, validAttachments, ipam }) {
    ipam?.gc();
    collect(network.name, validAttachments);
  },

  status({ config, ipam }) {
    ipam?.status();
    if (config.mode !== 'disable') expectReady(config);
  },
});

/** Links that were made are told, so that plugins after this one find them. */
function reported(
  prevResult: Result,
  { makesVeth, way, vethMtu, own: { mac }, nics }: Inputs,
  sandbox: string,
): Result {
  const known = (prevResult.interfaces ?? []).map((one) =>
    mac !== undefined && one.name === nics[0]?.name && one.sandbox === sandbox ? { ...one, mac } : one,
  );
  const made = [
    { name: way.hostLink, mac: way.hostMac, mtu: vethMtu },
    { name: way.link, mac: way.mac, mtu: vethMtu, sandbox },
  ].filter((one) => makesVeth && !known.some(({ name, sandbox: place }) => name === one.name && place === one.sandbox));
  return made.length === 0 && mac === undefined ? prevResult : { ...prevResult, interfaces: [...known, ...made] };
}
