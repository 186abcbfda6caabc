/** Rows as lines, columns aligned and two spaces apart. Rows with the same first cell are aligned among themselves. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const labels = widest(rows.map(([label = '']) => label));
  return rows
    .map(([label = '', ...cells]) => {
      const alike = rows.filter((row) => row[0] === label).map((row) => row.slice(1));
      const widths = cells.map((_, column) => widest(alike.map((row) => row[column] ?? '')));
      const padded = cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).filter((cell) => cell !== '');
      return `${[label.padEnd(labels), ...padded].join('  ').trimEnd()}\n`;
    })
    .join('');
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(({ length }) => length));
}
