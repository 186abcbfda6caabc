import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { build } from './build.ts';
import { fixture, run, scratchDirectory } from './fixtures/executable.ts';
import { hostTarget, targets } from './target.ts';

const scratch = scratchDirectory();

const write = (name: string, code: string) => {
  mkdirSync(scratch, { recursive: true });
  writeFileSync(join(scratch, name), code);
  return join(scratch, name);
};

describe('build', () => {
  test.each(targets)('%s: the same sources, the same bytes, wherever they lie', async (target) => {
    const copies = ['one', 'two/deeper'].map((name) => join(scratch, name));
    const built = [];
    for (const copy of copies) {
      mkdirSync(copy, { recursive: true });
      writeFileSync(join(copy, 'package.json'), '{"name":"copy"}');
      cpSync(fixture('failures'), join(copy, 'main.ts'));
      await build({ entry: join(copy, 'main.ts'), outfile: join(copy, 'out'), target });
      built.push(readFileSync(join(copy, 'out')));
    }
    expect(built[0]?.equals(built[1] ?? Buffer.alloc(0))).toBe(true);
    expect(built[0]?.includes(scratch)).toBe(false);
  });

  test('executable for all, nothing left beside it', async () => {
    const outfile = join(scratch, 'made/for/it/plugin');
    const size = await build({ entry: fixture('failures'), outfile });
    expect(statSync(outfile)).toMatchObject({ mode: 0o100755, size });
    expect(readdirSync(join(scratch, 'made/for/it'))).toEqual(['plugin']);
  });

  test('a failed build leaves the old file', async () => {
    const outfile = write('old', 'as it was');
    await expect(build({ entry: write('empty.ts', ''), outfile })).rejects.toThrow(
      'the program never calls start(main)',
    );
    expect(readFileSync(outfile, 'utf8')).toBe('as it was');
  });

  test('npm packages that want Buffer and os', async () => {
    const code = `
      import { endianness } from 'node:os';
      import { Buffer as imported } from 'buffer';
      declare const __syscalls: any;
      const bytes = Buffer.from('grün');
      __syscalls.start(() => (__syscalls.write(1, bytes), bytes instanceof imported && endianness() === 'LE' ? 0 : 1));`;
    const outfile = join(scratch, 'buffer');
    await build({ entry: write('buffer.ts', code), outfile });
    expect(run({ target: hostTarget(), prefix: [] }, outfile, [])).toEqual({ status: 0, stdout: 'grün', stderr: '' });
  });

  test.each([
    ['no such file', 'none.ts', undefined, /^build .*none\.ts: there is no such file$/],
    ['a syntax error', 'syntax.ts', 'const a = 1;\nconst = 2', /^syntax\.ts:2:7: Expected identifier but found "="$/],
    ['an import of nothing', 'import.ts', `import 'not-there';`, /^import\.ts:1:8: Could not resolve "not-there"$/],
    [
      'an import of Node',
      'node.ts',
      `import fs from 'node:fs'; fs.x();`,
      /^node\.ts:1:16: Could not resolve "node:fs"$/,
    ],
    ['an exception while it is loaded', 'load.ts', '\n\nnull!.x;', /cannot read property 'x' of null\n.*load\.ts:3/],
  ])('%s is refused, naming the place', async (_, name, code, message) => {
    const entry = code === undefined ? join(scratch, name) : write(name, code);
    await expect(build({ entry, outfile: join(scratch, 'refused') })).rejects.toThrow(message);
    expect(existsSync(join(scratch, 'refused'))).toBe(false);
  });
});

describe('cni-aot', () => {
  const cli = (...argv: string[]) =>
    spawnSync(process.execPath, [fileURLToPath(new URL('../bin/cni-aot.mjs', import.meta.url)), ...argv], {
      encoding: 'utf8',
    });

  test('build: one line', () => {
    const outfile = join(scratch, 'cli');
    const { status, stdout, stderr } = cli('build', fixture('failures'), '-o', outfile);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^\S+\/cli {2}\d\.\d\d MB {2}\d+\.\d s\n$/);
  });

  test('--help: the usage', () => {
    expect(cli('--help')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Usage: cni-aot build/) });
  });

  test('a fault of the caller: one line, no stack', () => {
    expect(cli('build', 'none.ts', '-o', 'x')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: 'cni-aot: build none.ts: there is no such file\n',
    });
  });
});
