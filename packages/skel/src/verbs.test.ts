import { once } from 'node:events';
import { createServer } from 'node:net';
import { randomHex } from '@cni/sys';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { type CniArgs, CniError, execute, neededPrevResult } from './index.ts';
import { failed, OWN_NETNS, plugin, recorder, run } from './testing/run-plugin.ts';

describe('what a verb is given', () => {
  test('ADD', () => {
    const { subject, calls } = recorder({
      runtimeConfig: z.object({ bandwidth: z.optional(z.object({ ingressRate: z.number() })) }),
      argsCni: z.object({ ips: z.optional(z.array(z.string())) }),
      cniArgs: ['IP'],
    });
    const { status } = run(subject, {
      env: { CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=p;IP=10.0.0.9' },
      config: {
        mode: 'l3',
        dns: { domain: 'a', search: null },
        args: { cni: { IPs: ['10.0.0.8'] } },
        runtimeConfig: { Bandwidth: { IngressRate: 5 }, 'io.kubernetes.cri.pod-annotations': null },
        prevResult: { cniVersion: '1.0.0', interfaces: [{ name: 'a' }] },
      },
    });
    expect(status).toBe(0);
    expect(calls).toMatchObject([
      {
        config: { mode: 'l3' },
        network: { name: 'net', cniVersion: '1.1.0' },
        attachment: { containerId: 'id', ifName: 'eth0', sandbox: OWN_NETNS },
        netns: { path: OWN_NETNS },
        prevResult: { interfaces: [{ name: 'a' }] },
        ipam: undefined,
        runtimeConfig: { bandwidth: { ingressRate: 5 } },
        argsCni: { ips: ['10.0.0.8'] },
        dns: { domain: 'a' },
      },
    ]);
    const [{ args } = {}] = calls as { args?: CniArgs }[];
    expect(args?.get('IP')).toBe('10.0.0.9');
  });

  test('keys as plugins in Go read them, where a plugin wants that', () => {
    const config = { MODE: 'l3', mode: null };
    for (const [caselessKeys, mode] of [
      [true, 'l3'],
      [false, 'l2'],
    ] as const) {
      const { subject, calls } = recorder({
        caselessKeys,
        status() {},
        config: z.object({ mode: z._default(z.nullable(z.string()), 'l2') }) as never,
      });
      for (const verb of ['ADD', 'STATUS'])
        expect(run(subject, { verb, config: caselessKeys ? config : { MODE: 'l3' } }).status).toBe(0);
      expect(calls[0]).toMatchObject({ config: { mode } });
    }
  });

  test('wrong values of runtimeConfig and args.cni, at their place', () => {
    const schema = z.object({ ips: z.optional(z.array(z.string())) });
    const subject = plugin({ runtimeConfig: schema, argsCni: schema, cniArgs: ['IP'] });
    const wrong = { IPS: 'x' };
    expect(run(subject, { config: { runtimeConfig: wrong } })).toEqual(
      failed(7, 'runtimeConfig.ips: expected array (got "x")'),
    );
    expect(run(subject, { config: { args: { cni: wrong } } })).toEqual(
      failed(7, 'args.cni.ips: expected array (got "x")'),
    );
    expect(run(subject, { env: { CNI_ARGS: 'junk' } })).toEqual(
      failed(4, 'CNI_ARGS: "junk" is not of the form KEY=VALUE'),
    );
    expect(run(plugin(), { env: { CNI_ARGS: 'junk' } }).status).toBe(0);
  });

  test('CHECK, and the result it cannot do without', () => {
    const subject = plugin({ check: (call) => void neededPrevResult(call) });
    expect(run(subject, { verb: 'CHECK' })).toEqual(failed(7, 'prevResult: required'));
    expect(run(subject, { verb: 'CHECK', config: { prevResult: {} } })).toEqual({
      status: 0,
      stderr: '',
      stdout: undefined,
    });
  });

  test('a result that was passed through is equivalent', () => {
    const { subject } = recorder();
    const prevResult = {
      cniVersion: '1.0.0',
      interfaces: [{ name: 'a', zip: [1] }],
      ips: [{ address: '1.2.3.4/5' }],
      zap: 1,
    };
    expect(run(subject, { config: { prevResult } }).stdout).toEqual({ ...prevResult, cniVersion: '1.1.0' });
  });

  test.each([
    [undefined, []],
    [null, []],
    [[{ containerID: 'a', ifname: 'eth0', more: 1 }], [{ containerId: 'a', ifName: 'eth0' }]],
  ])('GC with %j', (listed, validAttachments) => {
    const calls: object[] = [];
    const subject = plugin({ gc: (call) => void calls.push(call) });
    expect(run(subject, { verb: 'GC', config: { 'cni.dev/valid-attachments': listed } }).status).toBe(0);
    expect(calls).toMatchObject([{ validAttachments, network: { name: 'net' }, config: { mode: 'l2' } }]);
  });

  test.each([
    [{}, 'cni.dev/valid-attachments: expected array (got {})'],
    [['a'], 'cni.dev/valid-attachments[0]: expected object (got "a")'],
    [[{ containerID: 'a' }], 'cni.dev/valid-attachments[0].ifname: required'],
  ])('GC with a wrong list is not GC of everything: %j', (listed, msg) => {
    const subject = plugin({ gc: () => expect.unreachable() });
    expect(run(subject, { verb: 'GC', config: { 'cni.dev/valid-attachments': listed } })).toEqual(failed(7, msg));
  });

  test('STATUS', () => {
    const subject = plugin({
      status: () => {
        throw new CniError('NOT_AVAILABLE', 'no master');
      },
    });
    expect(run(subject, { verb: 'STATUS' })).toEqual(failed(50, 'no master'));
    expect(run(plugin(), { verb: 'STATUS' })).toEqual({ status: 0, stderr: '', stdout: undefined });
    expect(run(plugin(), { verb: 'STATUS', config: { mode: 5 } })).toEqual(failed(7));
  });
});

describe('the namespace', () => {
  test('one that is gone, for ADD and CHECK', () => {
    for (const verb of ['ADD', 'CHECK']) {
      const { subject, calls } = recorder();
      const msg = 'CNI_NETNS: open /run/netns/none: ENOENT';
      expect(run(subject, { verb, env: { CNI_NETNS: '/run/netns/none' } })).toEqual(failed(4, msg));
      expect(calls).toEqual([]);
    }
  });

  test.each(['', '/run/netns/none', '/etc/hostname', '/etc/hostname/x'])('"%s" for DEL', (path) => {
    const { subject, calls } = recorder();
    expect(run(subject, { verb: 'DEL', env: { CNI_NETNS: path } }).status).toBe(0);
    expect(calls).toMatchObject([{ netns: undefined, attachment: { sandbox: path } }]);
  });

  test.each(['', '0', 'yes'])("the plugin's own, with CNI_NETNS_OVERRIDE=%s", (override) => {
    const { subject, calls } = recorder();
    const more = { CNI_NETNS_OVERRIDE: override };
    expect(run(subject, { env: more })).toEqual(failed(8, expect.stringContaining('CNI_NETNS')));
    expect(calls).toEqual([]);
    expect(run(subject, { verb: 'DEL', env: more }).status).toBe(0);
    expect(run(subject, { verb: 'CHECK', env: more }).status).toBe(0);
    expect(calls).toMatchObject([{ netns: undefined }, { netns: { path: OWN_NETNS } }]);
  });

  test.each(['1', 'true', 'True'])("the plugin's own, with CNI_NETNS_OVERRIDE=%s", (override) => {
    const { subject, calls } = recorder();
    for (const verb of ['ADD', 'DEL']) run(subject, { verb, env: { CNI_NETNS_OVERRIDE: override } });
    expect(calls).toMatchObject([{ netns: { path: OWN_NETNS } }, { netns: { path: OWN_NETNS } }]);
  });

  test.each([{ role: 'ipam' as const }, { name: 'host-local' }])('an IPAM plugin does without: %j', (parts) => {
    const subject = plugin({ ...parts, status() {}, check: (call) => void call.netns });
    const asked = { env: { CNI_NETNS: 'dummy' }, config: { ipam: { type: 'host-local' } } };
    expect(run(subject, asked).status).toBe(0);
    expect(run(subject, { ...asked, verb: 'CHECK' })).toEqual(failed(4, 'CNI_NETNS: open dummy: ENOENT'));
  });

  test('one that cannot be opened keeps no IPAM plugin from DEL', async () => {
    const path = `/tmp/skel-netns-${randomHex(6)}`;
    const server = createServer().listen(path);
    await once(server, 'listening');
    const asked = { verb: 'DEL', env: { CNI_NETNS: path } };
    expect(run(plugin(), asked)).toEqual(failed(5, `open ${path}: ENXIO`));
    expect(run(plugin({ role: 'ipam' }), asked).status).toBe(0);
    server.close();
  });
});

describe('DEL', () => {
  test('cannot fail on a key that it does not need', () => {
    const config = { mode: 5, ipam: 'x', dns: 1, runtimeConfig: 1, args: 1, type: 1, logFile: 'x', logLevel: 1 };
    const { subject, calls } = recorder({ cniArgs: ['IP'] });
    expect(run(subject, { verb: 'DEL', config, env: { CNI_ARGS: 'junk' } })).toEqual({
      status: 0,
      stderr: '',
      stdout: undefined,
    });
    expect(calls).toMatchObject([{ config: {}, ipam: undefined, prevResult: undefined }]);
  });

  test('has of the configuration what it says it needs', () => {
    const { subject, calls } = recorder({ delConfig: z.object({ dataDir: z.string() }) });
    expect(run(subject, { verb: 'DEL', config: { dataDir: '/x' } }).status).toBe(0);
    expect(calls).toMatchObject([{ config: { dataDir: '/x' } }]);
    expect(run(subject, { verb: 'DEL' })).toEqual(failed(7, 'dataDir: required'));
  });

  test('needs no more than this', () => {
    const bare = { CNI_COMMAND: 'DEL', CNI_CONTAINERID: 'id', CNI_IFNAME: 'eth0' };
    expect(execute(plugin(), { env: bare, stdin: '{"name":"n"}' })).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('is told of a result that cannot be read', () => {
    expect(run(plugin(), { verb: 'DEL', config: { prevResult: { ips: 5 } } })).toEqual(failed(7));
    expect(run(plugin(), { verb: 'DEL', config: { prevResult: { cniVersion: '0.4.0' } } })).toEqual(failed(1));
  });
});
