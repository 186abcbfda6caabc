import { describe, expect, test } from 'vitest';
import { formatLabels } from './metrics.ts';
import { GONE, NETNS } from './testing/pods.ts';
import { parseMetrics } from './testing/prometheus.ts';
import { Stage } from './testing/stage.ts';

/** A network with limits and one without; `pods` has an attachment that is gone. */
class Node extends Stage {
  constructor() {
    super();
    const network = (name: string, ...plugins: object[]) => {
      this.configure(`${name}.conflist`, { cniVersion: '1.0.0', name, plugins: [{ type: 'ipvlan' }, ...plugins] });
    };
    network('pods', { type: 'bandwidth', capabilities: { bandwidth: true } });
    network('free');
    for (const [networkName, containerId, netns] of [
      ['pods', 'gone', GONE],
      ['pods', 'unknown', ''],
      ['free', 'alive', NETNS],
    ] as const) {
      const attachment = { kind: 'cniCacheV1', containerId, ifName: 'eth0', networkName, netns };
      this.cache(`${networkName}-${containerId}-eth0`, attachment);
    }
  }
}

describe('what the command line says', () => {
  test.each([
    [['bandwidth', 'shwo', 'pods'], 'expected show, set, reset or metrics (got "shwo"); did you mean show?'],
    [['bandwidth', 'show'], 'expected bandwidth show NETWORK NETNS|CONTAINER'],
    [['bandwidth', 'set', 'pods', 'blue'], 'set needs --ingress RATE, --egress RATE'],
    [['bandwidth', 'show', 'pods', 'blue', '--egress', '1M'], 'rates and bursts are for set'],
    [['bandwidth', 'metrics', 'pods'], 'expected bandwidth metrics, for all networks'],
    [['bandwidth', 'set', 'pods', '--egress', '1M'], 'a namespace or --container-id is needed'],
    [
      ['bandwidth', 'set', 'pods', 'x', '--egress', '1Mbit'],
      '--egress: "1Mbit" is not a quantity of bits, such as 100M',
    ],
    [['bandwidth', 'set', 'pods', 'x', '--egress', '999'], '"999" is not 1 kbit/s to 1 Pbit/s, in bits per second'],
    [['bandwidth', 'set', 'pods', 'x', '--ingress', '2P'], '--ingress: "2P" is not 1 kbit/s to 1 Pbit/s'],
    [['bandwidth', 'set', 'pods', 'x', '--egress-burst', '-1'], '--egress-burst: "-1" is not a quantity of bits'],
    [['bandwidth', 'show', 'pods', '--container-id', 'unknown'], 'NETNS is needed: it was not remembered'],
  ])('%j', ([command = '', ...words], said) => {
    using node = new Node();
    expect(node.run(command, ...words)).toMatchObject({ status: 2, stderr: expect.stringContaining(said) });
  });
});

describe('what cannot be looked at', () => {
  test.each([
    [['pods', '--container-id', 'nobody'], 'eth0 of nobody is not attached to pods'],
    [['pods', '--container-id', 'gone'], `open ${GONE}: ENOENT`],
    [['free', '--container-id', 'alive'], 'no plugin of free is bandwidth'],
    [['nets', '--container-id', 'alive'], 'find network "nets"'],
  ])('show %j', (words, said) => {
    using node = new Node();
    expect(node.run('bandwidth', 'show', ...words)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(said),
    });
  });
});

describe('metrics', () => {
  test('of nothing are in order, whatever is gone', () => {
    using node = new Node();
    node.cache('pods-broken-eth0', '{');
    node.configure('00-broken.conflist', '{');
    const { status, stdout, stderr } = node.run('bandwidth', 'metrics');
    expect([status, stderr]).toEqual([0, '']);
    const families = parseMetrics(stdout);
    expect(families.get('cni_bandwidth_unreadable_attachments')?.samples).toEqual([{ labels: {}, value: 0 }]);
    expect(families.get('cni_bandwidth_bytes_total')).toMatchObject({ type: 'counter', samples: [] });
  });

  test('names that need escaping', () => {
    const labels = { ifname: 'a"b\\c\nd\\n', network: 'pods' };
    const text = `# HELP x y\n# TYPE x gauge\nx${formatLabels(labels)} 1\n`;
    expect(parseMetrics(text).get('x')?.samples).toEqual([{ labels, value: 1 }]);
  });

  test.each([
    ['# HELP x y\n# TYPE x gauge\nx 1', 'the last line has no end'],
    ['x 1\n', 'not a sample of'],
    ['# HELP x y\nx 1\n', 'no TYPE'],
    ['# HELP x y\n# TYPE x counter\nx 1\n', 'x is a counter'],
    ['# HELP x y\n# TYPE x gauge\nx 1\nx 2\n', 'twice: x'],
    ['# HELP x y\n# TYPE x gauge\nx{a="1",a="2"} 1\n', 'a label twice'],
    ['# HELP x y\n# TYPE x gauge\nx{a="1"b="2"} 1\n', 'not a sample'],
    ['# HELP x y\n# TYPE x gauge\nx{a="\\t"} 1\n', 'not a sample'],
    ['# HELP x y\n# TYPE x gauge\nx 1 kbit\n', 'not a sample'],
  ])('the reader of these tests refuses %j', (text, said) => {
    expect(() => parseMetrics(text)).toThrow(said);
  });
});
