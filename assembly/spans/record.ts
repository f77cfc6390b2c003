// The record of a span as it is put together, the profile, and the dictionaries behind them.

import { add, idOf, slotOf } from "../scan/dictionary";

/** Dictionaries: known keys, texts, profiles. */
export const keys = memory.data(32, 16);
export const texts = memory.data(32, 16);
export const profiles = memory.data(32, 16);

/** Longest text that becomes one of the dictionary. */
export const textBytesMax: usize = 1024;
const HEAD_BYTES: usize = 56;
const RAW_BYTES: usize = 12;
const partsMax: usize = 1024;
/** Of the profile at hand: the name's text, or 0xffff, then the key and the text of each known attribute. */
const parts = memory.data(4096 + 64, 16);

/** End of the records of the request. */
export let recordsEnd: usize = 0;
/** The record at hand. */
export let record: usize = 0;
/** Whether the profile at hand is that of a span; raw values of resources are not kept. */
export let inSpan: bool = false;
let recordsMax: usize = 0;
let partCount: usize = 0;
let rawCount: u32 = 0;
let full: bool = false;

export function openRecords(at: usize, limit: usize): void {
  recordsEnd = at;
  recordsMax = limit;
  full = false;
}

/** A text or a profile found no room. */
export function isFull(): bool {
  return full;
}

export function beginProfile(ofSpan: bool): void {
  partCount = 1;
  store<u32>(parts, 0xffff);
  inSpan = ofSpan;
}

/** False when there is no room for another record. */
export function beginSpan(block: u32): bool {
  if (recordsEnd + HEAD_BYTES > recordsMax) return false;
  record = recordsEnd;
  memory.fill(record, 0, HEAD_BYTES);
  store<u32>(record, block, 12);
  store<f64>(record, NaN, 48);
  rawCount = 0;
  beginProfile(true);
  return true;
}

export function endSpan(): bool {
  const profile = profileOf(0);
  if (profile == 0) return false;
  store<u32>(record, profile - 1, 4);
  store<u32>(record, rawCount, 28);
  const bytes = (HEAD_BYTES + <usize>rawCount * RAW_BYTES + 7) & ~7;
  store<u32>(record, <u32>(bytes >> 2));
  recordsEnd = record + bytes;
  return true;
}

export function setName(text: u32): void {
  store<u32>(parts, text);
}

export function addPart(number: u32, part: u32): bool {
  if (partCount == partsMax) return false;
  store<u32>(parts + (partCount << 2), (number << 16) | part);
  partCount++;
  return true;
}

export function addRaw(number: u32, at: usize, bytes: u32, hasEscapes: bool): bool {
  const raw = record + HEAD_BYTES + <usize>rawCount * RAW_BYTES;
  if (raw + RAW_BYTES + 4 > recordsMax) return false;
  store<u32>(raw, number | (<u32>hasEscapes << 16));
  store<u32>(raw, <u32>at, 4);
  store<u32>(raw, bytes, 8);
  rawCount++;
  return true;
}

/** Id + 1 of a text; 0 when the dictionary is full. */
// @ts-ignore: decorator
@inline
export function textOf(at: usize, bytes: u32): u32 {
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
export function profileOf(owner: u32): u32 {
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
