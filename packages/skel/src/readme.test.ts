import { readText } from '@cni/sys';
import { expect, test } from 'vitest';
import { CODES } from './index.ts';

const textOf = (path: string) => readText(new URL(path, import.meta.url).pathname);
const readme = textOf('../README.md');

test('the example is the one in examples/sysctl, and short', () => {
  const files = ['sysctl.ts', 'main.ts'].map((name) => textOf(`../../../examples/sysctl/${name}`));
  for (const file of files) expect(readme).toContain(`\`\`\`ts\n${file}\`\`\``);
  expect(files.join('').split('\n').length).toBeLessThanOrEqual(60);
});

test('the table knows every code', () => {
  const rows = Object.entries(CODES).map(([name, [number, meaning]]) => `| ${number} | \`${name}\` | ${meaning} |`);
  const text = readme.replace(/ +/g, ' ');
  for (const row of rows) expect(text).toContain(row);
});
