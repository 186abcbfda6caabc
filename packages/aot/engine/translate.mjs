import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * quickjs.c, quickjs.h and sizes.h out of quickjs.wasm. The data segments go: each snapshot has them. This file is part
 * of the key under which the compiled object is kept.
 */
export function translate(wasm, directory) {
  mkdirSync(directory);
  const file = join(directory, 'quickjs.c');
  execFileSync('wasm2c', [wasm, '-n', 'qjs', '-o', file]);
  const source = readFileSync(file, 'utf8')
    .replaceAll(/^static const u8 data_segment_data_w2c_d\d+\[\] = \{[^}]*\};\n/gm, '')
    .replaceAll(/^ {2}LOAD_DATA\(instance->w2c_memory, .*\);\n/gm, '');
  check(source);
  writeFileSync(file, source);
  const [, tableSize] = /wasm_rt_allocate_funcref_table\(.*?, (\d+),/.exec(source);
  writeFileSync(join(directory, 'sizes.h'), `#define TABLE_SIZE ${tableSize}\n`);
}

/** What runtime.c relies on. */
function check(source) {
  const types = [...source.matchAll(/ = wasm_rt_register_func_type\((.*)\);/g)].map(([, type]) => type);
  if (types.length === 0 || new Set(types).size !== types.length) throw new Error('wasm2c: function types repeat');
  if (source.includes('data_segment_data')) throw new Error('wasm2c: a data segment is used at run time');
}
