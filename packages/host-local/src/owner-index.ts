import { formatIp, type Ip } from '@cni/ip';
import { findStat, isErrno, listDirectory, makeDirectories, removeIfPresent, rename, utf8, writeFile } from '@cni/sys';
import { addressOfName } from './record.ts';

/**
 * Finds the addresses of a container without reading every record: in one of 256 directories, a file per address named
 * `<hash of the container id>.<boot>.<address>`. Its content means nothing, and what it says has to be verified: an entry
 * may be stale. It is complete as long as the journal says so.
 */
export interface OwnerIndex {
  find(containerId: string): Entry[];
  list(): Entry[];
  add(entry: Entry): void;
  /** Gives a file its place in the index. */
  adopt(path: string, entry: Entry): void;
  remove(entry: Entry): void;
}

/** One address of one container. */
export interface Entry {
  /** Of the container id. */
  readonly hash: string;
  /** The first eight digits of the kernel's boot id at the time the address was reserved, or first seen. */
  readonly boot: string;
  readonly ip: Ip;
}

/** The entry of an address that a container holds. */
export function entryOf(containerId: string, boot: string, ip: Ip): Entry {
  return { hash: hashOf(containerId), boot, ip };
}

/** `3f/90ab12cd34ef56.1a2b3c4d.10.1.0.5` */
function pathOf({ hash, boot, ip }: Entry): string {
  return `${hash.slice(0, 2)}/${hash.slice(2)}.${boot}.${formatIp(ip)}`;
}

function parsePath(path: string): Entry[] {
  const [, bucket = '', rest = '', boot, name] =
    /^([0-9a-f]{2})\/([0-9a-f]{14})\.([0-9a-f]{8})\.(.+)$/.exec(path) ?? [];
  const ip = name === undefined ? undefined : addressOfName(name);
  return boot === undefined || ip === undefined ? [] : [{ hash: bucket + rest, boot, ip }];
}

/** FNV-1a, 64 bits, 16 hexadecimal digits. Collisions do no harm: what is found is verified. */
function hashOf(text: string): string {
  const hash = utf8(text).reduce(
    (value, byte) => BigInt.asUintN(64, (value ^ BigInt(byte)) * 0x100_0000_01b3n),
    0xcbf2_9ce4_8422_2325n,
  );
  return hash.toString(16).padStart(16, '0');
}

/** The index in a directory of its own. Each call throws `SysError`. */
export function openOwnerIndex(directory: string): OwnerIndex {
  const put = (entry: Entry, write: (path: string) => void) => {
    const path = `${directory}/${pathOf(entry)}`;
    const bucket = `${directory}/${entry.hash.slice(0, 2)}`;
    try {
      write(path);
    } catch (error) {
      if (!isErrno(error, 'ENOENT') || findStat(bucket) !== undefined) throw error;
      makeDirectories(bucket, 0o700);
      write(path);
    }
  };
  const listBucket = (bucket: string, start = '') =>
    listIfPresent(`${directory}/${bucket}`)
      .filter((name) => name.startsWith(start))
      .flatMap((name) => parsePath(`${bucket}/${name}`));
  return {
    find(containerId) {
      const hash = hashOf(containerId);
      return listBucket(hash.slice(0, 2), `${hash.slice(2)}.`);
    },
    list: () =>
      listIfPresent(directory)
        .filter((name) => /^[0-9a-f]{2}$/.test(name))
        .flatMap((bucket) => listBucket(bucket)),
    add: (entry) => put(entry, (path) => writeFile(path, '')),
    adopt: (from, entry) => put(entry, (path) => rename(from, path)),
    remove: (entry) => void removeIfPresent(`${directory}/${pathOf(entry)}`),
  };
}

function listIfPresent(path: string): string[] {
  try {
    return listDirectory(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}
