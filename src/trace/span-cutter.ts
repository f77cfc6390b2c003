import { cutBytesMax } from "../limits.js";
import { cutterBase64 } from "./span-cutter.generated.js";

/** The cutter's exports: addresses and counts, see assembly/spans/index.ts. Unsigned numbers come back signed. */
interface CutterExports {
  readonly memory: WebAssembly.Memory;
  readonly keys: WebAssembly.Global<"i32">;
  readonly texts: WebAssembly.Global<"i32">;
  readonly profiles: WebAssembly.Global<"i32">;
  readonly valueKinds: WebAssembly.Global<"i32">;
  readonly blocks: WebAssembly.Global<"i32">;
  readonly recordsEnd: WebAssembly.Global<"i32">;
  base(): number;
  saltAt(): number;
  openDictionary(at: number, slots: number, slotBits: number, order: number, tails: number): void;
  openArena(at: number, end: number): void;
  addKey(at: number, bytes: number): number;
  cut(from: number, end: number, records: number, recordsLimit: number): number;
}

const cutStatus = { done: 0, doubt: 1, full: 2 } as const;

/** Words of a record, as in assembly/spans/index.ts. */
export const cutWord = {
  length: 0,
  profile: 1,
  trace: 2,
  block: 3,
  flags: 4,
  events: 5,
  raws: 7,
  id: 8,
  parent: 10,
  time: 12,
  head: 14,
};
export const cutFlag = { id: 1, parent: 2, time: 4 };
export const rawPart = { empty: 0xfffe, full: 0xffff };
/** Numbers of the keys of flattened answers and of their values. */
export const flatNumber = { key: 126, value: 127 };
/** In the first word of a raw value: it holds escapes. */
export const rawEscaped = 0x10000;
/** The text of a name that is not there. */
export const noText = 0xffff;

/** Behind the text, so that every step of the cutter ends. */
const padBytes = 64;
const slotBytes = 64;
const keyBits = 7;
/** Distinct texts, and distinct profiles, before all of them are forgotten. */
const nameBits = 13;
const arenaBytes = 1 << 20;

export interface CutterOptions {
  /** Keys of the attributes that matter; a key's number is its place. */
  readonly keys: readonly string[];
  /** Those whose values are given as they stand in the request. */
  readonly raw: ReadonlySet<number>;
  /** Those whose values are texts, but not part of the profile: the same profile serves all of them. */
  readonly own: ReadonlySet<number>;
}

let compiled: WebAssembly.Module | "absent" | undefined;

function cutterModule(): WebAssembly.Module | undefined {
  if (compiled === undefined) {
    try {
      const bytes = Uint8Array.from(atob(cutterBase64), (char) => char.charCodeAt(0));
      compiled = WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : "absent";
    } catch {
      compiled = "absent";
    }
  }
  return compiled === "absent" ? undefined : compiled;
}

/**
 * The WASM cutter of OTLP requests and its memory: dictionaries, one request, its records. The memory has its full length
 * from the start, since growing detaches a buffer, which slows every typed array of the process; what is never written to
 * takes no room: it is about 1 MiB and twice the longest request.
 */
export class SpanCutter {
  /** Another number whenever texts and profiles have been forgotten. */
  generation = 0;
  /** What the last `cut` made, from its first record on; and the same memory as doubles. */
  readonly words: Uint32Array;
  readonly doubles: Float64Array;
  /** Profile + 1 of each block's resource. */
  readonly blocks: Uint32Array;
  /** Of addresses in records. */
  readonly memory: Buffer;
  private readonly arena: number;
  private readonly textStart: number;
  private readonly orders = new Map<
    "texts" | "profiles",
    { readonly slots: number; readonly order: number; readonly tails: number }
  >();
  private readonly recordsStart: number;

  /** Undefined where the host lacks WASM, SIMD or the memory. */
  static open(options: CutterOptions): SpanCutter | undefined {
    const module = cutterModule();
    if (module === undefined) return undefined;
    let instance: WebAssembly.Instance;
    try {
      instance = new WebAssembly.Instance(module);
    } catch {
      // No room for its memory.
      return undefined;
    }
    return new SpanCutter(instance.exports as unknown as CutterExports, options);
  }

  private constructor(
    private readonly wasm: CutterExports,
    options: CutterOptions,
  ) {
    let end = wasm.base();
    const take = (bytes: number) => {
      const at = end;
      end = align(end + bytes);
      return at;
    };
    const placesOf = (bits: number) => ({
      slots: take(slotBytes * 2 * 2 ** bits),
      order: take(4 * 2 ** bits),
      tails: take(4 * 2 ** bits),
    });
    const keys = placesOf(keyBits);
    this.orders.set("texts", placesOf(nameBits));
    this.orders.set("profiles", placesOf(nameBits));
    this.arena = take(arenaBytes);
    this.textStart = end;
    this.recordsStart = align(end + cutBytesMax + padBytes);
    const { buffer } = wasm.memory;
    if (this.recordsStart + cutBytesMax > buffer.byteLength) throw new RangeError("the memory of the cutter is too small");
    this.memory = Buffer.from(buffer);
    this.words = new Uint32Array(buffer, this.recordsStart);
    this.doubles = new Float64Array(buffer, this.recordsStart);
    this.blocks = new Uint32Array(buffer, wasm.blocks.value, 1024);
    new Uint32Array(wasm.memory.buffer, wasm.saltAt(), 24).forEach((_, i, salt) => {
      salt[i] = Math.imul(i + 1, 0x9e3779b1);
    });
    wasm.openDictionary(wasm.keys.value, keys.slots, keyBits + 1, keys.order, keys.tails);
    this.addKeys(options);
    this.forget();
  }

  /**
   * Cuts one request. Number of words of its records, or undefined when the request is not for the cutter. Linear, and
   * the request is copied once.
   */
  cut(request: Uint8Array): number | undefined {
    if (request.length > cutBytesMax) return undefined;
    const { wasm, textStart, memory } = this;
    const end = textStart + request.length;
    memory.set(request, textStart);
    memory.fill(0x22, end, end + padBytes);
    const limit = wasm.memory.buffer.byteLength;
    let status = wasm.cut(textStart, end, this.recordsStart, limit);
    if (status === cutStatus.full) {
      this.forget();
      status = wasm.cut(textStart, end, this.recordsStart, limit);
    }
    return status === cutStatus.done ? (wasm.recordsEnd.value - this.recordsStart) >>> 2 : undefined;
  }

  /** The bytes of a text's id. */
  text(id: number): Uint8Array {
    return this.entry("texts", id);
  }

  /** The parts of a profile: the name's text first, then `number << 16 | text`. */
  profile(id: number): Uint32Array {
    const bytes = this.entry("profiles", id);
    return new Uint32Array(bytes.slice().buffer, 0, bytes.length >> 2);
  }

  private entry(name: "texts" | "profiles", id: number): Uint8Array {
    const { order, tails } = this.orders.get(name)!;
    const memory = new DataView(this.wasm.memory.buffer);
    const slot = memory.getUint32(order + 4 * id, true);
    const length = memory.getUint32(slot + 8, true);
    const bytes = new Uint8Array(length);
    bytes.set(this.memory.subarray(slot + 16, slot + 16 + Math.min(length, 48)));
    if (length > 48) {
      const tail = memory.getUint32(tails + 4 * id, true);
      bytes.set(this.memory.subarray(tail, tail + length - 48), 48);
    }
    return bytes;
  }

  private forget(): void {
    const { wasm } = this;
    for (const [name, { slots, order, tails }] of this.orders) {
      if (this.generation > 0) this.memory.fill(0, slots, slots + slotBytes * 2 * 2 ** nameBits);
      wasm.openDictionary(wasm[name].value, slots, nameBits + 1, order, tails);
    }
    wasm.openArena(this.arena, this.arena + arenaBytes);
    this.generation++;
  }

  private addKeys({ keys, raw, own }: CutterOptions): void {
    const { wasm, memory, textStart } = this;
    keys.forEach((key, number) => {
      const length = memory.write(key, textStart, "utf8");
      const id = wasm.addKey(textStart, length);
      if (id !== number || length > 48) throw new RangeError(`${key} is no key for the cutter`);
      memory[wasm.valueKinds.value + number] = raw.has(number) ? 1 : own.has(number) ? 2 : 0;
    });
  }
}

function align(address: number): number {
  return (address + 63) & ~63;
}
