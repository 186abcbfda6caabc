import { describe, expect, test } from 'vitest';
import { buildFixture, machines, run, scratchDirectory } from './fixtures/executable.ts';
import { expected } from './fixtures/heap.ts';

const scratch = scratchDirectory();

describe.each(machines)('heap, $target', (machine) => {
  test('what lies in the snapshot behaves as what was made just now, collections of garbage included', async () => {
    const executable = await buildFixture('heap', scratch, machine.target);
    const { status, stdout, stderr } = run(machine, executable, []);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({ used: JSON.parse(JSON.stringify(expected())), collected: true });
  });
});
