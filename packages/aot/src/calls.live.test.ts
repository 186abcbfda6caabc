import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { calls } from './calls.golden.ts';
import { buildFixture, type Ended, machines, run, scratchDirectory } from './fixtures/executable.ts';

const scratch = scratchDirectory();

describe.each(machines)('system calls on $target', (machine) => {
  const directory = join(scratch, machine.target);
  let ended: Ended;

  beforeAll(async () => {
    mkdirSync(directory);
    const executable = await buildFixture('calls', scratch, machine.target);
    ended = run(machine, executable, [directory, 'eins', 'größer'], { env: { CNI_NAME: 'wert=ü' } });
  });

  test('it ends well and leaves nothing', () => {
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(directory)).toEqual([]);
  });

  test('each call: the result, or the negated errno', () => {
    expect(JSON.parse(ended.stdout)).toEqual(calls);
  });
});
