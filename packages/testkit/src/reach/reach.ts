/** Who reaches whom by TCP and UDP, asked between namespaces. */
import { exec, text, utf8 } from '@cni/sys';
import { reachProgram } from './program.ts';

/** Listens on all addresses of a namespace, by both protocols. */
export interface Server {
  /** Path of the namespace. */
  readonly netns: string;
  readonly port: number;
  /** What it answers with: one word. */
  readonly name: string;
}

export type Protocol = 'tcp' | 'udp';

/** One attempt to be answered. */
export interface Probe {
  readonly protocol: Protocol;
  /** Path of the namespace it is made in. */
  readonly netns: string;
  readonly address: string;
  readonly port: number;
  /** Milliseconds until it is given up. */
  readonly patience: number;
  /** The client's address; the kernel's choice unless given. */
  readonly source?: string;
}

/** Who answered and whom it saw, or why nobody did: the errno's name. */
export type Reached = { readonly name: string; readonly seen: string } | { readonly failure: string };

/** Makes all attempts at once, with the servers there as long as that takes. One answer for each, in order. Needs root. */
export function reach(servers: readonly Server[], probes: readonly Probe[]): Reached[] {
  const lines = [
    ...servers.map(({ netns, port, name }) => `serve ${netns} ${port} ${name}`),
    ...probes.map(
      ({ protocol, netns, address, port, patience, source = '' }) =>
        `${protocol} ${netns} ${address} ${port} ${patience} ${source}`,
    ),
  ];
  const { status, stdout, stderr } = exec(reachProgram(), { stdin: utf8(`${lines.join('\n')}\n`), env: {} });
  if (status !== 0) throw new Error(`reach: ${text(stderr)}`);
  const answers = text(stdout).trimEnd().split('\n');
  if (answers.length !== probes.length) throw new Error(`reach: ${answers.length} answers to ${probes.length} probes`);
  return answers.map((line) => {
    const [name = '', word = ''] = line.split(' ');
    return name === '-' ? { failure: word } : { name, seen: word };
  });
}
