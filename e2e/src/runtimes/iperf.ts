import { expect } from 'vitest';
import { eventually } from './site.ts';

/** Where a program can be run: a pod, a container, a namespace. */
export interface Place {
  run(...command: string[]): string | Promise<string>;
}

/** Of what goes from a client to a server, and of what comes back. */
export interface Rates {
  readonly out: number;
  readonly back: number;
}

/** Takes down what was measured. */
export type Note = (text: string) => unknown;

const SECONDS = 2;
/** A machine that is busy with other things delays what is measured, but nothing makes it more than the limit. */
const ATTEMPTS = 5;
/** TCP payload of a frame of 1514 bytes. */
const PAYLOAD = { IPv4: 1448 / 1514, IPv6: 1428 / 1514 };

/** Bits per second of frames that a client and the iperf3 server at `address` send each other, both at once. */
export async function throughput(client: Place, address: string): Promise<Rates> {
  const { sum_received: out, sum_received_bidir_reverse: back } = await eventually(() => measure(client, address));
  const payload = PAYLOAD[address.includes(':') ? 'IPv6' : 'IPv4'];
  return { out: out.bits_per_second / payload, back: back.bits_per_second / payload };
}

type Sums = Record<'sum_received' | 'sum_received_bidir_reverse', { bits_per_second: number }>;

/** Throws when there is no server yet, or it has another client still: iperf3 does not tell each of that by its exit status. */
async function measure(client: Place, address: string): Promise<Sums> {
  const told = await client.run('iperf3', '-J', '-c', address, '-t', String(SECONDS), '--bidir');
  const { end, error } = JSON.parse(told) as { end: Partial<Sums>; error?: string };
  if (error !== undefined || end.sum_received_bidir_reverse === undefined) throw new Error(`iperf3: ${error ?? told}`);
  return end as Sums;
}

/** Both directions have the rate, less the acknowledgements of the other. Never is there more; where there is less, it is measured again. */
export async function expectRates(client: Place, address: string, rates: Rates, note: Note): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const measured = await throughput(client, address);
    const shares = [measured.out / rates.out, measured.back / rates.back];
    await note(`${describe('to', rates.out, shares[0])}, ${describe('from', rates.back, shares[1])} ${address}`);
    expect(Math.max(...shares), address).toBeLessThan(1.1);
    if (Math.min(...shares) > 0.8) return;
    expect(attempt, `${address}: attempts to reach ${rates.out} and ${rates.back} bit/s`).toBeLessThan(ATTEMPTS);
  }
}

function describe(direction: string, rate: number, share = 0): string {
  return `${direction} ${(share * 100).toFixed(1)} % of ${rate / 1e6} Mbit/s`;
}

/** Nothing limits a client: more than `rate` goes to the address, at the best of some attempts. */
export async function expectMore(client: Place, address: string, rate: number): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { out } = await throughput(client, address);
    if (out > rate) return;
    expect(attempt, `attempts to send more than ${rate} bit/s without limits`).toBeLessThan(ATTEMPTS);
  }
}
