import { ack, done, goldens, payloadsOf, refuse, replay, rows, scriptedKernel, sentBy } from '@cni/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeAll } from '../codec/codec.ts';
import { NetlinkError } from '../error.ts';
import { expressions } from './expression.ts';
import { sent as sentText } from './nftables.golden.ts';
import { nftablesOver } from './nftables.ts';
import { answers as answersText } from './reply.golden.ts';
import { expressionsOf, ruleOf } from './rule.ts';
import type { ChainRule, FoundTable, MarkBits, RuleMatch, RuleSet, Table } from './table.ts';
import { equalTables, lacksNftables, type Tables } from './tables.ts';

const sent = goldens(sentText);
const answers = goldens(answersText);

const BIT: MarkBits = { mark: 0x80, mask: 0x80 };
const table = {
  family: 'inet',
  name: 'cni-coordinator',
  chains: [
    {
      name: 'prerouting',
      type: 'filter',
      hook: 'prerouting',
      priority: -150,
      rules: [
        { match: { iif: 'veth0', ctState: ['new'] }, set: { ctMark: BIT } },
        { match: { iif: { not: 'veth0' }, ctDirection: 'reply', ctMark: BIT }, set: { packetMark: BIT } },
      ],
    },
    {
      name: 'output',
      type: 'route',
      hook: 'output',
      priority: -150,
      rules: [{ match: { ctDirection: 'reply', ctMark: BIT }, set: { packetMark: BIT } }],
    },
  ],
} as const satisfies Table;

const other: Table = {
  family: 'ip6',
  name: 'other',
  chains: [
    {
      name: 'c',
      type: 'filter',
      hook: 'forward',
      priority: 7,
      policy: 'drop',
      rules: [
        {
          match: {
            oif: 'eth0',
            ctState: ['established', 'related', 'invalid', 'untracked'],
            packetMark: { mark: 0x12, mask: 0xff },
          },
          set: { ctMark: { mark: 0x500, mask: 0xff00 }, packetMark: { mark: 3, mask: 0xf } },
        },
      ],
    },
  ],
};

const NLM_F_ACK = 4;
const FLAGS = 6;

/** The messages of a captured datagram, each in rows; the last but one asks for an acknowledgement, as ours does and nft's does not. */
function messages(golden: Uint8Array): string[] {
  const kernel = scriptedKernel(() => []);
  kernel.send(golden);
  return kernel.requests.map(({ bytes }, index) => {
    if (index === kernel.requests.length - 2) bytes[FLAGS] = (bytes[FLAGS] ?? 0) | NLM_F_ACK;
    return rows(bytes);
  });
}

const sentFor = (act: (tables: Tables) => void) => sentBy((kernel) => act(nftablesOver(kernel).tables));

describe('as nft sends it', () => {
  test('replace', () => {
    expect(sentFor((tables) => tables.replace(table))).toEqual(messages(sent.replace));
  });

  test('other matches, in another family', () => {
    const [begin, , , ...rest] = sentFor((tables) => tables.replace(other));
    expect([begin, ...rest]).toEqual(messages(sent.other));
  });

  test('delete', () => {
    expect(sentFor((tables) => tables.delete(table))).toEqual(messages(sent.remove));
  });
});

const listing = { 1: answers.table, 4: answers.chains, 7: answers.rules } as const;

/** A kernel that lists what was captured, but for what `change` makes of it. */
function read(change: (golden: Uint8Array) => Uint8Array = (golden) => golden): FoundTable | undefined {
  const kernel = scriptedKernel((request) => {
    const golden = listing[(request.type & 0xff) as keyof typeof listing];
    return [replay(change(golden.slice()), request), done(request)];
  });
  return nftablesOver(kernel).tables.find(table);
}

describe('what the kernel lists', () => {
  test('the table, and what others have put into it', () => {
    const chains = table.chains.map((chain) => ({ ...chain, policy: 'accept' }));
    expect(read()).toEqual({ ...table, chains, foreign: ['rule 2 of chain output', 'chain extra'] });
  });

  test('a table that is not there, or cannot be', () => {
    for (const errno of [2, 22]) {
      const kernel = scriptedKernel((request) => [refuse(request, errno)]);
      expect(nftablesOver(kernel).tables.find(table)).toBeUndefined();
    }
  });

  test('every beginning of an answer: a table, or an error', () => {
    for (const [index, golden] of Object.entries(listing)) {
      for (const { type, body } of payloadsOf(golden)) {
        for (let length = 0; length < body.length; length += 3) {
          const short = new Uint8Array(16 + length);
          new DataView(short.buffer).setUint32(0, short.length, true);
          new DataView(short.buffer).setUint16(4, type, true);
          short.set(body.subarray(0, length), 16);
          try {
            read((whole) => (whole.length === listing[Number(index) as keyof typeof listing].length ? short : whole));
          } catch (error) {
            expect(error).toBeInstanceOf(NetlinkError);
            expect((error as NetlinkError).errno).toBe('EBADMSG');
          }
        }
      }
    }
  });
});

describe('equal', () => {
  const found: FoundTable = { ...table, foreign: [] };
  const [prerouting, output] = table.chains;
  const changed: [string, Table][] = [
    ['another policy', { ...table, chains: [prerouting, { ...output, policy: 'drop' }] }],
    ['another priority', { ...table, chains: [prerouting, { ...output, priority: -149 }] }],
    ['another order', { ...table, chains: [output, prerouting] }],
    ['a rule less', { ...table, chains: [prerouting, { ...output, rules: [] }] }],
    ['another bit', { ...table, chains: [prerouting, { ...output, rules: [{ set: { packetMark: BIT } }] }] }],
  ];
  test('to what was made', () => {
    expect(equalTables(found, table)).toBe(true);
    expect(
      equalTables(found, { ...table, chains: table.chains.map((chain) => ({ ...chain, policy: 'accept' })) }),
    ).toBe(true);
  });
  test.each(changed)('not: %s', (_, made) => {
    expect(equalTables(found, made)).toBe(false);
  });
  test('not with something foreign in it', () => {
    expect(equalTables({ ...found, foreign: ['chain extra'] }, table)).toBe(false);
  });
});

describe('what the kernel refuses', () => {
  const ENOENT = 2;
  const EOPNOTSUPP = 95;

  test('is told with the part it is about, and the rest of the answers is passed over', () => {
    const offset = 20 + 20 + 16 + 4 + 4;
    const kernel = scriptedKernel((request) => {
      const { type } = request;
      if (type === 0x0a06) return [refuse(request, ENOENT, { message: 'no such', offset })];
      return type === 0x0a01 ? [replay(answers.table, request)] : [ack(request)];
    });
    const { tables } = nftablesOver(kernel);
    expect(() => tables.replace(table)).toThrow(
      'add rule 1 of chain prerouting to table inet cni-coordinator: ENOENT, kernel says "no such" at expressions.0',
    );
    expect(tables.find(table)).toEqual({ family: 'inet', name: 'cni-coordinator', chains: [], foreign: [] });
  });

  test('by a kernel without nf_tables', () => {
    const kernel = scriptedKernel((request) => (request.type === 16 ? [refuse(request, EOPNOTSUPP)] : []));
    const { tables } = nftablesOver(kernel);
    const refused = (act: () => void) => {
      try {
        act();
        return undefined;
      } catch (error) {
        return error;
      }
    };
    const error = refused(() => tables.replace(table));
    expect(String(error)).toBe('NetlinkError: replace table inet cni-coordinator: EOPNOTSUPP');
    expect(lacksNftables(error)).toBe(true);
    expect(tables.deleteIfPresent(table)).toBe(false);
  });

  test('at the end of a transaction whose parts were all right', () => {
    const kernel = scriptedKernel((request) => (request.type === 16 ? [refuse(request, 16)] : [ack(request)]));
    expect(() => nftablesOver(kernel).tables.replace(table)).toThrow('replace table inet cni-coordinator: EBUSY');
  });
});

describe('what cannot be meant', () => {
  const withRule = (rule: ChainRule): Table => ({
    ...other,
    chains: other.chains.map((one) => ({ ...one, rules: [rule] })),
  });
  const rowsOf: [ChainRule, string][] = [
    [{ set: { ctMark: { mark: 3, mask: 1 } } }, 'rule 1 of chain c: mark 3 has bits outside of mask 1'],
    [{ match: { packetMark: { mark: 0, mask: 0 } } }, 'rule 1 of chain c: mask 0 is not between 1 and 4294967295'],
    [{ match: { iif: 'a-name-of-16-byt' } }, 'link name "a-name-of-16-byt" is not 1 to 15 bytes long'],
    [{ match: { oif: { not: '' } } }, 'link name "" is not 1 to 15 bytes long'],
    [{ match: { ctState: [] } }, 'ctState names no state'],
  ];
  test.each(rowsOf)('%j', (rule, message) => {
    const kernel = scriptedKernel((request) => [ack(request)]);
    expect(() => nftablesOver(kernel).tables.replace(withRule(rule))).toThrow(message);
    expect(kernel.requests).toEqual([]);
  });
});

test('every rule is read as it was written', () => {
  const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
  const name = fc.constantFrom('veth0', 'eth0', 'lo', 'net1.100');
  const link = fc.oneof(
    name,
    name.map((not) => ({ not })),
  );
  const bits = fc
    .tuple(fc.integer({ min: 1, max: 0xffffffff }), fc.nat(0xffffffff))
    .map(([mask, mark]) => ({ mask, mark: (mark & mask) >>> 0 }));
  const states = fc.subarray(['invalid', 'established', 'related', 'new', 'untracked'] as const, { minLength: 1 });
  const match = fc.record({
    iif: some(link),
    oif: some(link),
    ctState: some(states),
    ctDirection: some(fc.constantFrom('original' as const, 'reply' as const)),
    ctMark: some(bits),
    packetMark: some(bits),
  });
  const set = fc.record({ ctMark: some(bits), packetMark: some(bits) });
  fc.assert(
    fc.property(match, set, (match, set) => {
      const written = { match: match as RuleMatch, set: set as RuleSet };
      const again = ruleOf(decodeAll(expressions, expressions.encode(expressionsOf(written))));
      expect({ match: {}, set: {}, ...again }).toEqual(written);
    }),
  );
});
