// Byte strings to dense ids. The host lays out memory that is all zero; nothing here allocates or grows.
//
//   dictionary   slots | slot mask | ids given out | ids there may be | order: id -> slot, 0 for ids of the host | tails: id -> address
//   slot         hash | id + 1, 0 when empty | bytes | owner | first 48 bytes, zero padded

const SLOTS: usize = 0;
const MASK: usize = 4;
const COUNT: usize = 8;
const COUNT_MAX: usize = 12;
const ORDER: usize = 16;
const TAILS: usize = 20;
/** Bytes of the record above. */
export const DICTIONARY_BYTES: usize = 32;

const SLOT_BITS: usize = 6;
const ID: usize = 4;
const BYTES: usize = 8;
const OWNER: usize = 12;
const TEXT: usize = 16;
const inlineBytes: u32 = 48;

/** 6 x 16 random bytes; the host fills them. */
export const salt = memory.data(96, 16);

/** Where tails of long strings go. */
let arena: usize = 0;
let arenaEnd: usize = 0;

// 64 bytes of ones, then as many zeros: read from `64 - bytes` on, it keeps the text and clears what follows.
const ones = memory.data<u64>([-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0], 16);

export function openArena(at: usize, end: usize): void {
  arena = at;
  arenaEnd = end;
}

export function openDictionary(at: usize, slots: usize, slotBits: u32, order: usize, tails: usize): void {
  store<usize>(at, slots, SLOTS);
  store<u32>(at, (1 << slotBits) - 1, MASK);
  store<u32>(at, 0, COUNT);
  store<u32>(at, 1 << (slotBits - 1), COUNT_MAX);
  store<usize>(at, order, ORDER);
  store<usize>(at, tails, TAILS);
}

// @ts-ignore: decorator
@inline
export function countOf(at: usize): u32 {
  return load<u32>(at, COUNT);
}

// @ts-ignore: decorator
@inline
export function idOf(slot: usize): u32 {
  return load<u32>(slot, ID) - 1;
}

/** An id whose text the host keeps; 0xffffffff when there is none left. */
export function reserveId(at: usize): u32 {
  const id = load<u32>(at, COUNT);
  if (id == load<u32>(at, COUNT_MAX)) return 0xffffffff;
  store<u32>(load<usize>(at, ORDER) + (<usize>id << 2), 0);
  store<u32>(at, id + 1, COUNT);
  return id;
}

/** Multiplies salted words with one another (NH): who does not know the salt cannot choose texts that collide. */
// @ts-ignore: decorator
@inline
function hash48(a: v128, b: v128, c: v128): u64 {
  const x = i32x4.add(a, v128.load(salt));
  const y = i32x4.add(b, v128.load(salt, 16));
  const z = i32x4.add(c, v128.load(salt, 32));
  const sum = i64x2.add(
    i64x2.add(i64x2.extmul_low_i32x4_u(x, y), i64x2.extmul_high_i32x4_u(x, y)),
    i64x2.extmul_low_i32x4_u(z, v128.shuffle<i32>(z, z, 2, 3, 0, 1)),
  );
  return <u64>i64x2.extract_lane(sum, 0) + <u64>i64x2.extract_lane(sum, 1);
}

// @ts-ignore: decorator
@inline
function mix(sum: u64, bytes: u32, owner: u32): u64 {
  const x = sum ^ (((<u64>owner << 32) | <u64>bytes) * 0x9e3779b97f4a7c15);
  return (x ^ (x >> 32)) * 0xd6e8feb86659fd93;
}

// The text that was looked up last, for `add`: zero-padded vectors of a short one, its hash, and the slot it would have.
let k0: v128 = i32x4.splat(0);
let k1: v128 = i32x4.splat(0);
let k2: v128 = i32x4.splat(0);
let lastHash: u32 = 0;
let freeSlot: usize = 0;

/**
 * The slot of a text (and the id that owns it, or 0), or 0 when it is new; `add` may follow. Reads up to 48 bytes past the
 * text. A hash only says where to look; the bytes decide.
 */
// @ts-ignore: decorator
@inline
export function slotOf(at: usize, text: usize, bytes: u32, owner: u32): usize {
  if (bytes > inlineBytes) return longSlotOf(at, text, bytes, owner);
  const keep = ones + 64 - <usize>bytes;
  const a = v128.and(v128.load(text), v128.load(keep));
  const b = v128.and(v128.load(text, 16), v128.load(keep, 16));
  const c = v128.and(v128.load(text, 32), v128.load(keep, 32));
  const hash = <u32>(mix(hash48(a, b, c), bytes, owner) >> 32);
  const slots = load<usize>(at, SLOTS);
  const mask = load<u32>(at, MASK);
  let index = hash & mask;
  for (;;) {
    const slot = slots + (<usize>index << SLOT_BITS);
    const head = load<u64>(slot);
    if (<u32>head == hash && isSame(slot, bytes, owner, a, b, c)) return slot;
    if (head >> 32 == 0) {
      k0 = a;
      k1 = b;
      k2 = c;
      lastHash = hash;
      freeSlot = slot;
      return 0;
    }
    index = (index + 1) & mask;
  }
  return 0;
}

// @ts-ignore: decorator
@inline
function isSame(slot: usize, bytes: u32, owner: u32, a: v128, b: v128, c: v128): bool {
  const differ = v128.or(
    v128.or(v128.xor(a, v128.load(slot, TEXT)), v128.xor(b, v128.load(slot, TEXT + 16))),
    v128.xor(c, v128.load(slot, TEXT + 32)),
  );
  return !v128.any_true(differ) && load<u64>(slot, BYTES) == (<u64>bytes | (<u64>owner << 32));
}

/** Adds the text that `slotOf` missed just before; 0 when there is no room. */
export function add(at: usize, text: usize, bytes: u32, owner: u32): usize {
  const id = load<u32>(at, COUNT);
  const rest = bytes > inlineBytes ? bytes - inlineBytes : 0;
  if (id == load<u32>(at, COUNT_MAX) || arena + rest > arenaEnd) return 0;
  const slot = freeSlot;
  store<u32>(at, id + 1, COUNT);
  store<u32>(load<usize>(at, ORDER) + (<usize>id << 2), <u32>slot);
  store<u32>(slot, lastHash);
  store<u32>(slot, id + 1, ID);
  store<u32>(slot, bytes, BYTES);
  store<u32>(slot, owner, OWNER);
  v128.store(slot, k0, TEXT);
  v128.store(slot, k1, TEXT + 16);
  v128.store(slot, k2, TEXT + 32);
  if (rest != 0) {
    store<u32>(load<usize>(at, TAILS) + (<usize>id << 2), <u32>arena);
    memory.copy(arena, text + inlineBytes, rest);
    arena += rest;
  }
  return slot;
}

/** Texts of more than 48 bytes: what does not fit into the slot stands in the arena. */
function longSlotOf(at: usize, text: usize, bytes: u32, owner: u32): usize {
  let sum: u64 = 0;
  let done: u32 = 0;
  while (done < bytes) {
    const left = bytes - done;
    const keep = ones + 64 - <usize>(left < inlineBytes ? left : inlineBytes);
    const part = text + done;
    const a = v128.and(v128.load(part), v128.load(keep));
    const b = v128.and(v128.load(part, 16), v128.load(keep, 16));
    const c = v128.and(v128.load(part, 32), v128.load(keep, 32));
    sum = mix(sum, done, load<u32>(salt, 48)) + hash48(a, b, c);
    done += inlineBytes;
  }
  k0 = v128.load(text);
  k1 = v128.load(text, 16);
  k2 = v128.load(text, 32);
  lastHash = <u32>(mix(sum, bytes, owner) >> 32);
  const slots = load<usize>(at, SLOTS);
  const mask = load<u32>(at, MASK);
  let index = lastHash & mask;
  for (;;) {
    const slot = slots + (<usize>index << SLOT_BITS);
    if (load<u32>(slot, ID) == 0) {
      freeSlot = slot;
      return 0;
    }
    if (load<u32>(slot) == lastHash && isSame(slot, bytes, owner, k0, k1, k2)) {
      const tail = <usize>load<u32>(load<usize>(at, TAILS) + (<usize>idOf(slot) << 2));
      if (memory.compare(tail, text + inlineBytes, bytes - inlineBytes) == 0) return slot;
    }
    index = (index + 1) & mask;
  }
  return 0;
}
