import { execute, type Plugin, SPEC_VERSIONS, type SpecVersion } from '@cni/skel';
import { exec, text, utf8 } from '@cni/sys';
import { describe, test } from 'vitest';
import { inputCases } from './conformance-input.ts';
import { stepCases } from './conformance-steps.ts';
import { verbCases } from './conformance-verbs.ts';
import { versionCases } from './conformance-versions.ts';

/** One run of a plugin, as a function of what a runtime gives it. */
export type Runner = (input: { readonly env: Readonly<Record<string, string>>; readonly stdin: string }) => {
  /** `undefined`: killed by a signal. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
};

/** A place where one attachment can be made: fresh for each case. */
export interface Place {
  /** Of CNI_NETNS. */
  readonly netns: string;
  /** A configuration that ADD succeeds with, without `cniVersion`, `name` and `prevResult`. */
  readonly config: object;
  /** More variables, CNI_PATH for one. */
  readonly env?: Readonly<Record<string, string>>;
  /** For a chained plugin: the result of the plugins before it. */
  prevResult?(version: SpecVersion): object;
  /** Names of what an ADD made or reserved and that is still there; never what was there before. */
  leftovers(): string[];
  /** Puts something under the name that ADD is to make, which `leftovers` does not list. */
  takeName?(): void;
  /** Ways to spoil what ADD made, each of which CHECK has to see. */
  readonly damages?: Readonly<Record<string, () => void>>;
  /** Removes the place and all that is in it. */
  remove(): void;
}

/** What the suite has to know of a plugin. */
export interface Fixture {
  /** `main` makes CNI_IFNAME, `chained` works on what is there, `ipam` hands out addresses. */
  readonly role: 'main' | 'chained' | 'ipam';
  /** Default: all. */
  readonly versions?: readonly SpecVersion[];
  /** Keys with a wrong value: ADD refuses them with code 7. DEL succeeds with `harmless` ones. */
  readonly wrongKeys: { readonly harmless: object } | { readonly harmful: object };
  prepare(): Place;
}

/** A plugin under test. */
export interface Subject {
  readonly run: Runner;
  readonly fixture: Fixture;
  readonly versions: readonly SpecVersion[];
}

/** One thing that every plugin has to do; throws if it does not. */
export interface Case {
  readonly name: string;
  run(): void;
}

/** Registers the conformance suite for a plugin: a value, or the path of an executable. */
export function conformance(plugin: Plugin | string, fixture: Fixture): void {
  const name = typeof plugin === 'string' ? (plugin.split('/').at(-1) ?? plugin) : plugin.name;
  describe(`${name} conforms`, () => {
    for (const { name: what, run } of conformanceCases(plugin, fixture)) test(what, run, LONGEST);
  });
}

/** The cases of the suite. Making a call of ADD fail takes a plugin that runs in this process. */
export function conformanceCases(plugin: Plugin | string, fixture: Fixture): Case[] {
  const run = typeof plugin === 'string' ? executable(plugin) : inProcess(plugin);
  const subject: Subject = { run, fixture, versions: fixture.versions ?? SPEC_VERSIONS };
  const cases = [...inputCases(subject), ...versionCases(subject), ...verbCases(subject)];
  return typeof plugin === 'string' ? cases : [...cases, ...stepCases(subject)];
}

function inProcess(plugin: Plugin): Runner {
  return (input) => execute(plugin, input);
}

/** Milliseconds: to fail each step of a plugin takes a while. */
const LONGEST = 600_000;

/** Milliseconds; no plugin takes that long. */
const TIMEOUT = 60_000;

function executable(path: string): Runner {
  return ({ env, stdin }) => {
    const { status, stdout, stderr } = exec(path, { env, stdin: utf8(stdin), timeout: TIMEOUT });
    return { status, stdout: text(stdout), stderr: text(stderr) };
  };
}
