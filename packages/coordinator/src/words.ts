/** The family of an address or subnet in its usual form. */
export function familyOf(text: string): 4 | 6 {
  return text.includes(':') ? 6 : 4;
}

/** The subnet of one address alone. */
export function alone(ip: string): string {
  return `${ip}/${familyOf(ip) === 4 ? 32 : 128}`;
}

export function defaultOf(family: 4 | 6): string {
  return family === 4 ? '0.0.0.0/0' : '::/0';
}

export function isDefault(destination: string): boolean {
  return destination.endsWith('/0');
}
