/** What the demo tells while it runs, and the table at its end. */

/** In the order of the table. */
export type Topic = 'attached' | 'reached' | 'limited' | 'checked' | 'detached' | 'nothing left';

const outcomes: { topic: Topic; good: boolean }[] = [];
const mark = (good: boolean) => (good ? '✓' : '✗');

export function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** Tells something that is as it should be, or is not. */
export function expect(topic: Topic, good: boolean, text: string): void {
  outcomes.push({ topic, good });
  say(`   ${mark(good)} ${text}`);
}

export function milliseconds(since: number): string {
  return `${(performance.now() - since).toFixed(0)} ms`.padStart(7);
}

/** Prints the table; the exit status. */
export function conclude(): number {
  const topics = [...new Set(outcomes.map(({ topic }) => topic))];
  const rows = topics.map((topic) => {
    const all = outcomes.filter((outcome) => outcome.topic === topic);
    const good = all.filter((outcome) => outcome.good).length;
    return `   ${topic.padEnd(14)} ${mark(good === all.length)} ${good} of ${all.length}`;
  });
  const bad = outcomes.filter(({ good }) => !good).length;
  say(`\n${rows.join('\n')}\n`);
  say(bad === 0 ? 'Everything is as it should be.' : `Not as they should be: ${bad} of the lines above.`);
  return bad === 0 ? 0 : 1;
}
