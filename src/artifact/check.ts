import { artifactBytesMax, globBytesMax } from "../limits.js";
import { enforcementModes, severities, triggerActions, unmappedActions } from "../policy/lattice.js";
import { checkLanes } from "./check-lanes.js";
import { crc32 } from "./digest.js";
import { ArtifactError } from "./errors.js";
import * as L from "./layout.js";
import { type Counts, doubleAt, sectionRange, sectionWords, wordAt } from "./sections.js";

/** A field of a record: byte offset, first number that is too large, and whether NONE is allowed beside the rest. */
type Field = readonly [offset: number, limit: number, none?: boolean];

/**
 * Copies the bytes into an aligned buffer of their own and checks all that evaluation and the tables rely on, in the
 * order of FORMAT.md, "What decode checks". Linear in the bytes. Throws ArtifactError.
 */
export function checkArtifact(bytes: Uint8Array): { file: Uint8Array; counts: Counts } {
  const file = checkHeader(bytes);
  checkSections(file);
  const counts = checkRecords(file);
  checkLanes(file, counts);
  return { file, counts };
}

function checkHeader(bytes: Uint8Array): Uint8Array {
  const length = bytes.length;
  if (length < L.HEADER_BYTES) fail("artifact_truncated", `${length} bytes, the header alone has ${L.HEADER_BYTES}`);
  if (length > artifactBytesMax) fail("artifact_too_large", `${length} bytes, at most ${artifactBytesMax} are loaded`);
  if (wordAt(bytes, L.HEADER_MAGIC_0) !== L.MAGIC_0 || wordAt(bytes, L.HEADER_MAGIC_1) !== L.MAGIC_1) {
    fail("artifact_magic", "the bytes are not a compiled policy");
  }
  const version = wordAt(bytes, L.HEADER_VERSION);
  if (version !== L.FORMAT_VERSION) {
    fail("artifact_version", `format version ${version}, this engine reads ${L.FORMAT_VERSION}`);
  }
  const revision = wordAt(bytes, L.HEADER_REVISION);
  if (revision !== L.LAYOUT_REVISION) {
    fail("artifact_revision", `layout revision ${revision}, this engine reads ${L.LAYOUT_REVISION}`);
  }
  const total = wordAt(bytes, L.HEADER_TOTAL_BYTES);
  if (length < total) fail("artifact_truncated", `${length} bytes of ${total}`);
  if (length > total) fail("artifact_length", `${length} bytes, the header says ${total}`);

  const file = new Uint8Array(new ArrayBuffer((length + 7) & ~7), 0, length);
  file.set(bytes);
  file.fill(0, L.HEADER_CRC, L.HEADER_CRC + 4);
  const sum = crc32(file);
  file.set(bytes.subarray(L.HEADER_CRC, L.HEADER_CRC + 4), L.HEADER_CRC);
  if (sum !== wordAt(file, L.HEADER_CRC)) fail("artifact_checksum", "the checksum does not fit the bytes");
  return file;
}

function checkSections(file: Uint8Array): void {
  if (wordAt(file, L.HEADER_SECTION_COUNT) !== L.SECTION_COUNT) fail("artifact_section", "wrong number of sections");
  let end = L.HEADER_BYTES;
  for (let section = 0; section < L.SECTION_COUNT; section++) {
    const { offset, size } = sectionRange(file, section);
    if (offset === 0 && size === 0) continue;
    if (offset % L.SECTION_ALIGN !== 0 || offset < end || offset > file.length || size > file.length - offset) {
      fail("artifact_section", `section ${section} is out of place`);
    }
    end = offset + size;
  }
}

function checkRecords(file: Uint8Array): Counts {
  const strings = checkStrings(file);
  const rows = recordCount(file, L.SECTION_ROWS, L.ROW_BYTES);
  const globs = recordCount(file, L.SECTION_GLOBS, L.GLOB_BYTES);
  const forbidden = recordCount(file, L.SECTION_FORBIDDEN, L.FORBIDDEN_BYTES);
  const triggers = recordCount(file, L.SECTION_TRIGGERS, L.TRIGGER_BYTES);
  const capabilities = recordCount(file, L.SECTION_CAPABILITIES, L.CAPABILITY_BYTES);
  const counts = { strings, rows, globs, forbidden, triggers, capabilities };
  checkPolicy(file, counts);
  checkRows(file, counts);
  checkGlobs(file, counts);
  checkRules(file, counts);
  return counts;
}

function checkStrings(file: Uint8Array): number {
  const count = recordCount(file, L.SECTION_STRING_OFFSETS, 4) - 1;
  const offsets = sectionWords(file, L.SECTION_STRING_OFFSETS);
  let ascending = count >= 1 && offsets[0] === 0 && offsets[1] === 0;
  for (let i = 0; i < count; i++) ascending &&= offsets[i] <= offsets[i + 1];
  if (!ascending || offsets[count] !== sectionRange(file, L.SECTION_STRING_BYTES).size) bad(L.SECTION_STRING_OFFSETS);
  return count;
}

function checkPolicy(file: Uint8Array, { strings }: Counts): void {
  const { offset, size } = sectionRange(file, L.SECTION_POLICY);
  if (size !== L.POLICY_BYTES) bad(L.SECTION_POLICY);
  checkFields(file, L.SECTION_POLICY, L.POLICY_BYTES, [
    [L.POLICY_NAME, strings],
    [L.POLICY_DESCRIPTION, strings],
  ]);
  const scales = [unmappedActions.length, severities.length, 2, enforcementModes.length, 0, severities.length];
  for (let i = 0; i < L.DEFAULT_COUNT; i++) {
    const at = offset + L.POLICY_DEFAULTS + i * L.DEFAULT_BYTES;
    const value = doubleAt(file, at + L.DEFAULT_VALUE);
    const layer = wordAt(file, at + L.DEFAULT_LAYER);
    // The one default that is not a position in a scale is the grace in milliseconds.
    const known = scales[i] > 0 ? Number.isInteger(value) && value < scales[i] : Number.isFinite(value);
    if (!known || value < 0 || (layer > 1 && layer !== L.NONE) || wordAt(file, at + L.DEFAULT_FILE) >= strings) {
      bad(L.SECTION_POLICY);
    }
  }
  checkFields(file, L.SECTION_SOURCES, L.SOURCE_BYTES, [
    [L.SOURCE_LAYER, 2],
    [L.SOURCE_FILE, strings],
    [L.SOURCE_NAME, strings],
  ]);
}

function checkRows(file: Uint8Array, { rows, forbidden, triggers, capabilities }: Counts): void {
  const words = sectionWords(file, L.SECTION_ROWS);
  if (rows < 1 || words.subarray(0, 4).some((word) => word !== L.NONE)) bad(L.SECTION_ROWS);
  checkFields(file, L.SECTION_ROWS, L.ROW_BYTES, [
    [L.ROW_FORBIDDEN, forbidden, true],
    [L.ROW_TRIGGER, triggers, true],
    [L.ROW_CAPABILITY, capabilities, true],
    [L.ROW_GUARDED, 1, true],
  ]);
}

function checkGlobs(file: Uint8Array, counts: Counts): void {
  const { rows, globs, forbidden, triggers, capabilities } = counts;
  const words = sectionWords(file, L.SECTION_GLOBS);
  const textBytes = sectionRange(file, L.SECTION_GLOB_TEXT).size;
  for (let at = 0; at < words.length; at += L.GLOB_BYTES / 4) {
    const size = words[at + L.GLOB_TEXT_BYTES / 4];
    if (size < 1 || size > globBytesMax || words[at + L.GLOB_TEXT_OFFSET / 4] > textBytes - size) bad(L.SECTION_GLOBS);
  }
  checkFields(file, L.SECTION_GLOBS, L.GLOB_BYTES, [
    [L.GLOB_NAME_BYTES_MIN, globBytesMax + 1],
    [L.GLOB_ROW, rows],
    [L.GLOB_LANE, L.LANE_PARALLEL + 1],
  ]);
  checkRanges(file, L.SECTION_GLOBS, L.GLOB_BYTES, L.GLOB_USE_START, L.SECTION_USES, L.USE_BYTES);
  const uses = sectionWords(file, L.SECTION_USES);
  const limits = [forbidden, triggers, capabilities];
  for (let at = 0; at < uses.length; at += L.USE_BYTES / 4) {
    const kind = uses[at + L.USE_KIND / 4];
    if (kind > 2 || uses[at + L.USE_RANK / 4] >= limits[kind]) bad(L.SECTION_USES);
  }
  checkFields(file, L.SECTION_TERM_GLOBS, 4, [[0, globs]]);
  checkFields(file, L.SECTION_CAPABILITY_GLOBS, 4, [[0, globs]]);
}

function checkRules(file: Uint8Array, { strings, globs, triggers }: Counts): void {
  checkFields(file, L.SECTION_FORBIDDEN, L.FORBIDDEN_BYTES, [
    [L.FORBIDDEN_SEVERITY, severities.length],
    [L.FORBIDDEN_LAYER, 2],
    [L.FORBIDDEN_PATTERN, strings],
    [L.FORBIDDEN_GLOB, globs],
    [L.FORBIDDEN_REASON, strings],
    [L.FORBIDDEN_FILE, strings],
  ]);
  checkFields(file, L.SECTION_TRIGGERS, L.TRIGGER_BYTES, [
    [L.TRIGGER_ACTION, triggerActions.length],
    [L.TRIGGER_LAYER, 2],
    [L.TRIGGER_CONDITION, strings],
    [L.TRIGGER_REASON, strings],
    [L.TRIGGER_FILE, strings],
  ]);
  checkRanges(file, L.SECTION_TRIGGERS, L.TRIGGER_BYTES, L.TRIGGER_TERM_START, L.SECTION_TERMS, L.TERM_BYTES);
  checkFields(file, L.SECTION_TERMS, L.TERM_BYTES, [[L.TERM_TRIGGER, triggers]]);
  checkRanges(file, L.SECTION_TERMS, L.TERM_BYTES, L.TERM_GLOB_START, L.SECTION_TERM_GLOBS, 4);
  checkRanges(file, L.SECTION_TERMS, L.TERM_BYTES, L.TERM_TEST_START, L.SECTION_TESTS, L.TEST_BYTES);
  checkFields(file, L.SECTION_TESTS, L.TEST_BYTES, [
    [L.TEST_COUNT_NAME, 3],
    [L.TEST_COMPARISON, 6],
  ]);
  const tests = sectionRange(file, L.SECTION_TESTS);
  for (let at = tests.offset; at < tests.offset + tests.size; at += L.TEST_BYTES) {
    if (!Number.isSafeInteger(doubleAt(file, at + L.TEST_VALUE))) bad(L.SECTION_TESTS);
  }
  checkFields(file, L.SECTION_CAPABILITIES, L.CAPABILITY_BYTES, [
    [L.CAPABILITY_NAME, strings],
    [L.CAPABILITY_LAYER, 2],
    [L.CAPABILITY_DESCRIPTION, strings],
    [L.CAPABILITY_FILE, strings],
  ]);
  const capability = [L.SECTION_CAPABILITIES, L.CAPABILITY_BYTES] as const;
  checkRanges(file, ...capability, L.CAPABILITY_ACTION_START, L.SECTION_CAPABILITY_ACTIONS, 4);
  checkRanges(file, ...capability, L.CAPABILITY_GLOB_START, L.SECTION_CAPABILITY_GLOBS, 4);
  checkFields(file, L.SECTION_CAPABILITY_ACTIONS, 4, [[0, strings]]);
}

/** Whole records only. */
function recordCount(file: Uint8Array, section: number, recordBytes: number): number {
  const { size } = sectionRange(file, section);
  if (size % recordBytes !== 0) bad(section);
  return size / recordBytes;
}

function checkFields(file: Uint8Array, section: number, recordBytes: number, fields: readonly Field[]): void {
  recordCount(file, section, recordBytes);
  const words = sectionWords(file, section);
  const stride = recordBytes >>> 2;
  for (const [offset, limit, none] of fields) {
    // NONE plus one is 0, so with that added one comparison serves both kinds of field.
    const bias = none ? 1 : 0;
    for (let at = offset >>> 2, end = words.length, over = limit + bias; at < end; at += stride) {
      if ((words[at] + bias) >>> 0 >= over) bad(section);
    }
  }
}

/**
 * Each record owns `start, count` (two words at `offset`) of a list: consecutive ranges that use it up. So no entry has
 * two owners, and all records together never hold more than the list.
 */
function checkRanges(
  file: Uint8Array,
  section: number,
  recordBytes: number,
  offset: number,
  list: number,
  listBytes: number,
): void {
  const words = sectionWords(file, section);
  const total = recordCount(file, list, listBytes);
  const stride = recordBytes >>> 2;
  let next = 0;
  for (let at = offset >>> 2; at < words.length; at += stride) {
    if (words[at] !== next || words[at + 1] > total - next) bad(section);
    next += words[at + 1];
  }
  if (next !== total) bad(list);
}

function bad(section: number): never {
  return fail("artifact_record", `section ${section} holds an impossible record`);
}

function fail(code: ArtifactError["code"], message: string): never {
  throw new ArtifactError(code, message);
}
