import { utf8 } from '@cni/sys';
import { decodeAll, string, u32 } from '../codec/codec.ts';
import type { WithKind } from '../codec/kind.ts';
import { type Bitwise, type Cmp, type CtKey, type Expression, type MetaKey, REGISTER } from './expression.ts';
import type { ChainRule, CtState, MarkBits, RuleMatch, RuleSet } from './table.ts';

/** `NF_CT_STATE_BIT`, linux/netfilter/nf_conntrack_common.h */
const ctStates: Readonly<Record<CtState, number>> = { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 };
/** `IP_CT_DIR_*`, linux/netfilter/nf_conntrack_tuple_common.h */
const directions = ['original', 'reply'] as const;
/** linux/if.h */
const IFNAMSIZ = 16;

/** What is looked at or set: a key of the packet or of its connection. */
type Subject = `meta ${MetaKey}` | `ct ${CtKey}`;

function access(subject: Subject, how: { into: number } | { from: number }): Expression {
  const [kind, key] = subject.split(' ');
  return { kind, options: { key, ...how } } as Expression;
}

const load = (subject: Subject): Expression => access(subject, { into: REGISTER });

function compare(operation: Cmp['operation'], data: Uint8Array): Expression {
  return { kind: 'cmp', options: { from: REGISTER, operation, data } };
}

function bits(mask: number, xor: number, operation: Pick<Bitwise, 'operation'> = { operation: 'bool' }): Expression {
  const values = { length: u32.size, mask: u32.encode(mask), xor: u32.encode(xor) };
  return { kind: 'bitwise', options: { from: REGISTER, into: REGISTER, ...operation, ...values } };
}

function linkExpressions(subject: Subject, link: RuleMatch['iif']): Expression[] {
  if (link === undefined) return [];
  const [operation, name] = typeof link === 'string' ? (['eq', link] as const) : (['neq', link.not] as const);
  const padded = new Uint8Array(IFNAMSIZ);
  padded.set(utf8(name));
  return [load(subject), compare(operation, padded)];
}

function stateExpressions(states: RuleMatch['ctState']): Expression[] {
  if (states === undefined) return [];
  const mask = states.reduce((sum, state) => sum | ctStates[state], 0);
  return [load('ct state'), bits(mask, 0, {}), compare('neq', u32.encode(0))];
}

function directionExpressions(direction: RuleMatch['ctDirection']): Expression[] {
  if (direction === undefined) return [];
  return [load('ct direction'), compare('eq', Uint8Array.of(directions.indexOf(direction)))];
}

function markExpressions(subject: Subject, wanted: MarkBits | undefined): Expression[] {
  if (wanted === undefined) return [];
  return [load(subject), bits(wanted.mask, 0), compare('eq', u32.encode(wanted.mark))];
}

/** `x = (x & ~mask) ^ mark` */
function setExpressions(subject: Subject, wanted: MarkBits | undefined): Expression[] {
  if (wanted === undefined) return [];
  return [load(subject), bits(~wanted.mask >>> 0, wanted.mark), access(subject, { from: REGISTER })];
}

/** A rule as the kernel runs it, in the expressions that nft makes of it. */
export function expressionsOf({ match = {}, set = {} }: ChainRule): Expression[] {
  return [
    ...linkExpressions('meta iifname', match.iif),
    ...linkExpressions('meta oifname', match.oif),
    ...stateExpressions(match.ctState),
    ...directionExpressions(match.ctDirection),
    ...markExpressions('ct mark', match.ctMark),
    ...markExpressions('meta mark', match.packetMark),
    ...setExpressions('ct mark', set.ctMark),
    ...setExpressions('meta mark', set.packetMark),
  ];
}

/** One look at a subject, changed on the way, and compared; or one change of it. */
interface Step {
  readonly subject: Subject;
  readonly change?: Bitwise;
  readonly compare?: Cmp;
}

/** The steps of a rule that is made like ours; what does not fit is left out, and missed by {@link ruleOf}. */
function stepsOf(found: readonly Expression[]): Step[] {
  const steps: Step[] = [];
  let open: Step | undefined;
  for (const { kind, options } of found) {
    if (kind === 'meta' || kind === 'ct') {
      if (options.from !== undefined && open !== undefined) steps.push(open);
      open = { subject: `${kind} ${options.key}` as Subject };
    } else if (open !== undefined) {
      if (kind === 'bitwise') open = { ...open, change: options };
      else steps.push({ ...open, compare: options });
    }
  }
  return steps;
}

const number = (value: Uint8Array | undefined): number => (value?.length === u32.size ? decodeAll(u32, value) : 0);

function linkOf({ operation, data }: Cmp): NonNullable<RuleMatch['iif']> {
  const name = decodeAll(string, data.subarray(0, data.indexOf(0)));
  return operation === 'eq' ? name : { not: name };
}

function statesOf(mask: number): CtState[] {
  return (Object.keys(ctStates) as CtState[]).filter((state) => mask & ctStates[state]);
}

function matchOf(subject: Subject, compare: Cmp, change: Bitwise | undefined): RuleMatch {
  const mask = number(change?.mask);
  switch (subject) {
    case 'meta iifname':
      return { iif: linkOf(compare) };
    case 'meta oifname':
      return { oif: linkOf(compare) };
    case 'ct state':
      return { ctState: statesOf(mask) };
    case 'ct direction':
      return { ctDirection: compare.data[0] === 0 ? 'original' : 'reply' };
    case 'ct mark':
      return { ctMark: { mark: number(compare.data), mask } };
    case 'meta mark':
      return { packetMark: { mark: number(compare.data), mask } };
  }
}

function setOf({ subject, change }: Step): RuleSet {
  const bits = { mark: number(change?.xor), mask: ~number(change?.mask) >>> 0 };
  if (subject === 'ct mark') return { ctMark: bits };
  return subject === 'meta mark' ? { packetMark: bits } : {};
}

/** Expressions in words, whatever the order of their attributes, and whether or not a bitwise one says how it works. */
function inWords(list: readonly WithKind[]): string {
  const words = list.map(({ kind, options = {} }) => {
    const fields = { ...(kind === 'bitwise' && { operation: 'bool' }), ...(options as object) };
    return [
      kind,
      ...Object.entries(fields)
        .map(([key, value]) => `${key}=${value}`)
        .sort(),
    ].join(' ');
  });
  return words.join('; ');
}

/** The rule that is made of these expressions; nothing when {@link expressionsOf} makes them of none. */
export function ruleOf(found: readonly WithKind[]): ChainRule | undefined {
  if (found.some(({ options }) => options === undefined)) return undefined;
  const match: RuleMatch = {};
  const set: RuleSet = {};
  for (const step of stepsOf(found as readonly Expression[])) {
    if (step.compare === undefined) Object.assign(set, setOf(step));
    else Object.assign(match, matchOf(step.subject, step.compare, step.change));
  }
  const rule = {
    ...(Object.keys(match).length > 0 && { match }),
    ...(Object.keys(set).length > 0 && { set }),
  };
  return inWords(expressionsOf(rule)) === inWords(found) ? rule : undefined;
}
