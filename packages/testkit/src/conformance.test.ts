import { parseCidr } from '@cni/ip';
import {
  CniError,
  definePlugin,
  encodeResult,
  neededPrevResult,
  type Plugin,
  type PluginDefinition,
  type Result,
} from '@cni/skel';
import * as sys from '@cni/sys';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { conformance, conformanceCases, type Fixture, type Place } from './conformance.ts';

const Config = z.object({ directory: z.string(), mode: z._default(z.enum(['a', 'b']), 'a') });
const DelConfig = z.object({ directory: z.string() });

type Parts = Partial<PluginDefinition<z.output<typeof Config>, z.output<typeof DelConfig>>>;

const addressed: Result = { ips: [{ address: parseCidr('10.1.2.3/8'), interface: 0 }] };

/** A link is a file here. It is made in two steps, so that there is something to undo. */
function plugin(parts: Parts = {}): Plugin {
  return definePlugin({
    name: 'tiny',
    about: 'tiny makes files',
    config: Config,
    delConfig: DelConfig,
    add({ config: { directory, mode }, attachment: { containerId, ifName, sandbox }, undo }) {
      const path = `${directory}/${ifName}`;
      if (sys.findText(path) !== undefined) throw new CniError('LINK_EXISTS', path);
      undo.defer('remove the file', () => sys.removeIfPresent(path));
      sys.writeFile(path, containerId, { mode: 'exclusive' });
      sys.writeFile(path, ` ${mode}`, { mode: 'append' });
      return { ...addressed, interfaces: [{ name: ifName, sandbox }] };
    },
    del({ config: { directory }, attachment: { containerId, ifName } }) {
      const path = `${directory}/${ifName}`;
      if (!(sys.findText(path) ?? '').startsWith('taken')) sys.removeIfPresent(path);
      void containerId;
    },
    check(call) {
      neededPrevResult(call);
      const { containerId, ifName } = call.attachment;
      if (sys.findText(`${call.config.directory}/${ifName}`) !== `${containerId} ${call.config.mode}`)
        throw new CniError('CHECK_FAILED', ifName);
    },
    gc({ config: { directory }, validAttachments }) {
      for (const name of sys.listDirectory(directory)) {
        const id = sys.readText(`${directory}/${name}`).split(' ')[0];
        if (!validAttachments.some(({ containerId }) => containerId === id))
          sys.removeIfPresent(`${directory}/${name}`);
      }
    },
    ...(parts as object),
  } as PluginDefinition<z.output<typeof Config>, z.output<typeof DelConfig>> as never);
}

function prepare(): Place {
  const directory = `/tmp/cni-testkit-${sys.randomHex(6)}`;
  sys.makeDirectories(directory);
  const held = () => sys.listDirectory(directory).filter((name) => sys.readText(`${directory}/${name}`) !== 'taken');
  return {
    netns: '/proc/self/ns/net',
    env: { CNI_NETNS_OVERRIDE: '1' },
    config: { directory },
    leftovers: held,
    takeName: () => sys.writeFile(`${directory}/eth0`, 'taken'),
    damages: { 'the link is changed': () => sys.writeFile(`${directory}/eth0`, 'conformance-1 c') },
    remove() {
      for (const name of sys.listDirectory(directory)) sys.removeIfPresent(`${directory}/${name}`);
      sys.removeDirectoryIfPresent(directory);
    },
  };
}

const fixture: Fixture = { role: 'main', wrongKeys: { harmless: { mode: 'c' } }, prepare };

conformance(plugin(), fixture);

const sound = plugin().definition;
const add = (call: Parameters<NonNullable<Parts['add']>>[0]) => sound.add(call as never);

const chained = plugin({
  name: 'tiny-chained',
  add(call) {
    const result = neededPrevResult(call);
    add(call);
    return result;
  },
});

conformance(chained, {
  ...fixture,
  role: 'chained',
  prepare: () => ({ ...prepare(), prevResult: (version) => encodeResult(addressed, version) }),
});

const ipam = plugin({
  name: 'tiny-ipam',
  role: 'ipam',
  add(call) {
    add(call);
    return addressed;
  },
});

conformance(ipam, {
  ...fixture,
  role: 'ipam',
  prepare: () => ({ ...prepare(), netns: '/run/netns/none', env: {} }),
});

/** Names of the cases that a plugin fails, among `asked`. */
function failures(broken: Plugin | string, asked?: readonly string[], how: Fixture = fixture): string[] {
  const failed = (run: () => void) => {
    try {
      run();
      return false;
    } catch {
      return true;
    }
  };
  return conformanceCases(broken, how)
    .filter(({ name, run }) => (asked === undefined || asked.includes(name)) && failed(run))
    .map(({ name }) => name);
}

const path = (call: { config: unknown; attachment: { ifName: string } }) =>
  `${(call.config as { directory: string }).directory}/${call.attachment.ifName}`;

const breakages: Record<string, [Parts, expected: string[]]> = {
  'an ADD without undo': [
    { add: (call) => add({ ...call, undo: { defer: () => {} } }) },
    ['ADD that fails at any step leaves nothing'],
  ],
  'an ADD that replaces what is there': [
    {
      add(call) {
        sys.removeIfPresent(path(call));
        return add(call);
      },
    },
    ['ADD onto a taken name'],
  ],
  'an ADD that does not tell of its interface': [
    {
      add(call) {
        add(call);
        return addressed;
      },
    },
    ['the result has the interface'],
  ],
  'an ADD that takes any key': [{ config: z.object({ directory: z.string() }) as never }, ['a wrong key is refused']],
  'a DEL that reads more than it needs': [{ delConfig: Config as never }, ['a wrong key is refused']],
  'a DEL that minds that there is nothing': [
    {
      del(call) {
        if (!sys.removeIfPresent(path(call))) throw new Error('nothing there');
      },
    },
    ['DEL before any ADD', 'DEL twice, and once more', 'DEL without CNI_NETNS'],
  ],
  'a DEL that wants a result': [
    { del: (call) => (neededPrevResult(call) ? sound.del(call as never) : undefined) },
    ['DEL without prevResult', '0.3.1: ADD, CHECK, DEL'],
  ],
  'a DEL that wants a namespace': [
    {
      del(call) {
        if (call.netns === undefined) throw new Error('no namespace');
        sound.del(call as never);
      },
    },
    [
      'DEL without CNI_NETNS',
      'DEL with a CNI_NETNS that is gone',
      "DEL in the plugin's own namespace deletes nothing there",
    ],
  ],
  'a DEL that does nothing': [
    { del: () => {} },
    ['1.1.0: ADD, CHECK, DEL', 'DEL after an ADD that was killed at any step leaves nothing'],
  ],
  'a CHECK that is content': [
    { check: (call) => void neededPrevResult(call) },
    ['CHECK sees damage', 'CHECK of what was deleted'],
  ],
  'a CHECK that is never content': [
    {
      check: () => {
        throw new Error('no');
      },
    },
    ['0.4.0: ADD, CHECK, DEL', 'CHECK without prevResult', 'GC keeps what is valid'],
  ],
  'a GC that collects everything': [
    { gc: (call) => sound.gc?.({ ...call, validAttachments: [] }) },
    ['GC keeps what is valid'],
  ],
  'a GC that cannot': [
    {
      gc: () => {
        throw new Error('no');
      },
    },
    ['1.1.0: its verbs only', 'GC keeps what is valid', 'GC twice', 'GC does not look at CNI_IFNAME'],
  ],
  'a result with a member too many': [
    { add: (call) => ({ ...add(call), zip: 1 }) as Result },
    ['1.1.0: ADD, CHECK, DEL', '0.1.0: ADD, CHECK, DEL'],
  ],
};

test.each(Object.entries(breakages))('%s does not conform', (_, [parts, expected]) => {
  expect(failures(plugin(parts), expected).sort()).toEqual(expected.sort());
});

test('versions that it does not have', () => {
  const old: Fixture = { ...fixture, versions: ['0.4.0', '1.0.0'] };
  const some = plugin({ versions: ['0.4.0', '1.0.0'] });
  expect(failures(some, undefined, old)).toEqual([]);
  const missed = ['0.3.1: ADD, CHECK, DEL', 'VERSION, whatever is on stdin'];
  expect(failures(some, missed).sort()).toEqual(missed);
  const kept = ['VERSION, whatever is on stdin', 'no version "1.1.0"'];
  expect(failures(plugin(), kept, old).sort()).toEqual(kept);
});

test.each([
  ['says nothing', 'exit 0'],
  ['says something else', 'echo hello'],
  ['fails without a word', 'exit 1'],
  ['is killed', 'kill -9 $$'],
  ['always refuses', 'echo \'{"cniVersion":"1.1.0","code":999,"msg":"no"}\'; exit 1'],
  ['panics', 'echo panic >&2; exit 2'],
])('an executable that %s does not conform', (_, script) => {
  const program = `/tmp/cni-testkit-${sys.randomHex(6)}`;
  sys.writeFile(program, `#!/bin/sh\n${script}\n`, { permissions: 0o755 });
  try {
    const expected = [
      'no command: says what it is on stderr',
      'VERSION, whatever is on stdin',
      '1.1.0: ADD, CHECK, DEL',
    ];
    expect(failures(program, expected)).toEqual(expected);
  } finally {
    sys.removeIfPresent(program);
  }
});
