import type { Random } from "./random.js";

/**
 * Lines of plain events as odd as JSON allows, from a seed: keys in any order and twice, spelled with escapes, one level
 * down and inside text; any spacing; values of every kind; times in every shape. And what becomes of lines on the way.
 */

const keys =
  "tool tool_name toolName tools timestamp time ts created_at timestamp_ms session_id sessionId session conversation_id thread_id trace_id run_id agent_id agentId agent agent_name".split(
    " ",
  );
const idKeys = ["call_id", "callId", "tool_call_id", "toolCallId", "tool_use_id"];
const otherKeys = [
  "",
  "a",
  "args",
  "tool_nam",
  "tool_name_",
  "Tool",
  'x"tool',
  "\\tool",
  "nested",
  "very_long_key_of_no_interest",
  "é",
  "tool\u0000",
];
const names = [
  "Bash",
  "Read",
  "",
  "mcp__github__create_issue",
  "a b",
  "名前",
  "😀",
  "\ud800",
  "x\u0000y",
  'q"uote',
  "back\\slash",
  "tab\t",
];

export interface LineStyle {
  /** Chance of a call id. */
  readonly ids: number;
}

/** One line without its end: nearly always well-formed JSON. */
export function eventLine(r: Random, style: LineStyle): string {
  if (r.chance(0.01)) return r.pick(["", "  ", "null", "[]", "17", '"tool"', "\t\r"]);
  if (r.chance(0.02)) return `[${r.times(r.below(4), () => objectText(r, style, 0)).join(",")}]`;
  const padding = r.chance(0.05) ? blanks(r) : "";
  return `${padding}${objectText(r, style, 0)}${r.chance(0.05) ? blanks(r) : ""}`;
}

function objectText(r: Random, style: LineStyle, depth: number): string {
  const spaced = r.chance(0.3);
  const gap = () => (spaced && r.chance(0.5) ? blanks(r) : "");
  const pairs = r.times(r.below(depth === 0 ? 9 : 4), () => {
    const key = r.chance(style.ids) ? r.pick(idKeys) : r.chance(0.75) ? r.pick(keys) : r.pick(otherKeys);
    return `${gap()}${stringText(r, key, 0.04)}${gap()}:${gap()}${valueFor(r, key, style, depth)}${gap()}`;
  });
  return `{${pairs.length === 0 ? gap() : pairs.join(",")}}`;
}

function blanks(r: Random): string {
  return r.pick([" ", "  ", "\t", "\r", " \t ", "      "]);
}

function valueFor(r: Random, key: string, style: LineStyle, depth: number): string {
  if (r.chance(0.12)) return oddValue(r, style, depth);
  if (/^t(ime|s)|created/.test(key)) return timeText(r);
  if (key === "tools") return `[${r.times(r.below(3), () => stringText(r, r.pick(names), 0.1)).join(",")}]`;
  if (/tool|Tool/.test(key)) return stringText(r, toolName(r), 0.03);
  return stringText(r, r.chance(0.1) ? longText(r) : `${r.pick(["s", "id-", "run/", "ß"])}${r.below(40)}`, 0.03);
}

function toolName(r: Random): string {
  if (r.chance(0.1)) return r.pick(names);
  return r.chance(0.05) ? longText(r) : `mcp__${r.pick(["github", "slack", "fs"])}__${"tool_".repeat(r.below(4))}${r.below(30)}`;
}

/** Lengths around the sizes at which the scanner changes its ways. */
function longText(r: Random): string {
  const length = r.pick([15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 95, 96, 97, 240, 255, 256, 257, 300, 1000]);
  return `${"abcdefgh".repeat(130).slice(0, length - 1)}${r.below(3)}`;
}

function oddValue(r: Random, style: LineStyle, depth: number): string {
  if (depth < 4 && r.chance(0.4)) {
    const inner = () => objectText(r, style, depth + 1);
    return r.chance(0.6) ? inner() : `[${r.times(r.below(3), () => (r.chance(0.5) ? inner() : "[1,[2]]")).join(",")}]`;
  }
  const decoy = '{"tool":"decoy","session":"decoy","tool_name" : "}{"}';
  return r.pick([
    "null",
    "true",
    "false",
    "0",
    "-1",
    "12",
    "0.5",
    "1e3",
    "123456789012345678901234",
    "[]",
    "{}",
    '""',
    JSON.stringify(decoy),
  ]);
}

/** The same text in one of the many ways JSON has to write it. */
function stringText(r: Random, text: string, escapes: number): string {
  let written = "";
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const plain = code >= 0x20 && code !== 0x22 && code !== 0x5c && (code < 0xd800 || code > 0xdfff);
    const pair = code >= 0xd800 && code < 0xdc00 && i + 1 < text.length;
    if (pair && !r.chance(escapes)) written += text[i]! + text[++i]!;
    else if (plain && !r.chance(escapes)) written += text[i];
    else if (code === 0x22 || code === 0x5c) written += r.chance(0.5) ? `\\${text[i]}` : unicodeEscape(code);
    else written += code === 0x2f && r.chance(0.5) ? "\\/" : unicodeEscape(code);
  }
  return `"${written}"`;
}

function unicodeEscape(code: number): string {
  return `\\u${code.toString(16).padStart(4, "0")}`;
}

export function timeText(r: Random): string {
  const two = (most: number) => String(r.below(most + 1)).padStart(2, "0");
  const date = `${r.pick(["2026", "2026", "1970", "2000", "0050", "9999", "1582"])}-${two(13)}-${two(32)}`;
  if (r.chance(0.1)) return `"${date}"`;
  if (r.chance(0.3)) return epochText(r);
  const fraction = r.chance(0.6)
    ? `${r.pick([".", ".", ","])}${String(r.below(1e9)).slice(0, 1 + r.below(9))}${r.chance(0.1) ? "0001234" : ""}`
    : "";
  const zone = r.pick(["Z", "Z", "z", "", " Z", "+02:00", "-0730", "+05", "+5", "-00:00", "+99:99", "UTC", "+02:"]);
  const clock = `${two(24)}:${two(60)}${r.chance(0.9) ? `:${two(61)}${fraction}` : ""}`;
  const text = `${date}${r.pick(["T", "T", "T", " ", "t", "_"])}${clock}${zone}`;
  return `"${r.chance(0.05) ? text.replace(/\d/, "x") : text}"`;
}

function epochText(r: Random): string {
  const digits = r.pick([
    "1767225600",
    "1767225600123",
    "1767225600123456",
    "1767225600123456789",
    "99999999",
    "100000000",
    "1".repeat(20),
  ]);
  const number = `${digits.slice(0, -1)}${r.below(10)}${r.chance(0.3) ? `.${r.below(1000000)}` : ""}`;
  return r.pick([number, number, `"${number}"`, `"0${number}"`, `${number}e0`, `-${number}`]);
}

/** What happens to bytes: cut, doubled, replaced, with pieces put between. Lines stay apart except where an end gets lost. */
export function damagedBytes(r: Random, bytes: Buffer): Buffer {
  const pieces = ['"', "\\", "{", "}", "[", "]", ":", ",", "\n", "\u0000", "\\u0074", '"tool":"x"', "\ufeff", "}{", "\t", "\r\n"];
  let damaged = bytes;
  for (let edits = r.between(1, 3); edits > 0; edits--) {
    const at = r.below(damaged.length);
    const until = r.chance(0.5) ? at : Math.min(damaged.length, at + r.between(1, 12));
    const piece = r.chance(0.2) ? Buffer.from([r.below(256)]) : r.chance(0.8) ? Buffer.from(r.pick(pieces)) : Buffer.alloc(0);
    damaged = Buffer.concat([damaged.subarray(0, at), piece, damaged.subarray(until)]);
  }
  return r.chance(0.1) ? damaged.subarray(0, r.below(damaged.length)) : damaged;
}
