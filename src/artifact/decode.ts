import { enforcementModes, severities, triggerActions, unmappedActions } from "../policy/lattice.js";
import type { Scope } from "../policy/model.js";
import type * as A from "./artifact.js";
import { checkArtifact } from "./check.js";
import * as L from "./layout.js";
import { doubleAt, sectionBytes, sectionRange, sectionWords, wordAt } from "./sections.js";

const scopes: readonly Scope[] = ["org", "agent"];
const useKinds = ["forbidden", "trigger", "capability"] as const;
const countNames = ["tool_count", "unmapped_tool_count", "violation_count"] as const;
const comparisons = [">", ">=", "<", "<=", "==", "!="] as const;

/**
 * An artifact from its bytes, which are copied. Throws ArtifactError, in the order of `artifactErrors`, when anything
 * is wrong; afterwards evaluation needs no checks. Linear in the bytes; entries are decoded when they are asked for.
 */
export function decodeArtifact(bytes: Uint8Array): A.Artifact {
  const { file, counts } = checkArtifact(bytes);
  const texts = new Texts(file);
  const lists = listReader(file);
  const placeAt = (words: Uint32Array, at: number): A.Place => ({
    file: texts.get(words[at]),
    line: words[at + 1],
    column: words[at + 2],
  });
  const rules = ruleTables(file, texts, placeAt, lists);
  const policy = sectionRange(file, L.SECTION_POLICY).offset;
  return {
    bytes: file,
    digest: hex(file.subarray(L.HEADER_DIGEST, L.HEADER_DIGEST + 32)),
    name: texts.get(wordAt(file, policy + L.POLICY_NAME)),
    description: texts.get(wordAt(file, policy + L.POLICY_DESCRIPTION)),
    sources: decodeSources(file, texts),
    defaults: decodeDefaults(file, texts),
    ...rules,
    globs: decodeGlobs(file),
    rowCount: counts.rows,
  };
}

/** Entries by index, decoded once. */
class LazyTable<T> implements A.Table<T> {
  readonly count: number;
  readonly #decode: (index: number) => T;
  readonly #known = new Map<number, T>();

  constructor(count: number, decode: (index: number) => T) {
    this.count = count;
    this.#decode = decode;
  }

  get(index: number): T {
    let entry = this.#known.get(index);
    if (entry === undefined) {
      if (!Number.isInteger(index) || index < 0 || index >= this.count) throw new RangeError(`no entry ${index}`);
      entry = this.#decode(index);
      this.#known.set(index, entry);
    }
    return entry;
  }
}

/** The string heap; a string that many records name is decoded once. A leading U+FEFF is text here, not a mark. */
class Texts {
  readonly #offsets: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #known = new Map<number, string>();

  constructor(file: Uint8Array) {
    this.#offsets = sectionWords(file, L.SECTION_STRING_OFFSETS);
    this.#bytes = sectionBytes(file, L.SECTION_STRING_BYTES);
  }

  get(id: number): string {
    let text = this.#known.get(id);
    if (text === undefined) {
      text = this.#decoder.decode(this.#bytes.subarray(this.#offsets[id], this.#offsets[id + 1]));
      this.#known.set(id, text);
    }
    return text;
  }
}

function listReader(file: Uint8Array) {
  return (section: number, start: number, count: number): readonly number[] =>
    Array.from(sectionWords(file, section).subarray(start, start + count));
}

function ruleTables(
  file: Uint8Array,
  texts: Texts,
  placeAt: (words: Uint32Array, at: number) => A.Place,
  lists: ReturnType<typeof listReader>,
) {
  const table = <T>(section: number, recordBytes: number, decode: (words: Uint32Array) => T): A.Table<T> => {
    const words = sectionWords(file, section);
    const stride = recordBytes / 4;
    return new LazyTable(words.length / stride, (i) => decode(words.subarray(i * stride, (i + 1) * stride)));
  };
  const forbidden = table<A.ForbiddenEntry>(L.SECTION_FORBIDDEN, L.FORBIDDEN_BYTES, (r) => ({
    severity: severities[r[L.FORBIDDEN_SEVERITY / 4]],
    layer: scopes[r[L.FORBIDDEN_LAYER / 4]],
    index: r[L.FORBIDDEN_INDEX / 4],
    pattern: texts.get(r[L.FORBIDDEN_PATTERN / 4]),
    globId: r[L.FORBIDDEN_GLOB / 4],
    reason: texts.get(r[L.FORBIDDEN_REASON / 4]),
    ...placeAt(r, L.FORBIDDEN_FILE / 4),
  }));
  const triggers = table<A.TriggerEntry>(L.SECTION_TRIGGERS, L.TRIGGER_BYTES, (r) => ({
    action: triggerActions[r[L.TRIGGER_ACTION / 4]],
    layer: scopes[r[L.TRIGGER_LAYER / 4]],
    index: r[L.TRIGGER_INDEX / 4],
    condition: texts.get(r[L.TRIGGER_CONDITION / 4]),
    reason: texts.get(r[L.TRIGGER_REASON / 4]),
    ...placeAt(r, L.TRIGGER_FILE / 4),
    termStart: r[L.TRIGGER_TERM_START / 4],
    termCount: r[L.TRIGGER_TERM_COUNT / 4],
  }));
  const testAt = sectionRange(file, L.SECTION_TESTS).offset;
  const terms = table<A.TermEntry>(L.SECTION_TERMS, L.TERM_BYTES, (r) => ({
    trigger: r[L.TERM_TRIGGER / 4],
    globIds: lists(L.SECTION_TERM_GLOBS, r[L.TERM_GLOB_START / 4], r[L.TERM_GLOB_COUNT / 4]),
    tests: Array.from({ length: r[L.TERM_TEST_COUNT / 4] }, (_, i) => {
      const at = testAt + (r[L.TERM_TEST_START / 4] + i) * L.TEST_BYTES;
      return {
        count: countNames[wordAt(file, at + L.TEST_COUNT_NAME)],
        comparison: comparisons[wordAt(file, at + L.TEST_COMPARISON)],
        value: doubleAt(file, at + L.TEST_VALUE),
      };
    }),
  }));
  const capabilities = table<A.CapabilityEntry>(L.SECTION_CAPABILITIES, L.CAPABILITY_BYTES, (r) => ({
    name: texts.get(r[L.CAPABILITY_NAME / 4]),
    layer: scopes[r[L.CAPABILITY_LAYER / 4]],
    index: r[L.CAPABILITY_INDEX / 4],
    description: texts.get(r[L.CAPABILITY_DESCRIPTION / 4]),
    cardActions: lists(L.SECTION_CAPABILITY_ACTIONS, r[L.CAPABILITY_ACTION_START / 4], r[L.CAPABILITY_ACTION_COUNT / 4]).map(
      (id) => texts.get(id),
    ),
    globIds: lists(L.SECTION_CAPABILITY_GLOBS, r[L.CAPABILITY_GLOB_START / 4], r[L.CAPABILITY_GLOB_COUNT / 4]),
    ...placeAt(r, L.CAPABILITY_FILE / 4),
  }));
  return { forbidden, triggers, terms, capabilities };
}

function decodeGlobs(file: Uint8Array): A.Table<A.GlobEntry> {
  const words = sectionWords(file, L.SECTION_GLOBS);
  const uses = sectionWords(file, L.SECTION_USES);
  const text = sectionBytes(file, L.SECTION_GLOB_TEXT);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const stride = L.GLOB_BYTES / 4;
  return new LazyTable(words.length / stride, (id) => {
    const r = words.subarray(id * stride, (id + 1) * stride);
    const from = r[L.GLOB_TEXT_OFFSET / 4];
    return {
      text: decoder.decode(text.subarray(from, from + r[L.GLOB_TEXT_BYTES / 4])),
      uses: Array.from({ length: r[L.GLOB_USE_COUNT / 4] }, (_, i) => {
        const at = (r[L.GLOB_USE_START / 4] + i) * (L.USE_BYTES / 4);
        return {
          kind: useKinds[uses[at + L.USE_KIND / 4]],
          rank: uses[at + L.USE_RANK / 4],
          line: uses[at + L.USE_LINE / 4],
          column: uses[at + L.USE_COLUMN / 4],
        };
      }),
    };
  });
}

function decodeSources(file: Uint8Array, texts: Texts): readonly A.SourceEntry[] {
  const words = sectionWords(file, L.SECTION_SOURCES);
  return Array.from({ length: words.length / 3 }, (_, i) => ({
    layer: scopes[words[i * 3 + L.SOURCE_LAYER / 4]],
    file: texts.get(words[i * 3 + L.SOURCE_FILE / 4]),
    name: texts.get(words[i * 3 + L.SOURCE_NAME / 4]),
  }));
}

function decodeDefaults(file: Uint8Array, texts: Texts): A.DefaultsEntry {
  const base = sectionRange(file, L.SECTION_POLICY).offset + L.POLICY_DEFAULTS;
  const sourced = <T>(index: number, read: (value: number) => T): A.SourcedValue<T> => {
    const at = base + index * L.DEFAULT_BYTES;
    const layer = wordAt(file, at + L.DEFAULT_LAYER);
    return {
      value: read(doubleAt(file, at + L.DEFAULT_VALUE)),
      layer: layer === L.NONE ? "default" : scopes[layer],
      file: texts.get(wordAt(file, at + L.DEFAULT_FILE)),
      line: wordAt(file, at + L.DEFAULT_LINE),
      column: wordAt(file, at + L.DEFAULT_COLUMN),
    };
  };
  return {
    unmappedToolAction: sourced(0, (v) => unmappedActions[v]),
    unmappedSeverity: sourced(1, (v) => severities[v]),
    failOpen: sourced(2, (v) => v === 1),
    enforcementMode: sourced(3, (v) => enforcementModes[v]),
    graceMs: sourced(4, (v) => v),
    failOn: sourced(5, (v) => severities[v]),
  };
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
