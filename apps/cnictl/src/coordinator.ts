/** The command about what coordinator keeps for pods. */
import { type Synced, syncAttachments } from '@cni/plugin-coordinator';
import { UsageError } from './command-line.ts';
import { type Invocation, openSession } from './session.ts';

/** `cnictl coordinator sync [NETWORK]` */
export function coordinator(invocation: Invocation): void {
  const [word = '', network] = invocation.line.operands;
  if (word !== 'sync') throw new UsageError(`expected sync (got "${word}")`);
  const session = openSession(invocation);
  const synced = syncAttachments(network);
  const count = [
    'pods',
    synced.length === 0 ? 'none that coordinator is in force for' : `${synced.length} looked after`,
  ];
  session.print([...synced.map(describe), count], synced);
}

function describe({ network, containerId, ifName, added, removed, gone }: Synced): string[] {
  const changes = [...added.map((ip) => `+${ip}`), ...removed.map((ip) => `-${ip}`)].join(' ');
  const outcome = gone ? 'its pod, or the link to it, is gone' : changes || 'as it was';
  return ['attachment', `${containerId}/${ifName}`, `on ${network}`, outcome];
}
