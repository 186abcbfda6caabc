/**
 * From this on a count of references stays as it is, however often it is counted up or down (engine/translate.mjs): what is in the
 * snapshot is never freed. Above any count, and above any address, which the engine counts up too.
 */
export const LASTING: number = 2 ** 30;

/** The functions of the engine that are asked here. */
export interface HeapExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  qjs_get_runtime_ptr(): number;
  js_malloc_rt(runtime: number, size: number): number;
}

/**
 * Readies the heap for a snapshot of which processes copy as few pages as can be: no object to come takes a hole between those that are
 * there, and their counts of references are not written to.
 *
 * @throws Error where QuickJS lays out its heap in another way than version 0.17 does.
 */
export function settle({ memory, qjs_get_runtime_ptr, js_malloc_rt }: HeapExports): void {
  const runtime = qjs_get_runtime_ptr();
  for (const [index, size] of BLOCK_SIZES.entries()) {
    const withHoles = runtime + RUNTIME.arenasWithHoles + LIST * index;
    while (new DataView(memory.buffer).getUint32(withHoles, true) !== withHoles)
      if (js_malloc_rt(runtime, size - BLOCK.data) === 0) throw new Error('the engine has no memory left');
  }
  const view = new DataView(memory.buffer);
  for (const [index, size] of BLOCK_SIZES.entries()) {
    const head = runtime + RUNTIME.arenas + LIST * index;
    for (let link = view.getUint32(head, true); link !== head; link = view.getUint32(link, true))
      for (const block of blocksOf(view, link - ARENA.link, index, size)) makeLasting(view, block);
  }
}

function makeLasting(view: DataView, block: number): void {
  const count = view.getUint32(block + BLOCK.count, true);
  const type = view.getUint8(block + BLOCK.type) & 0x7f;
  // An object changes a shape in place that no other has, and makes sure that it is so.
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
    throw new Error('QuickJS lays out its heap in another way');
  for (let block = 0; block < blocks; block++) yield arena + ARENA.blocks + block * size;
}

// quickjs.c: JSRuntime, JSArena, JSMallocBlockHeader. Whatever is allocated, counted or not, has room for a count in its header.

const LIST = 8;
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
