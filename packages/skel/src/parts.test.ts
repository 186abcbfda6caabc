import * as sys from '@cni/sys';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { delegate } from './delegate.ts';
import { toFailure } from './error.ts';
import type { Parts } from './parts.ts';

const IDENTITY = 'a5'.repeat(32);
const magic = sys.utf8('CNIAOT02');

let directory: string;
beforeEach(() => {
  directory = `/tmp/cni-skel-${sys.randomHex(6)}`;
  sys.makeDirectories(directory);
  Object.assign(globalThis, { __programs: { helper: IDENTITY } });
});
afterEach(() => {
  for (const name of sys.listDirectory(directory)) sys.removeIfPresent(`${directory}/${name}`);
  sys.removeDirectoryIfPresent(directory);
  Reflect.deleteProperty(globalThis, '__programs');
});

/** A script that says it was executed, with an executable's end behind it. */
function install(identity: Uint8Array, end: Uint8Array = magic): void {
  const script = sys.utf8('#!/bin/sh\necho executed\nexit 0\n');
  const file = new Uint8Array([...script, ...identity, ...end]);
  sys.writeFile(`${directory}/helper`, file, { permissions: 0o755 });
}

const same = new Uint8Array(32).fill(0xa5);

/** What the plugin `helper` answers, as a part of this program or as an executable. */
function call(parts: Parts, env: Record<string, string> = {}): { said: string; stderr: string } {
  const said: string[] = [];
  const answer = delegate({
    type: 'helper',
    verb: 'DEL',
    env: { CNI_PATH: directory, CNI_COMMAND: 'ADD', ...env },
    stdin: sys.utf8('{}'),
    stderr: (text) => void said.push(text),
    parts,
  });
  return { said: sys.text(answer), stderr: said.join('') };
}

const helper: Parts = {
  helper: ({ env, readStdin, stdout }) => {
    stdout(`called ${env['CNI_COMMAND']} ${sys.text(readStdin('all'))}`);
    return 0;
  },
};

test('a file of the same build is called without a process, with the verb and request in hand', () => {
  install(same);
  expect(call(helper)).toEqual({ said: 'called DEL {}', stderr: '' });
});

test('CNI_DEBUG tells of it', () => {
  install(same);
  expect(call(helper, { CNI_DEBUG: '1' }).stderr).toBe(
    `call ${directory}/helper DEL without a process: it is of this build\n`,
  );
});

test('its refusal is the answer, as if it had been executed', () => {
  install(same);
  const refusing: Parts = {
    helper: ({ stdout }) => {
      stdout('{"code":107,"msg":"full","details":"d"}');
      return 1;
    },
  };
  expect(() => call(refusing)).toThrow('full');
  try {
    call(refusing);
  } catch (error) {
    expect(toFailure(error)).toEqual({ code: 107, msg: 'full', details: 'd' });
  }
});

test.each([
  ['of another build', () => install(new Uint8Array(32).fill(0xa6))],
  ['of another kind', () => install(same, sys.utf8('CNIAOT01'))],
  ['too short to say', () => sys.writeFile(`${directory}/helper`, '#!/bin/sh\necho executed', { permissions: 0o755 })],
])('a file %s is executed', (_, prepare) => {
  prepare();
  expect(call(helper).said).toBe('executed\n');
});

test('a program that was not told of its parts executes', () => {
  install(same);
  Reflect.deleteProperty(globalThis, '__programs');
  expect(call(helper).said).toBe('executed\n');
});

test('nothing that every object has is a part', () => {
  install(same);
  Object.assign(globalThis, { __programs: { toString: IDENTITY } });
  expect(call(helper).said).toBe('executed\n');
});
