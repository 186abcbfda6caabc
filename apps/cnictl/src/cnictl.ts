import { type Environment, toFailure } from '@cni/skel';
import { programVersion } from '@cni/sys';
import { closest } from './closest.ts';
import { parseCommandLine, UsageError } from './command-line.ts';
import { COMMANDS, type Command } from './commands.ts';
import { commandHelp, programHelp } from './help.ts';
import { printJson, type Terminal } from './session.ts';

const DONE = 0;
const REFUSED = 1;
const MISUSED = 2;

/** The program as a function: `words` are those after its name. Returns the exit status and does not throw. */
export function cnictl(words: readonly string[], env: Environment, terminal: Terminal): number {
  const [word = ''] = words;
  const command = COMMANDS.get(word);
  if (command !== undefined) return runCommand(word, command, words, env, terminal);
  const answer = answerTo(word);
  if (answer !== undefined) {
    terminal.stdout(answer);
    return DONE;
  }
  if (word === '') terminal.stderr(programHelp());
  else misused(`unknown command "${word}"${meant(word)}`, 'cnictl --help', terminal);
  return MISUSED;
}

function answerTo(word: string): string | undefined {
  if (word === '--version') return `cnictl ${programVersion() ?? 'unreleased'}\n`;
  return ['-h', '--help', 'help'].includes(word) ? programHelp() : undefined;
}

function meant(word: string): string {
  const known = closest(word, COMMANDS.keys());
  return known === undefined ? '' : `; did you mean ${known}?`;
}

function runCommand(
  name: string,
  command: Command,
  words: readonly string[],
  env: Environment,
  terminal: Terminal,
): number {
  try {
    const line = parseCommandLine(words.slice(1), command.options);
    if (line.given.has('help')) {
      terminal.stdout(commandHelp(name, command));
      return DONE;
    }
    const { length } = line.operands;
    if (length < command.fewest || length > command.most) throw new UsageError(`expected ${command.operands}`);
    return command.run({ words, line, env, terminal }) ? DONE : REFUSED;
  } catch (error) {
    if (error instanceof UsageError) return misused(`${name}: ${error.message}`, `cnictl ${name} --help`, terminal);
    return refused(error, words.includes('--json'), terminal);
  }
}

function misused(message: string, help: string, { stderr }: Terminal): number {
  stderr(`cnictl: ${message}\nSee: ${help}\n`);
  return MISUSED;
}

/** One line, and details below it; where JSON is wanted also the error object. */
function refused(error: unknown, json: boolean, { stdout, stderr }: Terminal): number {
  const { code, msg, details } = toFailure(error);
  const lines = details === '' ? [] : details.split('\n').map((line) => `  ${line}\n`);
  stderr(`cnictl: ${msg} (code ${code})\n${lines.join('')}`);
  if (json) stdout(printJson({ code, msg, ...(details !== '' && { details }) }));
  return REFUSED;
}
