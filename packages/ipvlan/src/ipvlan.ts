/**
 * ipvlan gives a pod a slave of one of the node's links. Master and slaves share one MAC address; the kernel tells them
 * apart by IP address.
 *
 * Kernel: Documentation/networking/ipvlan.rst
 */
import { openRtnl, setTrace } from '@cni/rtnetlink';
import { CniError, definePlugin, mergeDns, type Plugin, type Result } from '@cni/skel';
import { addRoutes, configureAddresses } from './addresses.ts';
import { checkSlave } from './check.ts';
import { Config } from './config.ts';
import { resolveMaster } from './master.ts';
import { forgetWitness, inMode } from './mode.ts';
import { addSlave, deleteOwnSlave, expectFreeName, markOf } from './slave.ts';

export const ipvlan: Plugin = definePlugin({
  name: 'ipvlan',
  about: 'ipvlan gives a pod a slave of a link of the node: its own IP addresses, the MAC address of the master',
  config: Config,
  trace: setTrace,

  add({ config, attachment, netns, prevResult, ipam, network, dns, undo }) {
    const pod = openRtnl(netns);
    const home = config.linkInContainer ? pod : openRtnl();
    const master = resolveMaster(home, config, attachment, prevResult);
    // Before anything that would be taken back: a repeated ADD must not release what the first one holds.
    expectFreeName(pod, attachment);

    const assigned: Result = ipam?.add() ?? prevResult ?? {};
    if (ipam !== undefined && assigned.ips === undefined) {
      throw new CniError('DELEGATE_FAILED', 'the IPAM plugin answered without an address');
    }
    const mark = markOf(attachment, network.name);
    undo.defer('forget the slave', () => forgetWitness(mark));
    const slave = inMode({ config, master, home, attachment, mark }, () =>
      addSlave({ pod, netns, home, master, config, attachment, network: network.name, undo }),
    );

    const { ips = [], routes } = assigned;
    configureAddresses({ pod, netns, slave }, config.dad, ips);
    addRoutes({ pod, slave }, assigned);

    const interfaces = [...(prevResult?.interfaces ?? [])];
    const index = interfaces.push({
      name: slave.name,
      mac: slave.address,
      mtu: slave.mtu,
      sandbox: attachment.sandbox,
    });
    const merged = mergeDns(dns, assigned.dns);
    return {
      interfaces,
      ips: ips.map((ip) => ({ ...ip, interface: index - 1 })),
      ...(routes !== undefined && { routes }),
      ...(merged !== undefined && { dns: merged }),
    };
  },

  del({ attachment, netns, prevResult, ipam, network }) {
    if (netns !== undefined) deleteOwnSlave(openRtnl(netns), netns, attachment, network.name, prevResult);
    forgetWitness(markOf(attachment, network.name));
    // Last: an address that is free may be given to the next pod, and the old link must not answer for it then.
    ipam?.del();
  },

  check({ config, attachment, netns, prevResult, ipam }) {
    ipam?.check();
    if (prevResult === undefined) throw new CniError('INVALID_CONFIG', 'prevResult is missing');
    const pod = openRtnl(netns);
    const home = config.linkInContainer ? pod : openRtnl();
    checkSlave({ pod, home, config, attachment, prevResult });
  },

  status({ config, ipam }) {
    ipam?.status();
    const { master, linkInContainer } = config;
    if (master !== undefined && !linkInContainer && openRtnl().links.find({ name: master }) === undefined) {
      throw new CniError('NOT_AVAILABLE', `master "${master}": no such link on the node`);
    }
  },
});
