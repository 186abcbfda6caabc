import { isErrno } from '@cni/sys';
import { netnsTest as test } from '@cni/testkit';
import { describe, expect } from 'vitest';
import { openRtnl } from '../rtnl.ts';
import type { NewLink } from './link.ts';

const veth: NewLink = { name: 'v0', info: { kind: 'veth', data: { peer: { name: 'v1' } } } };

describe('what iproute2 says of what we add', () => {
  test('a macvlan born in the pod', ({ host, pod }) => {
    const ours = openRtnl(host.netns);
    ours.links.add({ ...veth, up: true });
    const parent = ours.links.get({ name: 'v0' });
    ours.links.add({
      name: 'eth0',
      parent: parent.index,
      netns: pod.netns,
      mtu: 1400,
      address: '02:00:00:00:00:07',
      txQueueLength: 50,
      group: 9,
      info: { kind: 'macvlan', data: { mode: 'vepa' } },
    });
    expect(pod.ipJson('link', 'show', 'dev', 'eth0')[0]).toMatchObject({
      ifname: 'eth0',
      link_index: parent.index,
      mtu: 1400,
      address: '02:00:00:00:00:07',
      txqlen: 50,
      group: '9',
      operstate: 'DOWN',
      linkinfo: { info_kind: 'macvlan', info_data: { mode: 'vepa' } },
    });
    expect(host.ipJson('link').map(({ ifname }) => ifname)).not.toContain('eth0');
  });

  test('a veth with its peer in the pod', ({ host, pod }) => {
    const peer = { name: 'eth0', netns: pod.netns, address: '02:00:00:00:00:02', mtu: 1300 };
    openRtnl(host.netns).links.add({
      name: 'v0',
      address: '02:00:00:00:00:01',
      up: true,
      info: { kind: 'veth', data: { peer } },
    });
    const [end] = host.ipJson('link', 'show', 'dev', 'v0');
    const [other] = pod.ipJson('link', 'show', 'dev', 'eth0');
    expect(end).toMatchObject({
      address: '02:00:00:00:00:01',
      link_index: other.ifindex,
      linkinfo: { info_kind: 'veth' },
    });
    expect(end.flags).toContain('UP');
    expect(other).toMatchObject({ address: '02:00:00:00:00:02', mtu: 1300, link_index: end.ifindex });
    const found = openRtnl(pod.netns).links.get({ name: 'eth0' });
    expect(found).toMatchObject({ parent: end.ifindex, parentNetnsId: other.link_netnsid, info: { kind: 'veth' } });
  });

  test('an ifb and a bridge', ({ host }) => {
    const { links } = openRtnl(host.netns);
    links.add({ name: 'ifb7', info: { kind: 'ifb' } });
    links.add({ name: 'br7', info: { kind: 'bridge' } });
    for (const [name, kind] of [
      ['ifb7', 'ifb'],
      ['br7', 'bridge'],
    ])
      expect(host.ipJson('link', 'show', 'dev', String(name))[0].linkinfo.info_kind).toBe(kind);
    expect(links.list({ kind: 'ifb' }).map(({ name }) => name)).toEqual(['ifb7']);
    expect(links.list({ kind: 'no-such-kind' })).toEqual([]);
  });
});

test('what iproute2 says of what we set', ({ host, pod }) => {
  const { links } = openRtnl(host.netns);
  links.add(veth);
  links.add({ name: 'br7', info: { kind: 'bridge' } });
  const { index } = links.get({ name: 'v0' });
  const bridge = links.get({ name: 'br7' });
  links.set(index, {
    name: 'eth9',
    mtu: 1280,
    address: '02:00:00:00:00:09',
    alias: 'x'.repeat(255),
    txQueueLength: 77,
    up: true,
    master: bridge.index,
  });
  const [found] = host.ipJson('link', 'show', 'dev', 'eth9');
  expect(found).toMatchObject({ mtu: 1280, address: '02:00:00:00:00:09', txqlen: 77, master: 'br7' });
  expect(found.ifalias).toBe('x'.repeat(255));
  expect(found.flags).toContain('UP');
  expect(links.get({ index })).toMatchObject({ name: 'eth9', master: bridge.index, up: true });
  links.set(index, { up: false, master: 0, alias: '' });
  expect(links.get({ index })).toMatchObject({ up: false });
  expect(links.get({ index })).not.toHaveProperty('master');
  links.set(index, { netns: pod.netns, name: 'eth0' });
  expect(links.find({ index })).toBeUndefined();
  expect(pod.ipJson('link', 'show', 'dev', 'eth0')[0].address).toBe('02:00:00:00:00:09');
});

test('what we read agrees with iproute2, for every link', ({ host }) => {
  const { links } = openRtnl(host.netns);
  host.ip('link', 'add', 'v0', 'up', 'mtu', '1400', 'type', 'veth', 'peer', 'name', 'v1');
  host.ip('link', 'set', 'v1', 'up');
  host.ip('link', 'add', 'm0', 'link', 'v0', 'type', 'macvlan', 'mode', 'private');
  host.ip('link', 'add', 'br0', 'group', '5', 'type', 'bridge');
  const theirs = host.ipJson('link');
  const ours = links.list();
  expect(
    ours.map(({ index, name, mtu, address, txQueueLength }) => ({ index, name, mtu, address, txQueueLength })),
  ).toEqual(
    theirs.map((link) => ({
      index: link.ifindex,
      name: link.ifname,
      mtu: link.mtu,
      address: link.address,
      txQueueLength: link.txqlen,
    })),
  );
  expect(ours.map(({ up, running, info }) => [up, running, info?.kind])).toEqual(
    theirs.map(({ flags, linkinfo }) => [flags.includes('UP'), flags.includes('LOWER_UP'), linkinfo?.info_kind]),
  );
  expect(links.list({ parent: links.get({ name: 'v0' }).index, kind: 'macvlan' }).map(({ name }) => name)).toEqual([
    'm0',
  ]);
});

describe('what the kernel refuses', () => {
  test('a name that is taken, even for the very same link', ({ host }) => {
    const { links } = openRtnl(host.netns);
    links.add({ name: 'ifb7', info: { kind: 'ifb' } });
    expect(() => links.add({ name: 'ifb7', info: { kind: 'ifb' } })).toThrow('add link ifb7 (ifb): EEXIST');
  });

  test('an mtu that is too large', ({ host }) => {
    const { links } = openRtnl(host.netns);
    links.add(veth);
    const { index } = links.get({ name: 'v0' });
    expect(() => links.set(index, { mtu: 70000 })).toThrow(
      'set v0 (mtu 70000): EINVAL, kernel says "mtu greater than device maximum"',
    );
  });

  test('a name that is too long, with the attribute', ({ host }) => {
    const { links } = openRtnl(host.netns);
    const name = 'much-too-long-for-a-link';
    expect(() => links.add({ name, info: { kind: 'ifb' } })).toThrow(/ERANGE, kernel says ".*" at name$/);
  });

  test('a parent that is not there', ({ host }) => {
    const { links } = openRtnl(host.netns);
    const add = () => links.add({ name: 'm0', parent: 999, info: { kind: 'macvlan', data: { mode: 'bridge' } } });
    expect(add).toThrow('add link m0 (macvlan on link 999): ENODEV');
  });
});

test('deletion, by index, of what is there and what is not', ({ host }) => {
  const { links } = openRtnl(host.netns);
  links.add(veth);
  const { index } = links.get({ name: 'v0' });
  expect(links.deleteIfPresent(index)).toBe(true);
  expect(links.deleteIfPresent(index)).toBe(false);
  expect(host.ipJson('link').map(({ ifname }) => ifname)).toEqual(['lo']);
  expect(() => links.delete(index)).toThrow('delete v0: ENODEV');
});

test('an ipvlan, on a kernel that has it', ({ host, pod }) => {
  const { links } = openRtnl(host.netns);
  links.add(veth);
  const { index } = links.get({ name: 'v0' });
  const ipvlan: NewLink = {
    name: 'eth0',
    parent: index,
    netns: pod.netns,
    info: { kind: 'ipvlan', data: { mode: 'l3s', flag: 'private' } },
  };
  try {
    links.add(ipvlan);
  } catch (error) {
    // A kernel without it says so in these words; anything else is a failure.
    if (!isErrno(error, 'EOPNOTSUPP')) throw error;
    expect(error.message).toBe('add link eth0 (ipvlan on v0): EOPNOTSUPP, kernel says "Unknown device type"');
    return;
  }
  const { linkinfo } = pod.ipJson('link', 'show', 'dev', 'eth0')[0];
  expect(linkinfo).toMatchObject({ info_kind: 'ipvlan', info_data: { mode: 'l3s' } });
  expect(openRtnl(pod.netns).links.get({ name: 'eth0' }).info).toEqual({
    kind: 'ipvlan',
    data: { mode: 'l3s', flag: 'private' },
  });
});

test('one conversation for many requests, and a namespace of its own', ({ host, pod }) => {
  const ours = openRtnl(host.netns);
  for (let number = 0; number < 200; number++) ours.links.add({ name: `ifb${number + 10}`, info: { kind: 'ifb' } });
  expect(ours.links.list()).toHaveLength(201);
  expect(openRtnl(pod.netns).links.list()).toHaveLength(1);
  ours.close();
});
