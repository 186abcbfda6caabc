import { CniError, type Environment, toFailure } from '@cni/skel';
import { monotonic, text } from '@cni/sys';
import type { FinishedCall, Runtime } from './call-plugin.ts';
import type { CommandLine } from './command-line.ts';
import { describeCall, describeTimes } from './describe.ts';
import { findNetwork, noSuchNetwork } from './find-network.ts';
import type { Network } from './network.ts';
import { readSettings, type Settings } from './settings.ts';
import { formatTable } from './table.ts';

/** Where a command writes to. */
export interface Terminal {
  stdout(text: string): void;
  stderr(text: string): void;
}

/** A command as it was given. */
export interface Invocation {
  /** Every word after the program's name. */
  readonly words: readonly string[];
  readonly line: CommandLine;
  readonly env: Environment;
  readonly terminal: Terminal;
}

/** One run of a command: its settings, the plugins it calls, and what it prints. */
export interface Session {
  readonly settings: Settings;
  readonly runtime: Runtime;
  readonly calls: readonly FinishedCall[];
  /** Prints rows for people and how long it took, or the document where JSON is wanted. */
  print(rows: readonly (readonly string[])[], document?: unknown): void;
}

/** Throws `UsageError`. */
export function openSession({ line, env, terminal }: Invocation): Session {
  const settings = readSettings(line, env);
  const start = monotonic();
  const calls: FinishedCall[] = [];
  const finished = (call: FinishedCall) => {
    calls.push(call);
    terminal.stderr(settings.trace ? describeCall(call) : text(call.ended.stderr));
  };
  return {
    settings,
    runtime: { env, cniPath: settings.cniPath, cacheDir: settings.cacheDir, finished },
    calls,
    print(rows, document) {
      const times = ['time', describeTimes(monotonic() - start, calls)];
      if (!settings.json) terminal.stdout(formatTable([...rows, times]));
      else if (document !== undefined) terminal.stdout(printJson(document));
    },
  };
}

/** As plugins print it. */
export function printJson(document: unknown): string {
  return `${JSON.stringify(document, null, 4)}\n`;
}

/** The network of a name, or of a path of a conflist. Throws {@link CniError}. */
export function getNetwork({ settings: { confDir } }: Session, name: string): Network {
  const found = findNetwork(name, confDir);
  if (found === undefined) throw noSuchNetwork(name, confDir);
  return found;
}

/** An error with one more line of details. */
export function withAdvice(error: unknown, advice: string): CniError {
  const { code, msg, details } = toFailure(error);
  return new CniError(code, msg, { details: details === '' ? advice : `${details}\n${advice}` });
}
