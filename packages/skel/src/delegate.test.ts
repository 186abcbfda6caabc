import * as sys from '@cni/sys';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { delegate, findPlugin } from './delegate.ts';
import { toFailure } from './error.ts';

let directory: string;
let said: string[];
beforeEach(() => {
  directory = `/tmp/cni-skel-${sys.randomHex(6)}`;
  sys.makeDirectories(`${directory}/other`);
  said = [];
});
afterEach(() => removeAll(directory));

function removeAll(path: string): void {
  for (const name of sys.listDirectory(path)) {
    if (sys.findStat(`${path}/${name}`)?.type === 'directory') removeAll(`${path}/${name}`);
    else sys.removeIfPresent(`${path}/${name}`);
  }
  sys.removeDirectoryIfPresent(path);
}

const install = (script: string, name = 'helper') =>
  sys.writeFile(`${directory}/${name}`, `#!/bin/sh\n${script}\n`, { permissions: 0o755 });

function call(stdin = '{}', timeout?: number): string {
  const env = { CNI_PATH: directory, CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'id', EXTRA: 'e' };
  const stderr = (text: string) => void said.push(text);
  return sys.text(
    delegate({
      type: 'helper',
      verb: 'DEL',
      env,
      stdin: sys.utf8(stdin),
      stderr,
      parts: {},
      ...(timeout && { timeout }),
    }),
  );
}

function failure(): unknown {
  try {
    return call();
  } catch (error) {
    return toFailure(error);
  }
}

test('the bytes received, the environment inherited, the verb in hand', () => {
  install('echo "$CNI_COMMAND $CNI_CONTAINERID $EXTRA"; cat');
  expect(call('{"n": 9007199254740993}')).toBe('DEL id e\n{"n": 9007199254740993}');
});

test('its stderr is heard, whether it succeeds or not', () => {
  install('echo fine >&2');
  call();
  install('echo bad >&2; echo \'{"code":7,"msg":"m"}\'; exit 1');
  failure();
  expect(said).toEqual(['fine\n', 'bad\n']);
});

test.each([
  ['its error', 'echo \'{"code":147,"msg":"m","details":"d"}\'; exit 3', { code: 147, msg: 'm', details: 'd' }],
  ['status 51', 'echo \'{"cniVersion":"1.1.0","code":51,"msg":"m"}\'; exit 1', { code: 51, msg: 'm', details: '' }],
  ['no code', 'echo \'{"code":0,"msg":"m"}\'; exit 1', { code: 999, msg: 'm', details: '' }],
  ['silence', 'exit 2', { code: 121, msg: 'plugin helper DEL: exit status 2', details: '' }],
  ['words on stderr', 'echo oh >&2; exit 2', { code: 121, msg: 'plugin helper DEL: exit status 2: oh', details: '' }],
  [
    'no JSON',
    'echo panic; exit 2',
    {
      code: 121,
      msg: 'plugin helper DEL: exit status 2, and no error object on stdout',
      details: 'stdout: "panic\\n"',
    },
  ],
  [
    'JSON that is no error',
    'echo []; exit 2',
    { code: 121, msg: 'plugin helper DEL: exit status 2, and no error object on stdout', details: 'stdout: "[]\\n"' },
  ],
  [
    'a long story on stderr',
    'head -c 3000 /dev/zero | tr "\\0" y >&2; echo the reason >&2; exit 2',
    {
      code: 121,
      msg: expect.stringMatching(/^plugin helper DEL: exit status 2: …y{990}the reason$/u),
      details: '',
    },
  ],
  [
    'more than anybody reads',
    'head -c 1048577 /dev/zero',
    { code: 121, msg: 'plugin helper DEL: more than 1048576 bytes on stdout', details: '' },
  ],
  ['a signal', 'kill -9 $$', { code: 121, msg: 'plugin helper DEL: killed by signal 9', details: '' }],
])('%s', (_, script, expected) => {
  install(script);
  expect(failure()).toEqual(expected);
});

test('one that does not end', () => {
  install('exec sleep 600');
  expect(() => call('{}', 50)).toThrow(
    expect.objectContaining({ code: 11, message: 'plugin helper DEL: no answer within 0.05 s' }),
  );
});

test('one that cannot be run', () => {
  sys.writeFile(`${directory}/helper`, '', { permissions: 0o644 });
  expect(failure()).toEqual({ code: 121, msg: `run ${directory}/helper: EACCES`, details: '' });
});

test('one that somebody writes for ever is an error, never a success', () => {
  install('exit 0');
  const fd = sys.open(`${directory}/helper`, 'write');
  try {
    const msg = `run ${directory}/helper: somebody has it open for writing`;
    expect(failure()).toEqual({ code: 11, msg, details: `run ${directory}/helper: ETXTBSY` });
  } finally {
    sys.close(fd);
  }
});

test('the first regular file, links followed, directories passed over', () => {
  sys.makeDirectories(`${directory}/a/helper`);
  install('', 'other/helper');
  const path = [`${directory}/none`, `${directory}/a`, '', 'other', `${directory}/other`, directory].join(':');
  expect(findPlugin('helper', path)).toBe(`${directory}/other/helper`);
});

test.each([
  ['', '/bin', 7, 'type: expected the name of a plugin, not a path (got "")'],
  ['..', '/bin', 7, 'type: expected the name of a plugin, not a path (got "..")'],
  ['../bin/sh', '/usr', 7, 'type: expected the name of a plugin, not a path (got "../bin/sh")'],
  ['sh', '', 4, 'CNI_PATH: required to find plugin "sh"'],
  ['no-such', '/usr/none:/usr/bin', 120, 'find plugin "no-such" on CNI_PATH: not in /usr/none, /usr/bin'],
  ['a\0b', '/bin', 120, 'find plugin "a\\u0000b" on CNI_PATH: not in /bin'],
  ['sh', ':.', 120, 'find plugin "sh" on CNI_PATH: not in ":."'],
])('type "%s" on "%s"', (type, cniPath, code, message) => {
  expect(() => findPlugin(type, cniPath)).toThrow(expect.objectContaining({ code, message }));
});
