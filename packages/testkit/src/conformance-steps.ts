import { expect } from 'vitest';
import type { Case, Place, Subject } from './conformance.ts';
import { ask, expectNothingLeft, expectSuccess, inPlace, type Said } from './conformance-ask.ts';
import { type Disturbed, eachFault, type Fault, withFault } from './faults.ts';

/** Each step of ADD made to fail in turn. */
export function stepCases(subject: Subject): Case[] {
  return [
    { name: 'ADD that fails at any step leaves nothing', run: () => failsAtEachStep(subject) },
    { name: 'DEL after an ADD that was killed at any step leaves nothing', run: () => isKilledAtEachStep(subject) },
  ];
}

function failsAtEachStep(subject: Subject): void {
  const steps = eachFault('once', (fault) =>
    inPlace(subject, (place) => {
      const said = disturbedAdd(subject, place, fault);
      if (said.value.status !== 0) expectNothingLeft(place, `an ADD that failed at ${said.refused}`);
      return clean(subject, place, said);
    }),
  );
  expect(steps, 'steps of ADD that could be made to fail').toBeGreaterThan(0);
}

function isKilledAtEachStep(subject: Subject): void {
  eachFault('crash', (fault) =>
    inPlace(subject, (place) => clean(subject, place, disturbedAdd(subject, place, fault))),
  );
}

function disturbedAdd(subject: Subject, place: Place, fault: Fault): Disturbed<Said> {
  const version = subject.versions.at(-1) ?? '0.1.0';
  const prevResult = place.prevResult?.(version);
  const said = withFault(fault, () =>
    ask(subject, place, { verb: 'ADD', config: { ...(prevResult && { prevResult }) } }),
  );
  if (said.refused === undefined) expectSuccess(said.value);
  return said;
}

function clean(subject: Subject, place: Place, said: Disturbed<Said>): Disturbed<Said> {
  const { value, refused } = said;
  const config = value.status === 0 ? { prevResult: value.document } : {};
  expectSuccess(ask(subject, place, { verb: 'DEL', config }));
  expectNothingLeft(place, refused === undefined ? 'DEL' : `DEL after an ADD disturbed at ${refused}`);
  return said;
}
