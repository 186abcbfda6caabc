import { expect, test } from 'vitest';
import { addressesOf, Crowd, type Ended, type Who } from './testing/crowd.ts';

const dual = { ranges: [[{ subnet: '10.1.0.0/23' }], [{ subnet: 'fd00:1::/64' }]] };

/** How long the second test kills. */
const SECONDS = Number(process.env['CNI_KILL_SECONDS'] ?? 10);

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

function expectSuccess(ended: readonly Ended[]): void {
  expect(ended.filter(({ status }) => status !== 0)).toEqual([]);
}

test('200 processes at once: each gets addresses of its own, and gives them back', async () => {
  using crowd = await Crowd.of(dual);
  const ids = numbers(200).map((n) => `c${n}`);
  const added = await Promise.all(ids.map((id) => crowd.run({ verb: 'ADD', id })));
  expectSuccess(added);
  expect(new Set(added.flatMap(addressesOf)).size).toBe(400);
  expect([...crowd.held().keys()].sort()).toEqual(added.flatMap(addressesOf).sort());
  expectSuccess(await Promise.all(ids.map((id) => crowd.run({ verb: 'CHECK', id }))));
  expectSuccess(await Promise.all(ids.map((id) => crowd.run({ verb: 'DEL', id }))));
  expect(crowd.held()).toEqual(new Map());
});

/** What is known of an attachment: the addresses that its ADD answered with; nothing if that was killed. */
type Attachments = Map<string, { readonly who: Who; readonly addresses: readonly string[] | undefined }>;

const chance = (probability: number) => Math.random() < probability;
const somebody = (): Who => (chance(0.25) ? 'reference' : 'ours');
const sometime = () => (chance(0.6) ? Math.random() * 6 : undefined);

/** One worker's attachments, each ADD with an id of its own as runtimes do it. */
async function work(crowd: Crowd, worker: number, deadline: number, all: Attachments): Promise<number> {
  const mine: string[] = [];
  let killed = 0;
  for (let n = 0; performance.now() < deadline; n++) {
    const [who, kill] = [somebody(), sometime()];
    const id = mine.length > 3 || (mine.length > 0 && chance(0.4)) ? mine.shift() : undefined;
    const verb = id === undefined ? 'ADD' : 'DEL';
    const ended = await crowd.run({ verb, id: id ?? `w${worker}.${n}`, who, kill });
    if (ended.status === null) killed++;
    if (id === undefined) {
      mine.push(`w${worker}.${n}`);
      all.set(`w${worker}.${n}`, { who, addresses: ended.status === null ? undefined : newAddresses(ended, all) });
    } else if (ended.status === null) mine.push(id);
    else {
      expect(ended.stdout).toBe('');
      expect(crowd.heldBy(id)).toEqual([]);
      all.delete(id);
    }
  }
  return killed;
}

/** Nobody else may have one of them. */
function newAddresses(ended: Ended, all: Attachments): string[] {
  expect(ended.status, ended.stdout).toBe(0);
  const addresses = addressesOf(ended);
  const others = new Set([...all.values()].flatMap(({ addresses }) => addresses ?? []));
  expect(addresses.filter((address) => others.has(address))).toEqual([]);
  return addresses;
}

test(
  `${SECONDS} s of processes of both plugins that are killed at random: no address is lost or held twice`,
  async () => {
    using crowd = await Crowd.of({ ...dual, reuseDelay: 0 });
    const all: Attachments = new Map();
    const deadline = performance.now() + SECONDS * 1000;
    const killed = await Promise.all(numbers(8).map((worker) => work(crowd, worker, deadline, all)));
    expect(killed.reduce((sum, count) => sum + count)).toBeGreaterThan(SECONDS);
    // Whatever comes next puts right what was left.
    expectSuccess([await crowd.run({ verb: 'STATUS', id: 'nobody' })]);

    for (const [id, { who, addresses }] of all) {
      const held = crowd.heldBy(id);
      if (addresses !== undefined) {
        // A DEL that was killed may have got through.
        if (held.length > 0) expect(held.sort()).toEqual([...addresses].sort());
        if (held.length > 0) expectSuccess([await crowd.run({ verb: 'CHECK', id })]);
      } else if (who === 'ours') expect([0, 2]).toContain(held.length);
    }
    const owners = new Set([...all.keys()].map((id) => `${id}\r\neth0`));
    expect([...crowd.held()].filter(([, record]) => !owners.has(record))).toEqual([]);

    for (const id of all.keys()) expectSuccess([await crowd.run({ verb: 'DEL', id })]);
    expect(crowd.held()).toEqual(new Map());
  },
  (SECONDS + 60) * 1000,
);
