import {
  FLAG_DFA,
  FLAG_GRAM3,
  FLAG_GRAM4,
  FLAG_LENGTH,
  FLAG_LITERALS,
  FLAG_PARALLEL,
  FLAG_PARALLEL_RESERVE,
  FLAG_PREFIX,
  FLAG_SUFFIX,
  GRAM_BYTES,
  GRAM_SIZE,
  HEADER_SECTIONS,
  LANES_DFA_START,
  LANES_DFA_STRIDE,
  LANES_GRAM_PROBES,
  LANES_HASH_BASIS,
  LANES_LENGTH_COUNT,
  LANES_LITERAL_PROBES,
  LANES_PARALLEL_BYTES,
  LANES_PARALLEL_OFFSET,
  LANES_PREFIX_PROBES,
  LANES_RESERVE_BYTES,
  LANES_RESERVE_OFFSET,
  LANES_SUFFIX_PROBES,
  LANES_VERIFY_BUDGET,
  NONE,
  PARALLEL_CLASS_COUNT,
  PARALLEL_GLOB_COUNT,
  PARALLEL_GROUP_COUNT,
  POSTING_BYTES,
  SECTION_DENSE,
  SECTION_DFA,
  SECTION_DFA_CLASSES,
  SECTION_GRAMS,
  SECTION_LANES,
  SECTION_LITERALS,
  SECTION_POSTINGS,
  SECTION_PREFIX,
  SECTION_SUFFIX,
  SLOT_BYTES,
  SLOT_GLOB,
} from "./layout.js";

/** By LANE_* number. */
export const laneNames = ["literal", "dfa", "prefix", "suffix", "gram", "length", "parallel"];

/** One line per lane the artifact has: how large its tables are and how full. */
export function dumpLanes(view: DataView, flags: number): string[] {
  const lanes = start(view, SECTION_LANES);
  const field = (offset: number) => view.getUint32(lanes + offset, true);
  const out = [`hash basis ${field(LANES_HASH_BASIS).toString(16).padStart(8, "0")}`];
  const keyed = (name: string, section: number, probes: number) => {
    const used = filled(view, section, SLOT_BYTES, (slot) => view.getUint32(slot + SLOT_GLOB, true) !== NONE);
    out.push(`${name}: ${used} keys in ${size(view, section) / SLOT_BYTES} slots, at most ${field(probes)} probes`);
  };
  if (flags & FLAG_LITERALS) keyed("literals", SECTION_LITERALS, LANES_LITERAL_PROBES);
  if (flags & FLAG_DFA) {
    const stride = field(LANES_DFA_STRIDE);
    const states = size(view, SECTION_DFA) / 4 / stride;
    out.push(`dfa: ${states} states, ${stride - 1} byte classes, start ${field(LANES_DFA_START) / stride}`);
  }
  if (flags & FLAG_PREFIX) keyed("prefixes", SECTION_PREFIX, LANES_PREFIX_PROBES);
  if (flags & FLAG_SUFFIX) keyed("suffixes", SECTION_SUFFIX, LANES_SUFFIX_PROBES);
  if (flags & (FLAG_GRAM3 | FLAG_GRAM4)) {
    const used = filled(view, SECTION_GRAMS, GRAM_BYTES, (slot) => view.getUint32(slot + GRAM_SIZE, true) !== 0);
    const postings = size(view, SECTION_POSTINGS) / POSTING_BYTES;
    out.push(
      `grams: ${used}, ${postings} postings, at most ${field(LANES_GRAM_PROBES)} probes, verify budget ${field(LANES_VERIFY_BUDGET)}`,
    );
  }
  if (flags & FLAG_LENGTH) out.push(`rows by length: ${field(LANES_LENGTH_COUNT)}`);
  const block = (name: string, offset: number, bytes: number) => {
    const head = start(view, SECTION_DENSE) + field(offset);
    const at = (n: number) => view.getUint32(head + n, true);
    out.push(
      `${name}: ${at(PARALLEL_GLOB_COUNT)} globs in ${at(PARALLEL_GROUP_COUNT)} groups, ${at(PARALLEL_CLASS_COUNT)} byte classes, ${field(bytes)} bytes`,
    );
  };
  if (flags & FLAG_PARALLEL) block("parallel", LANES_PARALLEL_OFFSET, LANES_PARALLEL_BYTES);
  if (flags & FLAG_PARALLEL_RESERVE) block("reserve", LANES_RESERVE_OFFSET, LANES_RESERVE_BYTES);
  return out;
}

/** The automaton: byte classes, then each state with its row and the transitions that leave the sink. */
export function dumpAutomaton(view: DataView): string[] {
  const stride = view.getUint32(start(view, SECTION_LANES) + LANES_DFA_STRIDE, true);
  const classCount = stride - 1;
  const classes = start(view, SECTION_DFA_CLASSES);
  const members: number[][] = Array.from({ length: classCount }, () => []);
  for (let byte = 0; byte < 256; byte++) members[view.getUint8(classes + byte)]?.push(byte);
  const out = members.map((bytes, k) => `class ${k}: ${byteRanges(bytes)}`);
  const cells = start(view, SECTION_DFA);
  const states = size(view, SECTION_DFA) / 4 / stride;
  for (let state = 0; state < states; state++) {
    const cell = (k: number) => view.getUint32(cells + (state * stride + k) * 4, true);
    const byTarget = new Map<number, number[]>();
    for (let k = 0; k < classCount; k++) {
      const target = cell(k) / stride;
      byTarget.set(target, [...(byTarget.get(target) ?? []), k]);
    }
    const moves = Array.from(byTarget, ([target, ks]) => `${ks.join(" ")} -> ${target}`).join("; ");
    out.push(`state ${state}: row ${cell(classCount)}; ${moves}`);
  }
  return out;
}

function byteRanges(bytes: readonly number[]): string {
  const ranges: string[] = [];
  for (let i = 0; i < bytes.length; ) {
    let last = i;
    while (last + 1 < bytes.length && bytes[last + 1] === (bytes[last] as number) + 1) last++;
    ranges.push(last === i ? byteName(bytes[i]!) : `${byteName(bytes[i]!)}-${byteName(bytes[last]!)}`);
    i = last + 1;
  }
  return ranges.join(" ");
}

function byteName(byte: number): string {
  return byte > 0x20 && byte < 0x7f && byte !== 0x2d ? String.fromCharCode(byte) : byte.toString(16).padStart(2, "0");
}

function filled(view: DataView, section: number, recordBytes: number, used: (record: number) => boolean): number {
  const first = start(view, section);
  const end = first + size(view, section);
  let count = 0;
  for (let record = first; record < end; record += recordBytes) if (used(record)) count++;
  return count;
}

function start(view: DataView, section: number): number {
  return view.getUint32(HEADER_SECTIONS + section * 8, true);
}

function size(view: DataView, section: number): number {
  return view.getUint32(HEADER_SECTIONS + section * 8 + 4, true);
}
