import { ArtifactError } from "./errors.js";
import * as L from "./layout.js";
import { type Counts, sectionBytes, sectionInts, sectionRange, sectionWords, wordAt } from "./sections.js";

const FLAGS_KNOWN = 1023;
const POSTING_WORDS = L.POSTING_BYTES / 4;
/** Sections that are there exactly when one of the flags is set. */
const LANE_SECTIONS: readonly (readonly [section: number, flags: number])[] = [
  [L.SECTION_LITERALS, L.FLAG_LITERALS],
  [L.SECTION_DFA_CLASSES, L.FLAG_DFA],
  [L.SECTION_DFA, L.FLAG_DFA],
  [L.SECTION_PREFIX, L.FLAG_PREFIX],
  [L.SECTION_PREFIX_BLOOM, L.FLAG_PREFIX],
  [L.SECTION_SUFFIX, L.FLAG_SUFFIX],
  [L.SECTION_SUFFIX_BLOOM, L.FLAG_SUFFIX],
  [L.SECTION_GRAMS, L.FLAG_GRAM4 | L.FLAG_GRAM3],
  [L.SECTION_GRAM_BLOOM, L.FLAG_GRAM4 | L.FLAG_GRAM3],
  [L.SECTION_POSTINGS, L.FLAG_GRAM4 | L.FLAG_GRAM3],
  [L.SECTION_DENSE, L.FLAG_LENGTH | L.FLAG_PARALLEL | L.FLAG_PARALLEL_RESERVE],
];

/** Everything that keeps an evaluator inside its tables. Throws ArtifactError `artifact_lane`. Linear in the lanes. */
export function checkLanes(file: Uint8Array, counts: Counts): void {
  const flags = wordAt(file, L.HEADER_FLAGS);
  if (flags > FLAGS_KNOWN || sectionRange(file, L.SECTION_LANES).size !== L.LANES_BYTES) bad("lanes");
  for (const [section, any] of LANE_SECTIONS) {
    if (sectionRange(file, section).size > 0 !== (flags & any) > 0) bad("lanes");
  }
  if (flags & L.FLAG_LITERALS_OPEN && !(flags & L.FLAG_LITERALS)) bad("lanes");
  const lanes = sectionWords(file, L.SECTION_LANES);
  if (flags & L.FLAG_LITERALS) {
    checkSlots(file, counts, L.SECTION_LITERALS, lanes[L.LANES_LITERAL_SHIFT / 4], lanes[L.LANES_LITERAL_PROBES / 4], 0);
  }
  if (flags & L.FLAG_DFA) checkDfa(file, counts, lanes[L.LANES_DFA_START / 4], lanes[L.LANES_DFA_STRIDE / 4]);
  if (flags & L.FLAG_PREFIX) {
    checkSlots(file, counts, L.SECTION_PREFIX, lanes[L.LANES_PREFIX_SHIFT / 4], lanes[L.LANES_PREFIX_PROBES / 4], 1);
    checkBloom(file, L.SECTION_PREFIX_BLOOM, lanes[L.LANES_PREFIX_BLOOM_SHIFT / 4], L.EDGE_MASKS_BYTES);
  }
  if (flags & L.FLAG_SUFFIX) {
    checkSlots(file, counts, L.SECTION_SUFFIX, lanes[L.LANES_SUFFIX_SHIFT / 4], lanes[L.LANES_SUFFIX_PROBES / 4], 1);
    checkBloom(file, L.SECTION_SUFFIX_BLOOM, lanes[L.LANES_SUFFIX_BLOOM_SHIFT / 4], L.EDGE_MASKS_BYTES);
  }
  if (flags & (L.FLAG_GRAM4 | L.FLAG_GRAM3)) {
    checkGrams(file, counts, lanes[L.LANES_GRAM_SHIFT / 4], lanes[L.LANES_GRAM_PROBES / 4]);
    checkBloom(file, L.SECTION_GRAM_BLOOM, lanes[L.LANES_GRAM_BLOOM_SHIFT / 4], 0);
  }
  if (flags & L.FLAG_LENGTH) {
    checkLength(file, counts, lanes[L.LANES_LENGTH_OFFSET / 4], lanes[L.LANES_LENGTH_COUNT / 4]);
  }
  if (flags & L.FLAG_PARALLEL) {
    checkBlock(file, counts, lanes[L.LANES_PARALLEL_OFFSET / 4], lanes[L.LANES_PARALLEL_BYTES / 4]);
  }
  if (flags & L.FLAG_PARALLEL_RESERVE) {
    checkBlock(file, counts, lanes[L.LANES_RESERVE_OFFSET / 4], lanes[L.LANES_RESERVE_BYTES / 4]);
  }
}

/** A power of two of slots, at least 2 (a shift by 32 is a shift by 0), that no hash leaves. */
function checkAddress(section: string, slots: number, shift: number, probes: number): void {
  const power = slots >= 2 && Number.isInteger(slots) && (slots & (slots - 1)) === 0;
  if (!power || shift > 31 || 0xffffffff >>> shift >= slots || probes > slots) bad(section);
}

function checkSlots(file: Uint8Array, counts: Counts, section: number, shift: number, probes: number, wildcards: number): void {
  const name = section === L.SECTION_LITERALS ? "literals" : section === L.SECTION_PREFIX ? "prefix" : "suffix";
  checkAddress(name, sectionRange(file, section).size / L.SLOT_BYTES, shift, probes);
  const slots = sectionWords(file, section);
  const globs = sectionWords(file, L.SECTION_GLOBS);
  for (let at = 0; at < slots.length; at += 4) {
    const glob = slots[at + 1];
    if (glob === L.NONE) continue;
    if (glob >= counts.globs || slots[at + 2] >= counts.rows) bad(name);
    // The key is the text without its one star, so comparing it never leaves the text.
    if (slots[at + 3] !== globs[glob * (L.GLOB_BYTES / 4) + L.GLOB_TEXT_BYTES / 4] - wildcards) bad(name);
  }
}

function checkBloom(file: Uint8Array, section: number, shift: number, masksBytes: number): void {
  const size = sectionRange(file, section).size - masksBytes;
  if (size <= 0 || size % 4 !== 0 || shift > 31 || 0xffffffff >>> shift >= size * 8) bad("bloom");
}

function checkDfa(file: Uint8Array, counts: Counts, start: number, stride: number): void {
  const classes = sectionBytes(file, L.SECTION_DFA_CLASSES);
  const { size } = sectionRange(file, L.SECTION_DFA);
  const cells = sectionInts(file, L.SECTION_DFA);
  if (classes.length !== 256 || stride < 2 || stride > 257 || size !== cells.length * 4) bad("dfa");
  if (cells.length % stride !== 0) bad("dfa");
  for (const k of classes) if (k >= stride - 1) bad("dfa");
  // A lookup is many times faster than a division by a stride unknown to the optimizer; missing entries are not 1.
  const states = new Uint8Array(cells.length);
  for (let s = 0; s < cells.length; s += stride) states[s] = 1;
  if (states[start] !== 1) bad("dfa");
  const rows = counts.rows;
  for (let s = 0; s < cells.length; s += stride) {
    const last = s + stride - 1;
    for (let i = s; i < last; i++) {
      const next = cells[i];
      if (next < 0 || next >= states.length || states[next] !== 1) bad("dfa");
    }
    if (cells[last] < 0 || cells[last] >= rows) bad("dfa");
  }
}

function checkGrams(file: Uint8Array, counts: Counts, shift: number, probes: number): void {
  checkAddress("grams", sectionRange(file, L.SECTION_GRAMS).size / L.GRAM_BYTES, shift, probes);
  const grams = sectionWords(file, L.SECTION_GRAMS);
  const postings = sectionWords(file, L.SECTION_POSTINGS);
  if (sectionRange(file, L.SECTION_POSTINGS).size % L.POSTING_BYTES !== 0) bad("grams");
  const total = postings.length / POSTING_WORDS;
  let owned = 0;
  for (let at = 0; at < grams.length; at += 4) {
    const size = grams[at + 1];
    if (size === 0) continue;
    const count = grams[at + 3];
    if ((size !== 3 && size !== 4) || count > total || grams[at + 2] > total - count) bad("grams");
    owned += count;
  }
  // A posting stands under one gram, so a name never looks at more postings than there are.
  if (owned > total) bad("grams");
  for (let at = 0; at < postings.length; at += POSTING_WORDS) {
    if (postings[at] >= counts.globs || postings[at + 1] >= counts.rows || postings[at + 3] > 1) bad("grams");
  }
}

function checkLength(file: Uint8Array, counts: Counts, offset: number, count: number): void {
  const { size } = sectionRange(file, L.SECTION_DENSE);
  if (offset % 4 !== 0 || count < 1 || count > size / 4 || offset > size - count * 4) bad("length");
  const rows = sectionWords(file, L.SECTION_DENSE).subarray(offset / 4, offset / 4 + count);
  for (const row of rows) if (row >= counts.rows) bad("length");
}

function checkBlock(file: Uint8Array, counts: Counts, offset: number, bytes: number): void {
  const { size } = sectionRange(file, L.SECTION_DENSE);
  if (offset % 16 !== 0 || bytes % 16 !== 0 || bytes < L.PARALLEL_HEAD_BYTES || bytes > size || offset > size - bytes) {
    bad("parallel");
  }
  const words = sectionWords(file, L.SECTION_DENSE).subarray(offset / 4, (offset + bytes) / 4);
  const [groups, vectors, classes, globs] = words;
  // Small enough for exact products; the sum below is then compared with the real size.
  if (groups < 1 || groups > bytes || vectors > bytes || classes < 1 || classes > 256) bad("parallel");
  if (globs > groups * L.PARALLEL_WIDTH) bad("parallel");
  const globBytes = groups * L.PARALLEL_WIDTH * L.PARALLEL_GLOB_BYTES;
  const need =
    L.PARALLEL_HEAD_BYTES +
    256 +
    groups * (L.PARALLEL_GROUP_BYTES + 2 * L.VECTOR_BYTES) +
    globBytes +
    (3 + classes) * vectors * L.VECTOR_BYTES;
  if (need !== bytes) bad("parallel");
  const table = sectionBytes(file, L.SECTION_DENSE).subarray(offset + L.PARALLEL_HEAD_BYTES);
  for (let b = 0; b < 256; b++) if (table[b] >= classes) bad("parallel");

  const head = (L.PARALLEL_HEAD_BYTES + 256) / 4;
  let next = 0;
  for (let g = 0; g < groups; g++) {
    const at = head + g * 4;
    if (words[at] !== next || words[at + 1] > vectors - next || words[at + 3] !== g * L.PARALLEL_WIDTH) bad("parallel");
    next += words[at + 1];
  }
  if (next !== vectors) bad("parallel");
  const from = head + groups * 4;
  for (let at = from; at < from + globBytes / 4; at += 2) {
    // Padding is {NONE, row 0}.
    if ((words[at] >= counts.globs && words[at] !== L.NONE) || words[at + 1] >= counts.rows) bad("parallel");
  }
}

function bad(lane: string): never {
  throw new ArtifactError("artifact_lane", `the ${lane} table leads outside its bounds`);
}
