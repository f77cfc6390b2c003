// Steps over JSON text. Text is followed by `PAD_BYTES` quotes, so that every step ends; a step that does not find what it
// looks for answers 0. What is skipped is not validated.

/** A backslash was met by `stringEnd`; for the caller to clear. */
export let escaped: bool = false;
/** The key that `member` found. */
export let keyAt: usize = 0;
export let keyBytes: u32 = 0;

let textEnd: usize = 0;

export function openText(end: usize): void {
  textEnd = end;
}

export function clearEscaped(): void {
  escaped = false;
}

// @ts-ignore: decorator
@inline
function isBlank(byte: u32): bool {
  return byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09;
}

// @ts-ignore: decorator
@inline
export function skipBlanks(at: usize): usize {
  while (isBlank(load<u8>(at))) at++;
  return at;
}

/** The closing quote of a string without escapes whose first byte is at `at`, or 0. */
// @ts-ignore: decorator
@inline
export function plainEnd(at: usize): usize {
  for (;;) {
    const bytes = v128.load(at);
    const found = i8x16.bitmask(v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c))));
    if (found != 0) {
      const end = at + <usize>ctz(found);
      return load<u8>(end) == 0x22 ? end : 0;
    }
    at += 16;
  }
  return 0;
}

/** The closing quote of any string; notes in `escaped` whether a backslash was met. */
export function stringEnd(at: usize): usize {
  for (;;) {
    const bytes = v128.load(at);
    const found = i8x16.bitmask(v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c))));
    if (found == 0) {
      at += 16;
      continue;
    }
    at += <usize>ctz(found);
    if (load<u8>(at) == 0x22) return at < textEnd ? at : 0;
    escaped = true;
    at += 2;
  }
  return 0;
}

/** From where a key should begin to the first byte of its value; keys with escapes are not read. */
// @ts-ignore: decorator
@inline
export function member(at: usize): usize {
  if (load<u8>(at) != 0x22) {
    at = skipBlanks(at);
    if (load<u8>(at) != 0x22) return 0;
  }
  keyAt = at + 1;
  const close = plainEnd(keyAt);
  if (close == 0) return 0;
  keyBytes = <u32>(close - keyAt);
  at = close + 1;
  if (load<u8>(at) != 0x3a) {
    at = skipBlanks(at);
    if (load<u8>(at) != 0x3a) return 0;
  }
  at++;
  return load<u8>(at) <= 0x20 ? skipBlanks(at) : at;
}

/** Behind a value of any kind. */
export function skipValue(at: usize): usize {
  const first = load<u8>(at);
  if (first == 0x22) {
    const end = stringEnd(at + 1);
    return end == 0 ? 0 : end + 1;
  }
  if (first == 0x7b || first == 0x5b) return skipNested(at);
  const start = at;
  for (;;) {
    const byte = load<u8>(at);
    if (byte == 0x2c || byte == 0x7d || byte == 0x5d || byte <= 0x20) break;
    // No quote stands in a number or a name.
    if (byte == 0x22) return 0;
    at++;
  }
  return at == start ? 0 : at;
}

function skipNested(at: usize): usize {
  let depth: u32 = 0;
  for (;;) {
    const bytes = v128.load(at);
    // `{` and `[`, `}` and `]` differ in one bit.
    const curly = v128.or(bytes, i8x16.splat(0x20));
    const braces = v128.or(i8x16.eq(curly, i8x16.splat(0x7b)), i8x16.eq(curly, i8x16.splat(0x7d)));
    let found = i8x16.bitmask(v128.or(braces, i8x16.eq(bytes, i8x16.splat(0x22))));
    let next = at + 16;
    while (found != 0) {
      const place = at + <usize>ctz(found);
      const byte = load<u8>(place);
      if (byte == 0x22) {
        const end = stringEnd(place + 1);
        if (end == 0) return 0;
        next = end + 1;
        if (next >= at + 16) break;
        // Behind the string, in the same block.
        found &= -1 << <i32>(next - at);
        next = at + 16;
        continue;
      }
      found &= found - 1;
      if ((byte & 4) == 0 || byte == 0) {
        depth++;
      } else if (--depth == 0) return place + 1;
    }
    at = next;
    if (at >= textEnd) return 0;
  }
  return 0;
}

/** Whether a key holds an underscore, as other spellings of the keys that matter do. Long keys are not looked at. */
export function hasUnderscore(at: usize, bytes: u32): bool {
  if (bytes > 32) return true;
  const line = i8x16.splat(0x5f);
  const low = <u64>(<u32>i8x16.bitmask(i8x16.eq(v128.load(at), line)));
  const high = <u64>(<u32>i8x16.bitmask(i8x16.eq(v128.load(at, 16), line)));
  return ((low | (high << 16)) & (((<u64>1) << bytes) - 1)) != 0;
}

/** Whether `member` found a key of at least 8 bytes, told by its first and its last 8. */
// @ts-ignore: decorator
@inline
export function isKey8(first: u64, last: u64, bytes: u32): bool {
  return keyBytes == bytes && load<u64>(keyAt) == first && load<u64>(keyAt + bytes - 8) == last;
}

/** One past the bracket that opens a list, blanks skipped; 0 when there is none. */
// @ts-ignore: decorator
@inline
export function opened(at: usize, bracket: u8): usize {
  return load<u8>(at) == bracket ? skipBlanks(at + 1) : 0;
}
