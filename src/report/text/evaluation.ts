import { escapeText } from "../../diagnostics/escape.js";
import type { Cause, Evaluation, ToolOutcome } from "../../engine/result.js";
import type { Paint } from "../paint.js";
import { coverageLines } from "./coverage.js";
import { violationLines, warningLines } from "./findings.js";
import { count, lines, mark, pad, ruleAndPlace, span, toolName, widest } from "./words.js";

export const causeWords: Record<Cause, string> = {
  guardrail_missing: "guardrail missing",
  forbidden: "forbidden",
  invalid_tool_name: "invalid tool name",
  escalation_denied: "denied by a trigger",
  capability_exceeded: "exceeds the card",
  unmapped_denied: "unmapped, denied",
  guardrail_denied: "outside the guardrail",
  escalated: "needs approval",
  trigger_warned: "warned by a trigger",
  forbidden_soft: "forbidden below fail_on",
  unmapped_in_grace: "unmapped, in grace",
  unmapped_warned: "unmapped",
  mapped: "mapped",
  unmapped_allowed: "unmapped, allowed",
  fault: "internal fault",
};

export interface EvaluationTextFrame {
  /** "now" of the evaluation: what "expires in" counts from. */
  readonly evaluatedAtMs: number;
  /** Why the command exits 1, in words; empty when it does not. */
  readonly exitReasons: readonly string[];
  /** The agent whose ingested runs were judged; undefined for tools and files. */
  readonly runsOf?: string | undefined;
  /** Whether a card was named at all: without one coverage is not printed. */
  readonly cardGiven: boolean;
}

/** The evaluation for people: verdict, violations, warnings, what happened to every tool, coverage. */
export function evaluationText(evaluation: Evaluation, frame: EvaluationTextFrame, paint: Paint): string {
  const { violations, warnings, tools } = evaluation;
  const calls = tools.reduce((sum, t) => sum + t.calls, 0);
  const of = evaluation.policy.sources.map((s) => `${escapeText(s.file)} (${s.layer})`).join(" + ");
  const what = calls === tools.length ? count(calls, "tool") : `${count(tools.length, "tool")}, ${count(calls, "call")}`;
  return lines(
    `${mark(evaluation.verdict, paint)} ${paint.strong(paint[evaluation.verdict](evaluation.verdict.toUpperCase()))}  ${what}, decision ${evaluation.action} (enforcement mode ${evaluation.mode})`,
    paint.faint(`  policy ${of}`),
    frame.runsOf === undefined ? undefined : paint.faint(`  recorded runs of agent ${escapeText(frame.runsOf)} in the registry`),
    section(
      "Violations",
      violations.map((v) => violationLines(v, paint)),
    ),
    section(
      "Warnings",
      warnings.map((w) => warningLines(w, frame.evaluatedAtMs, paint)),
    ),
    "",
    "Tools",
    tools.length === 0 ? ["  none"] : outcomeLines(tools, paint),
    "",
    frame.cardGiven ? coverageLines(evaluation.coverage, paint) : undefined,
    notes(evaluation, frame, paint),
    frame.exitReasons.map((reason) => paint.fail(`✗ ${reason}`)),
  );
}

function section(title: string, entries: readonly string[][]): string[] {
  if (entries.length === 0) return [];
  return ["", `${title} (${entries.length})`, ...entries.flat().map((line) => `  ${line}`)];
}

/** A line per tool: mark, name, cause, deciding rule. */
export function outcomeLines(tools: readonly ToolOutcome[], paint: Paint): string[] {
  const names = tools.map((t) => toolName(t.tool) + (t.calls > 1 ? ` ×${t.calls}` : ""));
  const causes = tools.map((t) => causeWords[t.cause]);
  const nameWidth = Math.min(60, widest(names));
  const causeWidth = widest(causes);
  return tools.map((t, i) => {
    const rule = t.rule === null ? "" : `  ${ruleAndPlace(t.rule, paint)}`;
    return `  ${mark(t.verdict, paint)} ${pad(names[i], nameWidth)}  ${pad(causes[i], causeWidth)}${rule}`;
  });
}

function notes(evaluation: Evaluation, frame: EvaluationTextFrame, paint: Paint): string[] {
  const result: string[] = [];
  const inGrace = evaluation.warnings.flatMap((w) => w.graceExpiresAtMs ?? []);
  if (inGrace.length > 0) {
    const first = inGrace.reduce((soonest, ms) => (ms > frame.evaluatedAtMs ? Math.min(soonest, ms) : soonest), Infinity);
    const left = first === Infinity ? "over by now" : `first expires in ${span(first - frame.evaluatedAtMs)}`;
    result.push(paint.warn(`${count(inGrace.length, "unmapped tool")} in grace period (${left})`));
  }
  if (!evaluation.cardChecked) result.push(paint.faint("No card given: card actions were not checked."));
  const grace = graceWords(evaluation.grace);
  if (grace !== undefined && evaluation.violations.some((v) => v.type === "unmapped_denied")) result.push(paint.faint(grace));
  for (const gap of evaluation.cardGaps) {
    const missing = gap.missingCardActions.map(escapeText).join(", ");
    result.push(`Card gap: ${escapeText(gap.tool)} (${escapeText(gap.capability)}) lacks ${missing}`);
  }
  return result;
}

/** Why no grace was given, when it could not be (semantics T2). */
export function graceWords(grace: Evaluation["grace"]): string | undefined {
  switch (grace) {
    case "applied":
      return undefined;
    case "disabled":
      return "The policy gives no grace period.";
    case "no_store":
      return "No grace: nothing says when these tools were first seen.";
    case "store_down":
      return "No grace: the store of first sightings could not be read.";
    case "no_clock":
      return "No grace: the calls carry no time.";
  }
}
