/**
 * Without source NAT a pod's reply has to come by the node, which alone can undo what it did to the request's destination. Here
 * because it takes ipvlan and nf_tables in one kernel.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { emulatedObstacle } from './emulated/image.ts';
import { bootMachine, type Machine } from './emulated/machine.ts';
import { COUNTERS, countedIn, countMarks } from './emulated/marks.ts';
import { answered, Underlay, unanswered } from './emulated/underlay.ts';

const MINUTE = 60_000;
/** Seconds for what is not answered. */
const SHORT = 4;
const obstacle = emulatedObstacle();
if (obstacle !== undefined) {
  if (process.env['CI'] && process.arch === 'x64') throw new Error(`boot an emulated machine: ${obstacle}`);
  process.stdout.write(`skipped: ${obstacle}\n`);
}

const coordinator = { type: 'coordinator' };

describe.skipIf(obstacle !== undefined)('a NodePort that leads to an ipvlan pod without source NAT', () => {
  let machine: Machine | undefined;
  let underlay: Underlay;

  beforeAll(async () => {
    machine = await bootMachine(15 * MINUTE);
  }, 3 * MINUTE);
  afterAll(() => machine?.end(), MINUTE);
  beforeEach(async () => {
    underlay = await Underlay.make(machine as Machine);
  }, MINUTE);
  afterEach(() => underlay.remove(), MINUTE);

  // In l3s the pod's packets pass the node's own netfilter, which undoes what it did.
  test('l2: does not without coordinator', { timeout: 4 * MINUTE }, async () => {
    await underlay.add('l2');
    expect(await underlay.ask('pod')).toEqual(answered);
    expect(await underlay.ask('node', SHORT)).toEqual(unanswered);
  });

  test('l2: does not when replies go their own way', { timeout: 4 * MINUTE }, async () => {
    await underlay.add('l2', { ...coordinator, replyViaVeth: false });
    expect(await underlay.ask('node', SHORT)).toEqual(unanswered);
  });

  test.each(['l2', 'l3s'] as const)(
    '%s: does with coordinator; CHECK agrees, and DEL leaves nothing',
    { timeout: 4 * MINUTE },
    async (mode) => {
      const before = await underlay.state();
      await underlay.add(mode, coordinator);
      expect(await underlay.ask('node')).toEqual(answered);
      expect(await underlay.ask('pod')).toEqual(answered);
      await underlay.check();
      await underlay.del();
      expect(await underlay.state()).toEqual(before);
    },
  );

  test('l2: of marks only the one bit is touched, on what came by the node', { timeout: 4 * MINUTE }, async () => {
    const bit = 0x80;
    const counted = async () => countedIn(await underlay.in('pod', COUNTERS));
    await underlay.in('pod', countMarks(bit));
    await underlay.add('l2', { ...coordinator, replyMark: bit });
    expect(await underlay.ask('node')).toEqual(answered);
    expect(await counted()).toEqual({ byNode: true, byEth0: false, changed: false });
    expect(await underlay.ask('pod')).toEqual(answered);
    expect(await counted()).toEqual({ byNode: true, byEth0: true, changed: false });
    await underlay.del();
    expect(await underlay.in('pod', 'nft list tables')).toBe('table inet others');
  });
});
