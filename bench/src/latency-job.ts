/** `node latency-job.ts`: what is measured on a kernel with ipvlan, as root. Prints a line for each case. */
import { ourExecutable, referenceExecutable } from './candidates.ts';
import { GUEST, measureWaits, REPORT } from './latency-cases.ts';

for (const one of GUEST) {
  const ours = await measureWaits(ourExecutable('bandwidth'), one);
  const theirs = await measureWaits(referenceExecutable('bandwidth'), one);
  console.log(`${REPORT}${JSON.stringify({ ...one, ours, theirs })}`);
}
