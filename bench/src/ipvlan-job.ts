/** `node ipvlan-job.ts`: what is done on a kernel with ipvlan, as root, in a namespace of its own. Prints a line for each family. */
import { delimiter, join } from 'node:path';
import { type Attached, FAMILIES, REPORT, VERBS } from './attachment.ts';
import { ourExecutable, ours, reference, referenceExecutable } from './candidates.ts';
import { ip, makeNetns, type Netns } from './netns.ts';
import type { Run } from './plan.ts';
import { makeScratch, type Scratch } from './scratch.ts';
import { measure } from './spawner.ts';

type Family = Attached['family'];

/** The reference waits a second or two for duplicate address detection. */
const ROUNDS: Readonly<Record<Family, number>> = { IPv4: 40, 'dual stack': 12 };
const WARMUP = 2;
const MASTER = 'uplink';

interface Candidate {
  readonly executable: string;
  /** CNI_PATH */
  readonly path: string;
}

const candidates: readonly Candidate[] = [
  { executable: ourExecutable('ipvlan'), path: ours },
  { executable: referenceExecutable('ipvlan'), path: reference },
  { executable: ourExecutable('ipvlan'), path: [reference, ours].join(delimiter) },
];

async function main(): Promise<void> {
  using scratch = makeScratch();
  using namespaces = new DisposableStack();
  const make = (): Netns => namespaces.use(makeNetns());
  makeMaster(make());
  const pods = candidates.map(() => make());
  for (const family of FAMILIES) {
    const { steps } = await measure({
      rounds: ROUNDS[family],
      warmup: WARMUP,
      steps: VERBS.map((verb) =>
        candidates.map((_, index) => runOf(verb, family, index, pods[index]?.path ?? '', scratch)),
      ),
    });
    const attached: Attached = {
      family,
      steps: steps.map((step) => step.map(({ milliseconds }) => milliseconds)),
    };
    console.log(`${REPORT}${JSON.stringify(attached)}`);
  }
}

/** A link with a peer, so that it has a carrier. */
function makeMaster(outside: Netns): void {
  ip(`link add ${MASTER} type veth peer name ${MASTER} netns ${outside.name}`);
  ip(`-n ${outside.name} link set ${MASTER} up`);
  ip(`link set ${MASTER} up`);
}

function runOf(verb: string, family: Family, index: number, netns: string, scratch: Scratch): Run {
  const candidate = candidates[index];
  if (candidate === undefined) throw new Error(`no candidate ${index}`);
  return {
    command: [candidate.executable],
    stdin: scratch.write(`${family}-${index}.json`, configOf(family, index, scratch)),
    env: {
      CNI_COMMAND: verb,
      CNI_CONTAINERID: 'pod-{round}',
      CNI_NETNS: netns,
      CNI_IFNAME: 'eth0',
      CNI_PATH: candidate.path,
    },
  };
}

/** Each candidate has a network and a store of its own: all slaves are on one master. */
function configOf(family: Family, index: number, { path }: Scratch): object {
  const IPv4 = [{ subnet: `10.${index + 1}.0.0/24` }];
  const IPv6 = [{ subnet: `fd00:${index + 1}::/64` }];
  const ranges = family === 'IPv4' ? [IPv4] : [IPv4, IPv6];
  const routes = [{ dst: '0.0.0.0/0' }, ...(family === 'IPv4' ? [] : [{ dst: '::/0' }])];
  const ipam = { type: 'host-local', dataDir: join(path, String(index)), ranges, routes };
  return {
    cniVersion: '1.0.0',
    name: `bench-${family === 'IPv4' ? 4 : 46}`,
    type: 'ipvlan',
    master: MASTER,
    mode: 'l2',
    ipam,
  };
}

await main();
