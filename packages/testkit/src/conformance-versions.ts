import { isAtLeast, SPEC_VERSIONS, type SpecVersion } from '@cni/skel';
import { expect } from 'vitest';
import type { Case, Place, Subject } from './conformance.ts';
import {
  add,
  ask,
  expectNothingLeft,
  expectRefusal,
  expectSuccess,
  inPlace,
  REQUEST_VERBS,
} from './conformance-ask.ts';
import { expectShape } from './conformance-shape.ts';

const STRANGE_VERSIONS = ['1.0', 'v1.0.0', '1.0.0 ', '0.3.2', '9.9.9', 'x', 'toString'];

/** The right verbs in the right versions, and answers in the version asked for. */
export function versionCases(subject: Subject): Case[] {
  const unsupported = [...STRANGE_VERSIONS, ...SPEC_VERSIONS.filter((version) => !subject.versions.includes(version))];
  return [
    ...subject.versions.map((version): Case => {
      return {
        name: `${version}: ADD, CHECK, DEL`,
        run: () => inPlace(subject, (place) => lives(subject, place, version)),
      };
    }),
    ...subject.versions.map((version): Case => {
      return {
        name: `${version}: its verbs only`,
        run: () => inPlace(subject, (place) => gates(subject, place, version)),
      };
    }),
    ...unsupported.map((version): Case => {
      return {
        name: `no version "${version}"`,
        run: () => inPlace(subject, (place) => refuses(subject, place, version)),
      };
    }),
    ...(subject.versions.includes('0.1.0')
      ? [{ name: 'no version at all is 0.1.0', run: () => inPlace(subject, (place) => defaults(subject, place)) }]
      : []),
  ];
}

/** From the 0.4.0 on there is CHECK, and DEL is given a result. */
function lives(subject: Subject, place: Place, version: SpecVersion): void {
  const result = add(subject, place, { version });
  expectShape(result, version);
  // A fixture that sees nothing would find that nothing is ever left.
  if (subject.fixture.role !== 'chained') expect(place.leftovers(), 'there after ADD').not.toEqual([]);
  const config = isAtLeast(version, '0.4.0') ? { prevResult: result } : {};
  if (isAtLeast(version, '0.4.0')) expectSuccess(ask(subject, place, { verb: 'CHECK', version, config }));
  expectSuccess(ask(subject, place, { verb: 'DEL', version, config }));
  expectNothingLeft(place, 'DEL');
}

function gates(subject: Subject, place: Place, version: SpecVersion): void {
  const since = { CHECK: '0.4.0', GC: '1.1.0', STATUS: '1.1.0' } as const;
  for (const [verb, first] of Object.entries(since)) {
    if (isAtLeast(version, first)) continue;
    const said = ask(subject, place, { verb, version });
    expectRefusal(said, [1], /cniVersion/);
    expect(said.document.cniVersion).toBe(version);
  }
  if (!isAtLeast(version, '1.1.0')) return;
  expectSuccess(ask(subject, place, { verb: 'GC', version }));
  expectSuccess(ask(subject, place, { verb: 'STATUS', version }));
}

function refuses(subject: Subject, place: Place, version: string): void {
  for (const verb of REQUEST_VERBS) {
    const said = ask(subject, place, { verb, version });
    expectRefusal(said, [1], /cniVersion/);
    expect(subject.versions).toContain(said.document.cniVersion);
  }
  expectNothingLeft(place, 'ADD');
}

function defaults(subject: Subject, place: Place): void {
  const none = { cniVersion: undefined };
  expectShape(add(subject, place, { version: '0.1.0', config: none }), '0.1.0');
  expectSuccess(ask(subject, place, { verb: 'DEL', config: none }));
  expectNothingLeft(place, 'DEL');
}
