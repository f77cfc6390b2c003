import type { DraftCapability, DraftRule } from "../../analysis/recommend/draft.js";
import { escapeText } from "../../diagnostics/escape.js";
import type { ReplaySummary } from "../../trace/replay-report.js";
import type { ShownRecommendation } from "../json/recommend.js";
import type { Paint } from "../paint.js";
import { clock, count, lines, listed, quoted, toolName } from "./words.js";

/** Calls that are no evidence, in words: what an odd time stamp has pushed out should be seen. */
export function leftOutWords({ undatedCalls, outsideCalls }: { undatedCalls: number; outsideCalls: number }): string[] {
  return [
    outsideCalls === 0 ? [] : `${count(outsideCalls, "call")} outside of the window`,
    undatedCalls === 0 ? [] : `${count(undatedCalls, "call")} without a time`,
  ].flat();
}

/** Globs named on one line. */
const namedMax = 4;

/** What was recommended and why, for people. `file`: where the draft was written. */
export function recommendText(
  shown: ShownRecommendation,
  frame: { strictness: string; reasons: readonly string[]; file?: string | undefined },
  paint: Paint,
): string {
  const { draft, observed, validation } = shown;
  const { history } = observed;
  const window = history.lastMs === undefined ? "" : `, ${clock(history.firstMs)} to ${clock(history.lastMs)}`;
  const sections = draft.confidences;
  const part = (name: string, value: number | undefined) => (value === undefined ? [] : [`${name} ${value}`]);
  return lines(
    `${paint.strong("Recommendation")} ${shown.id} (${frame.strictness}), confidence ${draft.confidence}`,
    `Learned from ${count(history.calls, "call")} of ${count(history.tools.length, "tool")} in ${count(history.sessions, "session")}${window}`,
    leftOutWords(observed).map((words) => `Not looked at: ${words}`),
    `Confidence: ${[...part("capability_mappings", sections.capabilityMappings), ...part("forbidden", sections.forbidden), ...part("escalation_triggers", sections.escalationTriggers), ...part("defaults", sections.defaults)].join(", ")}`,
    section(
      `capability_mappings (${draft.capabilities.length})`,
      draft.capabilities.flatMap((each) => capabilityLines(each, paint)),
      paint,
    ),
    section(
      `forbidden (${draft.forbidden.length})`,
      ruleLines(draft.forbidden, (i) => quoted(draft.policy.forbidden[i]?.pattern.glob.source ?? ""), paint),
      paint,
    ),
    section(
      `escalation_triggers (${draft.triggers.length})`,
      ruleLines(draft.triggers, (i) => escapeText(draft.policy.triggers[i]?.condition.text ?? ""), paint),
      paint,
    ),
    section("defaults", defaultLines(shown, paint), paint),
    section(
      `Called, and not mapped (${draft.unmapped.length})`,
      draft.unmapped.map(
        ({ tool, why }) => `${toolName(tool.tool)}  ${count(tool.calls, "call")}; ${paint.faint(escapeText(why))}`,
      ),
      paint,
    ),
    section(
      "Reasoning",
      draft.reasoning.map(({ step, action, rationale }) => `${step}. ${action}: ${escapeText(rationale)}`),
      paint,
    ),
    "",
    validation.valid ? `${paint.pass("✓")} valid` : paint.fail("✗ not valid"),
    validation.errors.map(({ path, message }) => `  ${escapeText(path)}: ${escapeText(message)}`),
    shown.replayed && `Replayed over the same window, without grace: ${replayWords(shown.replayed)}`,
    shown.replayedBefore && `The policy in use:                            ${replayWords(shown.replayedBefore)}`,
    frame.file === undefined
      ? undefined
      : `Written to ${escapeText(frame.file)}. Review it, then: smoltbot policy test ${escapeText(frame.file)} --traces ...`,
    frame.reasons.map((reason) => paint.fail(`Exit 1: ${reason}`)),
  );
}

function section(title: string, rows: readonly string[], paint: Paint): string[] | undefined {
  return rows.length === 0 ? undefined : ["", paint.strong(title), ...listed(rows)];
}

function capabilityLines({ name, cardActions, globs, confidence, reviewNotes, origin }: DraftCapability, paint: Paint): string[] {
  const patterns = globs.slice(0, namedMax).map(({ pattern }) => quoted(pattern));
  const more = globs.length > namedMax ? `, and ${globs.length - namedMax} more` : "";
  return [
    `${confidence.toFixed(2)}  ${escapeText(name)} -> ${cardActions.map(escapeText).join(", ")}${origin === "existing" ? paint.faint("  (existing)") : ""}`,
    `      ${patterns.join(", ")}${more}`,
    ...reviewNotes.map((note) => paint.warn(`      review: ${escapeText(note)}`)),
  ];
}

function ruleLines(rules: readonly DraftRule[], label: (index: number) => string, paint: Paint): string[] {
  return rules.flatMap(({ index, confidence, evidence, reviewNotes, origin }) => [
    `${confidence.toFixed(2)}  ${label(index)}${origin === "existing" ? paint.faint("  (existing)") : ""}`,
    `      ${escapeText(evidence)}`,
    ...reviewNotes.map((note) => paint.warn(`      review: ${escapeText(note)}`)),
  ]);
}

function defaultLines({ draft }: ShownRecommendation, paint: Paint): string[] {
  const { defaults } = draft.policy;
  return [
    `unmapped ${defaults.unmappedToolAction} (${defaults.unmappedSeverity}), enforcement ${defaults.enforcementMode}, grace ${defaults.gracePeriodHours} h, fail_open ${defaults.failOpen}`,
    ...draft.defaults.evidence.map((each) => `      ${escapeText(each)}`),
    ...draft.defaults.reviewNotes.map((note) => paint.warn(`      review: ${escapeText(note)}`)),
  ];
}

function replayWords({ traces, pass, warn, fail, calls, callVerdicts: by }: ReplaySummary): string {
  const n = (value: number) => value.toLocaleString("en-US");
  return `${count(traces, "trace")}: ${n(pass)} pass, ${n(warn)} warn, ${n(fail)} fail; ${count(calls, "call")}: ${n(by.pass)} pass, ${n(by.warn)} warn, ${n(by.fail)} fail`;
}
