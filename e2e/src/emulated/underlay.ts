import { quoted } from '../job.ts';
import type { Mode } from '../network.ts';
import type { PluginConfig } from '../runtime.ts';
import { defaults, ours } from '../world.ts';
import type { Machine } from './machine.ts';
import * as places from './places.ts';

/** Each is a network namespace of that name. */
const names = ['node', 'outside', 'pod'] as const;
export type Place = (typeof names)[number];

/** What a client of each kind heard: whom the pod saw, or nothing. */
export type Answers = Readonly<Record<places.Kind, string>>;

/** Everybody is answered, and seen as who he is; addresses as socat writes them. */
export const answered: Answers = {
  TCP4: '198.51.100.1',
  UDP4: '198.51.100.1',
  TCP6: '[2001:0db8:0100:0000:0000:0000:0000:0001]',
  UDP6: '[2001:0db8:0100:0000:0000:0000:0000:0001]',
};
export const unanswered: Answers = { TCP4: '', UDP4: '', TCP6: '', UDP6: '' };

const CONFLIST = '/etc/underlay.conflist';

/** A node with an uplink to the outside, where a client is, and with a NodePort that leads to its pod. */
export class Underlay {
  readonly #machine: Machine;

  private constructor(machine: Machine) {
    this.#machine = machine;
  }

  static async make(machine: Machine): Promise<Underlay> {
    await machine.run(places.PROGRAMS);
    await machine.run(names.map((name) => `ip netns add ${name}`).join('\n'));
    const underlay = new Underlay(machine);
    await underlay.in('node', places.NODE);
    await underlay.in('outside', places.OUTSIDE);
    await underlay.in('pod', places.POD);
    return underlay;
  }

  /** Runs a script in a place; what it says. Throws when one of its commands fails. */
  in(place: Place, script: string): Promise<string> {
    return this.#machine.run(`ip netns exec ${place} sh -ec ${quoted(script)}`);
  }

  /** Attaches the pod to an ipvlan network, with the only addresses that host-local has; plugins may follow. */
  async add(mode: Mode, ...behind: PluginConfig[]): Promise<void> {
    const list = { cniVersion: '1.1.0', name: 'underlay', plugins: [ipvlan(mode), ...behind] };
    await this.#machine.run(`printf %s ${quoted(JSON.stringify(list))} > ${CONFLIST}`);
    await this.#cnictl('add');
    if (mode !== 'l2') await this.in('outside', places.TO_POD_BY_NODE);
  }

  async check(): Promise<void> {
    await this.#cnictl('check');
  }

  async del(): Promise<void> {
    await this.#cnictl('del');
  }

  #cnictl(command: string): Promise<string> {
    return this.in('node', `${ours}/cnictl ${command} ${CONFLIST} pod --bin-dir ${ours}`);
  }

  /** What the client outside hears from the pod's own addresses, or from the NodePort, in so many seconds. */
  async ask(whom: 'pod' | 'node', seconds = 20): Promise<Answers> {
    const said = await this.in('outside', places.clients(whom, seconds));
    const heard = said.split('\n').map((line) => line.split(' ', 2) as [string, string]);
    return { ...unanswered, ...Object.fromEntries(heard) };
  }

  /** Everything that an attachment may leave behind. */
  async state(): Promise<Readonly<Record<string, string>>> {
    return {
      node: await this.in('node', places.STATE),
      pod: await this.in('pod', `${places.STATE}\n${places.SYSCTLS}`),
      files: await this.#machine.run(places.FILES),
    };
  }

  /** Ends the servers and removes all places. */
  async remove(): Promise<void> {
    await this.#machine.run(`kill $(ip netns pids pod)\nfor name in ${names.join(' ')}; do ip netns del $name; done`);
    await this.#machine.run('rm -rf /run/cni /var/lib/cni');
  }
}

function ipvlan(mode: Mode): PluginConfig {
  const ranges = places.families.map((family) => {
    const { pod, router } = places.addresses[family];
    return [{ subnet: places.subnets[family], rangeStart: pod, rangeEnd: pod, gateway: router }];
  });
  const routes = Object.values(defaults).map((dst) => ({ dst }));
  return { type: 'ipvlan', master: 'uplink', mode, ipam: { type: 'host-local', ranges, routes } };
}
