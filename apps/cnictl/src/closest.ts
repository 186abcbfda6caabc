/** The candidate that a misspelled word was probably meant to be: at most two letters off, and half of them. */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  const allowed = Math.min(2, Math.floor(word.length / 2));
  const near = [...candidates]
    .map((candidate) => ({ candidate, off: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ off }) => off <= allowed)
    .toSorted((a, b) => a.off - b.off);
  return near[0]?.candidate;
}

/** Letters to insert, delete, replace, or swap with a neighbour, to turn one word into the other. */
function distance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  const cell = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    rows.push(current);
    for (let column = 1; column <= to.length; column++) {
      const replaced = from[row - 1] === to[column - 1] ? 0 : 1;
      const swapped =
        from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1] ? 1 : Number.POSITIVE_INFINITY;
      current.push(
        Math.min(
          cell(row - 1, column) + 1,
          cell(row, column - 1) + 1,
          cell(row - 1, column - 1) + replaced,
          cell(row - 2, column - 2) + swapped,
        ),
      );
    }
  }
  return cell(from.length, to.length);
}
