import type { Options } from './command-line.ts';
import { COMMANDS, type Command } from './commands.ts';
import { formatTable } from './table.ts';

/** `cnictl --help` */
export function programHelp(): string {
  const rows = Array.from(COMMANDS, ([name, { operands, about }]) => ['', `${name} ${operands}`, about]);
  return [
    'cnictl attaches network namespaces to CNI networks, as a container runtime does.\n',
    `\nUsage: cnictl COMMAND\n\n${formatTable(rows)}`,
    '\nNETWORK is the name of a network in /etc/cni/net.d, or the path of a conflist (with a slash in it).\n',
    'NETNS is the name of a namespace, as of `ip netns`, or a path.\n',
    '\nExit status: 0 done, 1 refused by a plugin or the configuration, 2 a command line that is wrong.\n',
    '`cnictl COMMAND --help` tells of the options, `cnictl --version` of the release.\n',
  ].join('');
}

/** `cnictl COMMAND --help` */
export function commandHelp(name: string, { operands, about, notes, example, options }: Command): string {
  return [
    `cnictl ${name}: ${about}\n`,
    `\nUsage: cnictl ${name} ${operands} [OPTION]...\n`,
    `\n${formatTable(optionRows(options))}`,
    `\n${notes.map((line) => `${line}\n`).join('')}`,
    `\nExample: ${example}\n`,
  ].join('');
}

function optionRows(options: Options): string[][] {
  return Object.entries(options).map(([name, { value, short, about }]) => {
    const letter = short === undefined ? '   ' : `-${short},`;
    return ['', `${letter} --${name}${value === undefined ? '' : ` ${value}`}`, about];
  });
}
