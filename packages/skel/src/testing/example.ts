import { readSysctl, writeSysctls } from '@cni/sys';
import * as z from 'zod/mini';
import { CniError, definePlugin, neededPrevResult, type Plugin } from '../index.ts';

const Config = z.object({
  sysctl: z.record(z.string().check(z.regex(/^net\./, 'only net.* belongs to a pod')), z.string()),
});

/** Sets sysctls in the pod: `{ "type": "sysctl", "sysctl": { "net.ipv4.ip_forward": "1" } }`. */
export const sysctl: Plugin = definePlugin({
  name: 'sysctl',
  about: 'sets sysctls in the network namespace of a pod',
  config: Config,

  add({ config, netns, undo, ...call }) {
    const result = neededPrevResult(call);
    const before = Object.keys(config.sysctl).map((key) => [key, readSysctl(key, netns)] as const);
    undo.defer('restore the sysctls', () => writeSysctls(Object.fromEntries(before), netns));
    writeSysctls(config.sysctl, netns);
    return result;
  },

  del() {
    // The sysctls go with the namespace.
  },

  check({ config, netns, ...call }) {
    neededPrevResult(call);
    for (const [key, value] of Object.entries(config.sysctl)) {
      const actual = readSysctl(key, netns);
      if (actual !== value) throw new CniError('CHECK_FAILED', `${key} is ${actual}, not ${value}`);
    }
  },
});
