/** A guest's processes are processes of the host that the guest's kernel holds: none may be let go. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test, vi } from 'vitest';
import { umlObstacle } from './boot.ts';

const onIpvlan = join(import.meta.dirname, '../on-ipvlan.ts');
/** Processes that were executed and one that was only forked, awake now and then. */
const JOB = '(while :; do sleep 0.1; done) & sleep 1000 & echo started; wait';

const processesOf = (directory: string): string[] =>
  spawnSync('ps', ['ax', '-o', 'pid=,args='], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((line) => line.includes(`uml_dir=${directory}`));

const obstacle = umlObstacle();
test.skipIf(obstacle !== undefined)(
  `all of a guest ends with the process that started it${obstacle ? `: skipped, ${obstacle}` : ''}`,
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cni-killed-'));
    const starter = spawn(process.execPath, ['--conditions=@cni/source', onIpvlan, 'sh', '-c', JOB], {
      env: { ...process.env, TMPDIR: directory, CNI_E2E_KERNEL: 'uml' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      for await (const line of createInterface({ input: starter.stdout })) if (line === 'started') break;
      expect(processesOf(directory).length).toBeGreaterThan(3);
      starter.kill('SIGKILL');
      await once(starter, 'exit');
      await vi.waitFor(() => expect(processesOf(directory)).toEqual([]), { timeout: 10_000 });
    } finally {
      starter.kill('SIGKILL');
      for (const line of processesOf(directory)) process.kill(Number.parseInt(line, 10), 'SIGKILL');
      rmSync(directory, { recursive: true });
    }
  },
);
