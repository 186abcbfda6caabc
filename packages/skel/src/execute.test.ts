import { parseCidr } from '@cni/ip';
import * as sys from '@cni/sys';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import {
  type CniArgs,
  CniError,
  definePlugin,
  execute,
  neededPrevResult,
  type Plugin,
  type PluginDefinition,
  type Result,
  SPEC_VERSIONS,
} from './index.ts';

let directory: string;
beforeEach(() => {
  directory = `/tmp/cni-skel-${sys.randomHex(6)}`;
  sys.makeDirectories(directory);
});
afterEach(() => {
  for (const name of sys.listDirectory(directory)) sys.removeIfPresent(`${directory}/${name}`);
  sys.removeDirectoryIfPresent(directory);
});

const own = '/proc/self/ns/net';
const env = {
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'id',
  CNI_NETNS: own,
  CNI_NETNS_OVERRIDE: 'TRUE',
  CNI_IFNAME: 'eth0',
};
const network = { cniVersion: '1.1.0', name: 'net' };
const addressed: Result = { ips: [{ address: parseCidr('10.1.2.3/8') }] };

type Parts = Partial<PluginDefinition<{ mode: string }, unknown, unknown, unknown, string>>;

function plugin(parts: Parts = {}): Plugin {
  return definePlugin({
    name: 'x',
    about: 'x does nothing',
    config: z.object({ mode: z._default(z.string(), 'l2') }),
    add: () => addressed,
    del() {},
    check() {},
    ...(parts as object),
  });
}

interface Run {
  readonly verb?: string;
  readonly env?: Record<string, string>;
  readonly config?: object;
  readonly stdin?: string | Uint8Array;
}

function run(subject: Plugin, { verb = 'ADD', env: more = {}, config = {}, stdin }: Run = {}) {
  const { status, stdout, stderr } = execute(subject, {
    env: { ...env, CNI_COMMAND: verb, ...more },
    stdin: stdin ?? JSON.stringify({ ...network, ...config }),
  });
  return { status, stderr, stdout: stdout === '' ? undefined : JSON.parse(stdout) };
}

/** Remembers what each verb was given. */
function recorder(parts: Parts = {}) {
  const calls: Record<string, unknown>[] = [];
  const note = (call: object) => void calls.push({ ...call });
  const subject = plugin({
    ...parts,
    add(call) {
      note(call);
      return call.prevResult ?? addressed;
    },
    del: note,
    check: note,
  });
  return { subject, calls };
}

const failed = (code: number, msg: unknown = expect.any(String)) => ({
  status: 1,
  stderr: '',
  stdout: expect.objectContaining({ code, msg }),
});

describe('before anything is read', () => {
  test.each([{}, { CNI_COMMAND: '' }])('no command: what it is, and which versions it speaks', (none) => {
    const { status, stdout, stderr } = execute(plugin({ versions: ['1.0.0', '0.4.0'] }), { env: none, stdin: 'junk' });
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: '',
      stderr: 'x does nothing\nCNI versions: 0.4.0, 1.0.0\n',
    });
  });

  test.each([
    ['{"cniVersion":"0.4.0"}', '0.4.0'],
    ['{"cniVersion":"9.9.9"}', '9.9.9'],
    ['{"cniVersion":"1.0.0"}{', '1.0.0'],
    ['', '1.1.0'],
    ['junk', '1.1.0'],
    ['{', '1.1.0'],
    ['[]', '1.1.0'],
    ['{"cniVersion":5}', '1.1.0'],
    ['{"cniVersion":""}', '1.1.0'],
    ['{"__proto__":{"cniVersion":"0.1.0"}}', '1.1.0'],
  ])('VERSION with %s on stdin', (stdin, cniVersion) => {
    const junk = { CNI_CONTAINERID: '../..', CNI_NETNS: 'dummy', CNI_IFNAME: 'a/b', CNI_PATH: 'dummy' };
    expect(run(plugin(), { verb: 'VERSION', stdin, env: junk })).toEqual({
      status: 0,
      stderr: '',
      stdout: { cniVersion, supportedVersions: [...SPEC_VERSIONS] },
    });
  });

  test('an unknown verb, whatever is on stdin', () => {
    expect(run(plugin(), { verb: 'GET', stdin: '' })).toEqual(failed(4, expect.stringContaining('CNI_COMMAND')));
  });
});

describe('what is on stdin', () => {
  test.each([
    ['nothing', '', 6, 'configuration on stdin: empty'],
    ['a list', '[]', 6, 'configuration on stdin: expected object (got [])'],
    ['null', 'null', 6, 'configuration on stdin: expected object (got null)'],
    ['two documents', '{}{}', 6, 'configuration on stdin: not JSON'],
    ['too much', ' '.repeat(1 << 21), 6, 'configuration on stdin: larger than 1048576 bytes'],
    ['a mebibyte of brackets', '['.repeat(1 << 20), 6, 'configuration on stdin: nested deeper than 256 levels'],
    ['a version that is no text', '{"cniVersion":1,"name":"n"}', 6, 'cniVersion: expected string (got 1)'],
    ['a name that is no text', '{"name":[]}', 6, 'name: expected string (got [])'],
    ['no name', '{}', 7, 'name: required'],
    ['an empty name', '{"name":""}', 7, 'name: required'],
    ['a null name', '{"name":null}', 7, 'name: required'],
    ['a name in other letters', '{"Name":"n"}', 7, 'name: required'],
    ['a name for everything', '{"__proto__":{"name":"n"}}', 7, 'name: required'],
    ['a name that is a path', '{"name":"../n"}', 7, expect.stringMatching(/^name: .*\(got "\.\.\/n"\)$/)],
  ])('%s', (_, stdin, code, msg) => {
    for (const verb of ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS']) {
      expect(run(plugin(), { verb, stdin })).toEqual(failed(code, msg));
    }
  });

  test('bytes that are no text become U+FFFD', () => {
    const { subject, calls } = recorder();
    const stdin = new Uint8Array([...sys.utf8('{"name":"n","mode":"'), 0xff, ...sys.utf8('"}')]);
    run(subject, { stdin });
    expect(calls).toMatchObject([{ config: { mode: '\ufffd' } }]);
  });

  test('unknown keys pass', () => {
    expect(run(plugin(), { config: { zip: { zap: [] }, 'cni.dev/x': 1, capabilities: { ips: true } } }).status).toBe(0);
  });

  test.each([
    [{ type: 5 }, 'type: expected string (got 5)'],
    [{ ipam: 'x' }, 'ipam: expected object (got "x")'],
    [{ ipam: { type: 5 } }, 'ipam.type: expected string (got 5)'],
    [{ dns: [] }, 'dns: expected object (got [])'],
    [{ dns: { nameservers: 'x' } }, 'dns.nameservers: expected array (got "x")'],
    [{ args: 1 }, 'args: expected object (got 1)'],
    [{ args: { cni: 1 } }, 'args.cni: expected object (got 1)'],
    [{ runtimeConfig: [] }, 'runtimeConfig: expected object (got [])'],
    [{ capabilities: 'x' }, 'capabilities: expected object (got "x")'],
    [{ prevResult: [] }, 'prevResult: expected object (got [])'],
    [{ prevResult: { ips: 1 } }, 'prevResult.ips: expected array (got 1)'],
    [{ mode: 5 }, 'mode: expected string (got 5)'],
    [{ logFile: 'x' }, 'logFile: expected an absolute path (got "x")'],
    [{ logLevel: 'all' }, 'logLevel: expected one of "error", "info", "debug" (got "all")'],
  ])('a wrong value: %j', (config, msg) => {
    expect(run(plugin(), { config })).toEqual(failed(7, msg));
    expect(run(plugin(), { verb: 'CHECK', config })).toEqual(failed(7, msg));
  });

  test('null is the same as nothing', () => {
    const config = {
      type: null,
      ipam: null,
      dns: null,
      args: null,
      runtimeConfig: null,
      prevResult: null,
      logFile: null,
    };
    expect(run(plugin(), { config: { ...config, cniVersion: null } }).stdout).toMatchObject({ cniVersion: '0.1.0' });
    expect(run(plugin(), { config: { ipam: { type: null }, args: { cni: null } } }).status).toBe(0);
  });
});

describe('versions', () => {
  test.each(SPEC_VERSIONS)('an answer in %s', (cniVersion) => {
    expect(run(plugin(), { config: { cniVersion } })).toMatchObject({ status: 0, stdout: { cniVersion } });
  });

  test.each([undefined, '', null])('no version (%j) is 0.1.0', (cniVersion) => {
    expect(run(plugin(), { config: { cniVersion } }).stdout).toEqual({
      cniVersion: '0.1.0',
      ip4: { ip: '10.1.2.3/8' },
    });
  });

  test.each(['1.0', 'v1.0.0', '1.0.0 ', '1.2.0', 'x', '0.3.2', 'toString'])('"%s" is refused', (cniVersion) => {
    for (const verb of ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS']) {
      const refused = {
        ...failed(1),
        stdout: { cniVersion: '1.1.0', code: 1, msg: expect.stringMatching(/^cniVersion: /) },
      };
      expect(run(plugin(), { verb, config: { cniVersion } })).toEqual(refused);
    }
  });

  test.each([
    ['CHECK', '0.3.1', 1],
    ['CHECK', '0.4.0', 0],
    ['GC', '1.0.0', 1],
    ['GC', '1.1.0', 0],
    ['STATUS', '1.0.0', 1],
    ['STATUS', '1.1.0', 0],
    ['DEL', '0.1.0', 0],
  ])('%s in %s', (verb, cniVersion, status) => {
    const { status: ended, stdout } = run(plugin(), { verb, config: { cniVersion } });
    expect(ended).toBe(status);
    if (status === 1) expect(stdout).toMatchObject({ cniVersion, code: 1 });
  });

  test('a plugin need not speak all', () => {
    const subject = plugin({ versions: ['0.4.0', '1.0.0'] });
    expect(run(subject, { config: { cniVersion: '0.3.1' } }).stdout).toMatchObject({ cniVersion: '1.0.0', code: 1 });
    expect(run(subject, { config: { cniVersion: '0.4.0' } }).status).toBe(0);
  });

  test('errors are in the version asked for', () => {
    const subject = plugin({
      add: () => {
        throw new CniError('LINK_EXISTS', 'eth0', { details: 'd' });
      },
    });
    for (const cniVersion of SPEC_VERSIONS)
      expect(run(subject, { config: { cniVersion } }).stdout).toEqual({
        cniVersion,
        code: 100,
        msg: 'eth0',
        details: 'd',
      });
  });
});

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
        attachment: { containerId: 'id', ifName: 'eth0', sandbox: own },
        netns: { path: own },
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
      const msg = 'CNI_NETNS: "/run/netns/none": open /run/netns/none: ENOENT';
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
    expect(calls).toMatchObject([{ netns: undefined }, { netns: { path: own } }]);
  });

  test.each(['1', 'true', 'True'])("the plugin's own, with CNI_NETNS_OVERRIDE=%s", (override) => {
    const { subject, calls } = recorder();
    for (const verb of ['ADD', 'DEL']) run(subject, { verb, env: { CNI_NETNS_OVERRIDE: override } });
    expect(calls).toMatchObject([{ netns: { path: own } }, { netns: { path: own } }]);
  });

  test.each([{ role: 'ipam' as const }, { name: 'host-local' }])('an IPAM plugin does without: %j', (parts) => {
    const subject = plugin({ ...parts, status() {}, check: (call) => void call.netns });
    const asked = { env: { CNI_NETNS: 'dummy' }, config: { ipam: { type: 'host-local' } } };
    expect(run(subject, asked).status).toBe(0);
    expect(run(subject, { ...asked, verb: 'CHECK' })).toEqual(failed(4, 'CNI_NETNS: "dummy": open dummy: ENOENT'));
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

describe('failures', () => {
  test('what ADD deferred is undone, also when its result cannot be written', () => {
    for (const result of [{ dns: { domain: 'no address' } }, { ips: [{ address: 'x' }] }, { zip: 1n }]) {
      const undone: string[] = [];
      const subject = plugin({
        add({ undo }) {
          undo.defer('a', () => undone.push('a'));
          undo.defer('b', () => undone.push('b'));
          return result as Result;
        },
      });
      expect(run(subject, { config: { cniVersion: 'zip' in result ? '1.1.0' : '0.2.0' } }).status).toBe(1);
      expect(undone).toEqual(['b', 'a']);
    }
  });

  test('a bug is told of, its stack only where asked for', () => {
    const subject = plugin({
      del: () => {
        (undefined as unknown as () => void)();
      },
    });
    const quiet = run(subject, { verb: 'DEL' });
    expect(quiet).toEqual(failed(999, expect.stringMatching(/^TypeError: /)));
    const { stderr, stdout } = run(subject, { verb: 'DEL', env: { CNI_DEBUG: '1' } });
    expect(stdout).toEqual(quiet.stdout);
    expect(stderr).toMatch(/TypeError: .*\n {4}at .*execute\.test\.ts/);
  });

  test('stack overflow', () => {
    const deep = (): number => deep() + 1;
    expect(run(plugin({ check: () => void deep() }), { verb: 'CHECK' })).toEqual(
      failed(999, expect.stringMatching(/^RangeError/)),
    );
  });
});

describe('what can be watched', () => {
  const traced = () => {
    let sink: ((line: string) => void) | undefined;
    const subject = plugin({
      trace: (to) => {
        sink = to;
      },
      add: () => {
        sink?.('add link eth0');
        return addressed;
      },
    });
    return { subject, sink: () => sink };
  };

  test('the trace, on stderr where CNI_DEBUG is set', () => {
    const { subject, sink } = traced();
    expect(run(subject).stderr).toBe('');
    expect(run(subject, { env: { CNI_DEBUG: '1' } }).stderr).toBe('add link eth0\n');
    expect(sink()).toBeUndefined();
  });

  const logged = () =>
    (sys.findText(`${directory}/log`) ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));

  test.each([
    ['error', [{ level: 'error', command: 'CHECK', code: 999, msg: 'no' }]],
    [
      'info',
      [
        { level: 'info', command: 'ADD', plugin: 'x', network: 'net', containerId: 'id', ifName: 'eth0' },
        { level: 'error', command: 'CHECK' },
      ],
    ],
    ['debug', [{ level: 'debug', trace: 'add link eth0' }, { level: 'info' }, { level: 'error' }]],
  ])('a log of level %s', (logLevel, lines) => {
    const { subject } = traced();
    const failing = plugin({
      check: () => {
        throw new Error('no');
      },
    });
    const config = { logFile: `${directory}/log`, logLevel };
    expect(run(subject, { config })).toMatchObject({ status: 0, stderr: '' });
    run(failing, { verb: 'CHECK', config });
    expect(logged()).toMatchObject(lines);
    expect(logged()).toHaveLength(lines.length);
  });

  test('a log is renamed when it is large, once', () => {
    const path = `${directory}/log`;
    for (const letter of 'ab') {
      sys.writeFile(path, letter.repeat(4_194_305));
      run(plugin(), { config: { logFile: path } });
    }
    expect(sys.listDirectory(directory).sort()).toEqual(['log', 'log.1']);
    expect(sys.readText(`${path}.1`)).toMatch(/^b/);
    expect(logged()).toHaveLength(1);
  });

  test('a log that cannot be written keeps nobody from anything', () => {
    expect(run(plugin(), { config: { logFile: '/nowhere/log' } })).toMatchObject({ status: 0, stderr: '' });
  });
});
