// The scanner: raw bytes of JSON lines to columns of calls. It extracts, it does not validate: of every well-formed line it
// takes what JSON.parse would give, and a line that it is not sure of is handed to the host whole. Blocks of 64 bytes become
// bit masks, as in simdjson: quotes that are not escaped, what is inside strings, and outside of them braces, colons, line
// ends. No imports, no allocation, no callbacks; the host lays out the memory.

import {
  add,
  countOf,
  idOf,
  openArena as arena,
  openDictionary as dictionary,
  reserveId,
  salt,
  slotOf,
} from "./dictionary";
import { DOUBT, fieldBefore, firstKeys, isBlank, openFirst, keyTable, openKeys as keys, values } from "./keys";
import { ABSENT, FOUND, UNSURE, isPlain, readId, readText, readTime, resetText, textAt, textBytes, timeMs } from "./values";

export { sieve } from "./sieve";

/** What `scan` stopped for. */
const DONE: u32 = 0;
/** The host reads the line from `lineStart` to `lineEnd`, then goes on behind it. */
const SLOW: u32 = 1;
/** The columns are full: the host takes them and goes on at `lineStart`. */
const FULL: u32 = 2;
/** A dictionary is full: likewise, and it starts a new generation. */
const NAMES: u32 = 3;
/** A tool is new (`newTool`) and the host wants to know: it goes on at `lineStart`. */
const NEW_TOOL: u32 = 4;

/** Dictionaries of tools, of agents, and of traces: sessions that an agent owns. */
export const tools = memory.data(32, 16);
export const agents = memory.data(32, 16);
export const traces = memory.data(32, 16);

export let lineStart: usize = 0;
export let lineEnd: usize = 0;
/** Lines scanned so far, blank ones among them; and those that were read here. */
export let lines: u32 = 0;
export let records: u32 = 0;
/** Rows in the columns. */
export let rows: u32 = 0;
export let seenRows: u32 = 0;
export let newTool: u32 = 0;

let toolKeys: u32 = 0;
let toolsKey: u32 = 0;
let timeKeys: u32 = 0;
let sessionKeys: u32 = 0;
let agentKeys: u32 = 0;
let callIdKeys: u32 = 0;

let rowsMax: u32 = 0;
/** The columns; and the dates of traces that come with their first record, or with a record without a call. */
export let traceColumn: usize = 0;
export let toolColumn: usize = 0;
export let timeColumn: usize = 0;
export let lineColumn: usize = 0;
export let seenTraces: usize = 0;
export let seenTimes: usize = 0;
/** A byte a trace: its time has been given out. */
let dated: usize = 0;
/** A byte a tool: 1 when its calls are the host's, 2 when the host has decided. Absent when the host does not care. */
let verdicts: usize = 0;

/** Colons of the record's own keys in the line so far, as addresses; a block may add 64 more before they are cut. */
const colonsFound = memory.data(4096 + 512, 16);
const colonsEnd = colonsFound + 4096;

export function base(): usize {
  return (__heap_base + 63) & ~63;
}

export function saltAt(): usize {
  return salt;
}

export function keyTableAt(): usize {
  return keyTable;
}

export function openKeys(low: u32, high: u32): void {
  keys(low, high);
}

export function openFields(tool: u32, list: u32, time: u32, session: u32, agent: u32, callId: u32): void {
  toolKeys = tool;
  toolsKey = list;
  timeKeys = time;
  sessionKeys = session;
  agentKeys = agent;
  callIdKeys = callId;
}

/** Bytes of the columns of `count` rows. */
export function columnBytes(count: u32): u32 {
  return count * 32;
}

export function openColumns(at: usize, count: u32): void {
  rowsMax = count;
  timeColumn = at;
  seenTimes = timeColumn + <usize>count * 8;
  traceColumn = seenTimes + <usize>count * 8;
  toolColumn = traceColumn + <usize>count * 4;
  lineColumn = toolColumn + <usize>count * 4;
  seenTraces = lineColumn + <usize>count * 4;
  emptyColumns();
}

/** After the host took the rows. */
export function emptyColumns(): void {
  rows = 0;
  seenRows = 0;
  records = 0;
}

export function openArena(at: usize, end: usize): void {
  arena(at, end);
}

export function openDictionary(at: usize, slots: usize, slotBits: u32, order: usize, tails: usize): void {
  dictionary(at, slots, slotBits, order, tails);
}

export function openFlags(datedAt: usize, verdictsAt: usize): void {
  dated = datedAt;
  verdicts = verdictsAt;
}

export function reserve(at: usize): u32 {
  return reserveId(at);
}

/** Whether there is room for another record of the host's. */
export function hasRoom(): bool {
  return rows < rowsMax && seenRows < rowsMax;
}

export function append(trace: u32, tool: u32, time: f64, line: u32): void {
  const at = <usize>rows;
  rows++;
  store<u32>(traceColumn + (at << 2), trace);
  store<u32>(toolColumn + (at << 2), tool);
  store<f64>(timeColumn + (at << 3), time);
  store<u32>(lineColumn + (at << 2), line);
}

/** Dates a trace that has no date yet. */
export function appendSeen(trace: u32, time: f64): void {
  if (load<u8>(dated + trace) != 0) return;
  store<u8>(dated + trace, 1);
  const at = <usize>seenRows;
  seenRows++;
  store<u32>(seenTraces + (at << 2), trace);
  store<f64>(seenTimes + (at << 3), time);
}

// @ts-ignore: decorator
@inline
function packed(a: v128, b: v128, c: v128, d: v128): u64 {
  const low = <u32>i8x16.bitmask(a) | (<u32>i8x16.bitmask(b) << 16);
  const high = <u32>i8x16.bitmask(c) | (<u32>i8x16.bitmask(d) << 16);
  return <u64>low | (<u64>high << 32);
}

// @ts-ignore: decorator
@inline
function bitsOf(a: v128, b: v128, c: v128, d: v128, byte: u8): u64 {
  const splat = i8x16.splat(byte);
  return packed(i8x16.eq(a, splat), i8x16.eq(b, splat), i8x16.eq(c, splat), i8x16.eq(d, splat));
}

/** Each bit becomes the parity of all bits up to it: from quotes to what is inside of them, the opening quote included. */
// @ts-ignore: decorator
@inline
function parity(bits: u64): u64 {
  bits ^= bits << 1;
  bits ^= bits << 2;
  bits ^= bits << 4;
  bits ^= bits << 8;
  bits ^= bits << 16;
  return bits ^ (bits << 32);
}

const oddBits: u64 = 0xaaaaaaaaaaaaaaaa;

/**
 * Scans whole lines: `from` starts one, `end` is one past a line end. Reads up to 64 bytes past `end` and 18 before `from`.
 * Linear; every line starts afresh, whatever the one before was.
 */
export function scan(from: usize, end: usize): u32 {
  let at = from;
  let start = from;
  let inside: u64 = 0;
  let carry: u64 = 0;
  let depth: u32 = 0;
  let found: usize = colonsFound;
  while (at < end) {
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const c = v128.load(at, 32);
    const d = v128.load(at, 48);
    const escapes = bitsOf(a, b, c, d, 0x5c);
    const potential = escapes & ~carry;
    const codes = (((potential << 1) | oddBits) - potential) ^ oddBits;
    const quotes = bitsOf(a, b, c, d, 0x22) & ~(codes ^ (escapes | carry));
    carry = (codes & escapes) >> 63;
    const strings = parity(quotes) ^ inside;
    inside = <u64>(<i64>strings >> 63);
    // `{` and `[`, `}` and `]` differ in one bit.
    const bit = i8x16.splat(0x20);
    const w = v128.or(a, bit);
    const x = v128.or(b, bit);
    const y = v128.or(c, bit);
    const z = v128.or(d, bit);
    let opens = bitsOf(w, x, y, z, 0x7b) & ~strings;
    let closes = bitsOf(w, x, y, z, 0x7d) & ~strings;
    let colons = bitsOf(a, b, c, d, 0x3a) & ~strings;
    let newlines = bitsOf(a, b, c, d, 0x0a);
    let next = at + 64;
    for (;;) {
      // Up to the first line end of the block, or all of it.
      const part = newlines == 0 ? <u64>-1 : (newlines & (0 - newlines)) - 1;
      let left = colons & part;
      // Inside of something, nothing counts before it closes.
      if (depth > 1) left &= 0 - (closes & (0 - closes));
      while (left != 0) {
        store<u32>(found, <u32>at + <u32>ctz(left));
        found += <usize>(depthAt(left, depth, opens, closes) == 1) << 2;
        left &= left - 1;
      }
      // A record with more keys than there is room for is the host's.
      if (found > colonsEnd) found = colonsEnd;
      if (newlines == 0) {
        depth += <u32>popcnt(opens) - <u32>popcnt(closes);
        break;
      }
      depth += <u32>popcnt(opens & part) - <u32>popcnt(closes & part);
      const newline = at + <usize>ctz(newlines);
      const isOpen = ((strings >> ctz(newlines)) & 1) != 0;
      const whole = depth == 0 && !isOpen && found < colonsEnd;
      const status = finish(start, newline, whole ? fieldsOf(found, start) : DOUBT);
      if (status != DONE) return status;
      start = newline + 1;
      depth = 0;
      found = colonsFound;
      if (start == end) return DONE;
      if (isOpen) {
        // The masks of the rest of the block took strings for code: begin again behind the line.
        inside = 0;
        carry = 0;
        next = start;
        break;
      }
      opens &= ~part;
      closes &= ~part;
      colons &= ~part;
      newlines &= newlines - 1;
    }
    at = next;
  }
  return DONE;
}

/** How deep the lowest bit of `bits` is. */
// @ts-ignore: decorator
@inline
function depthAt(bits: u64, depth: u32, opens: u64, closes: u64): u32 {
  const below = (bits & (0 - bits)) - 1;
  return depth + <u32>popcnt(opens & below) - <u32>popcnt(closes & below);
}

/** The fields whose keys end before the colons that were found; in doubt when not just one of them is the first of a record. */
// @ts-ignore: decorator
@inline
function fieldsOf(end: usize, lineStart: usize): u32 {
  if (end == colonsFound) return 0;
  let seen: u32 = 0;
  openFirst();
  for (let at = colonsFound; at < end; at += 4) seen |= fieldBefore(load<u32>(at), lineStart);
  return firstKeys() == 1 ? seen : DOUBT;
}

/** Ends a line: counts it, and makes a row of it. Changes nothing when the host has to do something first. */
function finish(start: usize, newline: usize, seen: u32): u32 {
  lineStart = start;
  lineEnd = newline;
  let first = start;
  let last = newline - 1;
  while (first < newline && isBlank(load<u8>(first))) first++;
  if (first == newline) {
    lines++;
    return DONE;
  }
  while (isBlank(load<u8>(last))) last--;
  if ((seen & (DOUBT | toolsKey)) != 0 || load<u8>(first) != 0x7b || load<u8>(last) != 0x7d) return slow();
  if (!hasRoom()) return FULL;

  let left = seen & callIdKeys;
  while (left != 0) {
    if (readId(valueOf(left)) != ABSENT) return slow();
    left &= left - 1;
  }
  let hasTool = false;
  left = seen & toolKeys;
  while (left != 0) {
    const found = readText(valueOf(left));
    if (found == UNSURE) return slow();
    if (found == FOUND) {
      hasTool = true;
      break;
    }
    left &= left - 1;
  }
  toolAt = textAt;
  toolBytes = textBytes;
  let time: f64 = NaN;
  left = seen & timeKeys;
  while (left != 0) {
    const found = readTime(valueOf(left));
    if (found == UNSURE) return slow();
    if (found == FOUND) {
      time = timeMs;
      break;
    }
    left &= left - 1;
  }
  if (!findId(seen & agentKeys)) return slow();
  agentAt = textAt;
  agentBytes = textBytes;
  if (!findId(seen & sessionKeys)) return slow();
  sessionAt = textAt;
  sessionBytes = textBytes;
  return hasTool ? addCall(time) : addRecord(time);
}

// @ts-ignore: decorator
@inline
function slow(): u32 {
  lines++;
  return SLOW;
}

// @ts-ignore: decorator
@inline
function valueOf(fields: u32): usize {
  return <usize>load<u32>(values + (<usize>ctz(fields) << 2));
}

/** The first id among some fields, as `textAt` and `textBytes`; no bytes when there is none. False when that is unsure. */
// @ts-ignore: decorator
@inline
function findId(left: u32): bool {
  while (left != 0) {
    const found = readId(valueOf(left));
    if (found == FOUND) return true;
    if (found == UNSURE) return false;
    left &= left - 1;
  }
  resetText();
  return true;
}

/** What the line says, found by `finish`. A text without bytes is absent, but for the tool. */
let toolAt: usize = 0;
let toolBytes: u32 = 0;
let agentAt: usize = 0;
let agentBytes: u32 = 0;
let sessionAt: usize = 0;
let sessionBytes: u32 = 0;

/** The row of a line whose tool, agent and trace are known; `addNew` for all others. */
function addCall(time: f64): u32 {
  const toolSlot = slotOf(tools, toolAt, toolBytes, 0);
  if (toolSlot == 0) return addNew(true, time);
  const tool = idOf(toolSlot);
  if (verdicts != 0 && load<u8>(verdicts + tool) != 2) return addNew(true, time);
  let owner: u32 = 0;
  if (agentBytes != 0) {
    const agent = slotOf(agents, agentAt, agentBytes, 0);
    if (agent == 0) return addNew(true, time);
    owner = idOf(agent) + 1;
  }
  const slot = slotOf(traces, sessionAt, sessionBytes, owner);
  if (slot == 0) return addNew(true, time);
  lines++;
  records++;
  append(idOf(slot), tool, time, lines);
  return DONE;
}

/** The slow and general way: adds what is new, once it is sure that all of it is plain text. */
function addNew(isCall: bool, time: f64): u32 {
  const plain = isPlain(agentAt, agentBytes) && isPlain(sessionAt, sessionBytes);
  if (!plain || (isCall && !isPlain(toolAt, toolBytes))) return slow();
  let tool: u32 = 0;
  if (isCall) {
    const slot = knownOrNew(tools, toolAt, toolBytes, 0);
    if (slot == 0) return NAMES;
    tool = idOf(slot);
    const verdict = verdicts == 0 ? 2 : load<u8>(verdicts + tool);
    if (verdict == 1) return slow();
    if (verdict == 0) {
      newTool = tool;
      return NEW_TOOL;
    }
  }
  let owner: u32 = 0;
  if (agentBytes != 0) {
    const agent = knownOrNew(agents, agentAt, agentBytes, 0);
    if (agent == 0) return NAMES;
    owner = idOf(agent) + 1;
  }
  const known = countOf(traces);
  const slot = knownOrNew(traces, sessionAt, sessionBytes, owner);
  if (slot == 0) return NAMES;
  const trace = idOf(slot);
  if (time == time && (!isCall || trace >= known)) appendSeen(trace, time);
  lines++;
  records++;
  if (isCall) append(trace, tool, time, lines);
  return DONE;
}

function knownOrNew(dictionaryAt: usize, text: usize, bytes: u32, owner: u32): usize {
  const slot = slotOf(dictionaryAt, text, bytes, owner);
  return slot != 0 ? slot : add(dictionaryAt, text, bytes, owner);
}

/** A record without a call makes its trace known, when it names one. */
function addRecord(time: f64): u32 {
  if (agentBytes != 0 || sessionBytes != 0) return addNew(false, time);
  lines++;
  records++;
  return DONE;
}
