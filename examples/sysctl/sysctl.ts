import { CniError, definePlugin, neededPrevResult } from '@cni/skel';
import { type Netns, readSysctl, writeSysctls } from '@cni/sys';
import * as z from 'zod/mini';

const Name = z.string().check(z.regex(/^net(\.[\w-]+)+$/, 'expected a name such as net.ipv4.conf.IFNAME.arp_notify'));
const Value = z.union([z.string().check(z.regex(/^[ -~]+$/, 'expected a line of text')), z.int()]);

/** What to set: the interface stands in the place of IFNAME, and a dot within a part of a name is written as a slash. */
function settings(sysctl: Record<string, string | number>, ifName: string): [name: string, value: string][] {
  const interfaceOf = (part: string) => (part === 'IFNAME' ? ifName.replaceAll('.', '/') : part);
  return Object.entries(sysctl).map(([name, value]) => [name.split('.').map(interfaceOf).join('.'), String(value)]);
}

/** Throws unless all are as they should be; the kernel writes lists with tabs. */
function verify(wanted: readonly [name: string, value: string][], netns: Netns): void {
  const words = (text: string) => text.trim().split(/\s+/).join(' ');
  for (const [name, value] of wanted) {
    const actual = words(readSysctl(name, netns));
    if (actual !== words(value)) throw new CniError('CHECK_FAILED', `${name} is ${actual}, not ${value}`);
  }
}

export const sysctl = definePlugin({
  name: 'sysctl',
  about: 'sets sysctls in the network namespace of a pod',
  config: z.object({ sysctl: z.record(Name, Value) }),

  add({ config, attachment, netns, undo, ...call }) {
    const result = neededPrevResult(call);
    const wanted = settings(config.sysctl, attachment.ifName);
    for (const [name, value] of wanted) {
      const before = readSysctl(name, netns);
      undo.defer(`set ${name} back`, () => writeSysctls({ [name]: before }, netns));
      writeSysctls({ [name]: value }, netns);
    }
    verify(wanted, netns);
    return result;
  },

  del() {
    // The sysctls go with the namespace, those of an interface with the interface.
  },

  check({ config, attachment, netns, ...call }) {
    neededPrevResult(call);
    verify(settings(config.sysctl, attachment.ifName), netns);
  },
});
