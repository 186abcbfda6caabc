import { expect, test } from 'vitest';
import { renderMarkdown, renderText, type Table } from './table.ts';

const table: Table = {
  title: 'Start-up',
  notes: ['Milliseconds.'],
  columns: ['program', 'ours', 'ratio'],
  rows: [
    ['host-local', '0.65', '0.41 ✓'],
    ['ipvlan', 'not measurable on this kernel'],
    ['no-op', '12.3', ''],
  ],
};

test('text is aligned, words to the left and numbers to the right', () => {
  expect(renderText(table)).toBe(
    [
      'Start-up',
      '  Milliseconds.',
      '',
      '  program     ours   ratio',
      '  host-local  0.65  0.41 ✓',
      '  ipvlan      not measurable on this kernel',
      '  no-op       12.3',
      '',
    ].join('\n'),
  );
});

test('Markdown has the same cells', () => {
  expect(renderMarkdown(table)).toBe(
    [
      '## Start-up',
      '',
      'Milliseconds.',
      '',
      '| program    | ours |  ratio |',
      '| ---------- | ---: | -----: |',
      '| host-local | 0.65 | 0.41 ✓ |',
      '| ipvlan     | not measurable on this kernel |  |',
      '| no-op      | 12.3 |        |',
      '',
    ].join('\n'),
  );
});
