// Compiles the engine for each architecture: quickjs.wasm → C (wasm2c) → a static executable, with the host around it.
// Part of this package's build. What has the same inputs is taken from .cache/ at the root of the repository.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { foreignMusl, foreignRoot } from './foreign-musl.mjs';
import { engineNotices } from './notices.mjs';
import { translate } from './translate.mjs';

const here = import.meta.dirname;
const cache = join(here, '../../../.cache/engine');
const wasm = fileURLToPath(import.meta.resolve('quickjs-wasi/quickjs.wasm'));
const wasmId = createHash('sha256').update(readFileSync(wasm)).digest('hex');

const COMPILE = [
  // /usr/src/wasm2c: wasm-rt.h, which the generated C includes; part of Debian's wabt.
  ...['-std=gnu17', '-O2', '-fno-pie', '-D_GNU_SOURCE', '-DNDEBUG', '-I.', '-I/usr/src/wasm2c'],
  // The native stack has a guard; and a function may return where translate.mjs says, past its epilogue.
  '-DWASM_RT_USE_STACK_DEPTH_COUNT=0',
  // The memory is bytes that are read as any type. No fused multiply-add: both architectures shall compute the same.
  ...['-fno-strict-aliasing', '-ffp-contract=off'],
  ...['-fno-asynchronous-unwind-tables', '-fno-unwind-tables', '-ffunction-sections', '-fdata-sections'],
];
const HOST = ['-Wall', '-Wextra', '-Wno-unused-parameter', `-DENGINE_ID="${wasmId}"`];
const LINK = [
  ...['-static', '-no-pie', '-s', '-Wl,--gc-sections', '-Wl,-u,engine_id'],
  ...['-Wl,--build-id=none', '-Wl,-z,noseparate-code', '-Wl,-z,norelro'],
];

const targets = [
  describe({ platform: 'linux-x64', arch: 'x64', debian: 'amd64', machine: 'x86_64', flags: [] }),
  // Outlined atomics would need glibc.
  describe({
    platform: 'linux-arm64',
    arch: 'arm64',
    debian: 'arm64',
    machine: 'aarch64',
    flags: ['-mno-outline-atomics'],
  }),
];

/** Adds how an architecture is compiled for: with this machine's musl, or with a cross compiler and a musl of its own. */
function describe(target) {
  const native = target.arch === process.arch;
  const compiler = native ? 'musl-gcc' : `${target.machine}-linux-gnu-gcc`;
  const debianPackage = native ? 'musl-tools' : `gcc-${target.machine.replace('_', '-')}-linux-gnu`;
  return { ...target, native, compiler, debianPackage };
}

function hash(...parts) {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part).update('\0');
  return sum.digest('hex').slice(0, 32);
}

function version(command) {
  const { error, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  return error ? undefined : stdout;
}

/** The file or directory `name` in the cache, made by `make(path)` unless it is there. */
function cached(name, make) {
  const path = join(cache, name);
  if (existsSync(path)) return path;
  const aside = `${path}.${process.pid}`;
  make(aside);
  // Another build may have been faster; what it made is the same.
  if (existsSync(path)) rmSync(aside, { recursive: true });
  else renameSync(aside, path);
  return path;
}

function compileTarget(target) {
  const compilerVersion = version(target.compiler);
  const wasm2c = version('wasm2c');
  if (wasm2c === undefined) return leaveOut(target, 'no wasm2c (Debian: wabt)');
  if (compilerVersion === undefined) return leaveOut(target, `no ${target.compiler} (Debian: ${target.debianPackage})`);
  const libc = target.native ? { compile: [], linkFirst: [], linkLast: [] } : foreignLibc(target);
  if (libc === undefined) return leaveOut(target, `no musl-dev:${target.debian} to be had from apt-get`);
  const sourceKey = hash(wasmId, wasm2c, readFileSync(join(here, 'translate.mjs')));
  const directory = cached(`${sourceKey}.c`, (path) => translate(wasm, path));
  const flags = [...COMPILE, ...target.flags];
  const compile = (...parts) =>
    execFileSync(target.compiler, [...flags, ...libc.compile, ...parts], { cwd: directory });

  const objectKey = hash(sourceKey, compilerVersion, ...flags);
  const object = cached(`${objectKey}.o`, (path) => {
    console.log(`engine ${target.platform}: compiling QuickJS, half a minute, once`);
    compile('-c', 'quickjs.c', '-o', path);
  });

  const inputs = readdirSync(here).filter((name) => /\.[ch]$/.test(name));
  const contents = inputs.map((name) => readFileSync(join(here, name)));
  const engine = cached(`${hash(objectKey, ...HOST, ...LINK, ...contents)}.engine`, (path) => {
    const sources = inputs.filter((name) => name.endsWith('.c')).map((name) => join(here, name));
    compile(...HOST, ...LINK, ...libc.linkFirst, ...sources, object, ...libc.linkLast, '-o', path);
  });
  const platform = join(here, '../platforms', target.platform);
  writeNotices(target, join(platform, 'NOTICES'));
  return install(engine, join(platform, 'engine'));
}

/** Without them executables can be built, but not released. */
function writeNotices(target, path) {
  rmSync(path, { force: true });
  try {
    writeFileSync(path, engineNotices(target, dirname(wasm), target.native ? '/' : foreignRoot(target, cache)));
  } catch (error) {
    console.log(`engine ${target.platform}: no licence notices, ${error.message}`);
  }
}

function foreignLibc(target) {
  try {
    return foreignMusl(target, cache);
  } catch {
    return undefined;
  }
}

/** Without its own engine a machine can build no plugin; without the other it can. */
function leaveOut({ native }, reason) {
  if (native) process.exitCode = 1;
  return `left out, ${reason}`;
}

function install(engine, output) {
  copyFileSync(engine, `${output}.${process.pid}`);
  renameSync(`${output}.${process.pid}`, output);
  return `${(readFileSync(output).length / 1e6).toFixed(2)} MB`;
}

mkdirSync(cache, { recursive: true });
for (const target of targets) console.log(`engine ${target.platform}: ${compileTarget(target)}`);
