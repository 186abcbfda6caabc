import { conformance, type Fixture } from '@cni/testkit';
import { bandwidth } from './bandwidth.ts';
import { addPod, made, type PodKind, run, type TestPod } from './testing/pods.ts';

const limits = { ingressRate: '20M', egressRate: '10M' };

/** Ways to spoil what ADD made; the IFBs' names are found, not known. */
function damages(pod: TestPod, kind: PodKind): Record<string, () => void> {
  const veth = kind === 'veth';
  const tc = (...args: string[]) => (veth ? run('tc', ...args) : pod.exec('tc', ...args));
  const dev = veth ? pod.hostEnd : 'eth0';
  const [rate, limit] = veth ? ['20mbit', '22331'] : ['10mbit', '17789'];
  const shape = (...[perSecond, burst, queue]: [string, string, string]) =>
    tc(...`qdisc change dev ${dev} root handle cb1: tbf rate ${perSecond} burst ${burst} limit ${queue}`.split(' '));
  const ifb = () => made(veth ? undefined : pod).find((name) => name.startsWith('bw')) ?? 'none';
  return {
    'the root qdisc is gone': () => tc('qdisc', 'del', 'dev', dev, 'root'),
    'another rate': () => shape('1gbit', '16384', limit),
    'another burst': () => shape(rate, '90000', limit),
    'a longer queue': () => shape(rate, '16384', '1m'),
    'another queue': () => tc(...`qdisc replace dev ${dev} parent cb1:1 handle cb2: pfifo limit 1000`.split(' ')),
    'the filter leads elsewhere': () => {
      const [{ pref, options }] = JSON.parse(tc('-j', 'filter', 'show', 'dev', dev, 'ingress')).filter(
        (one: { options?: { flowid?: string } }) => one.options?.flowid,
      );
      tc('filter', 'del', 'dev', dev, 'ingress');
      const all = `protocol all prio ${pref} u32 match u32 0 0 flowid ${options.flowid}`;
      tc(...`filter add dev ${dev} ingress ${all} action mirred egress redirect dev lo`.split(' '));
    },
    'the hook is gone': () => tc('qdisc', 'del', 'dev', dev, 'clsact'),
    'the filter is gone': () => tc('filter', 'del', 'dev', dev, 'ingress'),
    'the IFB has no limit': () => tc('qdisc', 'del', 'dev', ifb(), 'root'),
    'the IFB is gone': () => (veth ? run('ip', 'link', 'del', ifb()) : pod.ip('link', 'del', ifb())),
    'the IFB is down': () => (veth ? run('ip', 'link', 'set', ifb(), 'down') : pod.ip('link', 'set', ifb(), 'down')),
  };
}

function fixture(kind: PodKind): Fixture {
  return {
    role: 'chained',
    wrongKeys: { harmless: { ingressRate: '10 Mbit', latency: 'soon' } },
    prepare() {
      const pod = addPod(kind);
      return {
        netns: pod.path,
        config: { type: 'bandwidth', ...limits },
        prevResult: (version) => {
          if (['0.1.0', '0.2.0'].includes(version)) return { cniVersion: version, ip4: { ip: '10.9.0.2/24' } };
          const { ips } = pod.prevResult as { ips: object[] };
          const versioned = version.startsWith('0') ? ips.map((one) => ({ version: '4', ...one })) : ips;
          return { cniVersion: version, ...pod.prevResult, ips: versioned };
        },
        leftovers: () => [...made(), ...made(pod)],
        damages: damages(pod, kind),
        remove: () => pod.remove(),
      };
    },
  };
}

for (const kind of ['veth', 'macvlan'] as const) conformance(bandwidth, fixture(kind));
