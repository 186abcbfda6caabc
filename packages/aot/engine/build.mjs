// Compiles the engine for each architecture: quickjs.wasm → C (wasm2c) → a static executable, with the host around it.
// Part of this package's build. An object whose inputs are the same is taken from .cache/ at the root of the repository.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareArm64Musl } from './arm64-musl.mjs';

const here = import.meta.dirname;
const cache = join(here, '../../../.cache/engine');
const wasm = fileURLToPath(import.meta.resolve('quickjs-wasi/quickjs.wasm'));

/** wasm-rt.h, the header of the generated C; Debian's wabt has it here. */
const WASM_RT = '/usr/src/wasm2c';

const COMPILE = [
  ...['-std=gnu17', '-O2', '-fno-pie', '-D_GNU_SOURCE', '-I.', `-I${WASM_RT}`],
  // The memory is bytes that are read as any type. No fused multiply-add: both architectures shall compute the same.
  ...['-fno-strict-aliasing', '-ffp-contract=off'],
  ...['-fno-asynchronous-unwind-tables', '-fno-unwind-tables', '-ffunction-sections', '-fdata-sections'],
];
const WARNINGS = ['-Wall', '-Wextra', '-Wno-unused-parameter', '-Werror'];
const LINK = [
  ...['-static', '-no-pie', '-s', '-Wl,--gc-sections', '-Wl,-u,engine_id'],
  ...['-Wl,--build-id=none', '-Wl,-z,noseparate-code', '-Wl,-z,norelro'],
];

const nothing = { compile: [], linkFirst: [], linkLast: [] };
const targets = [
  { platform: 'linux-x64', compiler: 'musl-gcc', debian: 'musl-tools', flags: [], libc: () => nothing },
  {
    platform: 'linux-arm64',
    compiler: 'aarch64-linux-gnu-gcc',
    debian: 'gcc-aarch64-linux-gnu',
    flags: ['-mno-outline-atomics'],
    libc: () => prepareArm64Musl(cache),
  },
];

const hash = (...parts) => {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part).update('\0');
  return sum.digest('hex');
};

const version = (command) => {
  const { error, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  return error ? undefined : stdout;
};

/** The file made by `make(path)` from the inputs that `key` stands for, made once. */
function cached(key, extension, make) {
  const path = join(cache, `${key.slice(0, 32)}.${extension}`);
  if (existsSync(path)) return path;
  const aside = `${path}.${process.pid}`;
  make(aside);
  renameSync(aside, path);
  return path;
}

/** quickjs.c and quickjs.h. The data segments go: they are in every snapshot. */
function translate(key) {
  return cached(key, 'c', (directory) => {
    mkdirSync(directory);
    const file = join(directory, 'quickjs.c');
    execFileSync('wasm2c', [wasm, '-n', 'qjs', '-o', file]);
    const source = readFileSync(file, 'utf8')
      .replaceAll(/^static const u8 data_segment_data_w2c_d\d+\[\] = \{[^}]*\};\n/gm, '')
      .replaceAll(/^ {2}LOAD_DATA\(instance->w2c_memory, .*\);\n/gm, '');
    check(source);
    writeFileSync(file, source);
  });
}

/** What engine/runtime.c relies on. */
function check(source) {
  const types = [...source.matchAll(/ = wasm_rt_register_func_type\((.*)\);/g)].map(([, type]) => type);
  if (types.length === 0 || new Set(types).size !== types.length) throw new Error('wasm2c: function types repeat');
  if (source.includes('data_segment_data')) throw new Error('wasm2c: a data segment is used at run time');
}

function compileTarget({ platform, compiler, debian, flags, libc }, wasmHash) {
  const compilerVersion = version(compiler);
  if (compilerVersion === undefined) {
    console.log(`engine ${platform}: left out, no ${compiler} (Debian: ${debian})`);
    return;
  }
  const wasm2c = version('wasm2c');
  if (wasm2c === undefined) throw new Error('engine: no wasm2c (Debian: wabt)');
  const start = performance.now();
  const paths = libc();
  const directory = translate(hash(wasmHash, wasm2c, readFileSync(import.meta.filename)));
  const run = (...parts) => execFileSync(compiler, parts.flat(), { cwd: directory });
  const objectKey = hash(directory, compilerVersion, ...COMPILE, ...flags, ...paths.compile);
  const object = cached(objectKey, 'o', (path) => {
    console.log(`engine ${platform}: compiling QuickJS, about half a minute, once`);
    run(COMPILE, flags, paths.compile, '-c', 'quickjs.c', '-o', path);
  });
  const sources = readdirSync(here).filter((name) => /\.[ch]$/.test(name)).sort();
  const tableSize = /wasm_rt_allocate_funcref_table\(.*?, (\d+),/.exec(readFileSync(join(directory, 'quickjs.c'), 'utf8'))[1];
  const defines = [`-DTABLE_SIZE=${tableSize}`, `-DENGINE_ID="${wasmHash}"`];
  const engine = cached(hash(objectKey, ...LINK, ...sources.map((name) => readFileSync(join(here, name)))), 'engine', (path) => {
    const files = sources.filter((name) => name.endsWith('.c')).map((name) => join(here, name));
    run(COMPILE, WARNINGS, defines, flags, paths.compile, LINK, paths.linkFirst, files, object, paths.linkLast, '-o', path);
  });
  const output = join(here, '../platforms', platform, 'engine');
  rmSync(output, { force: true });
  copyFileSync(engine, output);
  console.log(`engine ${platform}: ${(readFileSync(output).length / 1e6).toFixed(2)} MB, ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

mkdirSync(cache, { recursive: true });
const wasmHash = createHash('sha256').update(readFileSync(wasm)).digest('hex');
for (const target of targets) compileTarget(target, wasmHash);
