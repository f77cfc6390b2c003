// Where things are. Set once by `open`, read by every lane. All are byte addresses in linear memory.
//
//   heap base          artifact (copied by the host)      scratch (laid out by open)             host's own: names, rows, memo
//   |------------------|----------------------------------|--------------------------------------|----------------...
//                                                         hashes | stamps | vectors | joined rows | join slots

import {
  EDGE_MASKS_BYTES,
  HEADER_FLAGS,
  HEADER_SECTIONS,
  LANES_DFA_START,
  LANES_DFA_STRIDE,
  LANES_GRAM_BLOOM_SHIFT,
  LANES_GRAM_PROBES,
  LANES_GRAM_SHIFT,
  LANES_HASH_BASIS,
  LANES_LENGTH_COUNT,
  LANES_LENGTH_OFFSET,
  LANES_LITERAL_PROBES,
  LANES_LITERAL_SHIFT,
  LANES_PARALLEL_OFFSET,
  LANES_PREFIX_BLOOM_SHIFT,
  LANES_PREFIX_BYTES_MAX,
  LANES_PREFIX_PROBES,
  LANES_PREFIX_SHIFT,
  LANES_RESERVE_OFFSET,
  LANES_SUFFIX_BLOOM_SHIFT,
  LANES_SUFFIX_BYTES_MAX,
  LANES_SUFFIX_PROBES,
  LANES_SUFFIX_SHIFT,
  LANES_VERIFY_BUDGET,
  FLAG_PARALLEL,
  FLAG_PARALLEL_RESERVE,
  PARALLEL_GROUP_BYTES,
  PARALLEL_GROUP_COUNT,
  PARALLEL_HEAD_BYTES,
  ROW_BYTES,
  SECTION_DENSE,
  SECTION_DFA,
  SECTION_DFA_CLASSES,
  SECTION_GLOBS,
  SECTION_GLOB_TEXT,
  SECTION_GRAMS,
  SECTION_GRAM_BLOOM,
  SECTION_LANES,
  SECTION_LITERALS,
  SECTION_POSTINGS,
  SECTION_PREFIX,
  SECTION_PREFIX_BLOOM,
  SECTION_ROWS,
  SECTION_SUFFIX,
  SECTION_SUFFIX_BLOOM,
  VECTOR_BYTES,
} from "../src/artifact/layout";

export let artifact: usize = 0;
export let flags: u32 = 0;
export let lanes: usize = 0;
export let rows: usize = 0;
export let rowCount: u32 = 0;
export let globs: usize = 0;
export let globText: usize = 0;

export let basis: u32 = 0;
export let literals: usize = 0;
export let literalShift: u32 = 0;
export let literalProbes: u32 = 0;
export let literalMask: u32 = 0;

export let classes: usize = 0;
export let cells: usize = 0;
export let dfaStart: u32 = 0;
export let dfaLast: u32 = 0;

export let prefixes: usize = 0;
export let prefixMasks: usize = 0;
export let prefixBloom: usize = 0;
export let prefixShift: u32 = 0;
export let prefixMask: u32 = 0;
export let prefixProbes: u32 = 0;
export let prefixBloomShift: u32 = 0;
export let prefixBytesMax: u32 = 0;
export let suffixes: usize = 0;
export let suffixMasks: usize = 0;
export let suffixBloom: usize = 0;
export let suffixShift: u32 = 0;
export let suffixMask: u32 = 0;
export let suffixProbes: u32 = 0;
export let suffixBloomShift: u32 = 0;
export let suffixBytesMax: u32 = 0;

export let grams: usize = 0;
export let gramBloom: usize = 0;
export let gramShift: u32 = 0;
export let gramMask: u32 = 0;
export let gramProbes: u32 = 0;
export let gramBloomShift: u32 = 0;
export let postings: usize = 0;
export let verifyBudget: u32 = 0;

export let lengthRows: usize = 0;
export let lengthCount: u32 = 0;
export let parallel: usize = 0;
export let reserve: usize = 0;

/** 256 u32: the rolling hash after n + 1 bytes; later the grams that hit. */
export let hashes: usize = 0;
/** 256 u32: key lengths to be looked up for the current name. */
export let candidates: usize = 0;
/** u32 a gram slot: the number of the name its postings were last walked for. */
export let stamps: usize = 0;
/** State vectors of one bit-parallel group. */
export let vectors: usize = 0;
/** Rows joined at run time, and an open-addressing table of (index + 1) over them. */
export let joined: usize = 0;
export let joinSlots: usize = 0;

/** Joined rows kept; twice as many slots. Equals limits.dynamicRowsMax, which the host checks. */
export const joinedMax: u32 = 65536;
export const joinSlotBits: u32 = 17;

function section(id: u32): usize {
  return artifact + <usize>load<u32>(artifact + HEADER_SECTIONS + id * 8);
}

function sectionBytes(id: u32): u32 {
  return load<u32>(artifact + HEADER_SECTIONS + id * 8 + 4);
}

function lane(field: u32): u32 {
  return load<u32>(lanes + field);
}

/** Tokens of the longest glob of a block; groups ascend in their shortest glob, so look at all. */
function longestGroup(block: usize): u32 {
  const count = load<u32>(block + PARALLEL_GROUP_COUNT);
  let longest: u32 = 0;
  for (let g: u32 = 0; g < count; g++) {
    const length = load<u32>(block + PARALLEL_HEAD_BYTES + 256 + g * PARALLEL_GROUP_BYTES + 4);
    if (length > longest) longest = length;
  }
  return longest;
}

function align(address: usize): usize {
  return (address + 63) & ~63;
}

/** Reads the header of the artifact at `at`; returns where scratch starts. */
export function readArtifact(at: usize, bytes: u32): usize {
  artifact = at;
  flags = load<u32>(at + HEADER_FLAGS);
  lanes = section(SECTION_LANES);
  rows = section(SECTION_ROWS);
  rowCount = sectionBytes(SECTION_ROWS) / ROW_BYTES;
  globs = section(SECTION_GLOBS);
  globText = section(SECTION_GLOB_TEXT);
  basis = lane(LANES_HASH_BASIS);
  literals = section(SECTION_LITERALS);
  literalShift = lane(LANES_LITERAL_SHIFT);
  literalProbes = lane(LANES_LITERAL_PROBES);
  literalMask = (sectionBytes(SECTION_LITERALS) >> 4) - 1;
  classes = section(SECTION_DFA_CLASSES);
  cells = section(SECTION_DFA);
  dfaStart = lane(LANES_DFA_START);
  dfaLast = lane(LANES_DFA_STRIDE) - 1;
  prefixes = section(SECTION_PREFIX);
  prefixMasks = section(SECTION_PREFIX_BLOOM);
  prefixBloom = prefixMasks + EDGE_MASKS_BYTES;
  prefixShift = lane(LANES_PREFIX_SHIFT);
  prefixMask = (sectionBytes(SECTION_PREFIX) >> 4) - 1;
  prefixProbes = lane(LANES_PREFIX_PROBES);
  prefixBloomShift = lane(LANES_PREFIX_BLOOM_SHIFT);
  prefixBytesMax = lane(LANES_PREFIX_BYTES_MAX);
  suffixes = section(SECTION_SUFFIX);
  suffixMasks = section(SECTION_SUFFIX_BLOOM);
  suffixBloom = suffixMasks + EDGE_MASKS_BYTES;
  suffixShift = lane(LANES_SUFFIX_SHIFT);
  suffixMask = (sectionBytes(SECTION_SUFFIX) >> 4) - 1;
  suffixProbes = lane(LANES_SUFFIX_PROBES);
  suffixBloomShift = lane(LANES_SUFFIX_BLOOM_SHIFT);
  suffixBytesMax = lane(LANES_SUFFIX_BYTES_MAX);
  grams = section(SECTION_GRAMS);
  gramBloom = section(SECTION_GRAM_BLOOM);
  gramShift = lane(LANES_GRAM_SHIFT);
  gramMask = (sectionBytes(SECTION_GRAMS) >> 4) - 1;
  gramProbes = lane(LANES_GRAM_PROBES);
  gramBloomShift = lane(LANES_GRAM_BLOOM_SHIFT);
  postings = section(SECTION_POSTINGS);
  verifyBudget = lane(LANES_VERIFY_BUDGET);
  const dense = section(SECTION_DENSE);
  lengthRows = dense + lane(LANES_LENGTH_OFFSET);
  lengthCount = lane(LANES_LENGTH_COUNT);
  parallel = dense + lane(LANES_PARALLEL_OFFSET);
  reserve = dense + lane(LANES_RESERVE_OFFSET);
  return align(at + bytes);
}

/** Lays out scratch; returns its end. Writes nothing. */
export function layScratch(at: usize): usize {
  hashes = at;
  candidates = hashes + 256 * 4;
  stamps = align(candidates + 256 * 4);
  vectors = align(stamps + <usize>(gramMask + 1) * 4);
  let longest: u32 = 0;
  if (flags & FLAG_PARALLEL) longest = longestGroup(parallel);
  if (flags & FLAG_PARALLEL_RESERVE) {
    const other = longestGroup(reserve);
    if (other > longest) longest = other;
  }
  joined = align(vectors + <usize>longest * VECTOR_BYTES);
  joinSlots = joined + <usize>joinedMax * ROW_BYTES;
  return align(joinSlots + (<usize>4 << joinSlotBits));
}
