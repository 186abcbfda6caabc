const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** RFC 4648 base64, padded. */
export function encodeBase64(bytes: Uint8Array): string {
  const groups: string[] = [];
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(at, at + 3);
    const group = (a << 16) | (b << 8) | c;
    const digits = [18, 12, 6, 0].map((shift) => DIGITS[(group >> shift) & 0x3f]).join('');
    groups.push(digits.slice(0, Math.min(bytes.length - at, 3) + 1).padEnd(4, '='));
  }
  return groups.join('');
}

/** The bytes of padded RFC 4648 base64. Throws `Error` for anything else. */
export function decodeBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new Error('not base64');
  const padding = text.length - text.replace(/=+$/, '').length;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let at = 0; at < text.length; at += 4) {
    const digits = Array.from(text.slice(at, at + 4), (digit) => Math.max(DIGITS.indexOf(digit), 0));
    const group = digits.reduce((sum, digit) => (sum << 6) | digit, 0);
    bytes.set([group >> 16, (group >> 8) & 0xff, group & 0xff].slice(0, bytes.length - (at / 4) * 3), (at / 4) * 3);
  }
  return bytes;
}
