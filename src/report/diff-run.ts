import type { PolicyDiff } from "../analysis/diff/policy-diff.js";
import type { FloorReport } from "../analysis/floor.js";

/** A comparison as it is shown. */
export interface DiffRun {
  readonly diff: PolicyDiff;
  /** What was compared, as it was named on the command line. */
  readonly before: string;
  readonly after: string;
  /** Why the command exits 1, in words; empty when it does not. */
  readonly exitReasons: readonly string[];
  readonly version: string;
}

/** The floor of one org under some agents. */
export interface FloorRun {
  readonly org: string;
  readonly agents: readonly { readonly file: string; readonly report: FloorReport }[];
  readonly exitReasons: readonly string[];
  readonly version: string;
}
