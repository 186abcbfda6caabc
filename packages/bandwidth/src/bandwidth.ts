/**
 * bandwidth limits what goes into a pod and out of it, by queueing: on the node's end of the pod's link where it has one, in
 * the pod's namespace, or by the pod's addresses on the link it is a slave of.
 *
 * Kernel: Documentation/networking/tc-queue-filters.rst, net/sched/sch_tbf.c, drivers/net/ifb.c
 */
import { openRtnl, setTrace } from '@cni/rtnetlink';
import { attemptAll, definePlugin, isCniError, neededPrevResult, type Plugin } from '@cni/skel';
import { apply, check } from './apply.ts';
import { ArgsCni, Config, RuntimeConfig } from './config.ts';
import { aloneIn, type Facts, factsOf, findFacts, mayGetLinks, othersIn, within } from './facts.ts';
import { ownerOf } from './ifb.ts';
import { plan, wantedOf } from './plan.ts';
import { readRecord, removeRecord, sweepRecords, writeRecord } from './record.ts';
import { collect, removeAll } from './remove.ts';

let tell: ((line: string) => void) | undefined;

export const bandwidth: Plugin = definePlugin({
  name: 'bandwidth',
  about: 'bandwidth limits the rate of what goes into a pod and out of it, whatever kind of link the pod has',
  config: Config,
  runtimeConfig: RuntimeConfig,
  argsCni: ArgsCni,
  trace(sink) {
    tell = sink;
    setTrace(sink);
  },

  add({ undo, network, ...call }) {
    const prevResult = neededPrevResult(call);
    const { attachment, netns } = call;
    const owner = ownerOf(attachment, network.name);
    const record = readRecord(owner, netns);
    const wanted = wantedOf({ ...call, override: record.override });
    // Nor by an ADD before.
    if (wanted === undefined && record.held === undefined) return prevResult;
    const [pod, host] = [openRtnl(netns), openRtnl()];
    const facts = factsOf({ pod, host, attachment, prevResult });
    const shaping = wanted === undefined ? [] : plan(wanted, facts);
    for (const note of new Set(shaping.flatMap(({ bucket }) => bucket.notes))) tell?.(note);
    const sides = { pod: { rtnl: pod, netns }, host: { rtnl: host } };
    if (mayGetLinks(facts)) {
      undo.defer('restore the record', () => writeRecord(owner, netns, record));
      writeRecord(owner, netns, { ...record, held: wanted, links: wanted && othersIn(facts) });
    }
    // Of a pod with an end on the node nothing is recorded.
    apply(shaping, { sides, owner, facts, undo, isNew: mayGetLinks(facts) && record.held === undefined });
    return prevResult;
  },

  del({ attachment, netns, network, prevResult }) {
    const owner = ownerOf(attachment, network.name);
    attemptAll(
      () => removeRecord(owner),
      () => {
        const pod = netns && { rtnl: openRtnl(netns), netns };
        removeAll({ host: { rtnl: openRtnl() }, pod, owner, prevResult });
      },
    );
  },

  check({ network, ...call }) {
    const prevResult = neededPrevResult(call);
    const { attachment, netns } = call;
    const owner = ownerOf(attachment, network.name);
    const { override, links } = readRecord(owner, netns);
    const wanted = wantedOf({ ...call, override });
    const [pod, host] = [openRtnl(netns), openRtnl()];
    const sides = { pod: { rtnl: pod, netns }, host: { rtnl: host } };
    const where = { pod, host, attachment, prevResult };
    const facts = wanted === undefined ? findFacts(where) : factsOf(where);
    if (facts === undefined) return;
    const compare = (facts: Facts) => check(wanted === undefined ? [] : plan(wanted, facts), { sides, owner, facts });
    if (links === undefined) compareEither(facts, compare);
    else compare(within(facts, links));
  },

  gc({ network, validAttachments, ipam }) {
    attemptAll(
      () => ipam?.gc(),
      () => sweepRecords(network.name, validAttachments),
      () => collect({ rtnl: openRtnl() }, network.name, validAttachments),
    );
  },
});

/** CHECK is told of links too that plugins after this one gave the pod, and that ADD could not know of. Nothing says which those are. */
function compareEither(facts: Facts, compare: (facts: Facts) => void): void {
  try {
    compare(facts);
  } catch (error) {
    const alone = aloneIn(facts);
    if (alone === undefined || !isCniError(error)) throw error;
    compare(alone);
  }
}
