import type { ToolOutcome } from "../../engine/result.js";
import type { Card, Policy } from "../../policy/model.js";
import type { Experience, History, ObservedTool } from "./history.js";

export type Strictness = "permissive" | "balanced" | "strict";

/** What a draft is learned from. Equal requests give equal drafts. */
export interface DraftRequest {
  readonly name: string;
  readonly history: History;
  readonly strictness: Strictness;
  readonly card: Card | undefined;
  /** The policy in use, which the draft would replace. */
  readonly existing: Policy | undefined;
  /** The policy below it. */
  readonly org: Policy | undefined;
  /** What both say today of every name, without a card; undefined without either. */
  readonly outcomes: ReadonlyMap<string, Pick<ToolOutcome, "cause" | "capability" | "forbidden" | "triggers">> | undefined;
  /** Names of tools that exist, called or not. */
  readonly inventory: readonly string[];
}

/** Where a rule of the draft comes from. */
export type Origin = "existing" | "learned";

/** A glob of a draft and what supports it. */
export interface DraftGlob {
  readonly pattern: string;
  /** `literal`: one observed name. `general`: made from several. `kept`: of the existing policy. */
  readonly kind: "literal" | "general" | "kept";
  /** The observed tools it is there for. */
  readonly tools: readonly ObservedTool[];
}

export interface DraftCapability {
  readonly name: string;
  readonly origin: Origin;
  readonly description: string;
  readonly cardActions: readonly string[];
  readonly globs: readonly DraftGlob[];
  /** 0 to 1, two decimals. */
  readonly confidence: number;
  /** What somebody should look at. */
  readonly reviewNotes: readonly string[];
}

/** A forbidden rule or a trigger of a draft. */
export interface DraftRule {
  /** Position in the draft's section. */
  readonly index: number;
  readonly origin: Origin;
  /** What it rests on, in words. */
  readonly evidence: string;
  readonly confidence: number;
  readonly reviewNotes: readonly string[];
}

export interface DraftDefaults {
  readonly evidence: readonly string[];
  readonly confidence: number;
  readonly reviewNotes: readonly string[];
}

/** A tool that was called and that the draft does not map. */
export interface LeftUnmapped {
  readonly tool: ObservedTool;
  readonly why: string;
}

export interface ReasoningStep {
  readonly step: number;
  readonly action: string;
  readonly rationale: string;
}

/** What was proven about the globs of a draft. */
export interface DraftProof {
  /** Globs with wildcards in the draft. */
  readonly wildcardGlobs: number;
  /** Forbidden rules and denying triggers they were held against. */
  readonly forbiddenRules: number;
  /** Names that exist and were not called, against which they were held. */
  readonly unobservedNames: number;
  /** States that the exploration of all names looked at, over all rounds. */
  readonly states: number;
  /** Generalisations that were refused, with a name that shows why. */
  readonly refused: readonly { readonly pattern: string; readonly witness: string; readonly why: string }[];
}

export interface Draft {
  readonly policy: Policy;
  readonly capabilities: readonly DraftCapability[];
  readonly forbidden: readonly DraftRule[];
  readonly triggers: readonly DraftRule[];
  readonly defaults: DraftDefaults;
  readonly unmapped: readonly LeftUnmapped[];
  readonly experience: Experience;
  readonly proof: DraftProof;
  readonly reasoning: readonly ReasoningStep[];
  /** Of each section, 0 to 1; undefined for one without rules. */
  readonly confidences: {
    readonly capabilityMappings: number | undefined;
    readonly forbidden: number | undefined;
    readonly escalationTriggers: number | undefined;
    readonly defaults: number;
  };
  readonly confidence: number;
}

/** How careful each strictness is. */
export interface Care {
  /** Distinct tools from which on a glob may stand for them; undefined: never. */
  readonly generalizeFrom: number | undefined;
  /** From 2 on, enough of those tools have to be in use whichever one session is left out. */
  readonly sessionsMin: number;
  /** Calls from which on a tool is mapped. */
  readonly callsMin: number;
  /** Score from which on a tool is taken to serve a card action. */
  readonly alignmentMin: number;
  /** Refused calls from which on a tool is forbidden, or asked about. */
  readonly denialsMin: number;
  /** Calls that were asked about from which on a tool is asked about. */
  readonly asksMin: number;
  /** What becomes of deleting tools that neither the card nor the existing policy speaks of. */
  readonly deleting: "mapped" | "escalated" | "forbidden";
}

export const careOf: Readonly<Record<Strictness, Care>> = {
  permissive: {
    generalizeFrom: 2,
    sessionsMin: 1,
    callsMin: 1,
    alignmentMin: 0.2,
    denialsMin: 3,
    asksMin: 3,
    deleting: "mapped",
  },
  balanced: {
    generalizeFrom: 3,
    sessionsMin: 2,
    callsMin: 1,
    alignmentMin: 0.35,
    denialsMin: 2,
    asksMin: 2,
    deleting: "escalated",
  },
  strict: {
    generalizeFrom: undefined,
    sessionsMin: 2,
    callsMin: 2,
    alignmentMin: 0.5,
    denialsMin: 1,
    asksMin: 1,
    deleting: "forbidden",
  },
};
