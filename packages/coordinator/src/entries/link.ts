import type { LinkChange } from '@cni/rtnetlink';
import type { Side } from '../ground.ts';
import type { LinkEntry } from './entry.ts';
import type { Kind } from './kind.ts';

export const link: Kind<LinkEntry> = {
  words: ({ link: name }) => `the settings of ${name}`,
  put({ link: name, mac, txQueueLength }, { pod }) {
    set(pod, name, mac, txQueueLength);
  },
  take({ link: name, macBefore, txQueueLengthBefore }, { pod }) {
    if (pod.find(name) !== undefined) set(pod, name, macBefore, txQueueLengthBefore);
  },
  faultOf({ link: name, mac, txQueueLength }, { pod }) {
    const found = pod.find(name);
    if (found === undefined) return `${name} is gone from the pod`;
    if (mac !== undefined && found.address !== mac) return `${name}: its MAC address is ${found.address}, not ${mac}`;
    if (txQueueLength !== undefined && found.txQueueLength !== txQueueLength)
      return `${name}: its txqueuelen is ${found.txQueueLength}, not ${txQueueLength}`;
    return undefined;
  },
};

function set(pod: Side, name: string, address: string | undefined, txQueueLength: number | undefined): void {
  const change: LinkChange = {
    ...(address !== undefined && { address }),
    ...(txQueueLength !== undefined && { txQueueLength }),
  };
  pod.rtnl.links.set(pod.index(name), change);
}
