import { escapeText } from "../../diagnostics/escape.js";
import type { RuleRef, Verdict } from "../../engine/result.js";
import type { Paint } from "../paint.js";

/** "1 rule", "2 rules", "1,234 calls". */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString("en-US")} ${n === 1 ? one : many}`;
}

export const marks: Record<Verdict, string> = { pass: "✓", warn: "!", fail: "✗" };

/** The verdict's mark in the verdict's colour. */
export function mark(verdict: Verdict, paint: Paint): string {
  return paint[verdict](marks[verdict]);
}

/** `policy.yaml:33`, or only the layer where a rule stands in no file. */
export function place(rule: RuleRef): string {
  if (rule.kind === "name") return "";
  if (rule.file === "") return rule.layer === "default" ? "documented default" : rule.layer;
  const at = `${escapeText(rule.file)}:${rule.line}`;
  return rule.layer === "default" ? at : `${at} (${rule.layer})`;
}

/** A rule and its place on one line, the place faint. */
export function ruleAndPlace(rule: RuleRef, paint: { faint(text: string): string }): string {
  const where = place(rule);
  return where === "" ? ruleName(rule) : `${ruleName(rule)}  ${paint.faint(where)}`;
}

/** What a rule is, in a few words: its kind and how the author wrote it. */
export function ruleName(rule: RuleRef): string {
  const label = escapeText(rule.label);
  switch (rule.kind) {
    case "forbidden":
      return `forbidden ${quoted(rule.pattern ?? rule.label)}`;
    case "trigger":
      return `trigger ${label}`;
    case "capability":
      return rule.pattern === undefined ? `capability ${label}` : `capability ${label}, glob ${quoted(rule.pattern)}`;
    case "default":
      return `defaults.${label}${rule.action === undefined ? "" : `: ${rule.action}`}${rule.severity === undefined ? "" : `, severity ${rule.severity}`}`;
    case "guardrail":
      return `guardrail ${label}`;
    case "name":
      return "the tool name itself";
  }
}

/** A tool's name for people, escaped; an empty one would not be seen. */
export function toolName(tool: string): string {
  return tool === "" ? "(empty name)" : escapeText(tool);
}

/** User text between double quotes, escaped for terminals. */
export function quoted(text: string): string {
  return `"${escapeText(text)}"`;
}

/** Milliseconds as `18h`, `45m` or `3d 4h`, rounded up so that "expires in" never says 0 while it lasts. */
export function span(ms: number): string {
  const minutes = Math.max(1, Math.ceil(ms / 60_000));
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.ceil(minutes / 60);
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days}d` : `${days}d ${hours % 24}h`;
}

/** `2026-02-07 00:14:01Z`: seconds are enough for people. */
export function clock(ms: number | undefined): string {
  return ms === undefined
    ? "no time"
    : new Date(ms)
        .toISOString()
        .replace("T", " ")
        .replace(/\.\d+Z$/, "Z");
}

/** Pads by what a terminal shows; callers pass text without colour marks. */
export function pad(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - [...text].length));
}

/** Columns of the widest of some texts, at least `least`. A loop, because a call cannot take a hundred thousand arguments. */
export function widest(texts: Iterable<string>, least = 0): number {
  let columns = least;
  for (const text of texts) columns = Math.max(columns, [...text].length);
  return columns;
}

/** Rows of a list that a reader still reads; the rest is counted. */
const listedMax = 30;

/** The first rows of a list, indented, and how many more there are. */
export function listed(rows: readonly string[], indent = "  "): string[] {
  const shown = rows.slice(0, listedMax).map((row) => `${indent}${row}`);
  return rows.length > listedMax ? [...shown, `          and ${(rows.length - listedMax).toLocaleString("en-US")} more`] : shown;
}

/** The line that says how many of a list are not shown; none when all are. */
export function andMore(hidden: number, indent: string, one: string): string[] {
  return hidden <= 0 ? [] : [`${indent}and ${count(hidden, `more ${one}`)}`];
}

export function lines(...parts: readonly (string | readonly string[] | undefined)[]): string {
  const all: string[] = [];
  for (const part of parts) {
    if (typeof part === "string") all.push(part);
    else if (part !== undefined) for (const line of part) all.push(line);
  }
  return `${all.join("\n")}\n`;
}
