// Whether a line of a Claude Code transcript can matter: one pass for what src/trace/formats/claude-code.ts looks for in
// several. Pairs of bytes that are rare say where to look closely.

/** `tool_use"` that is not a key: the kind of a block. */
const CALL: u32 = 1;
/** Two records on a line. */
const TWO: u32 = 2;
/** An escape that could spell a letter. */
const SPELLED: u32 = 4;
/** A session that is not the given one, or none that can be read here. */
const OTHER_SESSION: u32 = 8;
/** The given session. */
const SAME_SESSION: u32 = 16;

let lineAt: usize = 0;
let lineEnd: usize = 0;
let sessionAt: usize = 0;
let sessionBytes: u32 = 0;

/** What is in the line, up to the first thing that settles it. Reads up to 80 bytes past the end. */
export function sieve(at: usize, end: usize, session: usize, bytes: u32): u32 {
  lineAt = at;
  lineEnd = end;
  sessionAt = session;
  sessionBytes = bytes;
  let found: u32 = 0;
  for (; at < end; at += 64) {
    const a = candidates(at);
    const b = candidates(at + 16);
    const c = candidates(at + 32);
    const d = candidates(at + 48);
    if (!v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) continue;
    found |= lookAt(at, a) | lookAt(at + 16, b) | lookAt(at + 32, c) | lookAt(at + 48, d);
    if ((found & (CALL | TWO | SPELLED)) != 0) return found;
  }
  return found;
}

/** 0xff where `_u`, `nI`, `n_`, `}{` or `\u` begins. */
// @ts-ignore: decorator
@inline
function candidates(at: usize): v128 {
  const first = v128.load(at);
  const second = v128.load(at, 1);
  const u = i8x16.eq(second, i8x16.splat(0x75));
  const name = v128.and(
    i8x16.eq(first, i8x16.splat(0x6e)),
    v128.or(i8x16.eq(second, i8x16.splat(0x49)), i8x16.eq(second, i8x16.splat(0x5f))),
  );
  const beforeU = v128.or(i8x16.eq(first, i8x16.splat(0x5f)), i8x16.eq(first, i8x16.splat(0x5c)));
  const between = v128.and(i8x16.eq(first, i8x16.splat(0x7d)), i8x16.eq(second, i8x16.splat(0x7b)));
  return v128.or(v128.or(name, between), v128.and(beforeU, u));
}

// @ts-ignore: decorator
@inline
function lookAt(at: usize, places: v128): u32 {
  let found: u32 = 0;
  let bits = <u32>i8x16.bitmask(places);
  while (bits != 0) {
    found |= closely(at + <usize>ctz(bits));
    bits &= bits - 1;
  }
  return found;
}

const toolUse: u64 = 0x6573755f6c6f6f74;
const quotedSession: u64 = 0x6e6f697373657322;

function closely(at: usize): u32 {
  const first = load<u8>(at);
  if (first == 0x5f) {
    if (at < lineAt + 4 || at + 5 > lineEnd || load<u64>(at - 4) != toolUse || load<u8>(at + 4) != 0x22) return 0;
    return at + 5 == lineEnd || load<u8>(at + 5) != 0x3a ? CALL : 0;
  }
  if (first == 0x7d) return at + 3 <= lineEnd && load<u8>(at + 2) == 0x22 ? TWO : 0;
  if (first == 0x5c) {
    const letter = at + 5 <= lineEnd && load<u16>(at + 2) == 0x3030 && (load<u8>(at + 4) & 0xfc) == 0x34;
    return letter ? SPELLED : 0;
  }
  if (at < lineAt + 7 || load<u64>(at - 7) != quotedSession) return 0;
  const rest = load<u8>(at + 1) == 0x5f ? at + 2 : at + 1;
  // `Id"` or `id"`
  if (rest + 3 > lineEnd || (load<u8>(rest) | 0x20) != 0x69 || load<u16>(rest + 1) != 0x2264) return 0;
  const isCamel = load<u8>(rest) == 0x49;
  if (isCamel != (rest == at + 1)) return 0;
  return session(rest + 3);
}

/** The value of the key that ended before `at`. */
function session(at: usize): u32 {
  const end = at + 2 + sessionBytes;
  if (sessionBytes == 0 || end >= lineEnd || load<u16>(at) != 0x223a || load<u8>(end) != 0x22) return OTHER_SESSION;
  return memory.compare(at + 2, sessionAt, sessionBytes) == 0 ? SAME_SESSION : OTHER_SESSION;
}
