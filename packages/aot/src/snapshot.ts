import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { CompileFlags, Intrinsics, JSException, type JSValueHandle, QuickJS } from 'quickjs-wasi';
import { BuildError } from './build-error.ts';
import { type HeapExports, settle } from './heap.ts';

/** The memory of a script engine whose program has been loaded and has named its main function. */
export interface Snapshot {
  /** From {@link SNAPSHOT_START} on, without the zeros at its end. */
  readonly memory: Uint8Array;
  readonly memoryPages: number;
  /** The address of main. */
  readonly mainFunction: number;
}

/** Below is the engine's own stack, which is empty between two calls. */
export const SNAPSHOT_START = 0x100000;
const PAGE = 0x10000;

/** The most memory a program may use, and the most of the engine's stack: QuickJS throws when they are exceeded. */
const MEMORY_LIMIT = 256 << 20;
const STACK_LIMIT = 512 << 10;
/** Most programs end before: a collection would write to, and so copy, each page of the snapshot. */
const FIRST_COLLECTION = 32 << 20;

/** Neither eval (a program that runs as root runs nothing but itself) nor what only browsers need. */
const INTRINSICS =
  Intrinsics.DATE |
  Intrinsics.REGEXP |
  Intrinsics.JSON |
  Intrinsics.PROXY |
  Intrinsics.MAP_SET |
  Intrinsics.TYPED_ARRAYS |
  Intrinsics.PROMISE |
  Intrinsics.BIG_INT |
  Intrinsics.WEAK_REF;

/** The methods of `__syscalls` besides `start`, `utf8` and `text`; engine/syscalls.c and call.c answer them. */
export const systemCalls: readonly string[] = [
  ...[
    'argv',
    'bind',
    'chmod',
    'clock',
    'close',
    'describeStack',
    'environ',
    'exit',
    'flock',
    'fork',
    'fstat',
    'fstatfs',
  ],
  ...['fsync', 'ftruncate', 'getdents', 'getpid', 'getrandom', 'kill', 'link', 'memfd', 'mkdir', 'open', 'pidfd'],
  ...[
    'pipe',
    'poll',
    'read',
    'readEach',
    'readlink',
    'recv',
    'rename',
    'rmdir',
    'seek',
    'sendto',
    'setns',
    'setsockopt',
  ],
  ...['sha256', 'socket', 'spawn', 'stat', 'unlink', 'waitpid', 'write'],
];

/** Its state is part of the snapshot: every process would draw the same numbers. */
const PRELUDE = `Math.random = () => { throw new Error('Math.random would give every process the same numbers: use getrandom'); };`;

/** quickjs.wasm of the installed quickjs-wasi: an engine must have been compiled from the very same. */
export function readWasm(): Buffer {
  return readFileSync(createRequire(import.meta.url).resolve('quickjs-wasi/quickjs.wasm'));
}

/**
 * Runs the top level of a bundled program and keeps what it built. The same code gives the same bytes. `contained` becomes
 * `__programs`: of each program that is a part of this one, the identity its own executable has; `version` becomes `__version`.
 */
export async function takeSnapshot(
  code: string,
  contained: Readonly<Record<string, string>> = {},
  version?: string,
): Promise<Snapshot> {
  const wasm = readWasm();
  const compiler = await QuickJS.create({ wasm, wasi: still });
  // In a virtual machine of their own, so that the parser leaves nothing behind in the snapshot.
  const before = `${PRELUDE}\nglobalThis.__programs = ${JSON.stringify(contained)};
globalThis.__version = ${JSON.stringify(version)};`;
  const [prelude, program] = [before, code].map((text) => compile(compiler, text));
  const vm = await QuickJS.create({
    wasm,
    wasi: still,
    intrinsics: INTRINSICS,
    memoryLimit: MEMORY_LIMIT,
    maxStackSize: STACK_LIMIT,
    timezoneOffset: 0,
  });
  const main = addSystemCalls(vm);
  for (const bytecode of [prelude, program]) if (bytecode) load(vm, bytecode);
  const mainFunction = main();
  vm.gcThreshold = FIRST_COLLECTION;
  vm.runGC();
  settle((vm as unknown as { exports: HeapExports }).exports);
  const { memory, stackPointer } = vm.snapshot();
  if (stackPointer !== SNAPSHOT_START) throw new Error(`the engine's stack is in use: ${stackPointer}`);
  return { memory: trimZeros(memory.subarray(SNAPSHOT_START)), memoryPages: memory.length / PAGE, mainFunction };
}

/** What a program is, without the places its sources lie in: the hash of its bytecode. */
export async function identityOf(code: string): Promise<Buffer> {
  const compiler = await QuickJS.create({ wasm: readWasm(), wasi: still });
  return createHash('sha256').update(compile(compiler, code)).digest();
}

/** A clock that stands still and random bytes that are not: nothing of this build's moment may be in the snapshot. */
const still = (memory: { readonly buffer: ArrayBuffer }) => ({
  clock_time_get(_id: number, _precision: bigint, into: number): number {
    new DataView(memory.buffer).setBigUint64(into, 0n, true);
    return 0;
  },
  random_get(into: number, length: number): number {
    new Uint8Array(memory.buffer, into, length).fill(0);
    return 0;
  },
});

/** Source text is stripped, line numbers are kept: they are read only when a stack is made. */
function compile(compiler: QuickJS, code: string): Uint8Array {
  return compiler.compile(code, 'plugin.js', 0, CompileFlags.STRIP_SOURCE);
}

/** What QuickJS keeps to itself: the functions of the WebAssembly module. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  qjs_eval_bytecode(at: number, length: number): number;
  qjs_is_exception(value: number): number;
}

/** Reading bytecode takes no more of the stack than this; it does not go on once that is done. */
const READING_STACK = 64 << 10;
const BYTECODE_START = 16;

/**
 * Runs bytecode from where the stack is not in use, and the snapshot does not begin: in the heap it would leave a hole of
 * its size in the executable.
 */
function load(vm: QuickJS, bytecode: Uint8Array): void {
  if (bytecode.length > SNAPSHOT_START - READING_STACK - BYTECODE_START) {
    vm.evalBytecode(bytecode).dispose();
    return;
  }
  const { exports } = vm as unknown as { exports: Exports };
  new Uint8Array(exports.memory.buffer, BYTECODE_START).set(bytecode);
  const result = exports.qjs_eval_bytecode(BYTECODE_START, bytecode.length);
  if (exports.qjs_is_exception(result)) throw new JSException(vm.getException());
}

/** Makes `__syscalls`; the result gives the address of the function `start` was called with. */
function addSystemCalls(vm: QuickJS): () => number {
  let main: JSValueHandle | undefined;
  const object = vm.newObject();
  const add = (name: string, run: (argument: JSValueHandle) => JSValueHandle) => {
    const method = vm.newFunction(name, (...[argument]) => run(argument ?? vm.undefined));
    vm.setProp(object, name, method);
    method.dispose();
  };
  for (const name of systemCalls) {
    add(name, () => {
      throw new Error(
        `${name} was called while the program was loaded: that happens when it is built, not when it runs`,
      );
    });
  }
  add('utf8', (text) => vm.newUint8Array(new TextEncoder().encode(text.toString())));
  add('text', (bytes) => vm.newString(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.toUint8Array())));
  add('start', (argument) => {
    main = argument.dup();
    return vm.undefined;
  });
  vm.setProp(vm.global, '__syscalls', object);
  object.dispose();
  return () => {
    if (main === undefined) throw new BuildError('the program never calls start(main)');
    return vm.exportHandle(main);
  };
}

function trimZeros(memory: Uint8Array): Uint8Array {
  let end = memory.length;
  while (end > 0 && memory[end - 1] === 0) end--;
  return memory.subarray(0, end);
}
