// Values of fields: text, ids, times. What is out of the ordinary is left to the host, which parses the whole line.

import { isBlank } from "./keys";

/** Longest text that is read here. */
const textBytesMax: u32 = 256;

export const FOUND: u32 = 0;
/** null or empty: the next key of the group may have a value. */
export const ABSENT: u32 = 1;
/** Not to be read here. */
export const UNSURE: u32 = 2;

/** What `readText` and `readId` found. */
export let textAt: usize = 0;
export let textBytes: u32 = 0;
/** What `readTime` found. */
export let timeMs: f64 = 0;

// @ts-ignore: decorator
@inline
export function resetText(): void {
  textBytes = 0;
}

// @ts-ignore: decorator
@inline
export function skipBlanks(at: usize): usize {
  while (isBlank(load<u8>(at))) at++;
  return at;
}

/**
 * The text whose opening quote is before `at`, up to the next quote: when that is escaped, the text ends with a backslash,
 * which `isPlain` finds. Texts are looked up before they are looked at: those that are known are plain.
 */
// @ts-ignore: decorator
@inline
function readString(at: usize): u32 {
  const quote = i8x16.splat(0x22);
  const low = <u32>i8x16.bitmask(i8x16.eq(v128.load(at), quote)) | (<u32>i8x16.bitmask(i8x16.eq(v128.load(at, 16), quote)) << 16);
  const high = <u32>i8x16.bitmask(i8x16.eq(v128.load(at, 32), quote)) | (<u32>i8x16.bitmask(i8x16.eq(v128.load(at, 48), quote)) << 16);
  const quotes = <u64>low | (<u64>high << 32);
  textAt = at;
  textBytes = <u32>ctz(quotes);
  return quotes != 0 ? FOUND : readLong(at);
}

function readLong(at: usize): u32 {
  for (let bytes: u32 = 64; bytes < textBytesMax; bytes += 16) {
    const quotes = <u32>i8x16.bitmask(i8x16.eq(v128.load(at + bytes), i8x16.splat(0x22)));
    if (quotes == 0) continue;
    textBytes = bytes + ctz(quotes);
    return FOUND;
  }
  return UNSURE;
}

/** No escapes and no control characters (a line end among them); any other bytes are the host's concern. */
export function isPlain(at: usize, bytes: u32): bool {
  for (let i: u32 = 0; i < bytes; i++) {
    const byte = <u32>load<u8>(at + i);
    if (byte < 0x20 || byte == 0x5c) return false;
  }
  return true;
}

/** A name: text, empty text too. */
// @ts-ignore: decorator
@inline
export function readText(at: usize): u32 {
  if (load<u8>(at) == 0x22) return readString(at + 1);
  at = skipBlanks(at);
  const first = load<u8>(at);
  if (first == 0x22) return readString(at + 1);
  return first == 0x6e ? ABSENT : UNSURE;
}

/** An id: text that is not empty, or a whole number that is written as JavaScript writes it. */
// @ts-ignore: decorator
@inline
export function readId(at: usize): u32 {
  at = skipBlanks(at);
  const first = <u32>load<u8>(at);
  if (first == 0x22) {
    const found = readString(at + 1);
    return found == FOUND && textBytes == 0 ? ABSENT : found;
  }
  if (first == 0x6e) return ABSENT;
  return readWhole(at);
}

function readWhole(at: usize): u32 {
  let end = at;
  while (end < at + 16 && isDigit(load<u8>(end))) end++;
  const bytes = <u32>(end - at);
  if (bytes == 0 || bytes > 15 || (bytes > 1 && load<u8>(at) == 0x30) || !endsValue(load<u8>(end))) return UNSURE;
  textAt = at;
  textBytes = bytes;
  return FOUND;
}

// @ts-ignore: decorator
@inline
function isDigit(byte: u32): bool {
  return byte - 0x30 < 10;
}

// @ts-ignore: decorator
@inline
function endsValue(byte: u32): bool {
  return byte == 0x2c || byte == 0x7d || isBlank(byte);
}

/** The same times as src/trace/time.ts, of the shapes that are common; `UNSURE` for all others. */
// @ts-ignore: decorator
@inline
export function readTime(at: usize): u32 {
  at = skipBlanks(at);
  const first = <u32>load<u8>(at);
  if (first == 0x22) return load<u8>(at + 5) == 0x2d ? readIso(at + 1) : readEpoch(at + 1, true);
  return first == 0x6e ? ABSENT : readEpoch(at, false);
}

/** `2026-11-` and `22` of the date that was read last, and its days in milliseconds. */
let monthText: u64 = 0;
let dayText: u32 = 0;
let dayMs: f64 = 0;

const clockShape: u64 = 0x30303a30303a3030;
const clockRange: u64 = 0x76767f76767f7676;
const highBits: u64 = 0x8080808080808080;

/** `YYYY-MM-DDTHH:MM:SS`, with a fraction of up to 12 digits, with a zone, or without. */
function readIso(at: usize): u32 {
  if (load<u64>(at) != monthText || <u32>load<u16>(at + 8) != dayText) {
    if (!readDate(at)) return UNSURE;
  }
  const separator = <u32>load<u8>(at + 10);
  const clock = load<u64>(at + 11) ^ clockShape;
  if ((separator | 0x20) != 0x74 && separator != 0x20) return UNSURE;
  // Digits are at most 9 and colons are 0, or the high bit of their byte shows.
  if ((((clock & ~highBits) + clockRange) | clock) & highBits) return UNSURE;
  const hour = pair(clock);
  const minute = pair(clock >> 24);
  const second = pair(clock >> 48);
  if (hour > 23 || minute > 59 || second > 60) return UNSURE;
  let ms = dayMs + <f64>(((hour * 60 + minute) * 60 + second) * 1000);
  at += 19;
  // `.123Z"`, as most programs write it.
  const tail = load<u64>(at) & 0xffffffffffff;
  const digits = <u32>(tail >> 8) & 0xffffff ^ 0x303030;
  if ((tail & 0xffff000000ff) == 0x225a0000002e && ((digits + 0x767676) & 0x808080) == 0 && (digits & 0x808080) == 0) {
    timeMs = ms + <f64>((digits & 0xff) * 100 + ((digits >> 8) & 0xff) * 10 + (digits >> 16));
    return FOUND;
  }
  let next = <u32>load<u8>(at);
  if (next == 0x2e || next == 0x2c) {
    const start = at + 1;
    let fraction: u64 = 0;
    let scale: f64 = 1;
    for (at = start; isDigit(load<u8>(at)) && at < start + 13; at++) {
      fraction = fraction * 10 + <u64>(load<u8>(at) - 0x30);
      scale *= 10;
    }
    if (at == start || at > start + 12) return UNSURE;
    ms += Math.floor((<f64>fraction / scale) * 1000);
    next = load<u8>(at);
  }
  if (next == 0x5a || next == 0x7a) at++;
  else if (next == 0x2b || next == 0x2d) {
    const hours = twoDigits(at + 1);
    at += 3;
    if (load<u8>(at) == 0x3a) at++;
    const withMinutes = isDigit(load<u8>(at));
    const minutes = withMinutes ? twoDigits(at) : 0;
    if (hours < 0 || minutes < 0 || (!withMinutes && load<u8>(at - 1) == 0x3a)) return UNSURE;
    if (withMinutes) at += 2;
    const zone = <f64>((hours * 60 + minutes) * 60_000);
    ms -= next == 0x2d ? -zone : zone;
  }
  timeMs = ms;
  return load<u8>(at) == 0x22 ? FOUND : UNSURE;
}

// @ts-ignore: decorator
@inline
function pair(clock: u64): u32 {
  return (<u32>clock & 0xff) * 10 + ((<u32>clock >> 8) & 0xff);
}

/** -1 when there is something else. */
function twoDigits(at: usize): i32 {
  const tens = <u32>load<u8>(at) - 0x30;
  const ones = <u32>load<u8>(at + 1) - 0x30;
  return tens < 10 && ones < 10 ? <i32>(tens * 10 + ones) : -1;
}

function readDate(at: usize): bool {
  const century = twoDigits(at);
  const years = twoDigits(at + 2);
  const month = twoDigits(at + 5);
  const day = twoDigits(at + 8);
  const shaped = load<u8>(at + 4) == 0x2d && load<u8>(at + 7) == 0x2d;
  // A year below 100 is read as one of the last century by the host.
  if (!shaped || century < 1 || years < 0 || month < 1 || month > 12 || day < 1) return false;
  const year = century * 100 + years;
  if (day > daysOf(year, month)) return false;
  // Days from 1970-01-01, counting years from March so that the leap day comes last.
  const y = month <= 2 ? year - 1 : year;
  const era = y / 400;
  const ofEra = y - era * 400;
  const ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const days = era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468;
  monthText = load<u64>(at);
  dayText = load<u16>(at + 8);
  dayMs = <f64>days * 86_400_000;
  return true;
}

function daysOf(year: i32, month: i32): i32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/** A number: at most 15 digits, with or without a fraction, or up to 19 digits of a whole one. In quotes it has at least 9. */
function readEpoch(at: usize, quoted: bool): u32 {
  const start = at;
  let number: u64 = 0;
  for (; isDigit(load<u8>(at)) && at < start + 20; at++) number = number * 10 + <u64>(load<u8>(at) - 0x30);
  const whole = <u32>(at - start);
  if (whole < 9 || whole > 19 || load<u8>(start) == 0x30) return UNSURE;
  let value = <f64>number;
  if (load<u8>(at) == 0x2e) {
    const point = ++at;
    let scale: f64 = 1;
    for (; isDigit(load<u8>(at)) && at < point + 8; at++) {
      number = number * 10 + <u64>(load<u8>(at) - 0x30);
      scale *= 10;
    }
    // Both are exact, so their quotient is the double that a parser finds.
    if (at == point || whole + <u32>(at - point) > 15) return UNSURE;
    value = <f64>number / scale;
  }
  const last = <u32>load<u8>(at);
  if (quoted ? last != 0x22 : !endsValue(last)) return UNSURE;
  if (value < 1e8 || value >= 1e20) return UNSURE;
  if (value < 1e11) timeMs = Math.floor(value * 1000);
  else if (value < 1e14) timeMs = Math.floor(value);
  else timeMs = Math.floor(value < 1e17 ? value / 1e3 : value / 1e6);
  return FOUND;
}
