import { formatIp, type Ip } from '@cni/ip';

type Trace = (line: string) => void;
let trace: Trace | undefined;

/** Has every message, decoded, written as one line to `listener`; `undefined` ends it. */
export function setTrace(listener: Trace | undefined): void {
  trace = listener;
}

/** Hands a line to the listener, if there is one; made only then. */
export function traceLine(line: () => string): void {
  if (trace !== undefined) trace(line());
}

function isIp(value: object): value is Ip {
  return 'family' in value && 'value' in value && typeof value.value === 'bigint';
}

/** A fixed header on one line, without what is zero: most of it is, most of the time. */
export function showHeader(header: object): string {
  const isSet = ([, value]: [string, unknown]) => value !== 0 && show(value) !== '{}';
  return show(Object.fromEntries(Object.entries(header).filter(isSet)));
}

/** A decoded value on one line. */
export function show(value: unknown): string {
  if (value instanceof Uint8Array) return Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (typeof value !== 'object' || value === null)
    return typeof value === 'bigint' ? `${value}` : JSON.stringify(value);
  if (isIp(value)) return formatIp(value);
  const fields = Object.entries(value).filter(([, part]) => part !== undefined);
  return `{${fields.map(([key, part]) => `${key}: ${show(part)}`).join(', ')}}`;
}
