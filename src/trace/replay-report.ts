import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Action, Evaluation, RuleRef, Verdict, Violation, Warning } from "../engine/result.js";
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
  /** The worst of its calls; `skipped` without calls (R1). */
  readonly verdict: Verdict | "skipped";
  /** What enforcement would have done to its worst call; `allow` without calls. */
  readonly action: Action;
  /** Violations before warnings, each in the order of their first calls. */
  readonly findings: readonly TraceFinding[];
}

export interface ReplaySummary {
  readonly traces: number;
  readonly pass: number;
  readonly warn: number;
  readonly fail: number;
  readonly skipped: number;
  readonly calls: number;
}

export interface ReplayReport {
  readonly summary: ReplaySummary;
  readonly traces: readonly TraceReport[];
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
