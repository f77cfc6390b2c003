import { describe, expect, test } from "vitest";
import { decodeArtifact } from "../../../src/artifact/decode.js";
import { ArtifactError, artifactErrors } from "../../../src/artifact/errors.js";
import * as L from "../../../src/artifact/layout.js";
import { compilePolicy } from "../../../src/compiler/compile.js";
import { artifactBytesMax } from "../../../src/limits.js";
import { forge, sectionAt } from "../../support/forge.js";
import { compileLanePolicy, lanePolicies } from "../../support/lane-policies.js";
import { tinyPolicy } from "../../support/tiny-policy.js";

const bytesOf = (name: string) => {
  const policy = lanePolicies.find((p) => p.name === name);
  if (policy === undefined) throw new Error(`no lane policy ${name}`);
  return compileLanePolicy(policy).bytes;
};
const automaton = bytesOf("automaton");
const indexed = bytesOf("indexed");

function codeOf(bytes: Uint8Array): string {
  try {
    decodeArtifact(bytes);
  } catch (error) {
    if (error instanceof ArtifactError) return error.code;
    throw error;
  }
  return "accepted";
}

/** Writes a word of record `index` of a section. */
const word = (section: number, offset: number, value: number) => (view: DataView, copy: Uint8Array) =>
  view.setUint32(sectionAt(copy, section).offset + offset, value, true);
const double = (section: number, offset: number, value: number) => (view: DataView, copy: Uint8Array) =>
  view.setFloat64(sectionAt(copy, section).offset + offset, value, true);

describe("what a decoded artifact says", () => {
  const artifact = decodeArtifact(automaton);

  test("policy, sources and defaults", () => {
    expect(artifact.name).toBe("automaton");
    expect(artifact.description).toBe("every table has something in it");
    expect(artifact.sources).toEqual([{ layer: "agent", file: "tiny.yaml", name: "automaton" }]);
    expect(artifact.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(artifact.defaults.unmappedToolAction).toMatchObject({ value: "deny", layer: "agent", file: "tiny.yaml" });
    expect(artifact.defaults.unmappedSeverity).toMatchObject({ value: "medium", layer: "default" });
    expect(artifact.defaults.failOpen.value).toBe(false);
    expect(artifact.defaults.enforcementMode.value).toBe("enforce");
    expect(artifact.defaults.graceMs.value).toBe(24 * 3_600_000);
    expect(artifact.defaults.failOn.value).toBe("low");
  });

  test("rules in rank order, with their places", () => {
    expect([0, 1, 2].map((i) => artifact.forbidden.get(i).pattern)).toEqual(["*delete*", "mcp__db__drop_all", "mcp__*__drop?"]);
    expect(artifact.forbidden.get(2)).toMatchObject({ severity: "medium", layer: "agent", index: 1, file: "tiny.yaml", line: 3 });
    expect(artifact.globs.get(artifact.forbidden.get(0).globId).text).toBe("*delete*");
    expect([0, 1, 2].map((i) => artifact.triggers.get(i).action)).toEqual(["deny", "escalate", "warn"]);
    const escalate = artifact.triggers.get(1);
    expect(escalate).toMatchObject({ index: 1, condition: "trigger 1", reason: "because 1", termCount: 2 });
    expect(artifact.terms.get(escalate.termStart).globIds.map((id) => artifact.globs.get(id).text)).toEqual([
      "mcp__*",
      "*admin*",
    ]);
    expect(artifact.terms.get(escalate.termStart + 1).tests).toEqual([{ count: "tool_count", comparison: ">", value: 3 }]);
    const counts = artifact.terms.get(artifact.triggers.get(0).termStart);
    expect(counts).toEqual({ trigger: 0, globIds: [], tests: [{ count: "violation_count", comparison: ">=", value: -2 }] });
    const files = artifact.capabilities.get(1);
    expect(files).toMatchObject({ name: "files", layer: "agent", index: 1, cardActions: ["read", "write"], description: "" });
    expect(files.globIds.map((id) => artifact.globs.get(id).text)).toEqual(["mcp__fs__read_?*", "*é*"]);
  });

  test("every use of a glob leads to a rule that uses it", () => {
    let uses = 0;
    for (let id = 0; id < artifact.globs.count; id++) {
      for (const use of artifact.globs.get(id).uses) {
        uses++;
        expect(use.line).toBeGreaterThan(0);
        if (use.kind === "forbidden") expect(artifact.forbidden.get(use.rank).globId).toBe(id);
        if (use.kind === "capability") expect(artifact.capabilities.get(use.rank).globIds).toContain(id);
        if (use.kind === "trigger") expect(artifact.triggers.get(use.rank).action).toBe("warn");
      }
    }
    expect(uses).toBe(3 + 4 + 1);
  });

  test("entries are decoded once, and only those that exist", () => {
    expect(artifact.forbidden.get(1)).toBe(artifact.forbidden.get(1));
    for (const index of [-1, 3, 0.5, Number.NaN]) expect(() => artifact.forbidden.get(index)).toThrow(RangeError);
  });

  test("a byte order mark inside a text is text", () => {
    const policy = tinyPolicy({ name: "\ufeffmarked", forbidden: [["\ufeffx"]] });
    const decoded = decodeArtifact(compilePolicy(policy).bytes);
    expect(decoded.name).toBe("\ufeffmarked");
    expect(decoded.globs.get(0).text).toBe("\ufeffx");
  });

  test("bytes are copied, from any alignment", () => {
    const shifted = new Uint8Array(automaton.length + 3).subarray(3);
    shifted.set(automaton);
    const decoded = decodeArtifact(shifted);
    shifted.fill(0);
    expect(decoded.bytes).toEqual(automaton);
    expect(decoded.bytes.byteOffset % 8).toBe(0);
    expect(decoded.forbidden.get(0).pattern).toBe("*delete*");
  });
});

describe("what decode refuses", () => {
  const header = (at: number, value: number) => (view: DataView) => view.setUint32(at, value, true);
  const cases: readonly (readonly [what: string, code: string, bytes: Uint8Array])[] = [
    ["nothing", "artifact_truncated", new Uint8Array(0)],
    ["half a header", "artifact_truncated", automaton.slice(0, 319)],
    ["a missing byte", "artifact_truncated", automaton.slice(0, -1)],
    ["a byte too many", "artifact_length", new Uint8Array([...automaton, 0])],
    ["more than the cap", "artifact_too_large", new Uint8Array(artifactBytesMax + 1)],
    ["text", "artifact_magic", new TextEncoder().encode("meta:\n".repeat(100))],
    ["another version", "artifact_version", forge(automaton, header(L.HEADER_VERSION, 1))],
    ["another revision", "artifact_revision", forge(automaton, header(L.HEADER_REVISION, L.LAYOUT_REVISION + 1))],
    ["a changed byte", "artifact_checksum", automaton.map((byte, i) => (i === 400 ? byte ^ 1 : byte))],
    ["other sections", "artifact_section", forge(automaton, header(L.HEADER_SECTION_COUNT, 27))],
    ["an unaligned section", "artifact_section", forge(automaton, header(L.HEADER_SECTIONS, 324))],
    ["a section in the header", "artifact_section", forge(automaton, header(L.HEADER_SECTIONS, 256))],
    ["a section past the end", "artifact_section", forge(automaton, header(L.HEADER_SECTIONS + 4, 0xffffffc0))],
    [
      "two sections in one place",
      "artifact_section",
      forge(automaton, (view) => view.setUint32(L.HEADER_SECTIONS + 8, view.getUint32(L.HEADER_SECTIONS, true), true)),
    ],
    ["half a record", "artifact_record", forge(automaton, header(L.HEADER_SECTIONS + L.SECTION_FORBIDDEN * 8 + 4, 41))],
  ];
  test.each(cases)("%s is %s", (_, code, bytes) => {
    expect(codeOf(bytes)).toBe(code);
  });

  const records: readonly (readonly [what: string, edit: (view: DataView, copy: Uint8Array) => void])[] = [
    ["a string before the one before", word(L.SECTION_STRING_OFFSETS, 8, 0xffff)],
    ["string 0 that is not empty", word(L.SECTION_STRING_OFFSETS, 4, 1)],
    ["a name outside the strings", word(L.SECTION_POLICY, L.POLICY_NAME, 0x7fffffff)],
    ["an action that does not exist", double(L.SECTION_POLICY, L.POLICY_DEFAULTS, 3)],
    ["half a mode", double(L.SECTION_POLICY, L.POLICY_DEFAULTS + 3 * L.DEFAULT_BYTES, 0.5)],
    ["grace without end", double(L.SECTION_POLICY, L.POLICY_DEFAULTS + 4 * L.DEFAULT_BYTES, Number.POSITIVE_INFINITY)],
    ["negative grace", double(L.SECTION_POLICY, L.POLICY_DEFAULTS + 4 * L.DEFAULT_BYTES, -1)],
    ["a layer that does not exist", word(L.SECTION_POLICY, L.POLICY_DEFAULTS + L.DEFAULT_LAYER, 2)],
    ["a source of no layer", word(L.SECTION_SOURCES, L.SOURCE_LAYER, L.NONE)],
    ["a first row that says something", word(L.SECTION_ROWS, L.ROW_CAPABILITY, 0)],
    ["a rank outside its table", word(L.SECTION_ROWS, L.ROW_BYTES + L.ROW_TRIGGER, 3)],
    ["a guard that is neither 0 nor NONE", word(L.SECTION_ROWS, L.ROW_BYTES + L.ROW_GUARDED, 1)],
    ["glob text past its heap", word(L.SECTION_GLOBS, L.GLOB_TEXT_OFFSET, 0xfffffff0)],
    ["a glob without text", word(L.SECTION_GLOBS, L.GLOB_TEXT_BYTES, 0)],
    ["a glob of no row", word(L.SECTION_GLOBS, L.GLOB_ROW, L.NONE)],
    ["a lane that does not exist", word(L.SECTION_GLOBS, L.GLOB_LANE, 7)],
    ["uses shared by two globs", word(L.SECTION_GLOBS, L.GLOB_BYTES + L.GLOB_USE_START, 0)],
    ["a use of no kind", word(L.SECTION_USES, L.USE_KIND, 3)],
    ["a use of a rule that does not exist", word(L.SECTION_USES, L.USE_RANK, 3)],
    ["a severity that does not exist", word(L.SECTION_FORBIDDEN, L.FORBIDDEN_SEVERITY, 4)],
    ["a forbidden rule of no glob", word(L.SECTION_FORBIDDEN, L.FORBIDDEN_GLOB, L.NONE)],
    ["a trigger action that does not exist", word(L.SECTION_TRIGGERS, L.TRIGGER_ACTION, 3)],
    ["terms out of order", word(L.SECTION_TRIGGERS, L.TRIGGER_TERM_START, 1)],
    ["more terms than there are", word(L.SECTION_TRIGGERS, L.TRIGGER_TERM_COUNT, 0xffffffff)],
    ["a term of no trigger", word(L.SECTION_TERMS, L.TERM_TRIGGER, 3)],
    ["a term of a glob that does not exist", word(L.SECTION_TERM_GLOBS, 0, 0x10000)],
    ["a comparison that does not exist", word(L.SECTION_TESTS, L.TEST_COMPARISON, 6)],
    ["a bound that is no integer", double(L.SECTION_TESTS, L.TEST_VALUE, Number.NaN)],
    ["a capability of no layer", word(L.SECTION_CAPABILITIES, L.CAPABILITY_LAYER, L.NONE)],
    ["an action outside the strings", word(L.SECTION_CAPABILITY_ACTIONS, 0, 0x10000)],
    ["a capability of a glob that does not exist", word(L.SECTION_CAPABILITY_GLOBS, 0, 0x10000)],
  ];
  test.each(records)("%s", (_, edit) => {
    expect(codeOf(forge(automaton, edit))).toBe("artifact_record");
  });

  // Every field that names something by number, in the first record that has it.
  const references: Record<string, readonly [section: number, ...offsets: number[]]> = {
    policy: [L.SECTION_POLICY, L.POLICY_NAME, L.POLICY_DESCRIPTION, L.POLICY_DEFAULTS + L.DEFAULT_LAYER],
    "files of defaults": [
      L.SECTION_POLICY,
      ...Array.from({ length: L.DEFAULT_COUNT }, (_, i) => L.POLICY_DEFAULTS + i * L.DEFAULT_BYTES + L.DEFAULT_FILE),
    ],
    sources: [L.SECTION_SOURCES, L.SOURCE_LAYER, L.SOURCE_FILE, L.SOURCE_NAME],
    rows: [L.SECTION_ROWS, ...[L.ROW_FORBIDDEN, L.ROW_TRIGGER, L.ROW_CAPABILITY, L.ROW_GUARDED].map((at) => L.ROW_BYTES + at)],
    globs: [
      L.SECTION_GLOBS,
      L.GLOB_TEXT_OFFSET,
      L.GLOB_TEXT_BYTES,
      L.GLOB_NAME_BYTES_MIN,
      L.GLOB_ROW,
      L.GLOB_USE_START,
      L.GLOB_USE_COUNT,
      L.GLOB_LANE,
    ],
    uses: [L.SECTION_USES, L.USE_KIND, L.USE_RANK],
    forbidden: [
      L.SECTION_FORBIDDEN,
      L.FORBIDDEN_SEVERITY,
      L.FORBIDDEN_LAYER,
      L.FORBIDDEN_PATTERN,
      L.FORBIDDEN_GLOB,
      L.FORBIDDEN_REASON,
      L.FORBIDDEN_FILE,
    ],
    triggers: [
      L.SECTION_TRIGGERS,
      L.TRIGGER_ACTION,
      L.TRIGGER_LAYER,
      L.TRIGGER_CONDITION,
      L.TRIGGER_REASON,
      L.TRIGGER_FILE,
      L.TRIGGER_TERM_START,
      L.TRIGGER_TERM_COUNT,
    ],
    terms: [L.SECTION_TERMS, L.TERM_TRIGGER, L.TERM_GLOB_START, L.TERM_GLOB_COUNT, L.TERM_TEST_START, L.TERM_TEST_COUNT],
    "term globs": [L.SECTION_TERM_GLOBS, 0],
    tests: [L.SECTION_TESTS, L.TEST_COUNT_NAME, L.TEST_COMPARISON],
    capabilities: [
      L.SECTION_CAPABILITIES,
      L.CAPABILITY_NAME,
      L.CAPABILITY_LAYER,
      L.CAPABILITY_DESCRIPTION,
      L.CAPABILITY_ACTION_START,
      L.CAPABILITY_ACTION_COUNT,
      L.CAPABILITY_GLOB_START,
      L.CAPABILITY_GLOB_COUNT,
      L.CAPABILITY_FILE,
    ],
    "capability actions": [L.SECTION_CAPABILITY_ACTIONS, 0],
    "capability globs": [L.SECTION_CAPABILITY_GLOBS, 0],
  };
  test.each(Object.keys(references))("a number out of every scale in %s", (table) => {
    const [section, ...offsets] = references[table];
    for (const offset of offsets) expect(codeOf(forge(automaton, word(section, offset, 0x7fffffff)))).toBe("artifact_record");
  });

  test("a list that nobody owns to its end, a policy record of another size", () => {
    const shorter = (section: number, record: number) => (view: DataView, copy: Uint8Array) =>
      view.setUint32(L.HEADER_SECTIONS + section * 8 + 4, sectionAt(copy, section).size - record, true);
    expect(codeOf(forge(automaton, shorter(L.SECTION_GLOBS, L.GLOB_BYTES)))).toBe("artifact_record");
    expect(codeOf(forge(automaton, shorter(L.SECTION_TRIGGERS, L.TRIGGER_BYTES)))).toBe("artifact_record");
    expect(codeOf(forge(automaton, shorter(L.SECTION_TERMS, L.TERM_BYTES)))).toBe("artifact_record");
    expect(codeOf(forge(automaton, shorter(L.SECTION_CAPABILITIES, L.CAPABILITY_BYTES)))).toBe("artifact_record");
    expect(codeOf(forge(automaton, shorter(L.SECTION_POLICY, 8)))).toBe("artifact_record");
    expect(codeOf(forge(automaton, shorter(L.SECTION_POLICY, L.POLICY_BYTES)))).toBe("artifact_record");
    expect(codeOf(forge(automaton, shorter(L.SECTION_ROWS, sectionAt(automaton, L.SECTION_ROWS).size)))).toBe("artifact_record");
    expect(codeOf(forge(automaton, shorter(L.SECTION_LANES, 4)))).toBe("artifact_lane");
  });

  const flags = (change: (flags: number) => number) => (view: DataView) =>
    view.setUint32(L.HEADER_FLAGS, change(view.getUint32(L.HEADER_FLAGS, true)), true);
  const lanes: readonly (readonly [what: string, bytes: Uint8Array, edit: (view: DataView, copy: Uint8Array) => void])[] = [
    ["an unknown flag", automaton, flags((f) => f | 0x10000)],
    ["a lane without its flag", automaton, flags((f) => f & ~L.FLAG_DFA)],
    ["a flag without its lane", automaton, flags((f) => f | L.FLAG_PREFIX)],
    ["open literals without literals", bytesOf("empty"), flags((f) => f | L.FLAG_LITERALS_OPEN)],
    ["a start that is no state", automaton, word(L.SECTION_LANES, L.LANES_DFA_START, 1)],
    ["a stride of nothing", automaton, word(L.SECTION_LANES, L.LANES_DFA_STRIDE, 0)],
    ["a transition into the middle of a state", automaton, word(L.SECTION_DFA, 0, 1)],
    ["a transition out of the table", automaton, word(L.SECTION_DFA, 4, 0xffffffff)],
    ["a class past the stride", automaton, word(L.SECTION_DFA_CLASSES, 64, 0xff)],
    ["a literal shift that leaves the slots", indexed, word(L.SECTION_LANES, L.LANES_LITERAL_SHIFT, 0)],
    ["a shift of 32", indexed, word(L.SECTION_LANES, L.LANES_PREFIX_SHIFT, 32)],
    ["more probes than slots", indexed, word(L.SECTION_LANES, L.LANES_SUFFIX_PROBES, 0xffffffff)],
    ["a Bloom shift that leaves the bits", indexed, word(L.SECTION_LANES, L.LANES_GRAM_BLOOM_SHIFT, 1)],
    ["rows by length without an entry", indexed, word(L.SECTION_LANES, L.LANES_LENGTH_COUNT, 0)],
    ["rows by length past the section", indexed, word(L.SECTION_LANES, L.LANES_LENGTH_OFFSET, 0xfffffffc)],
    ["a row by length that does not exist", indexed, word(L.SECTION_DENSE, 0, 0x10000)],
    ["an unaligned block", indexed, word(L.SECTION_LANES, L.LANES_PARALLEL_OFFSET, 4)],
    ["a block past the section", indexed, word(L.SECTION_LANES, L.LANES_RESERVE_BYTES, 0xfffffff0)],
    ["a posting of a glob that does not exist", indexed, word(L.SECTION_POSTINGS, L.POSTING_GLOB, 0x10000)],
    ["a posting of a row that does not exist", indexed, word(L.SECTION_POSTINGS, L.POSTING_ROW, 0x10000)],
    ["a posting half reserved", indexed, word(L.SECTION_POSTINGS, L.POSTING_RESERVED, 2)],
  ];
  test.each(lanes)("%s", (_, bytes, edit) => {
    expect(codeOf(forge(bytes, edit))).toBe("artifact_lane");
  });

  test("a group that takes another's vectors, a count that overflows", () => {
    const at = (view: DataView, copy: Uint8Array, field: number) =>
      sectionAt(copy, L.SECTION_DENSE).offset + view.getUint32(sectionAt(copy, L.SECTION_LANES).offset + field, true);
    const block = (offset: number, value: number) =>
      forge(indexed, (view, copy) => view.setUint32(at(view, copy, L.LANES_RESERVE_OFFSET) + offset, value, true));
    expect(codeOf(block(L.PARALLEL_VECTOR_COUNT, 0xffffffff))).toBe("artifact_lane");
    expect(codeOf(block(L.PARALLEL_GROUP_COUNT, 0x10000000))).toBe("artifact_lane");
    expect(codeOf(block(L.PARALLEL_CLASS_COUNT, 0))).toBe("artifact_lane");
    expect(codeOf(block(L.PARALLEL_HEAD_BYTES, 0xffffffff))).toBe("artifact_lane");
    expect(codeOf(block(L.PARALLEL_HEAD_BYTES + 256, 1))).toBe("artifact_lane");
    expect(codeOf(block(L.PARALLEL_HEAD_BYTES + 256 + 4, 0))).toBe("artifact_lane");
  });

  const present = (bytes: Uint8Array) =>
    Array.from({ length: L.SECTION_COUNT - L.SECTION_LANES }, (_, i) => L.SECTION_LANES + i).filter(
      (section) => sectionAt(bytes, section).size > 0,
    );
  test("a lane that lost one of its sections", () => {
    const gone = (section: number) => (view: DataView) => view.setBigUint64(L.HEADER_SECTIONS + section * 8, 0n, true);
    expect([...new Set([automaton, indexed].flatMap(present))].length).toBe(L.SECTION_COUNT - L.SECTION_LANES);
    for (const bytes of [automaton, indexed]) {
      for (const section of present(bytes)) expect(codeOf(forge(bytes, gone(section)))).toBe("artifact_lane");
    }
  });

  test("a lane that lost its flag", () => {
    for (const bytes of [automaton, indexed]) {
      const set = new DataView(bytes.buffer, bytes.byteOffset).getUint32(L.HEADER_FLAGS, true);
      for (const flag of [L.FLAG_LITERALS, L.FLAG_DFA, L.FLAG_PREFIX, L.FLAG_SUFFIX]) {
        if (set & flag)
          expect(
            codeOf(
              forge(
                bytes,
                flags((f) => f & ~flag),
              ),
            ),
          ).toBe("artifact_lane");
      }
    }
    const blocks = L.FLAG_LENGTH | L.FLAG_PARALLEL | L.FLAG_PARALLEL_RESERVE;
    for (const group of [L.FLAG_GRAM4 | L.FLAG_GRAM3, blocks]) {
      expect(
        codeOf(
          forge(
            indexed,
            flags((f) => f & ~group),
          ),
        ),
      ).toBe("artifact_lane");
    }
  });

  test("sections that are not whole", () => {
    const shorter = (bytes: Uint8Array, section: number, less: number) =>
      codeOf(
        forge(bytes, (view, copy) =>
          view.setUint32(L.HEADER_SECTIONS + section * 8 + 4, sectionAt(copy, section).size - less, true),
        ),
      );
    expect(shorter(automaton, L.SECTION_SOURCES, 4)).toBe("artifact_record");
    expect(shorter(automaton, L.SECTION_STRING_OFFSETS, 2)).toBe("artifact_record");
    expect(shorter(automaton, L.SECTION_DFA_CLASSES, 1)).toBe("artifact_lane");
    for (const less of [1, 4]) expect(shorter(automaton, L.SECTION_DFA, less)).toBe("artifact_lane");
    for (const section of [L.SECTION_LITERALS, L.SECTION_PREFIX, L.SECTION_SUFFIX, L.SECTION_GRAMS]) {
      for (const less of [4, 16]) expect(shorter(indexed, section, less)).toBe("artifact_lane");
    }
    for (const section of [L.SECTION_PREFIX_BLOOM, L.SECTION_SUFFIX_BLOOM, L.SECTION_GRAM_BLOOM]) {
      for (const less of [1, 4]) expect(shorter(indexed, section, less)).toBe("artifact_lane");
    }
    for (const less of [4, 32]) expect(shorter(indexed, L.SECTION_POSTINGS, less)).toBe("artifact_lane");
  });

  test("a term that no trigger owns", () => {
    const last = 2 * L.TRIGGER_BYTES + L.TRIGGER_TERM_COUNT;
    expect(codeOf(forge(automaton, word(L.SECTION_TRIGGERS, last, 0)))).toBe("artifact_record");
  });

  /** Offsets of the used slots of a hash table. */
  const usedSlots = (section: number) => {
    const { offset, size } = sectionAt(indexed, section);
    const view = new DataView(indexed.buffer, indexed.byteOffset);
    const empty = section === L.SECTION_GRAMS ? 0 : L.NONE;
    return Array.from({ length: size / 16 }, (_, i) => i * 16).filter((at) => view.getUint32(offset + at + 4, true) !== empty);
  };
  test("slots that lead elsewhere", () => {
    for (const section of [L.SECTION_LITERALS, L.SECTION_PREFIX, L.SECTION_SUFFIX]) {
      const [at] = usedSlots(section);
      for (const field of [L.SLOT_GLOB, L.SLOT_ROW, L.SLOT_KEY_BYTES]) {
        expect(codeOf(forge(indexed, word(section, at + field, 0x10000)))).toBe("artifact_lane");
      }
      expect(codeOf(forge(indexed, word(section, at + L.SLOT_KEY_BYTES, 0)))).toBe("artifact_lane");
    }
    const [one, two] = usedSlots(L.SECTION_GRAMS);
    const total = sectionAt(indexed, L.SECTION_POSTINGS).size / L.POSTING_BYTES;
    const gram = (at: number, field: number, value: number) => codeOf(forge(indexed, word(L.SECTION_GRAMS, at + field, value)));
    expect(gram(one, L.GRAM_SIZE, 5)).toBe("artifact_lane");
    expect(gram(one, L.GRAM_COUNT, total + 1)).toBe("artifact_lane");
    expect(gram(one, L.GRAM_START, total)).toBe("artifact_lane");
    expect(gram(one, L.GRAM_START, 0xffffffff)).toBe("artifact_lane");
    const everything = forge(indexed, (view, copy) => {
      for (const at of [one, two]) {
        word(L.SECTION_GRAMS, at + L.GRAM_START, 0)(view, copy);
        word(L.SECTION_GRAMS, at + L.GRAM_COUNT, total)(view, copy);
      }
    });
    expect(codeOf(everything)).toBe("artifact_lane");
  });

  test("postings of no glob and no row, states that answer no row, strides that fit no table", () => {
    const posting = (field: number, value: number) => codeOf(forge(indexed, word(L.SECTION_POSTINGS, field, value)));
    expect(posting(L.POSTING_RESERVED, 2)).toBe("artifact_lane");
    expect(posting(L.POSTING_GLOB, 0xffffffff)).toBe("artifact_lane");
    expect(posting(L.POSTING_ROW, 0xffffffff)).toBe("artifact_lane");
    const view = new DataView(automaton.buffer, automaton.byteOffset);
    const stride = view.getUint32(sectionAt(automaton, L.SECTION_LANES).offset + L.LANES_DFA_STRIDE, true);
    const rows = sectionAt(automaton, L.SECTION_ROWS).size / L.ROW_BYTES;
    expect(codeOf(forge(automaton, word(L.SECTION_DFA, (stride - 1) * 4, rows)))).toBe("artifact_lane");
    for (const other of [1, stride - 1, stride + 1, 258]) {
      expect(codeOf(forge(automaton, word(L.SECTION_LANES, L.LANES_DFA_STRIDE, other)))).toBe("artifact_lane");
    }
  });

  test("a block of another size than its head says", () => {
    const lanesAt = sectionAt(indexed, L.SECTION_LANES).offset;
    const view = new DataView(indexed.buffer, indexed.byteOffset);
    const bytes = view.getUint32(lanesAt + L.LANES_PARALLEL_BYTES, true);
    const lane = (field: number, value: number) => codeOf(forge(indexed, word(L.SECTION_LANES, field, value)));
    for (const size of [0, 16, bytes - 16, bytes + 16]) expect(lane(L.LANES_PARALLEL_BYTES, size)).toBe("artifact_lane");
    const block = view.getUint32(lanesAt + L.LANES_PARALLEL_OFFSET, true);
    const inBlock = (at: number, value: number) => codeOf(forge(indexed, word(L.SECTION_DENSE, block + at, value)));
    expect(inBlock(L.PARALLEL_GLOB_COUNT, 129)).toBe("artifact_lane");
    expect(inBlock(L.PARALLEL_HEAD_BYTES, 0xff)).toBe("artifact_lane");
    const globs = L.PARALLEL_HEAD_BYTES + 256 + L.PARALLEL_GROUP_BYTES;
    expect(inBlock(globs, 0x10000)).toBe("artifact_lane");
    expect(inBlock(globs + 4, 0x10000)).toBe("artifact_lane");
  });

  test("every code has its text, in the order of the checks", () => {
    expect(artifactErrors.map((entry) => entry.code)).toEqual([
      "artifact_truncated",
      "artifact_too_large",
      "artifact_magic",
      "artifact_version",
      "artifact_revision",
      "artifact_length",
      "artifact_checksum",
      "artifact_section",
      "artifact_record",
      "artifact_lane",
    ]);
    for (const entry of artifactErrors) expect(Object.values(entry).every((text) => text.length > 0)).toBe(true);
  });
});
