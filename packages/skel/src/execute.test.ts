import * as sys from '@cni/sys';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { answer } from './execute.ts';
import { execute, type Result, SPEC_VERSIONS } from './index.ts';
import { addressed, failed, OWN_NETNS, plugin, run } from './testing/run-plugin.ts';

let directory: string;
beforeEach(() => {
  directory = `/tmp/cni-skel-${sys.randomHex(6)}`;
  sys.makeDirectories(directory);
});
afterEach(() => {
  for (const name of sys.listDirectory(directory)) sys.removeIfPresent(`${directory}/${name}`);
  sys.removeDirectoryIfPresent(directory);
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

  test('no command, in an executable: also its release', () => {
    Object.assign(globalThis, { __version: '1.2.3' });
    try {
      expect(execute(plugin(), { env: {}, stdin: '' }).stderr).toMatch(
        /^x does nothing\nCNI versions: .*\nversion 1\.2\.3\n$/,
      );
    } finally {
      Reflect.deleteProperty(globalThis, '__version');
    }
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

  test('what ADD deferred is undone when nobody takes its result', () => {
    const undone: string[] = [];
    const subject = plugin({
      add({ undo }) {
        undo.defer('a', () => undone.push('a'));
        return addressed;
      },
    });
    const env = {
      CNI_COMMAND: 'ADD',
      CNI_CONTAINERID: 'id',
      CNI_NETNS: OWN_NETNS,
      CNI_NETNS_OVERRIDE: '1',
      CNI_IFNAME: 'eth0',
    };
    const [offered, said]: [string[], string[]] = [[], []];
    const status = answer(subject, {
      env,
      readStdin: () => sys.utf8('{"cniVersion":"1.1.0","name":"net"}'),
      stdout(text) {
        offered.push(text);
        throw new sys.SysError('write stdout', 32);
      },
      stderr: (text) => void said.push(text),
    });
    expect({ status, undone, said }).toEqual({ status: 1, undone: ['a'], said: ['write stdout: EPIPE\n'] });
    expect(offered.map((text) => JSON.parse(text).msg)).toEqual([undefined, 'write stdout: EPIPE']);
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
    expect(run(subject, { env: { CNI_DEBUG: '0' } }).stderr).toBe('');
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

  test('a log that is no file is left alone: nobody may be reading', () => {
    const path = `${directory}/log`;
    sys.exec('/usr/bin/mkfifo', { args: [path], env: {}, stdin: new Uint8Array(0) });
    expect(run(plugin(), { config: { logFile: path } })).toMatchObject({ status: 0, stderr: '' });
  });

  test('a log that cannot be written keeps nobody from anything', () => {
    expect(run(plugin(), { config: { logFile: '/nowhere/log' } })).toMatchObject({ status: 0, stderr: '' });
  });
});
