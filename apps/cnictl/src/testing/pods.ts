import { Stage } from './stage.ts';

/** A namespace that is there. */
export const NETNS: string = '/proc/self/ns/net';
/** One that is not. */
export const GONE: string = '/run/netns/cnictl-gone';

/** What the first plugin of `pods` answers to ADD. */
export const first: object = { cniVersion: '1.0.0', interfaces: [{ name: 'eth0', sandbox: NETNS }] };
/** What the second does. */
export const second: object = {
  cniVersion: '1.0.0',
  interfaces: [
    { name: 'br0', mac: '02:00:00:00:00:01' },
    { name: 'eth0', mac: '02:00:00:00:00:02', sandbox: NETNS },
  ],
  ips: [
    { address: '10.1.0.5/24', gateway: '10.1.0.1', interface: 1 },
    { address: 'fd00:1::5/64', interface: 1 },
  ],
  routes: [{ dst: '0.0.0.0/0' }, { dst: '10.9.0.0/16', gw: '10.1.0.9' }],
  dns: { nameservers: ['10.0.0.10', '10.0.0.11'], search: ['pods.local'] },
};

/** A network `pods` of two plugins, `a` and `b`. */
export function podsStage(keys: object = {}): Stage {
  const stage = new Stage();
  stage.plugin('a', { ADD: first });
  stage.plugin('b', { ADD: second });
  const plugins = [{ type: 'a', mine: 1 }, { type: 'b' }];
  stage.configure('10-pods.conflist', { cniVersion: '1.0.0', name: 'pods', plugins, ...keys });
  return stage;
}

/** Who is attached. */
export const ID: readonly string[] = ['--container-id', 'c1'];
