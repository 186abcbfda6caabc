import { formatIp, type Ip, parseIp } from '@cni/ip';
import { parseWith } from '@cni/skel';
import { findStat } from '@cni/sys';
import { DelConfig, type StorageConfig } from './config.ts';
import { storeOf } from './ground.ts';
import { bootId, readJournal, UNKNOWN_BOOT } from './journal.ts';
import { lockIn, withStoreIfPresent } from './open-store.ts';
import { openOwnerIndex } from './owner-index.ts';
import { type Paths, pathsOf } from './paths.ts';
import { formatRecord, type Owner, ownerOf } from './record.ts';
import { eachHeld, type Held, recordAt, type Survey, surveyOf } from './survey.ts';

/** An address and who holds it. */
export interface Holding extends Owner {
  readonly address: string;
  /** When it was reserved, in milliseconds since the epoch. */
  readonly since: number;
  /** Whether the node was booted since, so that no pod can hold it. */
  readonly earlierBoot: boolean;
}

/** Something in a store that is no address in use. */
export interface Oddity {
  readonly path: string;
  /** `empty, left by a crash` */
  readonly problem: string;
}

/** What a store has in it. */
export interface Inventory {
  /** In the order of addresses' families and values. */
  readonly holdings: readonly Holding[];
  readonly oddities: readonly Oddity[];
}

/** One network's addresses, for who looks after a node. Each call takes the lock of the store and throws `SysError`. */
export interface Holdings {
  /** Where they are kept. */
  readonly dataDir: string;
  /** Changes nothing; what is damaged is left where it is. */
  list(): Inventory;
  /** Frees one address, or all of an attachment; what was freed. */
  free(what: Ip | Owner): readonly Holding[];
}

/** The addresses of a network, by the configuration of a plugin whose IPAM plugin is host-local. Throws `CniError` `INVALID_CONFIG`. */
export function openHoldings(config: unknown, name: string): Holdings {
  const { ipam } = parseWith<DelConfig>(DelConfig, config);
  const paths = pathsOf({ dataDir: ipam.dataDir, network: name });
  return {
    dataDir: ipam.dataDir,
    list: () => listIn(paths, ipam),
    free: (what) =>
      withStoreIfPresent(storeOf(ipam, { name }), (store) => {
        const held = 'value' in what ? ofAddress(paths, store.all(), what) : store.ownedBy(what);
        const [first] = held;
        const freed = held.map((one) => holdingOf(paths, one));
        if (first !== undefined) store.release(ownerOf(first.record).containerId, held);
        return freed;
      }) ?? [],
  };
}

/** An entry of the index may be stale: the address's own file has to say the same. */
function ofAddress({ addresses }: Paths, held: readonly Held[], ip: Ip): Held[] {
  const name = formatIp(ip);
  const record = recordAt(`${addresses}/${name}`);
  return held.filter((one) => one.name === name && one.record === record).slice(0, 1);
}

function listIn(paths: Paths, { lockTimeout }: StorageConfig): Inventory {
  if (findStat(paths.addresses) === undefined) return { holdings: [], oddities: [] };
  const lock = lockIn(paths.addresses, lockTimeout, 0o755);
  try {
    const survey = surveyOf(paths.addresses);
    const old = recordsOfEarlierBoots(paths);
    const holdings = eachHeld(survey.held).map((held) => holdingOf(paths, held, old));
    return { holdings: sorted(holdings), oddities: [...odditiesIn(paths, survey), ...interruption(paths)] };
  } finally {
    lock.release();
  }
}

/** Names and records that the index had before the node was booted. */
function recordsOfEarlierBoots({ index }: Paths): ReadonlySet<string> {
  if (findStat(index) === undefined) return new Set();
  const now = bootId();
  const isEarlier = (boot: string) => ![boot, now].includes(UNKNOWN_BOOT) && boot !== now;
  const entries = openOwnerIndex(index).list();
  return new Set(entries.filter(({ boot }) => isEarlier(boot)).map(({ name, record }) => `${name} ${record}`));
}

function holdingOf({ addresses }: Paths, { name, record }: Held, old: ReadonlySet<string> = new Set()): Holding {
  const since = findStat(`${addresses}/${name}`)?.mtime ?? 0;
  return { address: name, ...ownerOf(record), since, earlierBoot: old.has(`${name} ${record}`) };
}

function sorted(holdings: Holding[]): Holding[] {
  const keyed = holdings.map((holding) => ({ holding, ip: parseIp(holding.address) }));
  const order = (a: Ip, b: Ip) => a.family - b.family || (a.value < b.value ? -1 : 1);
  return keyed.sort((a, b) => order(a.ip, b.ip)).map(({ holding }) => holding);
}

function odditiesIn({ addresses }: Paths, { empty, damaged, foreign }: Survey): Oddity[] {
  const kinds = [
    ['empty, left by a crash', empty],
    ['named like an address, but names no owner', damaged],
    ['not an address, or not readable', foreign],
  ] as const;
  return kinds.flatMap(([problem, names]) => names.map((name) => ({ path: `${addresses}/${name}`, problem })));
}

/** The next command puts it right. */
function interruption({ journal }: Paths): Oddity[] {
  const last = readJournal(journal);
  if (last === undefined || !('unfinished' in last)) return [];
  const names = last.unfinished.map(([name]) => name).join(', ');
  return [{ path: journal, problem: `a command was interrupted when it reserved or freed ${names}` }];
}

/** Whether an attachment is who holds an address. A record of the container alone is of any of its attachments. */
export function isHeldBy(holding: Holding, attachment: Owner): boolean {
  return [formatRecord(attachment), attachment.containerId].includes(formatRecord(holding));
}
