/**
 * The mode belongs to the master: the kernel gives the mode of the slave made last to all of them (ipvlan_set_port_mode in
 * drivers/net/ipvlan/ipvlan_main.c). It can be read from any slave, but from nothing else, and the slaves are in the pods'
 * namespaces. So each slave is noted as a witness; where there is none, all namespaces are searched for somebody else's.
 */
import { type Link, openRtnl, type Rtnl } from '@cni/rtnetlink';
import { type Attachment, CniError } from '@cni/skel';
import {
  findText,
  isErrno,
  listDirectory,
  makeDirectories,
  openNetns,
  readLink,
  removeIfPresent,
  withNetnsLock,
  writeFile,
} from '@cni/sys';
import type { Config } from './config.ts';

type Mode = Config['mode'];

/** One file per slave: the master's index and the slave's mark. On a tmpfs: an index means nothing after a reboot. */
const WITNESSES = '/run/cni/ipvlan';

export interface Intent {
  readonly config: Config;
  readonly master: Link;
  /** The namespace of the master. */
  readonly home: Rtnl;
  readonly attachment: Attachment;
  /** Of the attachment in its network. */
  readonly mark: string;
}

/**
 * Calls `make`, which makes a slave, once it is certain that no live slave of the master is in another mode. Two of these
 * never run at once.
 */
export function inMode<T>({ config, master, home, attachment, mark }: Intent, make: () => T): T {
  if (config.linkInContainer) {
    expectMode(config.mode, modeOfSlaves(home, master), master);
    return make();
  }
  return withNetnsLock(() => {
    expectMode(config.mode, witnessed(master) ?? search(master), master);
    const made = make();
    makeDirectories(WITNESSES);
    writeFile(`${WITNESSES}/${master.index}-${mark}`, [attachment.sandbox, attachment.ifName].join('\n'));
    return made;
  });
}

/** Refuses a mode that would change the slaves that are there. */
function expectMode(mode: Mode, current: Mode | undefined, master: Link): void {
  if (current === undefined || current === mode) return;
  throw new CniError(
    'LINK_MISMATCH',
    `mode "${mode}": master ${master.name} has slaves in mode ${current}, and the kernel would switch them all`,
  );
}

/** Forgets a slave that is going away. */
export function forgetWitness(mark: string): void {
  for (const name of listIfPresent(WITNESSES)) {
    if (name.endsWith(`-${mark}`)) removeIfPresent(`${WITNESSES}/${name}`);
  }
}

/** What the first live witness says; those that are gone without a DEL are forgotten on the way. */
function witnessed(master: Link): Mode | undefined {
  for (const name of listIfPresent(WITNESSES).filter((witness) => witness.startsWith(`${master.index}-`))) {
    const [path = '', ifName = ''] = findText(`${WITNESSES}/${name}`)?.split('\n') ?? [];
    const mode = modeIn(path, master, ifName);
    if (mode !== undefined) return mode;
    removeIfPresent(`${WITNESSES}/${name}`);
  }
  return undefined;
}

/** The mode of the slaves of `master` that are in the namespace of `rtnl`, or of the one called `name`. */
function modeOfSlaves(rtnl: Rtnl, master: Link, name?: string): Mode | undefined {
  const links = name === undefined ? rtnl.links.list({ kind: 'ipvlan' }) : [rtnl.links.find({ name })];
  for (const link of links) {
    // Master and slaves have one MAC address: an index alone could be that of a link of another namespace.
    if (link?.info?.kind === 'ipvlan' && link.parent === master.index && link.address === master.address) {
      return link.info.data?.mode;
    }
  }
  return undefined;
}

/** As {@link modeOfSlaves}, in the namespace at `path`; `undefined` when there is none any more. */
function modeIn(path: string, master: Link, name?: string): Mode | undefined {
  try {
    const netns = openNetns(path);
    try {
      const rtnl = openRtnl(netns);
      try {
        return modeOfSlaves(rtnl, master, name);
      } finally {
        rtnl.close();
      }
    } finally {
      netns.close();
    }
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EINVAL', 'EACCES', 'ESRCH', 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** Looks into every namespace that has a name or a process. */
function search(master: Link): Mode | undefined {
  const seen = new Set<string>();
  for (const pid of listIfPresent('/proc').filter((name) => /^\d+$/.test(name))) {
    const path = `/proc/${pid}/ns/net`;
    const id = readLinkIfPresent(path);
    if (id === undefined || seen.has(id)) continue;
    seen.add(id);
    const mode = modeIn(path, master);
    if (mode !== undefined) return mode;
  }
  for (const name of listIfPresent('/run/netns')) {
    const mode = modeIn(`/run/netns/${name}`, master);
    if (mode !== undefined) return mode;
  }
  return undefined;
}

function listIfPresent(path: string): string[] {
  return whileThere(() => listDirectory(path)) ?? [];
}

function readLinkIfPresent(path: string): string | undefined {
  return whileThere(() => readLink(path));
}

/** Processes and their namespaces come and go, and kernel threads have none. */
function whileThere<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES')) return undefined;
    throw error;
  }
}
