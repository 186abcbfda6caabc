import { parseWith } from '@cni/skel';
import { describe, expect, test } from 'vitest';
import { bandwidth } from './bandwidth.ts';
import { ArgsCni, type Asked, Config, limitOf, originOf, parseBurst, parseRate, RuntimeConfig } from './config.ts';
import { bits, formatBits, parseQuantity } from './quantity.ts';

describe('a quantity', () => {
  test.each([
    ['8M', 8_000_000],
    ['1.5G', 1_500_000_000],
    ['10Mi', 10_485_760],
    ['512Ki', 524_288],
    ['500k', 500_000],
    ['1000000', 1_000_000],
    ['1e6', 1_000_000],
    ['1.1k', 1_100],
    ['.5G', 500_000_000],
    ['2E3', 2_000],
    ['1P', 1e15],
    ['10m', 1],
    ['0', 0],
  ])('%s is %d bits', (text, value) => expect(parseQuantity(text)).toBe(value));

  test.each(['', '10 M', '10mb', '10Mbit', '-1M', 'fast', '1K', '0x10', '1,5G', 'M', '10MM', 'NaN'])(
    '%j is none',
    (text) => expect(() => parseQuantity(text)).toThrow(JSON.stringify(text)),
  );

  test.each([
    [20e6, '20 Mbit'],
    [1.5e9, '1.5 Gbit'],
    [10_485_760, '10.4858 Mbit'],
    [999, '999 bit'],
  ])('%d is shown as %s', (value, text) => expect(formatBits(value)).toBe(text));
});

interface Places {
  readonly config?: object;
  readonly runtimeConfig?: object;
  readonly argsCni?: object;
}

/** As skel does it, spelling included. */
function sources({ config = {}, runtimeConfig = {}, argsCni = {} }: Places) {
  return {
    config: parseWith(Config, config),
    runtimeConfig: parseWith(RuntimeConfig, bandwidth.respell.runtimeConfig(runtimeConfig)),
    argsCni: parseWith(ArgsCni, bandwidth.respell.argsCni(argsCni)),
  };
}
const ingress = (places: Places) => limitOf('ingress', sources(places));
const egress = (places: Places) => limitOf('egress', sources(places));
const NO_LIMIT = [undefined, undefined, 'override'];
const containerd = {
  bandwidth: { IngressRate: 8_000_000, IngressBurst: 4_294_967_295, EgressRate: 0, EgressBurst: 0 },
};

describe('where limits come from', () => {
  test.each<[string, Places, number | undefined, number | undefined]>([
    ['nothing', {}, undefined, undefined],
    ['a number', { config: { ingressRate: 1e6 } }, 1e6, undefined],
    ['a quantity', { config: { ingressRate: '1.5G', ingressBurst: '1M' } }, 1.5e9, 1e6],
    ['zero', { config: { ingressRate: 0, ingressBurst: 0 } }, undefined, undefined],
    ['null', { config: { ingressRate: null, ingressBurst: null } }, undefined, undefined],
    ['a burst alone', { config: { ingressBurst: '1M' } }, undefined, undefined],
    ['containerd', { runtimeConfig: containerd }, 8e6, undefined],
    ['CRI-O', { runtimeConfig: { bandwidth: { ingressRate: 8e6, ingressBurst: 34_359_738_359 } } }, 8e6, undefined],
    ['dockershim', { runtimeConfig: { bandwidth: { ingressRate: 8e6, ingressBurst: 2_147_483_647 } } }, 8e6, undefined],
    [
      'no opinion of the runtime, one of the operator',
      { config: { ingressBurst: '2M' }, runtimeConfig: containerd },
      8e6,
      2e6,
    ],
    [
      'args.cni',
      { argsCni: { ingressRate: '3M' }, runtimeConfig: containerd, config: { ingressRate: '1M' } },
      3e6,
      undefined,
    ],
    [
      'args.cni.bandwidth',
      { argsCni: { Bandwidth: { INGRESSRATE: '4M' } }, runtimeConfig: containerd },
      4e6,
      undefined,
    ],
    ['field by field', { argsCni: { ingressBurst: '1M' }, runtimeConfig: containerd }, 8e6, 1e6],
    ['defaultRate', { config: { defaultRate: '50M' } }, 50e6, undefined],
    ['defaultRate of the other direction', { config: { defaultRate: { egress: '50M' } } }, undefined, undefined],
    ['a rate and defaultRate', { config: { defaultRate: '50M' }, runtimeConfig: containerd }, 8e6, undefined],
    ['maxRate', { config: { maxRate: { ingress: '5M' } }, runtimeConfig: containerd }, 5e6, undefined],
    ['maxRate alone', { config: { maxRate: '5M' } }, 5e6, undefined],
    ['maxRate that is not reached', { config: { maxRate: '50M' }, runtimeConfig: containerd }, 8e6, undefined],
  ])('%s', (_, places, rate, burst) => {
    const found = ingress(places);
    expect([found?.rate, found?.burst]).toEqual([rate, rate === undefined ? undefined : burst]);
  });

  test('a direction of its own', () => expect(egress({ runtimeConfig: containerd })).toBeUndefined());

  test('a rate above maxRate is mentioned', () => {
    expect(ingress({ config: { maxRate: '5M', ingressRate: '10M' } })?.notes).toEqual([
      'ingress: 10 Mbit/s is more than maxRate, 5 Mbit/s',
    ]);
  });
});

describe('what an operator has set since', () => {
  const set = (override: Asked, places: Places = { runtimeConfig: containerd }) => {
    const all = { ...sources(places), override };
    const { rate, burst } = limitOf('ingress', all) ?? {};
    return [rate, burst, originOf('ingress', all)];
  };
  test.each<[string, Asked, Places | undefined, unknown[]]>([
    ['nothing', {}, undefined, [8e6, undefined, 'runtimeConfig']],
    ['a rate', { ingressRate: bits(9e6) }, undefined, [9e6, undefined, 'override']],
    ['the other direction', { egressRate: bits(9e6) }, undefined, [8e6, undefined, 'runtimeConfig']],
    ['a burst', { ingressBurst: bits(1e6) }, undefined, [8e6, 1e6, 'runtimeConfig']],
    ['no limit', { ingressRate: bits(0) }, { config: { ingressRate: 1e6, defaultRate: 1e6 } }, NO_LIMIT],
    [
      'no burst',
      { ingressBurst: bits(0) },
      { config: { ingressRate: 1e6, ingressBurst: 1e6 } },
      [1e6, undefined, 'configuration'],
    ],
    [
      'more than a maxRate that came later',
      { ingressRate: bits(9e6) },
      { config: { maxRate: 5e6 } },
      [5e6, undefined, 'maxRate'],
    ],
    [
      'no limit, before there was a maxRate',
      { ingressRate: bits(0) },
      { config: { maxRate: 5e6 } },
      [5e6, undefined, 'maxRate'],
    ],
  ])('%s', (_, override, places, expected) => expect(set(override, places)).toEqual(expected));

  test('where rates come from otherwise', () => {
    const origin = (places: Places) => originOf('ingress', sources(places));
    expect(origin({})).toBeUndefined();
    expect(origin({ argsCni: { ingressRate: 1e6 }, runtimeConfig: containerd })).toBe('args.cni');
    expect(origin({ argsCni: { bandwidth: { ingressRate: 1e6 }, ingressRate: 2e6 } })).toBe('args.cni.bandwidth');
    expect(origin({ config: { defaultRate: 1e6, maxRate: 2e6 } })).toBe('defaultRate');
    expect(origin({ config: { maxRate: 2e6 } })).toBe('maxRate');
    expect(origin({ config: { maxRate: 2e6 }, runtimeConfig: containerd })).toBe('maxRate');
  });

  test('rates and bursts as they are typed', () => {
    expect([parseRate('200M'), parseRate('none'), parseRate('0'), parseRate('1P')]).toEqual([2e8, 0, 0, 1e15]);
    expect([parseBurst('1.5M'), parseBurst('none'), parseBurst('1')]).toEqual([1_500_000, 0, 1]);
    for (const text of ['999', '1.1P', '1Mbit', '', '-1', 'None'])
      expect(() => parseRate(text), text).toThrow(`"${text}" is not `);
  });
});

/** A number of bits per second, or none, for what goes in and for what goes out. */
type Rates = [ingress: number | undefined, egress: number | undefined];

describe('as it arrives', () => {
  const none = { IngressRate: 0, IngressBurst: 0, EgressRate: 0, EgressBurst: 0 };
  test.each<[string, Places, Rates]>([
    [
      'containerd, both annotations',
      {
        runtimeConfig: {
          bandwidth: { IngressRate: 1e7, IngressBurst: 4_294_967_295, EgressRate: 1.5e9, EgressBurst: 4_294_967_295 },
        },
      },
      [1e7, 1.5e9],
    ],
    [
      'containerd, one annotation',
      { runtimeConfig: { bandwidth: { ...none, EgressRate: 10_485_760, EgressBurst: 4_294_967_295 } } },
      [undefined, 10_485_760],
    ],
    [
      'containerd, no annotation, nothing but others',
      { runtimeConfig: { 'io.kubernetes.cri.pod-annotations': null } },
      [undefined, undefined],
    ],
    [
      'containerd, other capabilities beside it',
      {
        runtimeConfig: {
          bandwidth: { ...none, IngressRate: 512e3 },
          portMappings: [{ HostPort: 18_080, ContainerPort: 80, Protocol: 'tcp', HostIP: '' }],
          dns: { Servers: ['10.0.0.10'], Searches: null, Options: null },
        },
      },
      [512e3, undefined],
    ],
    [
      'CRI-O',
      {
        runtimeConfig: {
          bandwidth: { ingressRate: 1e6, ingressBurst: 34_359_738_359, egressRate: 0, egressBurst: 0 },
        },
      },
      [1e6, undefined],
    ],
    [
      'Multus, zeros of a cluster without limits and a network of its own',
      { runtimeConfig: { bandwidth: { ingressRate: 2048, ingressBurst: 1600, egressRate: 4096, egressBurst: 1600 } } },
      [2048, 4096],
    ],
    [
      'Multus, cni-args of a selection beside the annotation',
      {
        argsCni: { egressRate: '200M', egressBurst: '4M' },
        runtimeConfig: { bandwidth: { ingressRate: 1e6, egressRate: 1e6 } },
      },
      [1e6, 200e6],
    ],
    [
      'cni-args with an object',
      { argsCni: { bandwidth: { IngressRate: '1.5G', EgressRate: '512Ki' } } },
      [1.5e9, 524_288],
    ],
    ['any letter case', { runtimeConfig: { BandWidth: { INGRESSRATE: 1e6, egressrate: 2e6 } } }, [1e6, 2e6]],
    ['numbers as text', { runtimeConfig: { bandwidth: { ingressRate: '1000000', egressRate: '1e6' } } }, [1e6, 1e6]],
    [
      'nulls',
      { runtimeConfig: { bandwidth: { ingressRate: null, egressRate: 1e6, egressBurst: null } } },
      [undefined, 1e6],
    ],
    [
      'null for all of it',
      { runtimeConfig: { bandwidth: null }, argsCni: { bandwidth: null } },
      [undefined, undefined],
    ],
    [
      'zero does not hide what comes after it',
      { argsCni: { ingressRate: 0 }, runtimeConfig: { bandwidth: none }, config: { ingressRate: '1M' } },
      [1e6, undefined],
    ],
    ['an empty object', { runtimeConfig: { bandwidth: {} }, argsCni: {} }, [undefined, undefined]],
  ])('%s', (_, places, expected) => {
    expect([ingress(places)?.rate, egress(places)?.rate]).toEqual(expected);
  });
});

describe('refused by key and value', () => {
  test.each<[object, string]>([
    [{ ingressRate: 999 }, 'ingressRate'],
    [{ egressRate: '2P' }, '1 kbit/s to 1 Pbit/s'],
    [{ egressRate: -1 }, 'egressRate'],
    [{ egressRate: 'fast' }, '"fast"'],
    [{ egressRate: '10m' }, '1 kbit/s to 1 Pbit/s'],
    [{ egressRate: [1e6] }, 'egressRate'],
    [{ egressRate: Number.NaN }, 'egressRate'],
    [{ egressRate: true }, 'egressRate'],
    [{ ingressBurst: '-1' }, 'ingressBurst'],
    [{ maxRate: '10' }, 'maxRate'],
    [{ maxRate: { ingress: 'x' } }, 'maxRate.ingress'],
    [{ latency: 'soon' }, 'latency'],
    [{ latency: '11s' }, 'latency'],
    [{ latency: '0ms' }, 'latency'],
    [{ where: 'node' }, 'where'],
    [{ sameNode: true }, 'sameNode'],
    [{ unshapedSubnets: ['10.0.0.0'] }, 'unshapedSubnets[0]'],
    [{ unshapedSubnets: [], shapedSubnets: [] }, 'shapedSubnets'],
    [{ unshapedSubnets: ['10.0.0.0/8'], shapedSubnets: ['fd00::/8'] }, 'shapedSubnets: either shapedSubnets or'],
  ])('%j', (config, words) => expect(() => parseWith(Config, config)).toThrow(words));
});

test('times', () => {
  const latency = (text: string) => parseWith(Config, { latency: text }).latency;
  expect([latency('25ms'), latency('1500us'), latency('0.5s')]).toEqual([25_000, 1_500, 500_000]);
  expect(parseWith(Config, {}).latency).toBe(8_000);
});

test('fractions of a bit are rounded up, and those that are none are not', () => {
  expect(bits(1e6 * 1.1)).toBe(1_100_000);
  expect(bits(1.2)).toBe(2);
});
