import type { Span } from "../diagnostics/diagnostic.js";
import type { Located } from "./model.js";

/** One file of policy tests, parsed and checked: what a policy must say about tools. docs/policy-tests.md is its manual. */
export interface Suite {
  /** The label of the file, as diagnostics and reports show it. */
  readonly file: string;
  /** Paths as written, relative to the folder of the file. */
  readonly policy?: Located<string>;
  readonly org?: Located<string>;
  readonly card?: Located<string>;
  /** Who asks, for the cases that do not say it themselves. */
  readonly context?: SuiteContext;
  /** All cases, also those of groups, in the order of the file. */
  readonly cases: readonly SuiteCase[];
}

export type SuiteContext = "cicd" | "gateway" | "observer" | "runtime" | "audit";

export interface SuiteCase {
  readonly name: string;
  /** The groups around the case, outermost first. */
  readonly groups: readonly string[];
  /** `tools`: every call is a session of its own. `session`: the calls of one session, in order. */
  readonly kind: "tools" | "session";
  /** Tool names; any text, also the empty one. */
  readonly calls: readonly Located<string>[];
  /** What each call must get; undefined for a call that only leads to the next ones. As long as `calls`. */
  readonly expected: readonly (Expectation | undefined)[];
  /** Cases with equal circumstances share one object, so that they can be told apart by identity. */
  readonly circumstances: Circumstances;
  readonly span: Span;
}

/** What a group or a case says of its calls beyond the file as a whole. */
export interface Circumstances {
  /** A path as written, relative to the folder of the file. */
  readonly card?: Located<string>;
  readonly context?: SuiteContext;
  /** Epoch milliseconds of every call; without it there is no clock and so no grace (semantics T2). */
  readonly nowMs?: number;
  /** Epoch milliseconds by tool; a tool that is not in it is first seen now. Absent: no store, and so no grace (T2). */
  readonly firstSeenMs?: ReadonlyMap<string, number>;
}

/** What is expected of one call. At least one field is there; every one that is must hold. Words are those of the schema. */
export interface Expectation {
  readonly verdict?: Located<string>;
  /** The verdict after the enforcement mode (semantics E8). */
  readonly decision?: Located<string>;
  /** What decided, as the engine names causes. */
  readonly outcome?: Located<string>;
  /** The name of the capability that maps the tool. */
  readonly capability?: Located<string>;
  /** The deciding rule, as its author wrote it. */
  readonly rule?: Located<string>;
  readonly layer?: Located<string>;
  readonly severity?: Located<string>;
  /** All types, in any order, without repetitions. */
  readonly violations?: Located<readonly string[]>;
  readonly warnings?: Located<readonly string[]>;
  readonly escalates?: Located<boolean>;
  /** Rules that must not match, named as in `rule`. */
  readonly notRules?: readonly Located<string>[];
  readonly span: Span;
}
