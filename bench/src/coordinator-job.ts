/** `node coordinator-job.ts`: run as root in a namespace of its own, where links may be made. Prints a line for each number of pods. */
import { execFileSync } from 'node:child_process';
import { ourExecutable, reference, referenceExecutable } from './candidates.ts';
import { type Crowded, POD_COUNTS, REPORT, VERBS } from './crowded.ts';
import { ip, makeNetns, type Netns } from './netns.ts';
import type { Run } from './plan.ts';
import { makeScratch, type Scratch } from './scratch.ts';
import { measure } from './spawner.ts';

const ROUNDS = 60;
const WARMUP = 3;
const MASTER = 'uplink';

async function main(): Promise<void> {
  using scratch = makeScratch();
  using namespaces = new DisposableStack();
  const make = (): Netns => namespaces.use(makeNetns());
  makeMaster(make());
  const [pod, other] = [podWith(make(), 1), make()];
  let present = 0;
  for (const count of POD_COUNTS) {
    for (; present < count; present++) attach(podWith(make(), present + 2), present, scratch);
    const { steps, disturbance } = await measure({
      rounds: ROUNDS,
      warmup: WARMUP,
      steps: VERBS.map((verb) => [coordinatorRun(verb, pod, scratch), macvlanRun(verb, other, scratch)]),
    });
    const crowded: Crowded = {
      present,
      disturbance,
      steps: steps.map((step) => step.map(({ milliseconds }) => milliseconds)),
    };
    console.log(`${REPORT}${JSON.stringify(crowded)}`);
  }
}

/** With a peer, so that it has a carrier, and addresses of the node. */
function makeMaster(outside: Netns): void {
  ip(`link add ${MASTER} type veth peer name ${MASTER} netns ${outside.name}`);
  ip(`-n ${outside.name} link set ${MASTER} up`);
  ip(`link set ${MASTER} up`);
  ip(`address add 10.9.0.1/16 dev ${MASTER}`);
  ip(`address add fd09::1/64 dev ${MASTER} nodad`);
}

interface Pod extends Netns {
  readonly addresses: readonly string[];
}

/** As macvlan leaves it, dual stack. */
function podWith(netns: Netns, number: number): Pod {
  const addresses = [`10.9.1.${number}/16`, `fd09::1:${number}/64`];
  ip(`link add link ${MASTER} name eth0 netns ${netns.name} type macvlan mode bridge`);
  for (const address of addresses) ip(`-n ${netns.name} address add ${address} dev eth0 nodad`);
  ip(`-n ${netns.name} link set eth0 up`);
  return { ...netns, addresses };
}

function coordinatorRun(verb: string, pod: Pod, scratch: Scratch): Run {
  const config = {
    cniVersion: '1.0.0',
    name: 'bench',
    type: 'coordinator',
    serviceCIDR: ['10.96.0.0/12', 'fd96::/108'],
    prevResult: {
      cniVersion: '1.0.0',
      interfaces: [{ name: 'eth0', sandbox: pod.path }],
      ips: pod.addresses.map((address) => ({ address, interface: 0 })),
    },
  };
  const stdin = scratch.write(`coordinator-${pod.name}.json`, config);
  return { command: [ourExecutable('coordinator')], stdin, env: environment(verb, pod) };
}

/** With the reference's IPAM, and one address. */
function macvlanRun(verb: string, pod: Netns, scratch: Scratch): Run {
  const ipam = { type: 'host-local', dataDir: scratch.path, ranges: [[{ subnet: '10.8.0.0/16' }]] };
  const config = { cniVersion: '1.0.0', name: 'yardstick', type: 'macvlan', master: MASTER, mode: 'bridge', ipam };
  const stdin = scratch.write('macvlan.json', config);
  return { command: [referenceExecutable('macvlan')], stdin, env: environment(verb, pod) };
}

function environment(verb: string, { path }: Netns): Record<string, string> {
  return {
    CNI_COMMAND: verb,
    CNI_CONTAINERID: 'pod-{round}',
    CNI_NETNS: path,
    CNI_IFNAME: 'eth0',
    CNI_PATH: reference,
  };
}

/** One of those that are there meanwhile. */
function attach(pod: Pod, number: number, scratch: Scratch): void {
  const { command, env = {}, stdin } = coordinatorRun('ADD', pod, scratch);
  const input = stdin === undefined ? '' : execFileSync('cat', [stdin]);
  execFileSync(command[0], [], { env: { ...env, CNI_CONTAINERID: `present-${number}` }, input });
}

await main();
