/** What one measurement says. */
export interface Table {
  readonly title: string;
  /** Sentences below the title. */
  readonly notes: readonly string[];
  readonly columns: readonly string[];
  /** Where a row has fewer cells than there are columns, its last one reaches over the rest. */
  readonly rows: readonly (readonly string[])[];
}

/** Measures, says in a line what it is at now and then, and gives what it found. */
export type Measurement = (progress: (line: string) => void) => Promise<Table[]>;

/** Aligned, for people at a terminal. */
export function renderText({ title, notes, columns, rows }: Table): string {
  const widths = widthsOf(columns, rows);
  const lines = [columns, ...rows].map((row) => alignedCells(row, widths).join('  ').trimEnd());
  return [title, ...notes.map((note) => `  ${note}`), '', ...lines.map((line) => `  ${line}`), ''].join('\n');
}

/** The same as a Markdown section. */
export function renderMarkdown({ title, notes, columns, rows }: Table): string {
  const widths = widthsOf(columns, rows);
  const ruler = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  const line = (cells: readonly string[]): string =>
    `| ${[...cells, ...Array<string>(columns.length - cells.length).fill('')].join(' | ')} |`;
  const lines = [columns, ruler, ...rows].map((row) => line(alignedCells(row, widths)));
  return [`## ${title}`, '', ...notes.flatMap((note) => [note, '']), ...lines, ''].join('\n');
}

/** The first column is words, the others are numbers. */
function alignedCells(row: readonly string[], widths: readonly number[]): string[] {
  const reaching = row.length < widths.length ? row.length - 1 : -1;
  return row.map((cell, column) => {
    if (column === reaching) return cell;
    const width = widths[column] ?? 0;
    return column === 0 ? cell.padEnd(width) : cell.padStart(width);
  });
}

/** A cell that reaches over others makes no column wider. */
function widthsOf(columns: readonly string[], rows: Table['rows']): number[] {
  const full = (row: readonly string[], column: number): number =>
    row.length < columns.length && column === row.length - 1 ? 0 : (row[column] ?? '').length;
  return columns.map((name, column) => Math.max(2, name.length, ...rows.map((row) => full(row, column))));
}
