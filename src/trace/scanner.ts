import type { EventKeys } from "./formats/events.js";
import { scannerBase64 } from "./scanner.generated.js";

/** The scanner's exports: addresses and counts, see assembly/scan/index.ts. Unsigned numbers come back signed. */
interface ScannerExports {
  readonly memory: WebAssembly.Memory;
  readonly tools: WebAssembly.Global<"i32">;
  readonly agents: WebAssembly.Global<"i32">;
  readonly traces: WebAssembly.Global<"i32">;
  readonly lineStart: WebAssembly.Global<"i32">;
  readonly lineEnd: WebAssembly.Global<"i32">;
  readonly lines: WebAssembly.Global<"i32">;
  readonly records: WebAssembly.Global<"i32">;
  readonly rows: WebAssembly.Global<"i32">;
  readonly seenRows: WebAssembly.Global<"i32">;
  readonly newTool: WebAssembly.Global<"i32">;
  readonly traceColumn: WebAssembly.Global<"i32">;
  readonly toolColumn: WebAssembly.Global<"i32">;
  readonly timeColumn: WebAssembly.Global<"i32">;
  readonly lineColumn: WebAssembly.Global<"i32">;
  readonly seenTraces: WebAssembly.Global<"i32">;
  readonly seenTimes: WebAssembly.Global<"i32">;
  base(): number;
  saltAt(): number;
  keyTableAt(): number;
  openKeys(low: number, high: number): void;
  openFields(tool: number, list: number, time: number, session: number, agent: number, callId: number): void;
  columnBytes(count: number): number;
  openColumns(at: number, count: number): void;
  emptyColumns(): void;
  openArena(at: number, end: number): void;
  openDictionary(at: number, slots: number, slotBits: number, order: number, tails: number): void;
  openFlags(dated: number, verdicts: number): void;
  reserve(dictionary: number): number;
  hasRoom(): number;
  append(trace: number, tool: number, timeMs: number, line: number): void;
  appendSeen(trace: number, timeMs: number): void;
  scan(from: number, end: number): number;
}

/** What `scan` stopped for, as in assembly/scan/index.ts. */
export const scanStatus = { done: 0, slow: 1, full: 2, names: 3, newTool: 4 } as const;

export type DictionaryName = "tools" | "agents" | "traces";

/** Distinct strings a dictionary may hold, as powers of two: slots are twice as many. */
export type DictionarySizes = Readonly<Record<DictionaryName, number>>;

const pageBytes = 65_536;
/** Read and scanned at a time: it stays in the second-level cache. */
const textBytes = 512 * 1024;
/** Calls of a batch. */
const rowsMax = 8192;
/** The scanner reads up to 64 bytes past a line, and 18 before it. */
const padBytes = 64;
const slotBytes = 64;
/** What texts above 48 bytes may take in all, before a generation ends. */
const arenaBytes = 1 << 20;
const keyBytesMax = 15;
const keySlotBytes = 32;
const keySlotShift = 25;
const keySlots = 128;
/** The field number of keys that are no field. */
const noField = 31;

/** Scanners that no lane uses. */
const idle: Scanner[] = [];
const idleMax = 2;

let compiled: WebAssembly.Module | "absent" | undefined;

/** The module, compiled once; undefined where there is no WASM or no SIMD. */
export function scannerModule(): WebAssembly.Module | undefined {
  if (compiled === undefined) {
    try {
      const bytes = Uint8Array.from(atob(scannerBase64), (char) => char.charCodeAt(0));
      compiled = WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : "absent";
    } catch {
      compiled = "absent";
    }
  }
  return compiled === "absent" ? undefined : compiled;
}

export interface ScannerOptions {
  readonly keys: EventKeys;
  readonly seed: number;
  readonly sizes: DictionarySizes;
  /** Stop at every new tool, so that `judgeTool` can say whose its calls are. */
  readonly asksTools: boolean;
}

/** One scanner and its memory: room for text, columns, dictionaries. Views become stale whenever a generation starts. */
export class Scanner {
  /** Where text stands; `textEnd` is exclusive. */
  readonly textStart: number;
  readonly textEnd: number;
  private readonly columns: number;
  private readonly namesStart: number;
  /** Behind it, memory was never written to. */
  private namesEnd = 0;
  private asksTools = false;
  private verdicts = 0;
  private orders: Readonly<Record<DictionaryName, number>> = { tools: 0, agents: 0, traces: 0 };
  private tails: Readonly<Record<DictionaryName, number>> = { tools: 0, agents: 0, traces: 0 };

  /** Undefined where the host lacks WASM or SIMD, or when a key is not one that the scanner can look for. */
  static open(options: ScannerOptions): Scanner | undefined {
    const module = scannerModule();
    const keys = keysOf(options.keys);
    if (module === undefined || keys === undefined) return undefined;
    const scanner = idle.pop() ?? new Scanner(new WebAssembly.Instance(module).exports as unknown as ScannerExports);
    scanner.prepare(keys, options);
    return scanner;
  }

  private constructor(readonly wasm: ScannerExports) {
    this.textStart = wasm.base() + padBytes;
    this.textEnd = this.textStart + textBytes;
    this.columns = align(this.textEnd + padBytes);
    this.namesStart = align(this.columns + wasm.columnBytes(rowsMax));
    this.grow(this.namesStart);
  }

  /** For the next lane: memories of many instances would fill the address space before they are collected. */
  close(): void {
    if (idle.length < idleMax) idle.push(this);
  }

  private prepare(keys: readonly FieldKey[], { keys: groups, seed, sizes, asksTools }: ScannerOptions): void {
    this.fillSalt(seed);
    this.fillKeys(keys, groups);
    this.wasm.openColumns(this.columns, rowsMax);
    this.wasm.lines.value = 0;
    this.asksTools = asksTools;
    this.startGeneration(sizes);
  }

  /** Forgets all names; their dictionaries get these sizes. */
  startGeneration(sizes: DictionarySizes): void {
    const { wasm } = this;
    let end = this.namesStart;
    const take = (bytes: number) => {
      const at = end;
      end = align(end + bytes);
      return at;
    };
    const names = ["tools", "agents", "traces"] as const;
    const places = names.map((name) => ({
      name,
      slots: take(slotBytes * 2 * 2 ** sizes[name]),
      order: take(4 * 2 ** sizes[name]),
      tails: take(4 * 2 ** sizes[name]),
    }));
    const dated = take(2 ** sizes.traces);
    const verdicts = take(2 ** sizes.tools);
    const arena = take(arenaBytes);
    // New memory is zero as it comes; touching it early would only cost page faults.
    const used = Math.min(end, this.namesEnd);
    if (used > this.namesStart) this.bytes(this.namesStart, used).fill(0);
    this.namesEnd = Math.max(end, this.namesEnd);
    this.grow(end);
    for (const { name, slots, order, tails } of places) {
      wasm.openDictionary(wasm[name].value, slots, sizes[name] + 1, order, tails);
      this.orders = { ...this.orders, [name]: order };
      this.tails = { ...this.tails, [name]: tails };
    }
    wasm.openArena(arena, arena + arenaBytes);
    this.verdicts = this.asksTools ? verdicts : 0;
    wasm.openFlags(dated, this.verdicts);
    wasm.emptyColumns();
  }

  /** Memory as it is now; stale after `startGeneration`. */
  bytes(from: number, to: number): Uint8Array {
    return new Uint8Array(this.wasm.memory.buffer, from, to - from);
  }

  /** A copy of the first rows of a column of ids or numbers. */
  ids(column: number, length: number): Uint32Array {
    return new Uint32Array(this.wasm.memory.buffer, column, length).slice();
  }

  /** A copy of the first rows of a column of times. */
  times(column: number, length: number): Float64Array {
    return new Float64Array(this.wasm.memory.buffer, column, length).slice();
  }

  /** Ids given out by a dictionary so far. */
  count(name: DictionaryName): number {
    return new DataView(this.wasm.memory.buffer).getUint32(this.wasm[name].value + 8, true);
  }

  /** Bytes of an id's text, and the id + 1 that owns it; undefined for an id that was reserved. */
  text(name: DictionaryName, id: number): { readonly bytes: Uint8Array; readonly owner: number } | undefined {
    const memory = new DataView(this.wasm.memory.buffer);
    const slot = memory.getUint32(this.orders[name] + 4 * id, true);
    if (slot === 0) return undefined;
    const length = memory.getUint32(slot + 8, true);
    const owner = memory.getUint32(slot + 12, true);
    const inline = this.bytes(slot + 16, slot + 16 + Math.min(length, 48));
    if (length <= 48) return { bytes: inline, owner };
    const bytes = new Uint8Array(length);
    const tail = memory.getUint32(this.tails[name] + 4 * id, true);
    bytes.set(inline);
    bytes.set(this.bytes(tail, tail + length - 48), 48);
    return { bytes, owner };
  }

  /** An id whose text the caller keeps; undefined when a new generation is due. */
  reserve(name: DictionaryName): number | undefined {
    const id = this.wasm.reserve(this.wasm[name].value);
    return id === -1 ? undefined : id;
  }

  /** Whether lines with this tool are read by the caller. */
  judgeTool(id: number, mine: boolean): void {
    new Uint8Array(this.wasm.memory.buffer)[this.verdicts + id] = mine ? 1 : 2;
  }

  private grow(end: number): void {
    const missing = end + padBytes - this.wasm.memory.buffer.byteLength;
    if (missing > 0) this.wasm.memory.grow(Math.ceil(missing / pageBytes));
  }

  private fillSalt(seed: number): void {
    const salt = new Uint32Array(this.wasm.memory.buffer, this.wasm.saltAt(), 24);
    const next = mulberry32(seed);
    for (let i = 0; i < salt.length; i++) salt[i] = next();
  }

  private fillKeys(keys: readonly FieldKey[], { tool, tools, time, session, agent, callId }: EventKeys): void {
    const { wasm } = this;
    const multiplier = findMultiplier(keys);
    const table = wasm.keyTableAt();
    const memory = new DataView(wasm.memory.buffer);
    this.bytes(table, table + keySlots * keySlotBytes).fill(0);
    for (let slot = 0; slot < keySlots; slot++) memory.setUint32(table + slot * keySlotBytes + 20, noField, true);
    for (const { bytes, field } of keys) {
      const slot = table + slotOfKey(bytes, multiplier) * keySlotBytes;
      this.bytes(slot, slot + 16).set(bytes);
      memory.setUint32(slot + 16, 2 ** field, true);
      memory.setUint32(slot + 20, field, true);
    }
    wasm.openKeys(Number(multiplier & 0xffffffffn), Number(multiplier >> 32n));
    const groups = [tool, tools, time, session, agent, callId];
    let field = 0;
    const masks = groups.map((group) => group.reduce((mask) => mask + 2 ** field++, 0));
    wasm.openFields(masks[0]!, masks[1]!, masks[2]!, masks[3]!, masks[4]!, masks[5]!);
  }
}

interface FieldKey {
  readonly bytes: Uint8Array;
  readonly field: number;
}

/** Keys in the order of their groups; undefined when one is too long, is spelled with an escape, or stands twice. */
function keysOf({ tool, tools, time, session, agent, callId }: EventKeys): readonly FieldKey[] | undefined {
  const names = [...tool, ...tools, ...time, ...session, ...agent, ...callId];
  const keys = names.map((name, field) => ({ bytes: Buffer.from(name, "utf8"), field }));
  const plain = names.every((name) => JSON.stringify(name) === `"${name}"` && name !== "" && !name.includes("\ufffd"));
  const short = keys.every(({ bytes }) => bytes.length <= keyBytesMax);
  return plain && short && new Set(names).size === names.length && names.length < noField ? keys : undefined;
}

const mask64 = 0xffff_ffff_ffff_ffffn;

/** As `lookUp` in assembly/scan/keys.ts does it. */
function slotOfKey(bytes: Uint8Array, multiplier: bigint): number {
  const padded = new DataView(new ArrayBuffer(16));
  for (let i = 0; i < bytes.length; i++) padded.setUint8(i, bytes[i]!);
  const second = (padded.getBigUint64(8, true) * 0x9e3779b97f4a7c15n) & mask64;
  const product = ((padded.getBigUint64(0, true) ^ second) * multiplier) & mask64;
  return Number(product >> 32n) >>> keySlotShift;
}

/** An odd multiplier under which no two keys share a slot. 30 keys in 128 slots: one in a few dozen is such. */
function findMultiplier(keys: readonly FieldKey[]): bigint {
  const next = mulberry32(1);
  for (;;) {
    const multiplier = (BigInt(next()) << 32n) | BigInt(next()) | 1n;
    if (new Set(keys.map(({ bytes }) => slotOfKey(bytes, multiplier))).size === keys.length) return multiplier;
  }
}

/** A small seeded generator of 32-bit words. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

function align(address: number): number {
  return (address + 63) & ~63;
}
