import { utf8 } from '@cni/sys';
import { Flags, type Request, type Shape } from '../message.ts';
import {
  chainShape,
  families,
  hooks,
  NFNL_MSG_BATCH_BEGIN,
  NFNL_MSG_BATCH_END,
  NFNL_SUBSYS_NFTABLES,
  NFT_MSG_DELTABLE,
  NFT_MSG_GETCHAIN,
  NFT_MSG_GETRULE,
  NFT_MSG_GETTABLE,
  NFT_MSG_NEWCHAIN,
  NFT_MSG_NEWRULE,
  NFT_MSG_NEWTABLE,
  type NfHeader,
  nfBody,
  ruleShape,
  tableShape,
} from './codec.ts';
import { expressionsOf } from './rule.ts';
import type { Chain, ChainRule, MarkBits, Table, TableKey } from './table.ts';

/** `inet cni-coordinator` */
export function tableInWords({ family, name }: TableKey): string {
  return `table ${family} ${name}`;
}

function requestOf<T>(
  type: number,
  flags: number,
  header: Partial<NfHeader>,
  shape: Shape<NfHeader, T>,
  value: T,
  doing: () => string,
): Request {
  return { type, flags, body: nfBody(header, shape, value), shape, doing };
}

/** What is about a table as a whole: `NFT_MSG_GETTABLE`, `NFT_MSG_DELTABLE`. */
function aboutTable(verb: string, type: number, key: TableKey): Request {
  const header = { family: families[key.family] };
  return requestOf(type, 0, header, tableShape, { name: key.name }, () => `${verb} ${tableInWords(key)}`);
}

function newTable(key: TableKey, flags = 0): Request {
  const value = { name: key.name, flags: 0 };
  const header = { family: families[key.family] };
  return requestOf(NFT_MSG_NEWTABLE, flags, header, tableShape, value, () => `add ${tableInWords(key)}`);
}

function newChain(key: TableKey, { name, type, hook, priority, policy = 'accept' }: Chain): Request {
  const value = { table: key.name, name, type, policy, at: { hook: hooks[hook], priority } };
  const doing = () => `add chain ${name} (${type} at ${hook} ${priority}) to ${tableInWords(key)}`;
  return requestOf(NFT_MSG_NEWCHAIN, Flags.create, { family: families[key.family] }, chainShape, value, doing);
}

function newRule(key: TableKey, { name }: Chain, rule: ChainRule, index: number): Request {
  const value = { table: key.name, chain: name, expressions: expressionsOf(rule) };
  const doing = () => `add rule ${index + 1} of chain ${name} to ${tableInWords(key)}`;
  const flags = Flags.create | Flags.append;
  return requestOf(NFT_MSG_NEWRULE, flags, { family: families[key.family] }, ruleShape, value, doing);
}

/** A transaction: all of it, or nothing. Refusals come unasked; the end of it is asked to be told. */
function transaction(doing: () => string, requests: readonly Request[]): Request[] {
  const header = { resource: NFNL_SUBSYS_NFTABLES };
  const [begin, end] = [NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END].map((type) =>
    requestOf(type, 0, header, tableShape, {}, doing),
  ) as [Request, Request];
  const last = requests.length - 1;
  const asking = requests.map((request, index) =>
    index === last ? { ...request, flags: request.flags | Flags.ack } : request,
  );
  return [begin, ...asking, end];
}

function contentsOf(table: Table): Request[] {
  const rules = table.chains.flatMap((chain) => chain.rules.map((rule, index) => newRule(table, chain, rule, index)));
  return [...table.chains.map((chain) => newChain(table, chain)), ...rules];
}

/** Makes the table where there is none of that name. */
export function addRequests(table: Table): Request[] {
  const requests = [newTable(table, Flags.create | Flags.exclusive), ...contentsOf(table)];
  return transaction(() => `add ${tableInWords(table)}`, requests);
}

/** Makes the table whether or not there is one of that name: one made just before is what is deleted where there was none. */
export function replaceRequests(table: Table): Request[] {
  const remove = aboutTable('delete', NFT_MSG_DELTABLE, table);
  const requests = [newTable(table), remove, newTable(table), ...contentsOf(table)];
  return transaction(() => `replace ${tableInWords(table)}`, requests);
}

/** Deletes a table with all that is in it. */
export function deleteRequests(key: TableKey): Request[] {
  return transaction(() => `delete ${tableInWords(key)}`, [aboutTable('delete', NFT_MSG_DELTABLE, key)]);
}

export function getRequest(key: TableKey): Request {
  return aboutTable('get', NFT_MSG_GETTABLE, key);
}

/** All chains of the family: the kernel does not filter. */
export function chainsRequest(key: TableKey): Request {
  const header = { family: families[key.family] };
  return requestOf(NFT_MSG_GETCHAIN, 0, header, chainShape, {}, () => `list chains of ${tableInWords(key)}`);
}

/** The kernel filters by table since 4.13. */
export function rulesRequest(key: TableKey): Request {
  const doing = () => `list rules of ${tableInWords(key)}`;
  return requestOf(NFT_MSG_GETRULE, 0, { family: families[key.family] }, ruleShape, { table: key.name }, doing);
}

/** linux/if.h, without the NUL. */
const LONGEST_LINK_NAME = 15;
const U32_MAX = 0xffffffff;

/** Throws `Error` for what would be sent and mean something else. */
export function assertSound({ chains }: Table): void {
  for (const { name, rules } of chains) {
    for (const [index, { match = {}, set = {} }] of rules.entries()) {
      const where = `rule ${index + 1} of chain ${name}`;
      for (const bits of [match.ctMark, match.packetMark, set.ctMark, set.packetMark]) assertBits(where, bits);
      for (const link of [match.iif, match.oif]) assertLink(where, typeof link === 'object' ? link.not : link);
      if (match.ctState?.length === 0) throw new Error(`${where}: ctState names no state`);
    }
  }
}

function assertBits(where: string, bits: MarkBits | undefined): void {
  if (bits === undefined) return;
  const isU32 = (value: number) => Number.isInteger(value) && value >= 0 && value <= U32_MAX;
  if (!isU32(bits.mask) || bits.mask === 0)
    throw new Error(`${where}: mask ${bits.mask} is not between 1 and ${U32_MAX}`);
  if (!isU32(bits.mark) || (bits.mark & ~bits.mask) !== 0)
    throw new Error(`${where}: mark ${bits.mark} has bits outside of mask ${bits.mask}`);
}

function assertLink(where: string, name: string | undefined): void {
  if (name === undefined) return;
  const length = utf8(name).length;
  if (length === 0 || length > LONGEST_LINK_NAME)
    throw new Error(`${where}: link name ${JSON.stringify(name)} is not 1 to ${LONGEST_LINK_NAME} bytes long`);
}
