import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Action, Cause, Evaluation, PolicyIdentity, RuleRef, Verdict, Violation, Warning } from "../engine/result.js";
import type { LeftOut } from "./select.js";
import type { TraceInputSummary } from "./trace-set.js";

/** Shapes of what a replay answers. In-process names are camelCase; `report/` writes the documented snake_case JSON. */

/** Where a call stands. */
export interface CallPlace {
  readonly input: string;
  readonly line: number;
  readonly timeMs: number | undefined;
  readonly subagent: boolean;
}

/** One thing found about the calls of one tool in one trace: the same rule, the same tool, once, with its calls. */
export interface TraceFinding {
  readonly level: "violation" | "warning";
  readonly type: Violation["type"] | Warning["type"];
  /** `*` for a trigger on counts only. */
  readonly tool: string;
  /** Calls it applies to. */
  readonly calls: number;
  readonly reason: string;
  readonly severity: RuleRef["severity"];
  /** The rule, and the file and line where it stands. */
  readonly rule: RuleRef;
  readonly missingCardActions: readonly string[] | undefined;
  readonly graceExpiresAtMs: number | undefined;
  /** The first calls, at most `placesMax`. */
  readonly places: readonly CallPlace[];
}

export interface TraceReport {
  readonly id: string;
  readonly format: string;
  readonly agent: string | undefined;
  readonly input: string;
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
  /** Calls judged; within the time range, if there is one. */
  readonly calls: number;
  readonly subagentCalls: number;
  readonly callVerdicts: VerdictCounts;
  /** The worst of its calls; `skipped` without calls (R1). */
  readonly verdict: Verdict | "skipped";
  /** What enforcement would have done to its worst call; `allow` without calls. */
  readonly action: Action;
  /** Under the policy of `--against`. */
  readonly verdictBefore: Verdict | "skipped" | undefined;
  /** Violations before warnings, each in the order of their first calls. Empty beyond `traceFindingsMax` and `findingsListedMax`: see `detailsDropped`. */
  readonly findings: readonly TraceFinding[];
}

export interface VerdictCounts {
  readonly pass: number;
  readonly warn: number;
  readonly fail: number;
}

export interface ReplaySummary {
  readonly traces: number;
  readonly pass: number;
  readonly warn: number;
  readonly fail: number;
  readonly skipped: number;
  readonly calls: number;
  readonly callVerdicts: VerdictCounts;
  /** Distinct tools among the calls judged. */
  readonly tools: number;
  /** Times of the first and last call judged. */
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
}

/** One glob, trigger or default of the policy and the calls it met. Rules never hit are listed, too, with zeros. */
export interface RuleHits {
  /** For a capability, one entry per tool glob (`rule.pattern`). */
  readonly rule: RuleRef;
  /** Calls it matched, whether or not it decided. */
  readonly calls: number;
  /** Calls whose verdict it decided. */
  readonly decided: number;
  /** Distinct tools it matched. */
  readonly tools: number;
  /** The most called of them. */
  readonly topTools: readonly { readonly tool: string; readonly calls: number }[];
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
  /** The first calls, at most `placesMax`. */
  readonly places: readonly CallPlace[];
}

/** One tool and what the policy says of it: what a reader of the report drills down to. */
export interface ToolReport {
  readonly tool: string;
  /** Names it has in the inputs, where they differ from `tool`; at most 5. */
  readonly rawNames: readonly string[];
  readonly calls: number;
  readonly callVerdicts: VerdictCounts;
  /** Of its worst call. */
  readonly verdict: Verdict;
  readonly action: Action;
  readonly cause: Cause;
  /** What decided its worst call. */
  readonly rule: RuleRef | null;
  /** The first capability that maps it. */
  readonly capability: RuleRef | null;
  /** Every other rule that matches it. */
  readonly alsoMatches: readonly RuleRef[];
  /** What is wrong with it, in words: the reasons of its violations, then of its warnings. */
  readonly reasons: readonly string[];
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
  /** Traces with calls of it; beyond `tracePairsMax` pairs of a trace and a tool, at least so many. */
  readonly traces: number;
  /** The first calls, at most `placesMax`. */
  readonly places: readonly CallPlace[];
}

/** A tool an agent had not used before, at its first time in the whole input. */
export interface NewTool {
  readonly tool: string;
  readonly agent: string | undefined;
  readonly firstMs: number;
  /** Calls judged. */
  readonly calls: number;
  /** Whether a capability maps it. */
  readonly mapped: boolean;
  /** When its grace ends or ended; only for tools that grace concerns. */
  readonly graceExpiresAtMs: number | undefined;
}

/** Calls by verdict over time. */
export interface Timeline {
  /** A whole number of hours, or of days: at most `timelineBucketsMax` buckets result. */
  readonly bucketMs: number;
  /** Ascending; empty buckets are left out. */
  readonly buckets: readonly ({ readonly startMs: number } & VerdictCounts)[];
  /** Calls without a time. */
  readonly undated: VerdictCounts;
}

/** What changes from one policy to another over the same calls (`--against`). */
export interface DecisionChanges {
  readonly old: PolicyIdentity;
  /** Calls: `matrix[old][new]`. */
  readonly calls: Readonly<Record<Verdict, VerdictCounts>>;
  /** Traces: `traces[old][new]`; skipped ones are left out. */
  readonly traces: Readonly<Record<Verdict, VerdictCounts>>;
  /** Cells off the diagonal that are not empty: fail->pass first, then fail->warn, warn->pass, pass->warn, warn->fail, pass->fail. */
  readonly cells: readonly ChangeCell[];
}

export interface ChangeCell {
  readonly from: Verdict;
  readonly to: Verdict;
  /** Less strict than before. */
  readonly weaker: boolean;
  readonly calls: number;
  /** Most called first. */
  readonly tools: readonly ChangedTool[];
}

export interface ChangedTool {
  readonly tool: string;
  readonly calls: number;
  readonly before: { readonly cause: Cause; readonly rule: RuleRef | null; readonly reason: string | undefined };
  readonly after: { readonly cause: Cause; readonly rule: RuleRef | null; readonly reason: string | undefined };
  readonly places: readonly CallPlace[];
}

/** Tools whose argument names the tool that really runs. */
export interface WrapperCalls {
  /** `--unwrap` was given: the inner names were judged. */
  readonly unwrapped: boolean;
  readonly calls: number;
  readonly tools: readonly { readonly tool: string; readonly calls: number }[];
}

export interface ReplayReport {
  readonly summary: ReplaySummary;
  /**
   * Undated ones in the order of the inputs, then oldest first; at most `tracesListedMax`: the worst ones, of those the ones
   * whose findings were kept, of those the latest.
   */
  readonly traces: readonly TraceReport[];
  /** Traces judged and counted but not in `traces`. */
  readonly tracesNotListed: number;
  /** Traces whose findings are not here: beyond `traceFindingsMax` in all, or `findingsListedMax` with those listed. */
  readonly detailsDropped: number;
  /** Most failing calls first, then most warnings; at most 10, none that passes. */
  readonly topFailing: readonly TraceReport[];
  /** Forbidden rules, triggers, then capability globs, org's before agent's, as declared; last the default for unmapped tools. */
  readonly rules: readonly RuleHits[];
  /** Most called first. */
  readonly tools: readonly ToolReport[];
  /** Latest first; at most `newToolsMax`. */
  readonly newTools: readonly NewTool[];
  readonly timeline: Timeline;
  /** Only with a policy to compare with. */
  readonly changes: DecisionChanges | undefined;
  readonly wrappers: WrapperCalls;
  /** Set when reading was stopped early: everything else speaks of what was read until then. */
  readonly partial: { readonly bytesRead: number; readonly bytesTotal: number | undefined } | undefined;
  /** Tools no capability maps, forbidden and invalid ones left out (E5); most used first. */
  readonly unmappedTools: readonly { readonly tool: string; readonly count: number }[];
  /** Tools that only grace kept from failing, per agent. */
  readonly graceTools: readonly ToolInGrace[];
  readonly leftOut: LeftOut;
  /** `off`: switched off by the caller; otherwise why grace could not be given, or `applied`. */
  readonly grace: Evaluation["grace"] | "off";
  readonly cardChecked: boolean;
  readonly mode: Evaluation["mode"];
  readonly context: Evaluation["context"];
  readonly policy: Evaluation["policy"];
  readonly inputs: readonly TraceInputSummary[];
  readonly badLines: number;
  /** Of reading and of selecting; with an error among them the report must not be taken for the whole truth (R1). */
  readonly diagnostics: readonly Diagnostic[];
}

export interface ToolInGrace {
  readonly tool: string;
  readonly agent: string | undefined;
  readonly count: number;
  readonly expiresAtMs: number;
}
