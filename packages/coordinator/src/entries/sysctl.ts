import { isErrno, readSysctl, writeSysctls } from '@cni/sys';
import type { SysctlEntry } from './entry.ts';
import type { Kind } from './kind.ts';

export const sysctl: Kind<SysctlEntry> = {
  words: ({ key }) => key,
  put({ side, key, value }, ground) {
    writeSysctls({ [key]: value }, ground[side].netns);
  },
  /** Those of a link go with it. */
  take({ side, key, before }, ground) {
    if (before === undefined) return;
    try {
      writeSysctls({ [key]: before }, ground[side].netns);
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error;
    }
  },
  faultOf({ side, key, value }, ground) {
    const actual = readSysctl(key, ground[side].netns);
    return actual === value ? undefined : `${key} is ${actual}, not ${value}`;
  },
};
