// Attributes of spans and resources: entries of a key and a value. Known keys have numbers; all others are passed over.

import { idOf, slotOf } from "../scan/dictionary";
import { clearEscaped, escaped, keyAt, keyBytes, member, opened, plainEnd, skipBlanks, skipValue, stringEnd } from "./json";
import { addPart, addRaw, inSpan, keys, textBytesMax, textOf } from "./record";

/** A byte a key: a text that is part of the profile (0), a raw value, or a text that stands among the raw values, because many
 * profiles share the rest. */
export const valueKinds = memory.data(128, 16);
const RAW_VALUE: u8 = 1;
const OWN_TEXT: u8 = 2;
/** Of a profile: the raw value is there, and empty or not. */
const RAW_EMPTY: u32 = 0xfffe;
const RAW: u32 = 0xffff;
/** Numbers of keys of flattened answers and of their values. */
const FLAT_KEY: u32 = 126;
const FLAT_VALUE: u32 = 127;

export function attributeList(at: usize): usize {
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
  const bytes = <u32>(end - text);
  let part: u32 = bytes == 0 ? RAW_EMPTY : RAW;
  if (number == FLAT_KEY) {
    if (inSpan && !(addRaw(FLAT_KEY, key, keyLength, false) && addRaw(FLAT_VALUE, text, bytes, escaped))) return false;
  } else {
    const kind = load<u8>(valueKinds + number);
    if (kind == RAW_VALUE) {
      if (inSpan && !addRaw(number, text, bytes, escaped)) return false;
    } else {
      if (escaped || bytes > <u32>textBytesMax) return false;
      const id = textOf(text, bytes);
      if (id == 0) return false;
      if (kind == OWN_TEXT && inSpan) {
        if (!addRaw(number, id - 1, bytes, false)) return false;
      } else part = id - 1;
    }
  }
  return addPart(number, part);
}
