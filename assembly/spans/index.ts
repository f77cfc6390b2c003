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
import {
  clearEscaped,
  escaped,
  hasUnderscore,
  keyAt,
  keyBytes,
  member,
  openText,
  plainEnd,
  skipBlanks,
  skipValue,
  stringEnd,
} from "./json";

/** What `cut` answers. */
const DONE: u32 = 0;
/** The host reads the request. */
const DOUBT: u32 = 1;
/** A dictionary is full: the host empties all of them and tries once more. */
const FULL: u32 = 2;

const HAS_ID: u32 = 1;
const HAS_PARENT: u32 = 2;
const HAS_TIME: u32 = 4;
/** A text that is part of the profile; a raw value; a text that stands among the raw values, because many profiles share the rest. */
const RAW_VALUE: u8 = 1;
const OWN_TEXT: u8 = 2;
/** Of a profile: the raw value is there, and empty or not. */
const RAW_EMPTY: u32 = 0xfffe;
const RAW: u32 = 0xffff;
/** Numbers of keys of flattened answers and of their values. */
const FLAT_KEY: u32 = 126;
const FLAT_VALUE: u32 = 127;

const HEAD_BYTES: usize = 56;
const textBytesMax: usize = 1024;
const traceBytesMax: usize = 64;
const partsMax: usize = 1024;
const blocksMax: u32 = 1024;

/** Dictionaries: known keys, texts, profiles. */
export const keys = memory.data(32, 16);
export const texts = memory.data(32, 16);
export const profiles = memory.data(32, 16);
/** A byte a key: how its values are given. */
export const valueKinds = memory.data(128, 16);
/** Profile of each block's resource + 1; 0 for none. */
export const blocks = memory.data(4096, 16);
const parts = memory.data(4096 + 64, 16);

/** End of the records that the last `cut` made. */
export let recordsEnd: usize = 0;

let record: usize = 0;
let recordsMax: usize = 0;
let partCount: usize = 0;
let blockCount: u32 = 0;
let rawCount: u32 = 0;
let inSpan: bool = false;
let full: bool = false;
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
  recordsEnd = records;
  recordsMax = recordsLimit;
  blockCount = 0;
  full = false;
  const done = request(from) == end;
  if (full) return FULL;
  return done ? DONE : DOUBT;
}

// @ts-ignore: decorator
@inline
function isKey8(first: u64, last: u64, bytes: u32): bool {
  return keyBytes == bytes && load<u64>(keyAt) == first && load<u64>(keyAt + bytes - 8) == last;
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

/** One past the bracket that opens a list, blanks skipped; 0 when there is none. */
// @ts-ignore: decorator
@inline
function opened(at: usize, bracket: u8): usize {
  return load<u8>(at) == bracket ? skipBlanks(at + 1) : 0;
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
      partCount = 1;
      store<u32>(parts, 0xffff);
      inSpan = false;
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
  if (at == 0 || recordsEnd + HEAD_BYTES > recordsMax) return 0;
  record = recordsEnd;
  memory.fill(record, 0, HEAD_BYTES);
  store<u32>(record, blockCount, 12);
  store<f64>(record, NaN, 48);
  rawCount = 0;
  // The name comes first among the parts.
  partCount = 1;
  store<u32>(parts, 0xffff);
  inSpan = true;
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
  const profile = profileOf(0);
  if (profile == 0) return 0;
  store<u32>(record, profile - 1, 4);
  store<u32>(record, rawCount, 28);
  const bytes = (HEAD_BYTES + <usize>rawCount * 12 + 7) & ~7;
  store<u32>(record, <u32>(bytes >> 2));
  recordsEnd = record + bytes;
  return at + 1;
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
  store<u32>(parts, text - 1);
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

/** Id + 1 of a text; 0 when the dictionary is full. */
// @ts-ignore: decorator
@inline
function textOf(at: usize, bytes: u32): u32 {
  let slot = slotOf(texts, at, bytes, 0);
  if (slot == 0) {
    slot = add(texts, at, bytes, 0);
    if (slot == 0) {
      full = true;
      return 0;
    }
  }
  return idOf(slot) + 1;
}

/** Id + 1 of the profile that the parts make up; `owner` tells resources from spans. */
// @ts-ignore: decorator
@inline
function profileOf(owner: u32): u32 {
  const bytes = <u32>(partCount << 2);
  let slot = slotOf(profiles, parts, bytes, owner);
  if (slot == 0) {
    slot = add(profiles, parts, bytes, owner);
    if (slot == 0) {
      full = true;
      return 0;
    }
  }
  return idOf(slot) + 1;
}

function attributeList(at: usize): usize {
  at = opened(at, 0x5b);
  if (at == 0) return 0;
  if (load<u8>(at) == 0x5d) return at + 1;
  for (;;) {
    const quick = usualEntry(at);
    at = quick != 0 ? quick : entry(at);
    if (at == 0) return 0;
    let byte = load<u8>(at);
    if (byte <= 0x20) {
      at = skipBlanks(at);
      byte = load<u8>(at);
    }
    if (byte == 0x5d) return at + 1;
    if (byte != 0x2c) return 0;
    at++;
    if (load<u8>(at) <= 0x20) at = skipBlanks(at);
  }
  return 0;
}

/** `{"key":"k","value":{"stringValue":"v"}}` as nearly every exporter writes it; 0 when it is anything else. */
// @ts-ignore: decorator
@inline
function usualEntry(at: usize): usize {
  if (load<u64>(at) != 0x223a2279656b227b) return 0;
  const key = at + 8;
  const close = plainEnd(key);
  if (close == 0) return 0;
  const isUsual =
    load<u64>(close) == 0x65756c6176222c22 &&
    load<u64>(close, 8) == 0x69727473227b3a22 &&
    load<u64>(close, 16) == 0x2265756c6156676e &&
    load<u16>(close, 24) == 0x223a;
  if (!isUsual) return 0;
  const text = close + 26;
  clearEscaped();
  let end = plainEnd(text);
  if (end == 0) end = stringEnd(text);
  if (end == 0 || load<u16>(end, 1) != 0x7d7d) return 0;
  const number = keyNumber(key, <u32>(close - key));
  if (number != 0xffffffff && !takeText(number, key, <u32>(close - key), text, end)) return 0;
  return end + 3;
}

/** One entry, its members in any order. */
function entry(at: usize): usize {
  at = opened(at, 0x7b);
  if (at == 0) return 0;
  let key: usize = 0;
  let bytes: u32 = 0;
  let value: usize = 0;
  if (load<u8>(at) == 0x7d) return at + 1;
  for (;;) {
    at = member(at);
    if (at == 0) return 0;
    if (keyBytes == 3 && load<u32>(keyAt - 1) == 0x79656b22) {
      if (key != 0 || load<u8>(at) != 0x22) return 0;
      key = at + 1;
      const close = plainEnd(key);
      if (close == 0) return 0;
      bytes = <u32>(close - key);
      at = close + 1;
    } else if (keyBytes == 5 && load<u32>(keyAt) == 0x756c6176 && load<u8>(keyAt, 4) == 0x65) {
      if (value != 0) return 0;
      value = at;
      at = skipValue(at);
    } else at = skipValue(at);
    if (at == 0) return 0;
    at = skipBlanks(at);
    const byte = load<u8>(at);
    if (byte == 0x7d) break;
    if (byte != 0x2c) return 0;
    at++;
  }
  // An entry without a key is passed over by the readers, too.
  if (key == 0) return at + 1;
  const number = keyNumber(key, bytes);
  if (number == 0xffffffff) return at + 1;
  return value != 0 && takeValue(number, key, bytes, value) ? at + 1 : 0;
}

/** Number of a known key, `FLAT_KEY` for keys of flattened answers, or 0xffffffff. */
// @ts-ignore: decorator
@inline
function keyNumber(at: usize, bytes: u32): u32 {
  if (bytes > 48) return flatNumber(at, bytes);
  const slot = slotOf(keys, at, bytes, 0);
  return slot == 0 ? flatNumber(at, bytes) : idOf(slot);
}

/** `gen_ai.completion.` and `llm.output_messages.` begin them. */
// @ts-ignore: decorator
@inline
function flatNumber(at: usize, bytes: u32): u32 {
  const first = load<u64>(at);
  if (first == 0x632e69615f6e6567 && bytes >= 18) {
    if (load<u64>(at, 8) == 0x6f6974656c706d6f && load<u16>(at, 16) == 0x2e6e) return FLAT_KEY;
  } else if (first == 0x7074756f2e6d6c6c && bytes >= 20) {
    if (load<u64>(at, 8) == 0x617373656d5f7475 && load<u32>(at, 16) == 0x2e736567) return FLAT_KEY;
  }
  return 0xffffffff;
}

/** A value that has to be an object with `stringValue` and nothing else. */
function takeValue(number: u32, key: usize, bytes: u32, at: usize): bool {
  at = opened(at, 0x7b);
  if (at == 0) return false;
  at = member(at);
  if (at == 0 || keyBytes != 11 || load<u64>(keyAt) != 0x6156676e69727473 || load<u64>(keyAt, 3) != 0x65756c6156676e69) return false;
  if (load<u8>(at) != 0x22) return false;
  const text = at + 1;
  clearEscaped();
  const end = stringEnd(text);
  if (end == 0 || load<u8>(skipBlanks(end + 1)) != 0x7d) return false;
  return takeText(number, key, bytes, text, end);
}

/** Notes a value `text ..< end`; whether it holds escapes is in `escaped`. */
function takeText(number: u32, key: usize, keyLength: u32, text: usize, end: usize): bool {
  if (partCount == partsMax) return false;
  const bytes = <u32>(end - text);
  let part: u32 = bytes == 0 ? RAW_EMPTY : RAW;
  if (number == FLAT_KEY) {
    if (inSpan && !(addRaw(FLAT_KEY, key, keyLength) && addRaw(FLAT_VALUE, text, bytes))) return false;
  } else {
    const kind = load<u8>(valueKinds + number);
    if (kind == RAW_VALUE) {
      if (inSpan && !addRaw(number, text, bytes)) return false;
    } else {
      if (escaped || bytes > <u32>textBytesMax) return false;
      const id = textOf(text, bytes);
      if (id == 0) return false;
      if (kind == OWN_TEXT && inSpan) {
        if (!addRaw(number, id - 1, bytes)) return false;
      } else part = id - 1;
    }
  }
  store<u32>(parts + (partCount << 2), (number << 16) | part);
  partCount++;
  return true;
}

function addRaw(number: u32, at: usize, bytes: u32): bool {
  const raw = record + HEAD_BYTES + <usize>rawCount * 12;
  if (raw + 16 > recordsMax) return false;
  store<u32>(raw, number | (<u32>(escaped && number != FLAT_KEY) << 16));
  store<u32>(raw, <u32>at, 4);
  store<u32>(raw, bytes, 8);
  rawCount++;
  return true;
}
