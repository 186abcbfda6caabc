/** Bytes of hexadecimal digits, as text or a template; space between them means nothing. Throws `Error` for anything else. */
export function hex(text: string | TemplateStringsArray): Uint8Array {
  const digits = (typeof text === 'string' ? text : text.join('')).replace(/\s/g, '');
  if (!/^([0-9a-f]{2})*$/.test(digits)) throw new Error('not an even number of hexadecimal digits');
  return Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

/** The bytes of golden messages, which are kept as hexadecimal text. */
export function goldens<K extends string>(texts: Readonly<Record<K, string>>): Record<K, Uint8Array> {
  const entries = Object.entries<string>(texts).map(([name, text]) => [name, hex(text)]);
  return Object.fromEntries(entries) as Record<K, Uint8Array>;
}

/** Hexadecimal, four bytes to a line: two of these differ where the messages do. */
export function rows(bytes: Uint8Array): string {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return (digits.match(/.{1,8}/g) ?? []).join('\n');
}

/** Joins messages to a datagram, each padded to a multiple of four bytes. */
export function datagram(...messages: Uint8Array[]): Uint8Array {
  const padded = messages.map((message) => (message.length + 3) & ~3);
  const out = new Uint8Array(padded.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const [index, message] of messages.entries()) {
    out.set(message, at);
    at += padded[index] ?? 0;
  }
  return out;
}

/** One attribute, padded. */
export function attributeBytes(type: number, payload: Uint8Array): Uint8Array {
  const out = new Uint8Array((4 + payload.length + 3) & ~3);
  const view = new DataView(out.buffer);
  view.setUint16(0, 4 + payload.length, true);
  view.setUint16(2, type, true);
  out.set(payload, 4);
  return out;
}

/** A copy of a datagram whose messages have no sequence number and no port: these differ each time. */
export function unnumbered(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  for (const { start } of messagesIn(out)) out.fill(0, start + 8, start + 16);
  return out;
}

/** The type and the payload of each message of a datagram. */
export function payloadsOf(bytes: Uint8Array): { readonly type: number; readonly body: Uint8Array }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return messagesIn(bytes).map(({ start, end }) => ({
    type: view.getUint16(start + 4, true),
    body: bytes.slice(start + 16, end),
  }));
}

/** Where the messages of a datagram are. */
export function messagesIn(bytes: Uint8Array): { start: number; end: number }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const found: { start: number; end: number }[] = [];
  for (let start = 0; start + 16 <= bytes.length; ) {
    const end = start + Math.max(view.getUint32(start, true), 16);
    found.push({ start, end });
    start = (end + 3) & ~3;
  }
  return found;
}
