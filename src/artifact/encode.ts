import { enforcementModes, severities, triggerActions, unmappedActions } from "../policy/lattice.js";
import type { CapabilityEntry, DefaultsEntry, ForbiddenEntry, SourceEntry, TermEntry, TriggerEntry } from "./artifact.js";
import { crc32 } from "./digest.js";
import * as L from "./layout.js";

/** A hash table of keys, ready to be written; see compiler/key-table.ts. */
export interface EncodedKeys {
  readonly slots: Uint32Array;
  readonly shift: number;
  readonly probes: number;
  readonly bloom: Uint8Array;
  readonly bloomShift: number;
  readonly lengths: Uint32Array;
  /** 256 words by key length: the last hashed bytes, modulo 32. */
  readonly masks: Uint32Array;
  readonly keyBytesMax: number;
}

/** Everything an artifact holds, in memory. The compiler makes it, `encodeArtifact` lays it out. */
export interface ArtifactContent {
  /** SHA-256 of the policy's meaning. */
  readonly digest: Uint8Array;
  readonly name: string;
  readonly description: string;
  readonly sources: readonly SourceEntry[];
  readonly defaults: DefaultsEntry;
  readonly forbidden: readonly ForbiddenEntry[];
  readonly triggers: readonly TriggerEntry[];
  readonly terms: readonly TermEntry[];
  readonly capabilities: readonly CapabilityEntry[];
  readonly globs: readonly {
    readonly text: string;
    readonly nameBytesMin: number;
    readonly row: number;
    readonly lane: number;
    readonly uses: readonly { kind: number; rank: number; line: number; column: number }[];
  }[];
  /** Four ranks a row. */
  readonly rows: Uint32Array;
  readonly basis: number;
  readonly literals: EncodedKeys | undefined;
  readonly literalsComplete: boolean;
  readonly dfa: { classes: Uint8Array; classCount: number; stateCount: number; next: Uint32Array; rows: Uint32Array } | undefined;
  readonly prefixes: EncodedKeys | undefined;
  readonly suffixes: EncodedKeys | undefined;
  readonly grams:
    | {
        readonly slots: Uint32Array;
        readonly shift: number;
        readonly probes: number;
        readonly bloom: Uint8Array;
        readonly bloomShift: number;
        /** glob, row, fewest name bytes, reserved, four words of signature. */
        readonly postings: Uint32Array;
        readonly sizes: ReadonlySet<number>;
      }
    | undefined;
  readonly lengthRows: readonly number[];
  readonly parallel: Uint8Array | undefined;
  readonly reserve: Uint8Array | undefined;
  readonly verifyBudget: number;
}

/** Lays out an artifact. Equal content gives equal bytes. Linear in the content. */
export function encodeArtifact(content: ArtifactContent): Uint8Array {
  const strings = new StringHeap();
  const sections: (Uint8Array | undefined)[] = new Array(L.SECTION_COUNT).fill(undefined);
  writeMeaning(content, strings, sections);
  writeLanes(content, sections);
  sections[L.SECTION_STRING_OFFSETS] = bytesOf(strings.offsets());
  sections[L.SECTION_STRING_BYTES] = strings.bytes();

  let total = L.HEADER_BYTES;
  const places = sections.map((section) => {
    if (section === undefined || section.length === 0) return [0, 0];
    const offset = align(total);
    total = offset + section.length;
    return [offset, section.length];
  });
  total = align(total);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  const put = (at: number, value: number) => view.setUint32(at, value, true);
  put(L.HEADER_MAGIC_0, L.MAGIC_0);
  put(L.HEADER_MAGIC_1, L.MAGIC_1);
  put(L.HEADER_VERSION, L.FORMAT_VERSION);
  put(L.HEADER_REVISION, L.LAYOUT_REVISION);
  put(L.HEADER_TOTAL_BYTES, total);
  put(L.HEADER_FLAGS, laneFlags(content));
  put(L.HEADER_SECTION_COUNT, L.SECTION_COUNT);
  bytes.set(content.digest, L.HEADER_DIGEST);
  places.forEach(([offset, length], i) => {
    put(L.HEADER_SECTIONS + i * 8, offset);
    put(L.HEADER_SECTIONS + i * 8 + 4, length);
    const section = sections[i];
    if (section !== undefined && length > 0) bytes.set(section, offset);
  });
  put(L.HEADER_CRC, crc32(bytes));
  return bytes;
}

function laneFlags(content: ArtifactContent): number {
  let flags = 0;
  if (content.literals !== undefined) flags |= L.FLAG_LITERALS;
  if (content.literals !== undefined && !content.literalsComplete) flags |= L.FLAG_LITERALS_OPEN;
  if (content.dfa !== undefined) flags |= L.FLAG_DFA;
  if (content.prefixes !== undefined) flags |= L.FLAG_PREFIX;
  if (content.suffixes !== undefined) flags |= L.FLAG_SUFFIX;
  if (content.grams?.sizes.has(4) === true) flags |= L.FLAG_GRAM4;
  if (content.grams?.sizes.has(3) === true) flags |= L.FLAG_GRAM3;
  if (content.lengthRows.length > 0) flags |= L.FLAG_LENGTH;
  if (content.parallel !== undefined) flags |= L.FLAG_PARALLEL;
  if (content.reserve !== undefined) flags |= L.FLAG_PARALLEL_RESERVE;
  return flags;
}

const layers = ["org", "agent"];
const countNames = ["tool_count", "unmapped_tool_count", "violation_count"];
const comparisons = [">", ">=", "<", "<=", "==", "!="];
const layerNumber = (layer: string) => (layer === "default" ? L.NONE : layers.indexOf(layer));

function writeMeaning(content: ArtifactContent, strings: StringHeap, sections: (Uint8Array | undefined)[]): void {
  const id = (text: string) => strings.add(text);
  sections[L.SECTION_POLICY] = policyRecord(content, strings);
  sections[L.SECTION_SOURCES] = words(content.sources.flatMap((s) => [layerNumber(s.layer), id(s.file), id(s.name)]));
  sections[L.SECTION_ROWS] = bytesOf(content.rows);
  const forbidden = new Words(content.forbidden.length * 10);
  for (const f of content.forbidden) {
    forbidden.push(severities.indexOf(f.severity), layerNumber(f.layer), f.index, id(f.pattern), f.globId, id(f.reason));
    forbidden.push(id(f.file), f.line, f.column, 0);
  }
  sections[L.SECTION_FORBIDDEN] = forbidden.bytes();
  const triggers = new Words(content.triggers.length * 10);
  for (const t of content.triggers) {
    triggers.push(triggerActions.indexOf(t.action), layerNumber(t.layer), t.index, id(t.condition), id(t.reason));
    triggers.push(id(t.file), t.line, t.column, t.termStart, t.termCount);
  }
  sections[L.SECTION_TRIGGERS] = triggers.bytes();
  writeTerms(content.terms, sections);
  writeCapabilities(content.capabilities, strings, sections);
  writeGlobs(content.globs, sections);
}

function writeTerms(terms: readonly TermEntry[], sections: (Uint8Array | undefined)[]): void {
  const records = new Words(terms.length * 5);
  const globs: number[] = [];
  const tests: TermEntry["tests"][number][] = [];
  for (const term of terms) {
    records.push(term.trigger, globs.length, term.globIds.length, tests.length, term.tests.length);
    globs.push(...term.globIds);
    tests.push(...term.tests);
  }
  sections[L.SECTION_TERMS] = records.bytes();
  sections[L.SECTION_TERM_GLOBS] = words(globs);
  const bytes = new Uint8Array(tests.length * L.TEST_BYTES);
  const view = new DataView(bytes.buffer);
  tests.forEach((test, i) => {
    view.setUint32(i * L.TEST_BYTES + L.TEST_COUNT_NAME, countNames.indexOf(test.count), true);
    view.setUint32(i * L.TEST_BYTES + L.TEST_COMPARISON, comparisons.indexOf(test.comparison), true);
    view.setFloat64(i * L.TEST_BYTES + L.TEST_VALUE, test.value, true);
  });
  sections[L.SECTION_TESTS] = bytes;
}

function writeCapabilities(
  capabilities: readonly CapabilityEntry[],
  strings: StringHeap,
  sections: (Uint8Array | undefined)[],
): void {
  const records = new Words(capabilities.length * 12);
  const actions: number[] = [];
  const globs: number[] = [];
  for (const c of capabilities) {
    records.push(strings.add(c.name), layerNumber(c.layer), c.index, strings.add(c.description));
    records.push(actions.length, c.cardActions.length, globs.length, c.globIds.length);
    records.push(strings.add(c.file), c.line, c.column, 0);
    for (const action of c.cardActions) actions.push(strings.add(action));
    for (const glob of c.globIds) globs.push(glob);
  }
  sections[L.SECTION_CAPABILITIES] = records.bytes();
  sections[L.SECTION_CAPABILITY_ACTIONS] = words(actions);
  sections[L.SECTION_CAPABILITY_GLOBS] = words(globs);
}

function writeGlobs(globs: ArtifactContent["globs"], sections: (Uint8Array | undefined)[]): void {
  const encoder = new TextEncoder();
  const texts = globs.map((glob) => encoder.encode(glob.text));
  const heap = new Uint8Array(texts.reduce((sum, text) => sum + text.length, 0));
  const records = new Words(globs.length * 8);
  const uses = new Words(globs.reduce((sum, glob) => sum + glob.uses.length, 0) * 4);
  let offset = 0;
  let useStart = 0;
  globs.forEach((glob, i) => {
    heap.set(texts[i], offset);
    records.push(offset, texts[i].length, glob.nameBytesMin, glob.row, useStart, glob.uses.length, glob.lane, 0);
    for (const use of glob.uses) uses.push(use.kind, use.rank, use.line, use.column);
    offset += texts[i].length;
    useStart += glob.uses.length;
  });
  sections[L.SECTION_GLOBS] = records.bytes();
  sections[L.SECTION_GLOB_TEXT] = heap;
  sections[L.SECTION_USES] = uses.bytes();
}

function policyRecord(content: ArtifactContent, strings: StringHeap): Uint8Array {
  const bytes = new Uint8Array(L.POLICY_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(L.POLICY_NAME, strings.add(content.name), true);
  view.setUint32(L.POLICY_DESCRIPTION, strings.add(content.description), true);
  const d = content.defaults;
  const fields = [
    [unmappedActions.indexOf(d.unmappedToolAction.value), d.unmappedToolAction],
    [severities.indexOf(d.unmappedSeverity.value), d.unmappedSeverity],
    [d.failOpen.value ? 1 : 0, d.failOpen],
    [enforcementModes.indexOf(d.enforcementMode.value), d.enforcementMode],
    [d.graceMs.value, d.graceMs],
    [severities.indexOf(d.failOn.value), d.failOn],
  ] as const;
  fields.forEach(([value, field], i) => {
    const at = L.POLICY_DEFAULTS + i * L.DEFAULT_BYTES;
    view.setFloat64(at + L.DEFAULT_VALUE, value, true);
    view.setUint32(at + L.DEFAULT_LAYER, layerNumber(field.layer), true);
    view.setUint32(at + L.DEFAULT_FILE, strings.add(field.file), true);
    view.setUint32(at + L.DEFAULT_LINE, field.line, true);
    view.setUint32(at + L.DEFAULT_COLUMN, field.column, true);
  });
  return bytes;
}

function writeLanes(content: ArtifactContent, sections: (Uint8Array | undefined)[]): void {
  const lanes = new Uint32Array(L.LANES_BYTES / 4);
  const put = (at: number, value: number) => {
    lanes[at / 4] = value;
  };
  put(L.LANES_HASH_BASIS, content.basis);
  put(L.LANES_VERIFY_BUDGET, content.verifyBudget);
  if (content.literals !== undefined) {
    put(L.LANES_LITERAL_SHIFT, content.literals.shift);
    put(L.LANES_LITERAL_PROBES, content.literals.probes);
    sections[L.SECTION_LITERALS] = bytesOf(content.literals.slots);
  }
  if (content.dfa !== undefined) {
    const { classes, classCount, stateCount, next, rows } = content.dfa;
    const stride = classCount + 1;
    const cells = new Uint32Array(stateCount * stride);
    for (let s = 0; s < stateCount; s++) {
      for (let c = 0; c < classCount; c++) cells[s * stride + c] = next[s * classCount + c] * stride;
      cells[s * stride + classCount] = rows[s];
    }
    put(L.LANES_DFA_START, 0);
    put(L.LANES_DFA_STRIDE, stride);
    sections[L.SECTION_DFA_CLASSES] = classes;
    sections[L.SECTION_DFA] = bytesOf(cells);
  }
  const edges = (
    keys: EncodedKeys | undefined,
    [table, bloom]: readonly [number, number],
    [shift, probes, bloomShift, bytesMax, lengths]: readonly [number, number, number, number, number],
  ) => {
    if (keys === undefined) return;
    put(shift, keys.shift);
    put(probes, keys.probes);
    put(bloomShift, keys.bloomShift);
    put(bytesMax, keys.keyBytesMax);
    lanes.set(keys.lengths, lengths / 4);
    sections[table] = bytesOf(keys.slots);
    sections[bloom] = joined(bytesOf(keys.masks), keys.bloom);
  };
  edges(
    content.prefixes,
    [L.SECTION_PREFIX, L.SECTION_PREFIX_BLOOM],
    [L.LANES_PREFIX_SHIFT, L.LANES_PREFIX_PROBES, L.LANES_PREFIX_BLOOM_SHIFT, L.LANES_PREFIX_BYTES_MAX, L.LANES_PREFIX_LENGTHS],
  );
  edges(
    content.suffixes,
    [L.SECTION_SUFFIX, L.SECTION_SUFFIX_BLOOM],
    [L.LANES_SUFFIX_SHIFT, L.LANES_SUFFIX_PROBES, L.LANES_SUFFIX_BLOOM_SHIFT, L.LANES_SUFFIX_BYTES_MAX, L.LANES_SUFFIX_LENGTHS],
  );
  if (content.grams !== undefined) {
    const g = content.grams;
    put(L.LANES_GRAM_SHIFT, g.shift);
    put(L.LANES_GRAM_PROBES, g.probes);
    put(L.LANES_GRAM_BLOOM_SHIFT, g.bloomShift);
    sections[L.SECTION_GRAMS] = bytesOf(g.slots);
    sections[L.SECTION_GRAM_BLOOM] = g.bloom;
    sections[L.SECTION_POSTINGS] = bytesOf(g.postings);
  }
  sections[L.SECTION_DENSE] = denseSection(content, put);
  sections[L.SECTION_LANES] = bytesOf(lanes);
}

/** Rows by length and the two bit-parallel blocks, one after the other, each 16-aligned. */
function denseSection(content: ArtifactContent, put: (at: number, value: number) => void): Uint8Array {
  const lengthBytes = words(content.lengthRows);
  const parts: [Uint8Array, number, number, number][] = [
    [lengthBytes, L.LANES_LENGTH_OFFSET, L.LANES_LENGTH_COUNT, content.lengthRows.length],
    [content.parallel ?? new Uint8Array(), L.LANES_PARALLEL_OFFSET, L.LANES_PARALLEL_BYTES, content.parallel?.length ?? 0],
    [content.reserve ?? new Uint8Array(), L.LANES_RESERVE_OFFSET, L.LANES_RESERVE_BYTES, content.reserve?.length ?? 0],
  ];
  const total = parts.reduce((sum, [bytes]) => sum + ((bytes.length + 15) & ~15), 0);
  const dense = new Uint8Array(total);
  let offset = 0;
  for (const [bytes, offsetField, sizeField, size] of parts) {
    put(offsetField, offset);
    put(sizeField, size);
    dense.set(bytes, offset);
    offset += (bytes.length + 15) & ~15;
  }
  return dense;
}

/** Interned strings; id 0 is the empty string. */
class StringHeap {
  readonly #ids = new Map<string, number>([["", 0]]);
  readonly #texts: Uint8Array[] = [new Uint8Array()];
  readonly #encoder = new TextEncoder();

  add(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.#texts.length;
      this.#ids.set(text, id);
      this.#texts.push(this.#encoder.encode(text));
    }
    return id;
  }

  offsets(): Uint32Array {
    const offsets = new Uint32Array(this.#texts.length + 1);
    this.#texts.forEach((text, i) => {
      offsets[i + 1] = offsets[i] + text.length;
    });
    return offsets;
  }

  bytes(): Uint8Array {
    const offsets = this.offsets();
    const bytes = new Uint8Array(offsets[offsets.length - 1]);
    this.#texts.forEach((text, i) => bytes.set(text, offsets[i]));
    return bytes;
  }
}

/** A growing-free list of u32: the size is known before. */
class Words {
  readonly #cells: Uint32Array;
  #length = 0;

  constructor(length: number) {
    this.#cells = new Uint32Array(length);
  }

  push(...values: number[]): void {
    for (const value of values) this.#cells[this.#length++] = value;
  }

  bytes(): Uint8Array {
    return bytesOf(this.#cells);
  }
}

function words(values: readonly number[]): Uint8Array {
  return bytesOf(Uint32Array.from(values));
}

/** Little-endian bytes of a u32 array, whatever the host's order. */
function bytesOf(array: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(array.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < array.length; i++) view.setUint32(i * 4, array[i], true);
  return bytes;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function align(offset: number): number {
  return Math.ceil(offset / L.SECTION_ALIGN) * L.SECTION_ALIGN;
}
