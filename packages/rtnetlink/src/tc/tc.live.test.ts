import { parseCidr } from '@cni/ip';
import { isErrno } from '@cni/sys';
import { netnsTest as test } from '@cni/testkit';
import { describe, expect } from 'vitest';
import { openRtnl } from '../rtnl.ts';
import { bytes, bytesPerSecond } from './units.ts';

const OURS = { major: 0xcb1, minor: 0 };
const options = { rate: bytesPerSecond(2_500_000), burst: bytes(16_384), limit: bytes(41_384) };

function linkIn(host: { netns: Parameters<typeof openRtnl>[0] }) {
  const rtnl = openRtnl(host.netns);
  rtnl.links.add({ name: 'ifb7', up: true, info: { kind: 'ifb' } });
  return { ...rtnl, link: rtnl.links.get({ name: 'ifb7' }).index };
}

describe('what tc says of what we make', () => {
  test('tbf: added once, replaced and changed in place, deleted only by its handle', ({ host }) => {
    const { qdiscs, link } = linkIn(host);
    const tbf = { link, parent: 'root', handle: OURS, kind: 'tbf', options } as const;
    qdiscs.add(tbf);
    expect(() => qdiscs.add(tbf)).toThrow('EEXIST');
    const shown = () => JSON.parse(host.exec('tc', '-j', '-s', 'qdisc', 'show', 'dev', 'ifb7'))[0];
    expect(shown()).toMatchObject({ kind: 'tbf', handle: 'cb1:', options: { rate: 2_500_000 } });
    qdiscs.replace({ ...tbf, options: { ...options, rate: bytesPerSecond(125_000) } });
    expect(shown()).toMatchObject({ options: { rate: 125_000 } });
    qdiscs.change({ ...tbf, options });
    expect(shown()).toMatchObject({ options: { rate: 2_500_000 } });
    expect(qdiscs.deleteIfPresent({ link, parent: 'root', handle: { major: 7, minor: 0 } })).toBe(false);
    expect(qdiscs.deleteIfPresent({ link, parent: 'root', handle: OURS, kind: 'tbf' })).toBe(true);
    expect(qdiscs.deleteIfPresent({ link, parent: 'root', handle: OURS, kind: 'tbf' })).toBe(false);
  });

  test('the bucket is the one we asked for, from 1 kbit/s to 1 Pbit/s', ({ host }) => {
    const { qdiscs, link } = linkIn(host);
    for (const [perSecond, burst] of [
      [125, 16_384],
      [125e6, 500_000],
      [125e9, 500e6],
      [125e12, 2 ** 32 - 1],
    ] as const) {
      const asked = { rate: bytesPerSecond(perSecond), burst: bytes(burst), limit: bytes(2 ** 32 - 1) };
      qdiscs.replace({ link, parent: 'root', handle: OURS, kind: 'tbf', options: asked });
      const [found] = qdiscs.list({ link });
      expect(found).toMatchObject({ kind: 'tbf', options: { rate: perSecond } });
      // As exact as a tick is long, and as the kernel's own division is.
      const told = found?.kind === 'tbf' && found.options ? found.options.burst : 0;
      expect(Math.abs(told - burst)).toBeLessThanOrEqual(64e-9 * perSecond + burst / 1000);
    }
  });

  test('the child that tbf makes by itself is listed on demand', ({ host }) => {
    const { qdiscs, link } = linkIn(host);
    qdiscs.add({ link, parent: 'root', handle: OURS, kind: 'tbf', options });
    expect(qdiscs.list({ link }).map(({ kind }) => kind)).toEqual(['tbf']);
    const child = qdiscs.list({ link, invisible: true }).find(({ parent }) => typeof parent === 'object');
    expect(child).toMatchObject({ kind: 'bfifo', options: { limit: 41_384 } });
  });

  test('fq_codel within tbf, where the kernel has it', ({ host }) => {
    const { qdiscs, link } = linkIn(host);
    qdiscs.add({ link, parent: 'root', handle: OURS, kind: 'tbf', options });
    const parent = { ...OURS, minor: 1 };
    try {
      qdiscs.add({ link, parent, handle: { major: 0xcb2, minor: 0 }, kind: 'fq_codel', options: { ecn: true } });
      expect(qdiscs.list({ link }).map(({ kind }) => kind)).toContain('fq_codel');
    } catch (error) {
      expect(isErrno(error, 'ENOENT', 'EOPNOTSUPP'), String(error)).toBe(true);
    }
  });

  test('clsact: added once; filters of both hooks, listed and deleted one by one', ({ host }) => {
    const { qdiscs, filters, link, links } = linkIn(host);
    links.add({ name: 'v0', info: { kind: 'veth', data: { peer: { name: 'v1' } } } });
    const v0 = links.get({ name: 'v0' }).index;
    expect(filters.list({ link: v0, hook: 'ingress' })).toEqual([]);
    const flow = { major: 0, minor: 7 };
    const all = { link: v0, hook: 'ingress', priority: 51969, match: {}, action: { redirect: link }, flow } as const;
    expect(() => filters.add(all)).toThrow('add filter (to ifb7) at ingress of v0: EINVAL');
    const clsact = { link: v0, parent: 'ingress', kind: 'clsact' } as const;
    qdiscs.add(clsact);
    expect(() => qdiscs.add(clsact)).toThrow('EEXIST');
    filters.add(all);
    const match = { source: parseCidr('fd00::/48'), destination: parseCidr('fd01::7/128') };
    filters.add({ ...all, priority: 51970, hook: 'egress', match, action: 'pass' });
    const [found, ...none] = filters.list({ link: v0, hook: 'ingress', priority: 51969 });
    expect(none).toEqual([]);
    expect(found).toMatchObject({ ...all, statistics: { packets: 0 } });
    expect(filters.list({ link: v0, hook: 'egress' })).toMatchObject([{ match, action: 'pass', flow }]);
    const [shown] = JSON.parse(host.exec('tc', '-j', 'filter', 'show', 'dev', 'v0', 'ingress')).filter(
      (one: { options?: { fh?: string; actions?: unknown } }) => one.options?.actions,
    );
    expect(shown).toMatchObject({
      pref: 51969,
      protocol: 'all',
      options: { flowid: ':7', actions: [{ kind: 'mirred', mirred_action: 'redirect', to_dev: 'ifb7' }] },
    });
    if (found === undefined) throw new Error('no filter');
    expect(filters.deleteIfPresent(found)).toBe(true);
    expect(filters.deleteIfPresent(found)).toBe(false);
    expect(filters.list({ link: v0, hook: 'ingress' })).toEqual([]);
  });

  test('bits of the mark, where the kernel has act_skbedit', ({ host, skip }) => {
    const { qdiscs, filters, link, links } = linkIn(host);
    links.add({ name: 'v0', info: { kind: 'veth', data: { peer: { name: 'v1' } } } });
    const v0 = links.get({ name: 'v0' }).index;
    qdiscs.add({ link: v0, parent: 'ingress', kind: 'clsact' });
    const common = { link: v0, hook: 'ingress', match: {}, flow: { major: 0, minor: 7 } } as const;
    try {
      filters.add({ ...common, priority: 8, action: { mark: 0x80, mask: 0x80 } });
    } catch (error) {
      expect(String(error)).toMatch(/add filter \(mark 0x80\/0x80\) at ingress of v0: ENOENT, kernel says "/);
      return skip('this kernel has no act_skbedit');
    }
    filters.add({ ...common, priority: 9, action: { redirect: link } });
    expect(filters.list({ ...common, priority: 8 })).toMatchObject([{ action: { mark: 0x80, mask: 0x80 } }]);
    const shown = host.exec('tc', 'filter', 'show', 'dev', 'v0', 'ingress');
    expect(shown).toMatch(/pref 8 .*skbedit +mark 128\/0x80 continue.*pref 9 .*mirred/s);
    expect(filters.deleteIfPresent({ ...common, kind: 'u32', priority: 8, protocol: 3, handle: 0 })).toBe(true);
    expect(filters.list(common).map(({ priority }) => priority)).toEqual([9]);
  });

  test('a redirection to a link that is gone is one to 0', ({ host }) => {
    const { qdiscs, filters, link, links } = linkIn(host);
    links.add({ name: 'v0', info: { kind: 'veth', data: { peer: { name: 'v1' } } } });
    const v0 = links.get({ name: 'v0' }).index;
    qdiscs.add({ link: v0, parent: 'ingress', kind: 'clsact' });
    const flow = { major: 0, minor: link };
    filters.add({ link: v0, hook: 'ingress', priority: 9, match: {}, action: { redirect: link }, flow });
    links.delete(link);
    expect(filters.list({ link: v0, hook: 'ingress' })).toMatchObject([{ action: { redirect: 0 }, flow }]);
  });
});
