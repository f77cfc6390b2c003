import type { Artifact } from "../artifact/artifact.js";
import { LAYOUT_REVISION, NONE } from "../artifact/layout.js";
import { dynamicRowsMax } from "../limits.js";
import type { Evaluator, PackedNames, Row } from "./evaluator.js";
import { kernelBase64 } from "./kernel.generated.js";
import { encodeName, nameBytesMax } from "./names.js";

/** The kernel's exports: addresses and counts only, see assembly/index.ts. Unsigned numbers come back signed. */
interface Kernel {
  readonly memory: WebAssembly.Memory;
  revision(): number;
  base(): number;
  joinedRowsMax(): number;
  layout(at: number, bytes: number): number;
  resetRows(): void;
  rowAddress(id: number): number;
  classify(name: number, bytes: number): number;
  classifyBatch(offsets: number, bytes: number, count: number, out: number, memo: number, counts: number): number;
  batchEvents(): number;
  countIds(ids: number, count: number, limit: number, counts: number, stride: number): number;
  matchGlob(glob: number, name: number, bytes: number): number;
  memoBytes(bits: number): number;
  memoOpen(at: number, bits: number): void;
}

export interface WasmOptions {
  /** `auto`: a memo in front of the automaton while names repeat. */
  readonly memo?: "auto" | "on" | "off";
}

const pageBytes = 65_536;
/** Longer single names go the slower way; memory that no name reaches is never touched. */
const nameRoomBytes = 1 << 18;
/** Names copied into linear memory at a time, at most 16,383: the bytes stay in the second-level cache while they are classified. */
const chunkNames = 8192;
const chunkBytes = 1 << 20;
/** Reads run up to 64 bytes past a name. */
const padBytes = 64;
/** Ids copied at a time, likewise. */
const chunkIds = 16_384;
const splitCountsMax = 2048;
const memoBitsFirst = 10;
const memoBitsMax = 15;
/** Chunks that go without the memo after one in which it did not help. */
const memoRestChunks = 15;

let compiled: WebAssembly.Module | undefined;

/** Compiles the kernel once a process. Throws where WASM is absent or forbidden (CSP, workerd). */
function kernelModule(): WebAssembly.Module {
  if (compiled === undefined) {
    const text = atob(kernelBase64);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    compiled = new WebAssembly.Module(bytes);
  }
  return compiled;
}

/**
 * Opens the WASM evaluator on a decoded artifact: one copy of its bytes into linear memory, no work per glob.
 * Throws if WASM cannot be compiled here or the kernel was built for another layout.
 */
export function openWasm(artifact: Artifact, options: WasmOptions = {}): Evaluator {
  const kernel = new WebAssembly.Instance(kernelModule()).exports as unknown as Kernel;
  if (kernel.revision() !== LAYOUT_REVISION || kernel.joinedRowsMax() !== dynamicRowsMax) {
    throw new Error("the WASM kernel was built for another artifact layout");
  }
  return new WasmEvaluator(artifact, kernel, options.memo ?? "auto");
}

class WasmEvaluator implements Evaluator {
  readonly kind = "wasm";
  generation = 0;
  wide = false;
  readonly #kernel: Kernel;
  readonly #memo: "auto" | "on" | "off";
  #bytes: Uint8Array;
  #words: Uint32Array;
  /** Single names are written here. */
  readonly #name: number;
  #nameRoom = nameRoomBytes;
  /** Batches: offsets, rows, then names. */
  #batch = 0;
  #batchRoom = 0;
  /** Where the latest batch's answer is, in words. */
  #out = 0;
  /** A count for every row there may be, all zeros between batches; 0: not needed yet. */
  #counts = 0;
  readonly #rowCount: number;
  #end: number;
  #memoBits = 0;
  #memoAt = 0;
  #rest = 0;

  constructor(artifact: Artifact, kernel: Kernel, memo: "auto" | "on" | "off") {
    this.#kernel = kernel;
    this.#memo = memo;
    this.#rowCount = artifact.rowCount;
    const at = kernel.base();
    const bytes = artifact.bytes;
    this.#bytes = new Uint8Array(kernel.memory.buffer);
    this.#words = new Uint32Array(kernel.memory.buffer);
    this.#grow(at + bytes.length + padBytes);
    this.#bytes.set(bytes, at);
    this.#name = kernel.layout(at, bytes.length) >>> 0;
    this.#end = this.#name;
    this.#reserve(this.#nameRoom + padBytes);
  }

  classify(name: string): number {
    if (name.length * 3 > this.#nameRoom) return this.#classifyLong(name);
    const bytes = this.#bytes;
    const start = this.#name;
    let at = start;
    for (let i = 0; i < name.length; i++) {
      const unit = name.charCodeAt(i);
      if (unit >= 0x80) {
        at = encodeName(name, bytes, start);
        this.wide = true;
        break;
      }
      bytes[at++] = unit;
    }
    const row = this.#kernel.classify(start, at - start);
    return row === -1 ? this.#again(start, at - start) : row >>> 0;
  }

  /** The table of joined rows was full: forget it and ask once more. */
  #again(start: number, bytes: number): number {
    this.resetRows();
    return this.#kernel.classify(start, bytes) >>> 0;
  }

  #classifyLong(name: string): number {
    this.wide = true;
    const start = this.#place(nameBytesMax(name));
    const bytes = encodeName(name, this.#bytes, start) - start;
    const row = this.#kernel.classify(start, bytes);
    return row === -1 ? this.#again(start, bytes) : row >>> 0;
  }

  classifyBatch(names: PackedNames, from: number, rows: Uint32Array): number {
    let i = from;
    while (i < names.count) {
      const to = chunkEnd(names, i);
      const done = this.#classifyChunk(names, i, to, 0);
      rows.set(this.#words.subarray(this.#out, this.#out + done - i), i);
      if (done < to) return done;
      i = to;
    }
    return i;
  }

  countBatch(names: PackedNames): Uint32Array | undefined {
    const { count } = names;
    this.#counts ||= this.#reserve((this.#rowCount + dynamicRowsMax) * 4);
    if (chunkEnd(names, 0) < count || this.#classifyChunk(names, 0, count, this.#counts) < count || this.wide) return undefined;
    const from = this.#out + 2;
    return this.#words.subarray(from, from + this.#words[this.#out] * 2);
  }

  /** Leaves rows, or pairs if there are `counts`, at `#out`; returns the index after the last name done. */
  #classifyChunk(names: PackedNames, from: number, to: number, counts: number): number {
    const { offsets } = names;
    const count = to - from;
    const nameBytes = offsets[to] - offsets[from];
    const offsetsAt = this.#place((count + 1) * 12 + nameBytes);
    const outAt = offsetsAt + (count + 1) * 4;
    const namesAt = outAt + (count + 1) * 8;
    const withMemo = this.#memoReady(count);
    this.#words.set(offsets.subarray(from, to + 1), offsetsAt / 4);
    this.#bytes.set(names.bytes.subarray(offsets[from], offsets[to]), namesAt);
    this.#bytes.fill(0, namesAt + nameBytes, namesAt + nameBytes + padBytes);
    // Offsets count from the batch's first name, so the base address is moved back by the chunk's own start.
    const base = (namesAt - offsets[from]) | 0;
    const done = this.#kernel.classifyBatch(offsetsAt, base, count, outAt, withMemo ? 1 : 0, counts) >>> 0;
    this.#out = outAt / 4;
    const events = this.#kernel.batchEvents();
    if (events >> 28 !== 0) this.wide = true;
    if (withMemo) this.#tuneMemo(count, events & 0x3fff, (events >> 14) & 0x3fff);
    return from + done;
  }

  countIds(ids: Uint32Array, limit: number): Uint32Array | undefined {
    // Several tables only while they stay in the first-level cache together.
    const tables = limit <= splitCountsMax ? 4 : 1;
    const at = this.#place((tables * limit + chunkIds) * 4) / 4;
    const words = this.#words;
    const idsAt = at + tables * limit;
    words.fill(0, at, idsAt);
    for (let from = 0; from < ids.length; from += chunkIds) {
      const chunk = ids.subarray(from, from + chunkIds);
      words.set(chunk, idsAt);
      const fits = this.#kernel.countIds(idsAt * 4, chunk.length, limit, at * 4, tables === 1 ? 0 : limit * 4);
      if (fits === 0) return undefined;
    }
    const counts = words.slice(at, at + limit);
    for (let i = limit; i < tables * limit; i++) counts[i % limit] += words[at + i];
    return counts;
  }

  #memoReady(count: number): boolean {
    if (this.#memo === "off" || (this.#memo === "auto" && count < 64)) return false;
    if (this.#rest > 0) {
      this.#rest--;
      return false;
    }
    if (this.#memoBits === 0) this.#openMemo(memoBitsFirst);
    return true;
  }

  /** Grows the memo when names push one another out; rests it when names do not repeat. */
  #tuneMemo(count: number, misses: number, evictions: number): void {
    if (evictions * 256 > count && this.#memoBits < memoBitsMax) this.#openMemo(this.#memoBits + 1);
    else if (this.#memo === "auto" && misses * 4 > count * 3) this.#rest = memoRestChunks;
  }

  /** Room for the largest memo is taken at once: what is not used is not touched, and growing memory costs (asconfig.json). */
  #openMemo(bits: number): void {
    this.#memoAt ||= this.#reserve(this.#kernel.memoBytes(memoBitsMax));
    this.#kernel.memoOpen(this.#memoAt, bits);
    this.#memoBits = bits;
  }

  row(id: number): Row {
    const at = (this.#kernel.rowAddress(id) >>> 0) / 4;
    if (at === 0) return { forbidden: NONE, trigger: NONE, capability: NONE, guarded: NONE };
    const words = this.#words;
    return { forbidden: words[at], trigger: words[at + 1], capability: words[at + 2], guarded: words[at + 3] };
  }

  resetRows(): void {
    this.#kernel.resetRows();
    if (this.#memoBits > 0) this.#kernel.memoOpen(this.#memoAt, this.#memoBits);
    this.generation++;
  }

  matchGlob(globId: number, name: string): boolean {
    const start = this.#place(nameBytesMax(name));
    return this.#kernel.matchGlob(globId, start, encodeName(name, this.#bytes, start) - start) === 1;
  }

  /** A place of at least `bytes` for one call's input, reused from call to call. */
  #place(bytes: number): number {
    if (bytes + padBytes > this.#batchRoom) {
      this.#batchRoom = 2 * (bytes + padBytes);
      this.#batch = this.#reserve(this.#batchRoom);
    }
    return this.#batch;
  }

  /** New memory at the end, 64-aligned. What it replaces is not given back: growth doubles, so that is at most as much again. */
  #reserve(bytes: number): number {
    const at = this.#end;
    this.#end = (at + bytes + 63) & ~63;
    this.#grow(this.#end);
    return at;
  }

  #grow(end: number): void {
    const { memory } = this.#kernel;
    const missing = end - memory.buffer.byteLength;
    // The 20 MiB to start with (asconfig.json) are enough for most policies. Growing detaches a buffer, and the first time a process
    // detaches one, V8 makes every access to typed arrays check for it: loops over them take up to three times as long.
    if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
    // Growing detaches every view.
    this.#bytes = new Uint8Array(memory.buffer);
    this.#words = new Uint32Array(memory.buffer);
  }
}

function chunkEnd(names: PackedNames, from: number): number {
  const { offsets, count } = names;
  const last = Math.min(count, from + chunkNames);
  if (offsets[last] - offsets[from] <= chunkBytes) return last;
  let to = from + 1;
  while (to < last && offsets[to + 1] - offsets[from] <= chunkBytes) to++;
  return to;
}
