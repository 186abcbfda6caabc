/**
 * A reader of Prometheus' text format that lets nothing pass which the format does not have.
 *
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/, text format 0.0.4
 */

/** All samples of one name. */
export interface Family {
  readonly help: string;
  readonly type: string;
  readonly samples: { readonly labels: Record<string, string>; readonly value: number }[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\\\\n]|\\\\["\\\\n])*)"';
const HELP = new RegExp(`^# HELP (${NAME}) ((?:[^\\\\]|\\\\[\\\\n])+)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|untyped)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)$`);

const ESCAPED: Readonly<Record<string, string>> = { '\\n': '\n', '\\"': '"', '\\\\': '\\' };

/** Families by name. Throws for whatever is not as it should be, naming the line. */
export function parseMetrics(text: string): Map<string, Family> {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, Family>();
  const lines = text.split('\n').slice(0, -1).values();
  let current = '';
  const seen = new Set<string>();
  for (const line of lines) {
    const [, helped = '', help = ''] = HELP.exec(line) ?? [];
    if (helped !== '') {
      const [, typed, type = ''] = TYPE.exec(lines.next().value ?? '') ?? [];
      if (typed !== helped) throw new Error(`no TYPE after ${line}`);
      if (families.has(helped)) throw new Error(`${helped} is told of twice`);
      if ((type === 'counter') !== helped.endsWith('_total')) throw new Error(`${helped} is a ${type}`);
      families.set(helped, { help, type, samples: [] });
      current = helped;
      continue;
    }
    const [, name = '', labels = '', ...rest] = SAMPLE.exec(line) ?? [];
    if (name === '' || name !== current) throw new Error(`not a sample of ${current}: ${line}`);
    const series = `${name}{${labels}}`;
    if (seen.has(series)) throw new Error(`twice: ${series}`);
    seen.add(series);
    families.get(name)?.samples.push({ labels: parseLabels(labels), value: Number(rest.at(-1)) });
  }
  return families;
}

function parseLabels(text: string): Record<string, string> {
  const pairs = [...text.matchAll(new RegExp(LABEL, 'g'))].map(([, name = '', value = '']) => [
    name,
    value.replace(/\\[n"\\]/g, (one) => ESCAPED[one] ?? ''),
  ]);
  const labels = Object.fromEntries(pairs);
  if (Object.keys(labels).length !== pairs.length) throw new Error(`a label twice: ${text}`);
  return labels;
}
