// The span cutter: one OTLP/JSON request, as bytes, to one flat record a span. It follows the structure of the request and
// takes what the readers of spans look at; all other values are skipped. A request that it is not sure of (escapes where
// text matters, keys twice, other spellings, values of other kinds) is in doubt, and the host parses it. No imports, no
// allocation; the host lays out the memory.
//
//   record   words, even | profile | trace + 1, or 0 | block | flags | events: address, bytes | raw values | span id | parent id | time, ms
//            then for each raw value: key, with bit 16 when it holds escapes | address, or text | bytes
//
// A profile is what many spans have in common: the text of the name and, for each known attribute, its key and the text of
// its value, or of raw values whether they are empty. Texts and profiles are ids of dictionaries. A block is one element of
// `resourceSpans`; its resource is a profile as well.

import { add, idOf, openArena as arena, openDictionary as dictionary, salt, slotOf } from "../scan/dictionary";
import { attributeList } from "./attributes";
import { hasUnderscore, isKey8, keyAt, keyBytes, member, opened, openText, plainEnd, skipBlanks, skipValue } from "./json";
import {
  beginProfile,
  beginSpan,
  endSpan,
  isFull,
  keys,
  openRecords,
  profileOf,
  record,
  setName,
  textBytesMax,
  textOf,
} from "./record";

export { keys, profiles, recordsEnd, texts } from "./record";
export { valueKinds } from "./attributes";

/** What `cut` answers. */
const DONE: u32 = 0;
/** The host reads the request. */
const DOUBT: u32 = 1;
/** A dictionary is full: the host empties all of them and tries once more. */
const FULL: u32 = 2;

const HAS_ID: u32 = 1;
const HAS_PARENT: u32 = 2;
const HAS_TIME: u32 = 4;
const traceBytesMax: usize = 64;
const blocksMax: u32 = 1024;

/** Profile of each block's resource + 1; 0 for none. */
export const blocks = memory.data(4096, 16);
let blockCount: u32 = 0;
/** The 32 bytes of the trace id before, and its text. */
let traceLow: v128 = i32x4.splat(0);
let traceHigh: v128 = i32x4.splat(0);
let lastTrace: u32 = 0;

export function base(): usize {
  return (__heap_base + 63) & ~63;
}

export function saltAt(): usize {
  return salt;
}

export function openDictionary(at: usize, slots: usize, slotBits: u32, order: usize, tails: usize): void {
  dictionary(at, slots, slotBits, order, tails);
  lastTrace = 0;
}

export function openArena(at: usize, end: usize): void {
  arena(at, end);
}

/** The id of a known key; keys get theirs in the order they come. */
export function addKey(at: usize, bytes: u32): u32 {
  return slotOf(keys, at, bytes, 0) == 0 ? idOf(add(keys, at, bytes, 0)) : 0xffffffff;
}

/** Cuts the request `from ..< end`; behind it stand 64 quotes. Records go to `records ..< recordsLimit`. Linear. */
export function cut(from: usize, end: usize, records: usize, recordsLimit: usize): u32 {
  openText(end);
  openRecords(records, recordsLimit);
  blockCount = 0;
  const done = request(from) == end;
  if (isFull()) return FULL;
  return done ? DONE : DOUBT;
}

/** `{"resourceSpans": [...]}`, nothing else. */
function request(at: usize): usize {
  if (load<u8>(at) != 0x7b) return 0;
  at = member(at + 1);
  if (at == 0 || !isKey8(0x656372756f736572, 0x736e617053656372, 13)) return 0;
  at = blockList(at);
  if (at == 0) return 0;
  at = skipBlanks(at);
  return load<u8>(at) == 0x7d ? at + 1 : 0;
}

function blockList(at: usize): usize {
  at = opened(at, 0x5b);
  if (at == 0) return 0;
  if (load<u8>(at) == 0x5d) return at + 1;
  for (;;) {
    at = block(at);
    if (at == 0) return 0;
    at = skipBlanks(at);
    const byte = load<u8>(at);
    if (byte == 0x5d) return at + 1;
    if (byte != 0x2c) return 0;
    at = skipBlanks(at + 1);
  }
  return 0;
}

/** `resource`, `scopeSpans` and what else has no underscore and is no `instrumentationLibrarySpans`. */
function block(at: usize): usize {
  at = opened(at, 0x7b);
  if (at == 0 || blockCount == blocksMax) return 0;
  store<u32>(blocks + (<usize>blockCount << 2), 0);
  let seen: u32 = 0;
  if (load<u8>(at) != 0x7d) {
    for (;;) {
      at = member(at);
      if (at == 0) return 0;
      if (keyBytes == 8 && load<u64>(keyAt) == 0x656372756f736572) {
        if ((seen & 1) != 0) return 0;
        seen |= 1;
        at = resource(at);
      } else if (isKey8(0x61705365706f6373, 0x736e61705365706f, 10)) {
        if ((seen & 2) != 0) return 0;
        seen |= 2;
        at = scopeList(at);
      } else {
        if (keyBytes > 16 || hasUnderscore(keyAt, keyBytes)) return 0;
        at = skipValue(at);
      }
      if (at == 0) return 0;
      at = skipBlanks(at);
      const byte = load<u8>(at);
      if (byte == 0x7d) break;
      if (byte != 0x2c) return 0;
      at++;
    }
  }
  blockCount++;
  return at + 1;
}

function resource(at: usize): usize {
  at = opened(at, 0x7b);
  if (at == 0) return 0;
  if (load<u8>(at) == 0x7d) return at + 1;
  let seen = false;
  for (;;) {
    at = member(at);
    if (at == 0) return 0;
    if (isKey8(0x7475626972747461, 0x7365747562697274, 10)) {
      if (seen) return 0;
      seen = true;
      beginProfile(false);
      at = attributeList(at);
      if (at == 0) return 0;
      const profile = profileOf(1);
      if (profile == 0) return 0;
      store<u32>(blocks + (<usize>blockCount << 2), profile);
    } else at = skipValue(at);
    if (at == 0) return 0;
    at = skipBlanks(at);
    const byte = load<u8>(at);
    if (byte == 0x7d) return at + 1;
    if (byte != 0x2c) return 0;
    at++;
  }
  return 0;
}

function scopeList(at: usize): usize {
  at = opened(at, 0x5b);
  if (at == 0) return 0;
  if (load<u8>(at) == 0x5d) return at + 1;
  for (;;) {
    at = scope(at);
    if (at == 0) return 0;
    at = skipBlanks(at);
    const byte = load<u8>(at);
    if (byte == 0x5d) return at + 1;
    if (byte != 0x2c) return 0;
    at = skipBlanks(at + 1);
  }
  return 0;
}

function scope(at: usize): usize {
  at = opened(at, 0x7b);
  if (at == 0) return 0;
  if (load<u8>(at) == 0x7d) return at + 1;
  let seen = false;
  for (;;) {
    at = member(at);
    if (at == 0) return 0;
    if (keyBytes == 5 && load<u32>(keyAt) == 0x6e617073 && load<u8>(keyAt, 4) == 0x73) {
      if (seen) return 0;
      seen = true;
      at = spanList(at);
    } else at = skipValue(at);
    if (at == 0) return 0;
    at = skipBlanks(at);
    const byte = load<u8>(at);
    if (byte == 0x7d) return at + 1;
    if (byte != 0x2c) return 0;
    at++;
  }
  return 0;
}

function spanList(at: usize): usize {
  at = opened(at, 0x5b);
  if (at == 0) return 0;
  if (load<u8>(at) == 0x5d) return at + 1;
  for (;;) {
    at = span(at);
    if (at == 0) return 0;
    at = skipBlanks(at);
    const byte = load<u8>(at);
    if (byte == 0x5d) return at + 1;
    if (byte != 0x2c) return 0;
    at = skipBlanks(at + 1);
  }
  return 0;
}

const TRACE: u32 = 1;
const SPAN: u32 = 2;
const PARENT: u32 = 4;
const NAME: u32 = 8;
const START: u32 = 16;
const ATTRIBUTES: u32 = 32;
const EVENTS: u32 = 64;

function span(at: usize): usize {
  at = opened(at, 0x7b);
  if (at == 0 || !beginSpan(blockCount)) return 0;
  let seen: u32 = 0;
  if (load<u8>(at) != 0x7d) {
    for (;;) {
      at = member(at);
      if (at == 0) return 0;
      const field = fieldOfKey();
      if ((seen & field) != 0) return 0;
      seen |= field;
      at = readField(field, at);
      if (at == 0) return 0;
      let byte = load<u8>(at);
      if (byte <= 0x20) {
        at = skipBlanks(at);
        byte = load<u8>(at);
      }
      if (byte == 0x7d) break;
      if (byte != 0x2c) return 0;
      at++;
    }
  }
  return endSpan() ? at + 1 : 0;
}

/** The field of the key that `member` found; 0 for keys that nobody looks at. */
// @ts-ignore: decorator
@inline
function fieldOfKey(): u32 {
  const bytes = keyBytes;
  if (bytes == 4 && load<u32>(keyAt) == 0x656d616e) return NAME;
  if (bytes == 6) {
    const key = load<u64>(keyAt - 1);
    if (key == 0x2264496e61707322) return SPAN;
    if (key == 0x2273746e65766522) return EVENTS;
    return 0;
  }
  if (bytes == 7) return load<u64>(keyAt - 1) == 0x6449656361727422 ? TRACE : 0;
  if (isKey8(0x7475626972747461, 0x7365747562697274, 10)) return ATTRIBUTES;
  if (isKey8(0x7053746e65726170, 0x64496e617053746e, 12)) return PARENT;
  if (isKey8(0x6d69547472617473, 0x6f6e614e78696e55, 17) && load<u8>(keyAt, 8) == 0x65) return START;
  return 0;
}

// @ts-ignore: decorator
@inline
function readField(field: u32, at: usize): usize {
  if (field == 0) return hasUnderscore(keyAt, keyBytes) ? 0 : skipValue(at);
  if (field == ATTRIBUTES) return attributeList(at);
  if (field == EVENTS) return events(at);
  if (load<u8>(at) != 0x22) return 0;
  if (field == SPAN) return readId(at + 1, 32, HAS_ID);
  if (field == PARENT) return readId(at + 1, 40, HAS_PARENT);
  if (field == START) return readTime(at + 1);
  return field == TRACE ? readTrace(at + 1) : readName(at + 1);
}

/** Sixteen digits of lower-case hex, or nothing between the quotes. */
function readId(at: usize, offset: usize, flag: u32): usize {
  if (load<u8>(at) == 0x22) return at + 1;
  if (load<u8>(at, 16) != 0x22) return 0;
  const bytes = v128.load(at);
  const digits = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10));
  const letters = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x61)), i8x16.splat(6));
  if (!i8x16.all_true(v128.or(digits, letters))) return 0;
  const low = v128.and(bytes, i8x16.splat(0x0f));
  const values = i8x16.add(low, v128.and(letters, i8x16.splat(9)));
  const pairs = v128.and(v128.or(i16x8.shl(values, 4), i16x8.shr_u(values, 8)), i16x8.splat(0xff));
  const id = i64x2.extract_lane(i8x16.narrow_i16x8_u(pairs, pairs), 0);
  store<u64>(record + offset, id);
  // An id of zeros is none.
  if (id != 0) store<u32>(record, load<u32>(record, 16) | flag, 16);
  return at + 17;
}

function readTrace(at: usize): usize {
  if (lastTrace != 0 && load<u8>(at, 32) == 0x22) {
    const differ = v128.or(v128.xor(v128.load(at), traceLow), v128.xor(v128.load(at, 16), traceHigh));
    if (!v128.any_true(differ)) {
      store<u32>(record, lastTrace, 8);
      return at + 33;
    }
  }
  const end = plainEnd(at);
  if (end == 0 || end - at > traceBytesMax) return 0;
  if (end == at) return end + 1;
  const text = textOf(at, <u32>(end - at));
  if (text == 0) return 0;
  store<u32>(record, text, 8);
  if (end - at == 32) {
    traceLow = v128.load(at);
    traceHigh = v128.load(at, 16);
    lastTrace = text;
  }
  return end + 1;
}

function readName(at: usize): usize {
  const end = plainEnd(at);
  if (end == 0 || end - at > textBytesMax) return 0;
  const text = textOf(at, <u32>(end - at));
  if (text == 0) return 0;
  setName(text - 1);
  return end + 1;
}

// @ts-ignore: decorator
@inline
function eightDigits(at: usize): u64 {
  let digits = load<u64>(at) & 0x0f0f0f0f0f0f0f0f;
  digits = (digits * 2561) >> 8;
  digits = ((digits & 0x00ff00ff00ff00ff) * 6553601) >> 16;
  return ((digits & 0x0000ffff0000ffff) * 42949672960001) >> 32;
}

/** Nineteen digits: the first thirteen are milliseconds. */
function readTime(at: usize): usize {
  if (load<u8>(at, 19) != 0x22) return 0;
  const ten = i8x16.splat(10);
  const zero = i8x16.splat(0x30);
  const first = i8x16.lt_u(i8x16.sub(v128.load(at), zero), ten);
  const last = i8x16.lt_u(i8x16.sub(v128.load(at, 3), zero), ten);
  if (!i8x16.all_true(v128.and(first, last))) return 0;
  store<f64>(record, <f64>(eightDigits(at) * 100_000 + eightDigits(at + 8) / 1000), 48);
  store<u32>(record, load<u32>(record, 16) | HAS_TIME, 16);
  return at + 20;
}

function events(at: usize): usize {
  const end = skipValue(at);
  if (end == 0) return 0;
  store<u32>(record, <u32>at, 20);
  store<u32>(record, <u32>(end - at), 24);
  return end;
}
