import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the engine's memory begins; main.c says why there. */
const MEMORY_BASE = '0x60000000ull';

/**
 * quickjs.c, quickjs.h and sizes.h out of quickjs.wasm. The data segments go: each snapshot has them. This file is part
 * of the key under which the compiled object is kept.
 */
export function translate(wasm, directory) {
  mkdirSync(directory);
  const file = join(directory, 'quickjs.c');
  execFileSync('wasm2c', [wasm, '-n', 'qjs', '-o', file]);
  const generated = readFileSync(file, 'utf8')
    .replaceAll(/^static const u8 data_segment_data_w2c_d\d+\[\] = \{[^}]*\};\n/gm, '')
    .replaceAll(/^ {2}LOAD_DATA\(instance->w2c_memory, .*\);\n/gm, '');
  const source = withLastingCounts(withShortFree(ofOneInstance(atFixedAddress(generated))));
  check(source);
  writeFileSync(file, source);
  const header = join(directory, 'quickjs.h');
  const declarations = ofOneInstance(readFileSync(header, 'utf8'))
    .replace('#include "wasm-rt.h"\n', `$&\n#define MEMORY_BASE ${MEMORY_BASE}\n#define LASTING (1 << 30)\n`)
    .replace('} Z_qjs_instance_t;\n', '$&extern Z_qjs_instance_t engine;\n');
  writeFileSync(header, declarations);
  const [, tableSize] = /wasm_rt_allocate_funcref_table\(.*?, (\d+),/.exec(source);
  writeFileSync(join(directory, 'sizes.h'), `#define TABLE_SIZE ${tableSize}\n`);
}

/**
 * A load or store is one instruction, its address the constant's sum with the offset: no base is fetched first. A load whose
 * value is not used is left out.
 */
function atFixedAddress(source) {
  return source
    .replaceAll(/^ *wasm_asm\("" ::"r"\(result\)\);.*\n/gm, '')
    .replaceAll(/&mem->data\[addr\]/g, '(void *)(MEMORY_BASE + addr)');
}

/** There is one, `engine` of main.c: no function is told which. */
function ofOneInstance(source) {
  return source
    .replaceAll(/\(Z_qjs_instance_t ?\*( ?instance)?\)/g, '(void)')
    .replaceAll(/\(Z_qjs_instance_t ?\*( ?instance)?, /g, '(')
    .replaceAll('(void*)', '(void)')
    .replaceAll('(void*, ', '(')
    .replaceAll(/, instance->w2c___indirect_function_table\.data\[\w+\]\.module_instance/g, '')
    .replaceAll('(instance)', '()')
    .replaceAll('(instance, ', '(')
    .replaceAll(', instance, ', ', NULL, ')
    .replaceAll('instance->', 'engine.');
}

/** What a function does first that has 16 bytes on the engine's stack, and last. */
const ENTER = `  w2c_i0 = engine.w2c___stack_pointer;
  w2c_i1 = 16u;
  w2c_i0 -= w2c_i1;
  w2c_l4 = w2c_i0;
  engine.w2c___stack_pointer = w2c_i0;
`;
const LEAVE = `  w2c_B0:;
  w2c_i0 = w2c_l4;
  w2c_i1 = 16u;
  w2c_i0 += w2c_i1;
  engine.w2c___stack_pointer = w2c_i0;
  FUNC_EPILOGUE;`;

/**
 * `JS_FreeValueRT` is called more than any other function, and most often for a value that has no count of references, or more than
 * one. It returns then before it takes of the stack, so that the compiler makes this part of it inline.
 */
function withShortFree(source) {
  const start = source.indexOf('static void w2c_JS_FreeValueRT(u32 w2c_p0, u64 w2c_p1) {\n');
  const end = source.indexOf('\n}\n', start);
  const [declarations, body = ''] = source.slice(start, end).split(ENTER);
  const [uncounted, shared, ...rest] = body.split('{goto w2c_B0;}\n');
  if (start < 0 || !body.endsWith(LEAVE) || /w2c_(l4|f\d)|CALL|goto|stack_pointer/.test(uncounted + shared))
    throw new Error('wasm2c: JS_FreeValueRT is made in another way');
  const short = [declarations, uncounted, 'return;\n', shared, 'return;\n', ENTER, rest.join('{goto w2c_B0;}\n')].join(
    '',
  );
  return source.slice(0, start) + short + source.slice(end);
}

/** In how many places the engine counts references: another number is of another quickjs.wasm, and to be understood first. */
const COUNTS = 464;

/**
 * A count of references that is LASTING or more (src/heap.ts) is not written to. It lies 4 bytes before an object, and goes up or
 * down by one or two:
 *
 *     w2c_i1 = 4u;  w2c_i0 -= w2c_i1;  …  w2c_i2 = 1u;  w2c_i1 += w2c_i2;  i32_store(&engine.w2c_memory, (u64)(w2c_i0), w2c_i1);
 *
 * What else is counted so, digits and lengths among it, lies elsewhere.
 */
function withLastingCounts(source) {
  let counts = 0;
  const guarded = source.split(/(?<=\n}\n)/).map((text) => {
    const lines = text.split('\n');
    return lines
      .map((line, index) => {
        const [, address, value] = /^ *i32_store\(&engine\.w2c_memory, \(u64\)\((\w+)\), (\w+)\);$/.exec(line) ?? [];
        if (address === undefined || !isCounted(lines, index, value) || !isBeforeObject(lines, index, address))
          return line;
        counts++;
        return line.replace('i32_store', `if ((s32)${value} < LASTING) $&`);
      })
      .join('\n');
  });
  if (counts !== COUNTS) throw new Error(`wasm2c: ${counts} counts of references instead of ${COUNTS}`);
  return guarded.join('');
}

/** Whether a value has just gone up or down by one or two; a local variable may keep it. */
function isCounted(lines, index, value) {
  const [one, changed, kept] = lines.slice(index - 3, index).map((line) => line.trim());
  const isKept = /^w2c_[lp]\d+ = (\w+);$/.exec(kept)?.[1] === value;
  const [before, change] = isKept ? [one, changed] : [changed, kept];
  const [, name, by] = /^(\w+) [+-]= (\w+);$/.exec(change) ?? [];
  return name === value && (before === `${by} = 1u;` || before === `${by} = 2u;`);
}

/** Whether a variable is 4 less than another, by what it was given last, or the one that it is a copy of. */
function isBeforeObject(lines, index, name) {
  const given = new RegExp(`^ *${name} (\\S*)= (.*);$`);
  for (let at = index - 1; at >= 0; at--) {
    const [, operator, operand] = given.exec(lines[at]) ?? [];
    if (operand === undefined) continue;
    if (operator === '-') return lines[at - 1].trim() === `${operand} = 4u;`;
    return operator === '' && /^w2c_[ilp]\d+$/.test(operand) && isBeforeObject(lines, at, operand);
  }
  return false;
}

/** What runtime.c and main.c rely on. */
function check(source) {
  const types = [...source.matchAll(/ = wasm_rt_register_func_type\((.*)\);/g)].map(([, type]) => type);
  if (types.length === 0 || new Set(types).size !== types.length) throw new Error('wasm2c: function types repeat');
  if (/\binstance\b|mem->data\[addr/.test(source))
    throw new Error('wasm2c: the instance, or its memory, is used in another way');
  if (source.includes('data_segment_data')) throw new Error('wasm2c: a data segment is used at run time');
}
