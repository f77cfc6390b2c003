import type {
  Artifact,
  CapabilityEntry,
  ForbiddenEntry,
  GlobEntry,
  Place,
  SourcedValue,
  TermEntry,
  TriggerEntry,
} from "./artifact.js";
import { dumpAutomaton, dumpLanes, laneNames } from "./dump-lanes.js";
import {
  FLAG_DFA,
  FORMAT_VERSION,
  GLOB_BYTES,
  GLOB_LANE,
  GLOB_NAME_BYTES_MIN,
  GLOB_ROW,
  HEADER_CRC,
  HEADER_FLAGS,
  HEADER_REVISION,
  HEADER_SECTIONS,
  NONE,
  ROW_BYTES,
  SECTION_COUNT,
  SECTION_GLOBS,
  SECTION_ROWS,
} from "./layout.js";

export interface DumpOptions {
  /** Also list every state and transition of the automaton; long for large policies. */
  readonly automaton?: boolean;
}

/** In the order of the section table. */
const sectionNames = [
  "string offsets",
  "string bytes",
  "policy",
  "sources",
  "rows",
  "globs",
  "glob text",
  "uses",
  "forbidden",
  "triggers",
  "terms",
  "term globs",
  "tests",
  "capabilities",
  "capability actions",
  "capability globs",
  "lanes",
  "literals",
  "dfa classes",
  "dfa",
  "prefix",
  "prefix bloom",
  "suffix",
  "suffix bloom",
  "grams",
  "gram bloom",
  "postings",
  "dense",
];

/**
 * A decoded artifact as readable text: equal bytes give equal text, ASCII only, one fact a line, so that golden files can be
 * reviewed and compared. O(artifact).
 */
export function dumpArtifact(artifact: Artifact, options: DumpOptions = {}): string {
  const view = new DataView(artifact.bytes.buffer, artifact.bytes.byteOffset, artifact.bytes.byteLength);
  const flags = view.getUint32(HEADER_FLAGS, true);
  const out: string[] = [
    `smoltbot artifact, format ${FORMAT_VERSION}, revision ${view.getUint32(HEADER_REVISION, true)}, ${artifact.bytes.length} bytes`,
    `crc     ${view.getUint32(HEADER_CRC, true).toString(16).padStart(8, "0")}`,
    `digest  ${artifact.digest}`,
    `policy  ${ascii(artifact.name)}${artifact.description === "" ? "" : `  ${ascii(artifact.description)}`}`,
    ...artifact.sources.map((s) => `source  ${s.layer} ${ascii(s.file)} ${ascii(s.name)}`),
  ];
  heading(out, "defaults", Object.keys(artifact.defaults).length, dumpDefaults(artifact));
  heading(out, "forbidden", artifact.forbidden.count, entries(artifact.forbidden, dumpForbidden));
  heading(out, "triggers", artifact.triggers.count, entries(artifact.triggers, dumpTrigger));
  heading(out, "terms", artifact.terms.count, entries(artifact.terms, dumpTerm));
  heading(out, "capabilities", artifact.capabilities.count, entries(artifact.capabilities, dumpCapability));
  heading(
    out,
    "globs",
    artifact.globs.count,
    entries(artifact.globs, (glob, id) => dumpGlob(glob, id, view)),
  );
  heading(out, "rows", artifact.rowCount, dumpRows(artifact, view));
  heading(out, "lanes", undefined, dumpLanes(view, flags));
  if (options.automaton && (flags & FLAG_DFA) !== 0) heading(out, "automaton", undefined, dumpAutomaton(view));
  heading(out, "sections", SECTION_COUNT, dumpSections(view));
  return `${out.join("\n")}\n`;
}

function heading(out: string[], title: string, count: number | undefined, lines: readonly string[]): void {
  out.push("", count === undefined ? title : `${title} (${count})`, ...lines.map((line) => `  ${line}`));
}

function entries<T>(table: { count: number; get(index: number): T }, line: (entry: T, index: number) => string): string[] {
  return Array.from({ length: table.count }, (_, i) => `${i}  ${line(table.get(i), i)}`);
}

function dumpDefaults({ defaults: d }: Artifact): string[] {
  const line = (name: string, field: SourcedValue<unknown>) =>
    `${name} ${String(field.value)}  ${field.layer}${field.layer === "default" ? "" : ` ${at(field)}`}`;
  return [
    line("unmapped_tool_action", d.unmappedToolAction),
    line("unmapped_severity", d.unmappedSeverity),
    line("fail_open", d.failOpen),
    line("enforcement_mode", d.enforcementMode),
    line("grace_ms", d.graceMs),
    line("fail_on", d.failOn),
  ];
}

function dumpForbidden(rule: ForbiddenEntry): string {
  return `${rule.severity} ${rule.layer}[${rule.index}] ${ascii(rule.pattern)} glob ${rule.globId}  ${at(rule)}  ${ascii(rule.reason)}`;
}

function dumpTrigger(rule: TriggerEntry): string {
  const terms = `terms ${rule.termStart}..${rule.termStart + rule.termCount - 1}`;
  return `${rule.action} ${rule.layer}[${rule.index}] ${ascii(rule.condition)} ${terms}  ${at(rule)}  ${ascii(rule.reason)}`;
}

function dumpTerm(term: TermEntry): string {
  const globs = term.globIds.map((id) => `glob ${id}`);
  const tests = term.tests.map((test) => `${test.count} ${test.comparison} ${test.value}`);
  return `trigger ${term.trigger}: ${[...globs, ...tests].join(" and ")}`;
}

function dumpCapability(entry: CapabilityEntry): string {
  const actions = entry.cardActions.map(ascii).join(" ");
  const text = entry.description === "" ? "" : `  ${ascii(entry.description)}`;
  return `${entry.layer}[${entry.index}] ${ascii(entry.name)} globs ${entry.globIds.join(" ")} actions ${actions}  ${at(entry)}${text}`;
}

function dumpGlob(glob: GlobEntry, id: number, view: DataView): string {
  const record = section(view, SECTION_GLOBS).offset + id * GLOB_BYTES;
  const lane = laneNames[view.getUint32(record + GLOB_LANE, true)] ?? "?";
  const row = view.getUint32(record + GLOB_ROW, true);
  const least = view.getUint32(record + GLOB_NAME_BYTES_MIN, true);
  const uses = glob.uses.map((use) => `${use.kind} ${use.rank} at ${use.line}:${use.column}`).join(", ");
  return `${ascii(glob.text)} ${lane} row ${row} bytes>=${least}  ${uses}`;
}

function dumpRows(artifact: Artifact, view: DataView): string[] {
  const { offset } = section(view, SECTION_ROWS);
  return Array.from({ length: artifact.rowCount }, (_, id) => {
    const cell = (component: number) => view.getUint32(offset + id * ROW_BYTES + component * 4, true);
    const parts = ["forbidden", "trigger", "capability"].flatMap((name, i) => (cell(i) === NONE ? [] : [`${name} ${cell(i)}`]));
    if (cell(3) !== NONE) parts.push("guarded");
    return `${id}  ${parts.length === 0 ? "nothing" : parts.join(", ")}`;
  });
}

function dumpSections(view: DataView): string[] {
  return sectionNames.flatMap((name, id) => {
    const { offset, bytes } = section(view, id);
    return bytes === 0 ? [] : [`${id}  ${name}  at ${offset}, ${bytes} bytes`];
  });
}

function section(view: DataView, id: number): { offset: number; bytes: number } {
  const at = HEADER_SECTIONS + id * 8;
  return { offset: view.getUint32(at, true), bytes: view.getUint32(at + 4, true) };
}

function at(place: Place): string {
  return place.file === "" ? "nowhere" : `${ascii(place.file)}:${place.line}:${place.column}`;
}

/** JSON quoting, and everything outside printable ASCII as `\u{hex}`: no name can disturb the listing. */
function ascii(text: string): string {
  let quoted = "";
  for (const character of JSON.stringify(text)) {
    const point = character.codePointAt(0) as number;
    quoted += point >= 0x20 && point < 0x7f ? character : `\\u{${point.toString(16)}}`;
  }
  return quoted;
}
