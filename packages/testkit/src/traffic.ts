/** iperf3 between two namespaces, and what the receiver's own kernel counted of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

/** From one namespace to another, given by their paths. */
export interface Flow {
  readonly from: string;
  readonly to: string;
  /** The receiver's, IPv4 or IPv6. */
  readonly address: string;
  /** At once; 1 when absent. */
  readonly streams?: number;
  /** The namespace whose IP layer receives it, where that is not the receiver’s: in l3s the node receives what comes from outside. */
  readonly receivedIn?: string;
  /** Of the receiver; for flows to one namespace at once. What arrived is of all of them. */
  readonly port?: number;
  /** UDP at this rate, in bits per second of payload, in place of TCP. */
  readonly udp?: number;
}

/** What arrived, in bits per second of frames: with the link-layer header, as a bucket counts them. */
export interface Traffic {
  readonly whole: number;
  /** In each second, from the first packet on. */
  readonly seconds: readonly number[];
}

/** Bytes of frames that had arrived at some moment between two, by `performance.now()`: something else may have had the processor. */
export interface Sample {
  readonly begun: number;
  readonly ended: number;
  readonly bytes: number;
}

/** Traffic that goes on until it is stopped. */
export interface Running {
  /** When nothing had arrived yet. */
  readonly start: Sample;
  /** What has arrived until now. */
  sample(): Sample;
  stop(): Promise<void>;
}

/** Of Ethernet. */
const LINK_HEADER = 14;
/** IP and TCP with time stamps: an aggregate of segments is counted with one of these, and crosses links with one for each. */
const SEGMENT_HEADER = { v4: 52, v6: 72 };
/** So many bytes are no data yet: what iperf3 says before the test, and the handshake of each stream. */
const BEFORE = { test: 3_000, stream: 400 };
const PORT = 5201;
/** The kernel’s own, which fills a queue: a machine may have been told to use bbr, which keeps each short by itself. */
const CONGESTION_CONTROL = 'cubic';
const START_TIMEOUT = 15_000;

/** Measures for so many seconds. Throws `Error` when nothing arrives. */
export async function measureTraffic(flow: Flow, seconds: number): Promise<Traffic> {
  const running = await startTraffic(flow);
  try {
    const samples = [running.start];
    while (samples.length <= seconds) {
      await setTimeout(running.start.begun + 1000 * samples.length - performance.now());
      samples.push(running.sample());
    }
    const each = samples.slice(1).map((sample, index) => rateOf(samples[index] ?? sample, sample));
    return { whole: rateOf(samples[0], samples.at(-1)), seconds: each };
  } finally {
    await running.stop();
  }
}

/** Bits per second; never more than there were, whatever came between. */
export function rateOf(from: Sample | undefined, to: Sample | undefined): number {
  if (from === undefined || to === undefined) throw new Error('measure traffic: no samples');
  return (8000 * (to.bytes - from.bytes)) / (to.ended - from.begun);
}

/** Starts it, and returns when data arrives. Throws `Error` when none does. */
export async function startTraffic({
  from,
  to,
  address,
  receivedIn = to,
  streams = 1,
  port = PORT,
  udp,
}: Flow): Promise<Running> {
  const server = inside(to, 'iperf3', '-s', '-1', '-p', String(port));
  // Whose /proc/PID/net is read.
  const witness = receivedIn === to ? server : inside(receivedIn, 'sleep', 'infinity');
  let client: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    for (const one of [client, server, witness]) await end(one);
  };
  try {
    await until(() => listens(server.pid, port), `iperf3 to listen in ${to}`);
    // Until then its counters are those of our own namespace.
    await until(() => isIn(witness.pid, receivedIn), `a process in ${receivedIn}`);
    let quiet = sampleOf(witness.pid);
    const before = quiet.bytes;
    const kind =
      udp === undefined ? ['-C', CONGESTION_CONTROL] : ['-u', '-b', String(Math.round(udp / streams)), '-l', '1448'];
    const start = () =>
      inside(from, 'iperf3', '-c', address, '-p', String(port), '-t', '600', '-P', String(streams), ...kind);
    client = start();
    const most = BEFORE.test + BEFORE.stream * streams;
    await until(() => {
      // The first packet may find a neighbour that is not known yet.
      if (client?.exitCode) client = start();
      const now = sampleOf(witness.pid);
      if (now.bytes > before + most) return true;
      quiet = now;
      return false;
    }, `data from ${from} to ${address}`);
    return { start: quiet, sample: () => sampleOf(witness.pid), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function inside(netns: string, ...command: string[]): ChildProcess {
  return spawn('nsenter', [`--net=${netns}`, ...command], { stdio: 'ignore' });
}

function isIn(pid: number | undefined, netns: string): boolean {
  const own = statSync(`/proc/${pid}/ns/net`, { throwIfNoEntry: false });
  return own?.ino === statSync(netns).ino;
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > START_TIMEOUT) throw new Error(`wait for ${what}: not within ${START_TIMEOUT} ms`);
    await setTimeout(5);
  }
}

/** `/proc/PID/net` is that of the process's own namespace. */
function lines(pid: number | undefined, file: string): string[] {
  const path = `/proc/${pid}/net/${file}`;
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
}

/** State 0A in /proc/net/tcp. The program is still nsenter, elsewhere, until it is not. */
function listens(pid: number | undefined, at: number): boolean {
  const port = `:${at.toString(16).toUpperCase()} `;
  return ['tcp', 'tcp6'].some((file) =>
    lines(pid, file).some((line) => line.includes(port) && /^ *\d+: \S+ \S+ 0A /.test(line)),
  );
}

function sampleOf(pid: number | undefined): Sample {
  const begun = performance.now();
  const bytes = receivedBytes(pid);
  return { begun, bytes, ended: performance.now() };
}

/** Of both families, in frames. What IP counts has passed every queue. */
function receivedBytes(pid: number | undefined): number {
  const v4 = counted([...lines(pid, 'snmp'), ...lines(pid, 'netstat')]);
  const v6 = new Map(lines(pid, 'snmp6').map((line) => [line.split(/\s+/)[0] ?? '', Number(line.split(/\s+/)[1])]));
  return framesOf(v4, 'In', SEGMENT_HEADER.v4) + framesOf(v6, 'Ip6In', SEGMENT_HEADER.v6);
}

function framesOf(counters: ReadonlyMap<string, number>, prefix: string, header: number): number {
  const of = (name: string) => counters.get(`${prefix}${name}`) ?? 0;
  const segments = ['NoECTPkts', 'ECT1Pkts', 'ECT0Pkts', 'CEPkts'].reduce((sum, name) => sum + of(name), 0);
  return of('Octets') + (segments - of('Receives')) * header + segments * LINK_HEADER;
}

/** Pairs of lines, names and numbers, of `Ip` and `IpExt`. */
function counted(all: readonly string[]): Map<string, number> {
  const counters = new Map<string, number>();
  const wanted = all.filter((line) => /^(Ip|IpExt): /.test(line));
  for (let index = 0; index + 1 < wanted.length; index += 2) {
    const values = (wanted[index + 1] ?? '').split(' ');
    (wanted[index] ?? '').split(' ').forEach((name, column) => {
      counters.set(name, Number(values[column]));
    });
  }
  return counters;
}
