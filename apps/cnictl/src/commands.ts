import { add, check, del } from './attach.ts';
import { bandwidth } from './bandwidth.ts';
import type { Options } from './command-line.ts';
import { coordinator } from './coordinator.ts';
import { install } from './install.ts';
import { ipam } from './ipam.ts';
import { lint } from './lint.ts';
import {
  ATTACHMENT_OPTIONS,
  BANDWIDTH_OPTIONS,
  GC_OPTIONS,
  HELP_OPTION,
  INSTALL_OPTIONS,
  NETWORK_OPTIONS,
} from './options.ts';
import type { Invocation } from './session.ts';
import { gc, status, version } from './survey.ts';

/** One command: what the help says of it, and what it does. */
export interface Command {
  /** As in the help: `NETWORK [NETNS]`. */
  readonly operands: string;
  readonly fewest: number;
  readonly most: number;
  /** One line. */
  readonly about: string;
  /** What is good to know, in lines. */
  readonly notes: readonly string[];
  readonly example: string;
  readonly options: Options;
  /** False when something is not as it should be and that has been said. Throws what has not. */
  readonly run: (invocation: Invocation) => boolean;
}

function always(run: (invocation: Invocation) => void): (invocation: Invocation) => boolean {
  return (invocation) => {
    run(invocation);
    return true;
  };
}

const ATTACH = { ...ATTACHMENT_OPTIONS, ...NETWORK_OPTIONS, ...HELP_OPTION };

const REMEMBERED = [
  'Interface, arguments and capabilities that are not given again are those of the add. Without NETNS, the container',
  'is the one of --container-id.',
];

/** All commands, in the order of the help. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  [
    'add',
    {
      operands: 'NETWORK NETNS',
      fewest: 2,
      most: 2,
      about: 'attach a network namespace to a network',
      notes: ['Ends at the first plugin that fails, and takes nothing back: the error says which command does.'],
      example: 'cnictl add pods blue',
      options: ATTACH,
      run: always(add),
    },
  ],
  [
    'check',
    {
      operands: 'NETWORK [NETNS]',
      fewest: 1,
      most: 2,
      about: 'ask the plugins whether all is as it was made',
      notes: REMEMBERED,
      example: 'cnictl check pods blue',
      options: ATTACH,
      run: always(check),
    },
  ],
  [
    'del',
    {
      operands: 'NETWORK [NETNS]',
      fewest: 1,
      most: 2,
      about: 'detach it again; the namespace may be gone already',
      notes: [...REMEMBERED, 'A network whose conflist is gone is deleted with the one it was added with.'],
      example: 'cnictl del pods blue',
      options: ATTACH,
      run: always(del),
    },
  ],
  [
    'gc',
    {
      operands: 'NETWORK [NETNS]',
      fewest: 1,
      most: 2,
      about: 'delete what is no longer in use',
      notes: [
        'Deletes each remembered attachment of the network that is not in use, then tells the plugins (CNI 1.1.0) which',
        'are. Only when no other command is at work on the network. NETNS does not matter.',
      ],
      example: 'cnictl gc pods --valid cnictl-blue/eth0',
      options: { ...GC_OPTIONS, ...NETWORK_OPTIONS, ...HELP_OPTION },
      run: always(gc),
    },
  ],
  [
    'status',
    {
      operands: 'NETWORK [NETNS]',
      fewest: 1,
      most: 2,
      about: 'ask the plugins whether they are ready for an add',
      notes: ['Needs a network of CNI 1.1.0; others are not asked. NETNS does not matter.'],
      example: 'cnictl status pods',
      options: { ...NETWORK_OPTIONS, ...HELP_OPTION },
      run: always(status),
    },
  ],
  [
    'version',
    {
      operands: 'NETWORK',
      fewest: 1,
      most: 1,
      about: 'ask the plugins which versions of CNI they speak',
      notes: ['Fails when one of them does not speak that of the network.'],
      example: 'cnictl version pods',
      options: { ...NETWORK_OPTIONS, ...HELP_OPTION },
      run: version,
    },
  ],
  [
    'ipam',
    {
      operands: 'ls|check NETWORK | free NETWORK ADDRESS|ID/IFNAME',
      fewest: 2,
      most: 3,
      about: 'tell who holds addresses of host-local, find leaks, free them',
      notes: [
        'check fails when an address is held by an attachment that is not remembered, or whose namespace is gone, or by one',
        'from before the last boot; and when files are damaged. free tells what it freed; the link keeps its address.',
      ],
      example: 'cnictl ipam check pods',
      options: { ...NETWORK_OPTIONS, ...HELP_OPTION },
      run: ipam,
    },
  ],
  [
    'bandwidth',
    {
      operands: 'show|set|reset NETWORK [NETNS|CONTAINER] | metrics',
      fewest: 1,
      most: 3,
      about: 'show and change the limits of a running pod',
      notes: [
        'set changes what it is given, in place, until reset or the end of the pod. reset makes what was configured. CONTAINER is',
        'an id, or as much of it as tells it from others. metrics prints those of all pods as Prometheus reads them.',
      ],
      example: 'cnictl bandwidth set pods blue --egress 200M',
      options: { ...BANDWIDTH_OPTIONS, ...NETWORK_OPTIONS, ...HELP_OPTION },
      run: bandwidth,
    },
  ],
  [
    'coordinator',
    {
      operands: 'sync [NETWORK]',
      fewest: 1,
      most: 2,
      about: 'tell running pods of the addresses that their node has now',
      notes: [
        'For after the node got or lost an address: pods learn at their ADD how to reach it. What else is missing of what',
        'coordinator made for them is put back too. Without NETWORK, pods of all networks.',
      ],
      example: 'cnictl coordinator sync',
      options: { ...NETWORK_OPTIONS, ...HELP_OPTION },
      run: always(coordinator),
    },
  ],
  [
    'lint',
    {
      operands: 'FILE...',
      fewest: 1,
      most: Number.POSITIVE_INFINITY,
      about: 'look for what is wrong with conflists, without running anything',
      notes: [
        'Values are held against the protocol, and against the schemas of our plugins; of others only the name is looked at.',
        'Keys that nothing reads are warnings. Fails when there are errors.',
      ],
      example: 'cnictl lint /etc/cni/net.d/*.conflist',
      options: { json: { about: 'print JSON' }, ...HELP_OPTION },
      run: lint,
    },
  ],
  [
    'install',
    {
      operands: '[NAME...]',
      fewest: 0,
      most: Number.POSITIVE_INFINITY,
      about: 'put the executables of an unpacked release into a directory of plugins',
      notes: [
        'Without NAME, all of the release. Each is held against SHA256SUMS and put in the place of the old file at once:',
        'plugins may be running meanwhile. A file of somebody else is not overwritten without --force; what was there is',
        'kept until the next install. --verify fails when a file is missing or is not the one of the release.',
      ],
      example: 'cnictl install ipvlan host-local cnictl',
      options: { ...INSTALL_OPTIONS, ...HELP_OPTION },
      run: install,
    },
  ],
]);
