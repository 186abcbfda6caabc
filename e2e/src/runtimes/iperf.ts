import { expect } from 'vitest';
import { eventually } from './site.ts';

/** Where a program can be run: a pod, a container, a namespace. */
export interface Place {
  run(...command: string[]): string | Promise<string>;
}

export interface Throughput {
  /** Bits per second of TCP payload that arrived from the client, and at the client. */
  readonly out: number;
  readonly back: number;
}

const SECONDS = 2;
/** TCP payload of a frame of 1514 bytes. */
const PAYLOAD = { IPv4: 1448 / 1514, IPv6: 1428 / 1514 };

/** What a client and the iperf3 server at `address` send each other, both at once. */
export async function throughput(client: Place, address: string): Promise<Throughput> {
  const words = ['iperf3', '-J', '-c', address, '-t', String(SECONDS), '--bidir'];
  const told = JSON.parse(await eventually(() => client.run(...words)));
  return {
    out: told.end.sum_received.bits_per_second,
    back: told.end.sum_received_bidir_reverse.bits_per_second,
  };
}

/** The rate is that of frames; acknowledgements of the other direction have their share of it. */
export function expectRate(bits: number, rate: number, address: string, what: string): void {
  const share = bits / PAYLOAD[address.includes(':') ? 'IPv6' : 'IPv4'] / rate;
  console.log(`${what}: ${share.toFixed(3)} of ${rate / 1e6} Mbit/s`);
  expect(share, what).toBeGreaterThan(0.8);
  expect(share, what).toBeLessThan(1.1);
}
