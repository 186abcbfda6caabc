import { type AttributeSet, attributes, beginAttribute, finishAttribute, NLA_F_NESTED, walk } from './attributes.ts';
import { type Codec, codec, cstring, WireError, writeBytes } from './codec.ts';

/** `TCA_KIND` and `TCA_OPTIONS`, `TCA_ACT_KIND` and `TCA_ACT_OPTIONS`, `NFTA_EXPR_NAME` and `NFTA_EXPR_DATA`. */
const KIND = 1;
const OPTIONS = 2;

/** A kind and its options; those of a kind that is not known, or not of this shape, stay in `raw`. */
export interface WithKind {
  readonly kind?: string;
  readonly options?: unknown;
  readonly raw?: Uint8Array;
}

// biome-ignore lint/suspicious/noExplicitAny: each kind has options of its own
type Kinds = Readonly<Record<string, Codec<any>>>;

interface Split {
  readonly kind?: string;
  readonly options?: readonly [number, number];
}

function split(encoded: Uint8Array, start: number, end: number): Split {
  const found: { kind?: string; options?: readonly [number, number] } = {};
  walk(encoded, start, end, (type, from, to) => {
    if (type === KIND) found.kind = cstring.decode(encoded, from, to);
    if (type === OPTIONS) found.options = [from, to];
  });
  return found;
}

/**
 * A kind, the options it selects, and the attributes beside them: `TCA_*`, `TCA_ACT_*` and `NFTA_EXPR_*` are all made like
 * this. The options of the latter two are marked as nested.
 */
export function withKind<T extends object>(
  name: string,
  kinds: Kinds,
  set: AttributeSet<T>,
  { nested = false }: { nested?: boolean } = {},
): Codec<T & WithKind> {
  const rest = attributes<T>(name, set, { skipRest: true, beside: ['kind', 'options', 'raw'] });
  return codec<T & WithKind>({
    write(value, out) {
      const { kind = '', options, raw } = value;
      if (kind !== '') {
        const start = beginAttribute(out);
        cstring.write(kind, out);
        finishAttribute(KIND, start, out);
      }
      const known = options === undefined ? undefined : kinds[kind];
      if (known !== undefined || (options === undefined && raw !== undefined)) {
        const start = beginAttribute(out);
        if (known !== undefined) known.write(options, out);
        else if (raw !== undefined) writeBytes(raw, out);
        finishAttribute(nested ? OPTIONS | NLA_F_NESTED : OPTIONS, start, out);
      }
      rest.write(value, out);
    },
    decode(encoded, start, end) {
      const { kind, options } = split(encoded, start, end);
      const others = rest.decode(encoded, start, end);
      return { ...others, ...(kind !== undefined && { kind }), ...readOptions(kinds[kind ?? ''], encoded, options) };
    },
    locate(encoded, start, end, at) {
      const { kind, options } = split(encoded, start, end);
      if (options === undefined || at < options[0] - 4) return ['kind'];
      if (at >= options[1]) return rest.locate?.(encoded, start, end, at) ?? [];
      return ['options', ...(at < options[0] ? [] : (kinds[kind ?? '']?.locate?.(encoded, ...options, at) ?? []))];
    },
  });
}

function readOptions(
  codec: Codec<unknown> | undefined,
  encoded: Uint8Array,
  position: readonly [number, number] | undefined,
): WithKind {
  if (position === undefined) return {};
  try {
    if (codec !== undefined) return { options: codec.decode(encoded, ...position) };
  } catch (error) {
    // A newer kernel's value must not hide the rest.
    if (!(error instanceof WireError)) throw error;
  }
  return { raw: encoded.slice(...position) };
}
