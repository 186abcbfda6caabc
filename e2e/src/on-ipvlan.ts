/** `node on-ipvlan.ts COMMAND [ARGUMENT...]`: runs a command of this folder as root on a kernel with ipvlan. */
import { reachProgram } from '@cni/testkit/reach-program';
import { exitOnSignals, jobInside } from './inside.ts';
import { ipvlanKernel, onIpvlanKernel } from './kernel.ts';

const MINUTES = 10;

async function main(command: readonly string[]): Promise<number> {
  const started = performance.now();
  const kernel = ipvlanKernel();
  reachProgram();
  const job = jobInside(command, kernel, MINUTES, (line) => process.stdout.write(`${line}\n`));
  const status = await onIpvlanKernel(job, kernel);
  const where = kernel === 'uml' ? 'a User-Mode Linux guest' : "the host's kernel";
  process.stdout.write(`ran on ${where} in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  return status;
}

exitOnSignals();
process.exitCode = await main(process.argv.slice(2));
