import { isAtLeast } from '@cni/skel';
import { expect } from 'vitest';
import type { Case, Place, Subject } from './conformance.ts';
import {
  add,
  ask,
  expectNothingLeft,
  expectRefusal,
  expectSuccess,
  IF_NAME,
  inPlace,
  type Question,
  type Said,
} from './conformance-ask.ts';

/** What each verb does, and what it does not mind. */
export function verbCases(subject: Subject): Case[] {
  const { role } = subject.fixture;
  const newest = subject.versions.at(-1) ?? '0.1.0';
  const cases: Record<string, (subject: Subject, place: Place) => void> = {
    'unknown keys pass': passesUnknownKeys,
    'CNI_DEBUG changes nothing on stdout': debugs,
    'a wrong key is refused': refusesWrongKeys,
    'DEL before any ADD': deletesNothing,
    'DEL twice, and once more': deletesTwice,
    'DEL without CNI_NETNS': (...args) => deletesUnreachable(...args, ''),
    'DEL with a CNI_NETNS that is gone': (...args) => deletesUnreachable(...args, '/run/netns/conformance-none'),
    'DEL without prevResult': deletesWithoutResult,
    'DEL with as few variables as podman leaves': deletesWithFewVariables,
    "DEL in the plugin's own namespace deletes nothing there": deletesInOwnNamespace,
    'ADD twice, then DEL': addsTwice,
    ...(role !== 'ipam' && { "ADD to the plugin's own namespace": addsToOwnNamespace }),
    ...(role !== 'ipam' && { 'ADD to a namespace that is gone': addsToNowhere }),
    ...(role === 'main' && { 'the result has the interface': tellsInterface }),
    'a prevResult that is wrong': refusesWrongResult,
    ...(role === 'main' && { 'ADD onto a taken name': addsOntoTakenName }),
    ...(isAtLeast(newest, '0.4.0') && role !== 'ipam' && { 'CHECK without prevResult': checksWithoutResult }),
    ...(isAtLeast(newest, '0.4.0') && {
      'CHECK sees damage': checksDamage,
      'CHECK of what was deleted': checksDeleted,
    }),
    ...(isAtLeast(newest, '1.1.0') && { 'GC keeps what is valid': collectsWithCare, 'GC twice': collectsTwice }),
    ...(isAtLeast(newest, '1.1.0') && { 'GC with a wrong list removes nothing': collectsNothing }),
  };
  return Object.entries(cases).map(([name, run]) => ({
    name,
    run: () => inPlace(subject, (place) => run(subject, place)),
  }));
}

/** A DEL that succeeds and leaves nothing. */
function deleteAll(subject: Subject, place: Place, more: Omit<Question, 'verb'> = {}): void {
  expectSuccess(ask(subject, place, { verb: 'DEL', ...more }));
  expectNothingLeft(place, 'DEL');
}

function passesUnknownKeys(subject: Subject, place: Place): void {
  const config = {
    'cni.dev/unheard-of': { a: [null] },
    capabilities: { unheardOf: true },
    runtimeConfig: { unheardOf: { A: null }, 'io.kubernetes.cri.pod-annotations': null },
    args: { cni: { unheardOf: 1 }, other: 2 },
    dns: null,
  };
  const env = { CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAMESPACE=n;K8S_POD_NAME=p;K8S_POD_UID=u' };
  const prevResult = add(subject, place, { config, env });
  deleteAll(subject, place, { config: { ...config, prevResult }, env });
}

function debugs(subject: Subject, place: Place): void {
  const prevResult = add(subject, place, { env: { CNI_DEBUG: '1' } });
  deleteAll(subject, place, { config: { prevResult }, env: { CNI_DEBUG: '1' } });
}

function refusesWrongKeys(subject: Subject, place: Place): void {
  const { wrongKeys } = subject.fixture;
  const config = 'harmless' in wrongKeys ? wrongKeys.harmless : wrongKeys.harmful;
  const prevResult = place.prevResult?.(subject.versions.at(-1) ?? '0.1.0');
  expectRefusal(ask(subject, place, { verb: 'ADD', config: { ...(prevResult && { prevResult }), ...config } }), [7]);
  expectNothingLeft(place, 'an ADD that was refused');
  if (!('harmless' in wrongKeys)) return;
  add(subject, place);
  deleteAll(subject, place, { config });
}

function deletesNothing(subject: Subject, place: Place): void {
  deleteAll(subject, place);
}

function deletesTwice(subject: Subject, place: Place): void {
  const prevResult = add(subject, place);
  deleteAll(subject, place, { config: { prevResult } });
  deleteAll(subject, place, { config: { prevResult } });
  deleteAll(subject, place, { env: { CNI_NETNS: '' } });
}

function deletesUnreachable(subject: Subject, place: Place, netns: string): void {
  const prevResult = add(subject, place);
  for (const config of [{ prevResult }, {}])
    expectSuccess(ask(subject, place, { verb: 'DEL', config, env: { CNI_NETNS: netns } }));
  deleteAll(subject, place, { config: { prevResult } });
}

function deletesWithoutResult(subject: Subject, place: Place): void {
  add(subject, place);
  deleteAll(subject, place);
}

function deletesWithFewVariables(subject: Subject, place: Place): void {
  const prevResult = add(subject, place);
  const alone: Subject = {
    ...subject,
    run: ({ env, stdin }) => {
      const few = Object.entries(env).filter(([name, value]) => name.startsWith('CNI_') && value !== '');
      return subject.run({ env: Object.fromEntries(few), stdin });
    },
  };
  deleteAll(alone, place, { config: { prevResult } });
}

/** Each program's own. */
const OWN_NAMESPACE = { CNI_NETNS: '/proc/self/ns/net', CNI_NETNS_OVERRIDE: '' };

function deletesInOwnNamespace(subject: Subject, place: Place): void {
  const prevResult = add(subject, place);
  expectSuccess(ask(subject, place, { verb: 'DEL', config: { prevResult }, env: OWN_NAMESPACE }));
  deleteAll(subject, place, { config: { prevResult } });
}

function tryAdd(subject: Subject, place: Place, env: Question['env'] = {}): Said {
  const prevResult = place.prevResult?.(subject.versions.at(-1) ?? '0.1.0');
  return ask(subject, place, { verb: 'ADD', env, ...(prevResult && { config: { prevResult } }) });
}

function addsToOwnNamespace(subject: Subject, place: Place): void {
  expectRefusal(tryAdd(subject, place, OWN_NAMESPACE), [8], /CNI_NETNS/);
  expectNothingLeft(place, 'an ADD that was refused');
}

function addsToNowhere(subject: Subject, place: Place): void {
  const said = tryAdd(subject, place, { CNI_NETNS: '/run/netns/conformance-none' });
  expectRefusal(said, [4, 5, 999], /conformance-none/);
  expectNothingLeft(place, 'an ADD that was refused');
}

function addsTwice(subject: Subject, place: Place): void {
  add(subject, place);
  tryAdd(subject, place);
  deleteAll(subject, place);
}

function addsOntoTakenName(subject: Subject, place: Place): void {
  expect(place.takeName, 'the fixture of a main plugin can take the name').toBeTypeOf('function');
  place.takeName?.();
  expect(tryAdd(subject, place).status).toBe(1);
  expectNothingLeft(place, 'an ADD onto a taken name');
}

function tellsInterface(subject: Subject, place: Place): void {
  const version = subject.versions.findLast((candidate) => isAtLeast(candidate, '0.3.0'));
  if (version === undefined) return;
  const container = expect.objectContaining({ name: IF_NAME, sandbox: place.netns });
  const result = add(subject, place, { version });
  expect(result).toHaveProperty('interfaces', expect.arrayContaining([container]));
  deleteAll(subject, place, { version });
}

function refusesWrongResult(subject: Subject, place: Place): void {
  const modern = isAtLeast(subject.versions.at(-1) ?? '0.1.0', '1.0.0');
  const wrong = [5, [], { ips: {} }, { dns: 1 }, { cniVersion: modern ? '0.4.0' : '1.0.0' }, { cniVersion: '9.9.9' }];
  for (const prevResult of wrong) {
    const said = ask(subject, place, { verb: 'ADD', config: { prevResult } });
    expectRefusal(said, [1, 6, 7], /prevResult/);
  }
  expectNothingLeft(place, 'an ADD that was refused');
}

function checksWithoutResult(subject: Subject, place: Place): void {
  add(subject, place);
  expectRefusal(ask(subject, place, { verb: 'CHECK' }), [7], /prevResult/);
  deleteAll(subject, place);
}

function checksDamage(subject: Subject, place: Place): void {
  for (const what of Object.keys(place.damages ?? {})) {
    inPlace(subject, (fresh) => {
      const prevResult = add(subject, fresh);
      expectSuccess(ask(subject, fresh, { verb: 'CHECK', config: { prevResult } }));
      fresh.damages?.[what]?.();
      const { status } = ask(subject, fresh, { verb: 'CHECK', config: { prevResult } });
      expect(status, `CHECK after: ${what}`).toBe(1);
      deleteAll(subject, fresh, { config: { prevResult } });
    });
  }
}

/** A chained plugin with nothing to do makes nothing that could be missed. */
function checksDeleted(subject: Subject, place: Place): void {
  const prevResult = add(subject, place);
  const made = place.leftovers().length > 0;
  deleteAll(subject, place, { config: { prevResult } });
  if (made) expect(ask(subject, place, { verb: 'CHECK', config: { prevResult } }).status, 'CHECK after DEL').toBe(1);
}

const VALID = 'cni.dev/valid-attachments';

function collectsWithCare(subject: Subject, place: Place): void {
  const prevResult = add(subject, place);
  const before = place.leftovers();
  const ours = { containerID: 'conformance-1', ifname: IF_NAME };
  const other = { containerID: 'other', ifname: IF_NAME };
  expectSuccess(ask(subject, place, { verb: 'GC', config: { [VALID]: [other, ours] } }));
  expect(place.leftovers(), 'there after GC').toEqual(before);
  expectSuccess(ask(subject, place, { verb: 'CHECK', config: { prevResult } }));
  deleteAll(subject, place, { config: { prevResult } });
}

function collectsTwice(subject: Subject, place: Place): void {
  const prevResult = add(subject, place);
  for (const list of [[], null, undefined])
    expectSuccess(ask(subject, place, { verb: 'GC', config: { [VALID]: list } }));
  deleteAll(subject, place, { config: { prevResult } });
}

function collectsNothing(subject: Subject, place: Place): void {
  const prevResult = add(subject, place);
  const before = place.leftovers();
  for (const list of [{}, 'x', ['x'], [{ containerID: 'x' }], [{ containerID: 1, ifname: IF_NAME }]])
    expectRefusal(ask(subject, place, { verb: 'GC', config: { [VALID]: list } }), [6, 7], /valid-attachments/);
  expect(place.leftovers(), 'there after GC').toEqual(before);
  deleteAll(subject, place, { config: { prevResult } });
}
