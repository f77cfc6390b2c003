import type { Draft, DraftRule } from "../../analysis/recommend/draft.js";
import type { ObservedTool } from "../../analysis/recommend/history.js";
import type { Policy } from "../../policy/model.js";
import type { ReplaySummary } from "../../trace/replay-report.js";
import { orderedJson } from "./ordered.js";
import { timeJson, visibleJson } from "./rule.js";

/** What is written of a recommendation. */
export interface ShownRecommendation {
  readonly id: string;
  readonly draft: Draft;
  readonly observed: {
    readonly history: {
      readonly calls: number;
      readonly sessions: number;
      readonly days: number;
      readonly tools: readonly ObservedTool[];
      readonly firstMs: number | undefined;
      readonly lastMs: number | undefined;
    };
    readonly undatedCalls: number;
    readonly outsideCalls: number;
  };
  readonly validation: {
    readonly valid: boolean;
    readonly errors: readonly { readonly path: string; readonly message: string }[];
  };
  readonly replayed: ReplaySummary | undefined;
  readonly replayedBefore: ReplaySummary | undefined;
}

/** `smoltbot policy recommend --format json`: the documented answer of the service, with the evidence beside it. */
export function recommendJson(shown: ShownRecommendation, frame: RecommendFrame): string {
  return visibleJson(`${orderedJson(recommendValue(shown, frame))}\n`);
}

export interface RecommendFrame {
  readonly strictness: string;
  readonly reasons: readonly string[];
  readonly code: number;
}

/** The same as a value; Maps keep the order of names that people choose. */
export function recommendValue(shown: ShownRecommendation, frame: RecommendFrame): object {
  const { draft, observed } = shown;
  const { history } = observed;
  return {
    schema: "smoltbot.recommend/1",
    recommendation_id: shown.id,
    policy: policyJson(draft.policy),
    recommendation: sectionsJson(draft),
    reasoning_chain: draft.reasoning,
    confidence: draft.confidence,
    validation: shown.validation,
    strictness: frame.strictness,
    observed: {
      calls: history.calls,
      sessions: history.sessions,
      days: history.days,
      tools: history.tools.length,
      first_seen: timeJson(history.firstMs),
      last_seen: timeJson(history.lastMs),
      undated_calls: observed.undatedCalls,
      outside_calls: observed.outsideCalls,
      maturity: draft.experience.maturity,
    },
    replay: shown.replayed && replayJson(shown.replayed),
    replay_before: shown.replayedBefore && replayJson(shown.replayedBefore),
    proof: {
      wildcard_globs: draft.proof.wildcardGlobs,
      forbidden_rules: draft.proof.forbiddenRules,
      unobserved_names: draft.proof.unobservedNames,
      states: draft.proof.states,
      refused: draft.proof.refused,
    },
    unmapped_tools: draft.unmapped.map(({ tool, why }) => ({ ...toolJson(tool), why })),
    exit: { code: frame.code, reasons: frame.reasons },
  };
}

/** The policy document as the service takes it. */
function policyJson({ meta, capabilities, forbidden, triggers, defaults }: Policy): object {
  return {
    meta: { schema_version: meta.schemaVersion, name: meta.name, description: meta.description, scope: meta.scope },
    capability_mappings: new Map(
      capabilities.map((capability) => [
        capability.name,
        {
          description: capability.description,
          tools: capability.tools.map(({ glob }) => glob.source),
          card_actions: capability.cardActions.map(({ value }) => value),
        },
      ]),
    ),
    forbidden: forbidden.map(({ pattern, reason, severity }) => ({ pattern: pattern.glob.source, reason, severity })),
    escalation_triggers: triggers.map(({ condition, action, reason }) => ({ condition: condition.text, action, reason })),
    defaults: {
      unmapped_tool_action: defaults.unmappedToolAction,
      unmapped_severity: defaults.unmappedSeverity,
      fail_open: defaults.failOpen,
      enforcement_mode: defaults.enforcementMode,
      grace_period_hours: defaults.gracePeriodHours,
      fail_on: defaults.failOn,
    },
  };
}

function sectionsJson({ policy, capabilities, forbidden, triggers, defaults, confidences }: Draft): object {
  const { forbidden: rules, triggers: conditions } = policy;
  return {
    capability_mappings: new Map(
      capabilities.map((capability) => [
        capability.name,
        {
          confidence: capability.confidence,
          tools: capability.globs.map(({ pattern }) => pattern),
          card_actions: capability.cardActions,
          review_note: reviewNote(capability.reviewNotes),
          origin: capability.origin,
          evidence: capability.globs.map(({ pattern, kind, tools }) => ({ pattern, kind, tools: tools.map(toolJson) })),
        },
      ]),
    ),
    forbidden: forbidden.map((note) => ({ pattern: rules[note.index]?.pattern.glob.source, ...ruleNote(note) })),
    escalation_triggers: triggers.map((note) => ({ condition: conditions[note.index]?.condition.text, ...ruleNote(note) })),
    defaults: {
      confidence: defaults.confidence,
      evidence: defaults.evidence.join("; "),
      review_note: reviewNote(defaults.reviewNotes),
    },
    section_confidence: {
      capability_mappings: confidences.capabilityMappings,
      forbidden: confidences.forbidden,
      escalation_triggers: confidences.escalationTriggers,
      defaults: confidences.defaults,
    },
  };
}

function ruleNote({ confidence, origin, evidence, reviewNotes }: DraftRule): object {
  return { confidence, origin, evidence, review_note: reviewNote(reviewNotes) };
}

function reviewNote(notes: readonly string[]): string | undefined {
  return notes.length === 0 ? undefined : notes.join("; ");
}

function toolJson({ tool, calls, sessions, days, firstMs, lastMs, denied, approved, escalated }: ObservedTool): object {
  return { tool, calls, sessions, days, first_seen: timeJson(firstMs), last_seen: timeJson(lastMs), denied, approved, escalated };
}

function replayJson({ traces, pass, warn, fail, calls, callVerdicts }: ReplaySummary): object {
  return {
    traces,
    pass,
    warn,
    fail,
    calls,
    calls_pass: callVerdicts.pass,
    calls_warn: callVerdicts.warn,
    calls_fail: callVerdicts.fail,
  };
}
