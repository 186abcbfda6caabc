/** `node on-ipvlan.ts COMMAND [ARGUMENT...]`: runs a command of this folder as root on a kernel with ipvlan. */
import { reachProgram } from '@cni/testkit/reach-program';
import { exitOnSignals, jobInside } from './inside.ts';
import { ipvlanKernel, onIpvlanKernel } from './kernel.ts';

const MINUTES = 45;
const places = {
  native: "the host's kernel",
  uml: 'a User-Mode Linux guest',
  emulated: 'an emulated machine',
} as const;

async function main(command: readonly string[]): Promise<number> {
  const started = performance.now();
  const kernel = ipvlanKernel();
  reachProgram();
  const job = jobInside(command, kernel, MINUTES, (line) => process.stdout.write(`${line}\n`));
  const status = await onIpvlanKernel(job, kernel);
  process.stdout.write(`ran on ${places[kernel]} in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  return status;
}

exitOnSignals();
process.exitCode = await main(process.argv.slice(2));
