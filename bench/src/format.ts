import type { Ratio } from './statistics.ts';

/** In place of a number that there is none of. */
export const NOTHING = '—';

/** Three digits that count: `0.65`, `12.3`, `1370`. */
export function formatMilliseconds(value: number): string {
  if (value < 10) return value.toFixed(2);
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}

/** `0.41 (0.39–0.44)` */
export function formatRatio({ median, low, high }: Ratio): string {
  return `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
}

/** Megabytes, 10⁶ bytes. */
export function formatMegabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(2);
}

/** A measured value with whether it meets its goal: no more than `limit`. */
export function judged(text: string, value: number, limit: number): string {
  return `${text} ${value <= limit ? '✓' : '✗'}`;
}
