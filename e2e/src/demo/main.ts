/** `npm run demo`: starts a kernel that has ipvlan and shows the main job on it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { reachProgram } from '@cni/testkit/reach-program';
import { ipvlanKernel, onIpvlanKernel } from '../kernel.ts';
import { searchPath } from '../uml/boot.ts';
import { ours } from './node.ts';

const TIMEOUT = 120_000;

async function main(): Promise<number> {
  if (!existsSync(join(ours, 'ipvlan'))) throw new Error('find the executables: not in dist/bin, run npm run build');
  const kernel = ipvlanKernel();
  reachProgram();
  const started = performance.now();
  process.stdout.write(
    kernel === 'uml'
      ? "\nThis machine's kernel has no ipvlan. Starting one that has, as an ordinary program (User-Mode Linux) ...\n"
      : '\n',
  );
  const status = await onIpvlanKernel(
    {
      command: [process.execPath, 'inside.ts'],
      directory: import.meta.dirname,
      env: { PATH: searchPath(), HOME: '/root', DEMO_KERNEL: kernel },
      timeout: TIMEOUT,
      onLine: (line) => process.stdout.write(`${line}\n`),
    },
    kernel,
  );
  process.stdout.write(`The whole demo took ${((performance.now() - started) / 1000).toFixed(1)} s.\n`);
  return status;
}

process.exitCode = await main();
