import type { Reporter, TestCase } from 'vitest/node';

/** How one test ended. */
export interface Outcome {
  /** Runtime and network: the outermost `describe`. */
  readonly where: string;
  readonly what: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  /** What was measured. */
  readonly notes: readonly string[];
  /** Why it was skipped. */
  readonly reason?: string;
  readonly seconds: number;
}

const MARK = 'outcome: ';

/** Prints each outcome as one line as soon as it is known, for {@link outcomeIn}. */
export class CaseReporter implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const result = test.result();
    if (result.state === 'pending') return;
    const outcome: Outcome = {
      where: test.parent.type === 'suite' ? test.parent.name : test.module.relativeModuleId,
      what: test.name,
      state: result.state,
      notes: test.annotations().map(({ message }) => message),
      ...('note' in result && result.note !== undefined && { reason: result.note }),
      seconds: (test.diagnostic()?.duration ?? 0) / 1000,
    };
    process.stdout.write(`${MARK}${JSON.stringify(outcome)}\n`);
  }
}

/** The outcome in a line of output, if it is one. */
export function outcomeIn(line: string): Outcome | undefined {
  return line.startsWith(MARK) ? JSON.parse(line.slice(MARK.length)) : undefined;
}

const MARKS = { passed: '✓', failed: '✗', skipped: '-' } as const;

/** For a person who waits: one line, and one for each measurement. */
export function progressOf({ where, what, state, notes, reason, seconds }: Outcome): string {
  const why = reason === undefined ? '' : `: skipped, ${reason}`;
  const line = `${MARKS[state]} ${where}: ${what}${why}  ${seconds.toFixed(1)} s`;
  return [line, ...notes.map((note) => `    ${note}`)].join('\n');
}

/** Runtime, case, how it ended, and its time; the cases of a runtime together. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const order = outcomes.map(({ where }) => where);
  const together = outcomes.toSorted((one, other) => order.indexOf(one.where) - order.indexOf(other.where));
  const rows = together.map(({ where, what, state, reason, seconds }) => [
    where,
    what,
    MARKS[state],
    reason === undefined ? `${seconds.toFixed(1)} s` : `skipped: ${reason}`,
  ]);
  const all = [['runtime', 'case', '', 'time'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const cells = (row: string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return all.map(cells).join('\n');
}
