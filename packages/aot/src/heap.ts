/**
 * From this on a count of references stays as it is, however often it is counted up or down; `LASTING` of the generated C
 * (engine/translate.mjs). Half of what a count can be.
 */
export const LASTING: number = 2 ** 30;

/** The functions of the engine that are asked here. */
export interface HeapExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  qjs_get_runtime_ptr(): number;
  js_malloc_rt(runtime: number, size: number): number;
}

/**
 * Readies the heap for a snapshot of which processes copy as few pages as can be. What is there in blocks of up to 512 bytes, which is
 * nearly all, is never freed and its counts of references are not written to; and nothing that comes takes a hole between those blocks.
 *
 * @throws Error where QuickJS lays out its heap in another way than version 0.17 does.
 */
export function settle({ memory, qjs_get_runtime_ptr, js_malloc_rt }: HeapExports): void {
  const runtime = qjs_get_runtime_ptr();
  const heads = (list: number) => BLOCK_SIZES.map((_, index) => runtime + list + LIST.size * index);
  let view = new DataView(memory.buffer);
  for (const head of [...heads(RUNTIME.arenas), ...heads(RUNTIME.arenasWithHoles)])
    if (view.getUint32(view.getUint32(head, true) + LIST.previous, true) !== head) throw unknownLayout();
  for (const [index, head] of heads(RUNTIME.arenasWithHoles).entries()) {
    while (view.getUint32(head, true) !== head) {
      if (js_malloc_rt(runtime, (BLOCK_SIZES[index] ?? 0) - BLOCK.data) === 0)
        throw new Error('the engine has no memory left');
      // It may have grown.
      view = new DataView(memory.buffer);
    }
  }
  for (const [index, head] of heads(RUNTIME.arenas).entries()) {
    const size = BLOCK_SIZES[index] ?? 0;
    for (let link = view.getUint32(head, true); link !== head; link = view.getUint32(link, true))
      for (const block of blocksOf(view, link - ARENA.link, index, size)) makeLasting(view, block);
  }
}

function makeLasting(view: DataView, block: number): void {
  const count = view.getUint32(block + BLOCK.count, true);
  const type = view.getUint8(block + BLOCK.type) & 0x7f;
  // An object changes a shape in place that no other has, and makes sure that it is so. A string may lie where a shape was: no harm.
  if (type === SHAPE && count === 1) return;
  view.setUint32(block + BLOCK.count, (count % LASTING) + LASTING, true);
}

function* blocksOf(view: DataView, arena: number, index: number, size: number): Generator<number> {
  const blocks = view.getUint16(arena + ARENA.blockCount, true);
  if (
    view.getUint8(arena + ARENA.sizeIndex) !== index ||
    view.getUint16(arena + ARENA.usedCount, true) !== blocks ||
    blocks !== Math.floor((ARENA_SIZE - ARENA.blocks) / size)
  )
    throw unknownLayout();
  for (let block = 0; block < blocks; block++) yield arena + ARENA.blocks + block * size;
}

function unknownLayout(): Error {
  return new Error('QuickJS lays out its heap in another way');
}

// quickjs.c: JSRuntime, JSArena, JSMallocBlockHeader. Whatever is allocated, counted or not, has room for a count in its header.

const LIST = { size: 8, previous: 4 };
/** JSMallocFunctions and JSMallocState come first. */
const RUNTIME = { arenas: 40, arenasWithHoles: 288 };
const ARENA = { link: 8, sizeIndex: 16, usedCount: 18, blockCount: 20, blocks: 24 };
const ARENA_SIZE = 4096;
const BLOCK = { type: 3, count: 4, data: 8 };
const BLOCK_SIZES = [
  ...[16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128],
  ...[144, 160, 176, 192, 208, 224, 240, 256],
  ...[288, 320, 352, 384, 416, 448, 480, 512],
];
/** JS_GC_OBJ_TYPE_SHAPE */
const SHAPE = 2;
