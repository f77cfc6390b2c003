import type { PolicyDiff } from "../analysis/diff/policy-diff.js";
import type { FloorReport } from "../analysis/floor.js";
import type { PublishedPolicy } from "../registry/shapes.js";

/** Whose policy a command of the registry is about. */
export interface OwnerFrame {
  readonly org: string;
  /** Undefined: the org's own policy. */
  readonly agent: string | undefined;
  /** The registry, for people. */
  readonly place: string;
}

/** A change of the active policy as it is shown. */
export interface PublishRun {
  readonly owner: OwnerFrame;
  /** What becomes active: a file, or `support-1@2`. */
  readonly after: string;
  /** The same with what lies below it. */
  readonly compared: string;
  /** What is active now, and what lies below it: `org@2 + support-1@3`; empty for nothing. */
  readonly before: string;
  readonly diff: PolicyDiff | undefined;
  readonly floor: FloorReport | undefined;
  /** The org's version below an agent's policy, such as `org@2`. */
  readonly below: string | undefined;
  /** The org has a policy that could not be read to compare with. */
  readonly orgHidden: boolean;
  readonly activeVersion: number | undefined;
  /** Undefined: nothing was changed. */
  readonly published: PublishedPolicy | undefined;
  readonly dryRun: boolean;
  readonly version: string;
}
