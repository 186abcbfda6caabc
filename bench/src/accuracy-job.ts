/** `node accuracy-job.ts`: what is measured on a kernel with ipvlan, as root. Prints a line for each case. */
import { GUEST, measureShares, REPORT } from './accuracy-cases.ts';
import { ourExecutable } from './candidates.ts';

for (const one of GUEST)
  console.log(`${REPORT}${JSON.stringify({ ...one, ...(await measureShares(ourExecutable('bandwidth'), one)) })}`);
