import type { Artifact } from "../artifact/artifact.js";
import { decodeArtifact } from "../artifact/decode.js";
import { decideOnFault } from "../policy/fault.js";
import type { Card } from "../policy/model.js";
import { type ChosenEvaluators, chooseEvaluators } from "./auto.js";
import { type BatchCounts, BatchDecider, type BatchResult, decideEach, tallyOfIds } from "./batch.js";
import { Calls, type NameFacts } from "./calls.js";
import { contextKind, EvaluationRun } from "./evaluate.js";
import type { PackedNames } from "./evaluator.js";
import { type Explanation, explain } from "./explain.js";
import { NameLookup } from "./lookup.js";
import { MatchLister } from "./matches.js";
import type { Context, Decision, Evaluation, Guardrail, Session } from "./result.js";
import { Rules } from "./rules.js";
import { SessionState } from "./session.js";
import { unpackName } from "./tool-names.js";

/** An internal error and the answer it got (semantics F1). */
export interface FaultReport {
  /** The name, or the empty name for what is not a string. */
  readonly tool: string;
  readonly error: unknown;
  readonly decision: Decision;
}

export interface EngineOptions {
  /** Default `auto`. `wasm` by name throws where WASM cannot be compiled; any other name is a TypeError. */
  readonly evaluator?: "auto" | "js" | "wasm";
  /** Called for every fault, so that each allow by fault can be logged; what it throws is swallowed. */
  readonly onFault?: (fault: FaultReport) => void;
}

export interface EngineInfo {
  /** Single checks. */
  readonly evaluator: "js" | "wasm";
  /** Packed batches. */
  readonly bulkEvaluator: "js" | "wasm";
  /** Why WASM is not used, where it was wanted. */
  readonly wasmUnavailable: string | undefined;
  /** SHA-256 of the policy's meaning, hex. */
  readonly digest: string;
  readonly name: string;
  readonly faults: number;
  /** Faults answered with `allow`. */
  readonly faultsAllowed: number;
  readonly artifactBytes: number;
  readonly rows: number;
  readonly globs: number;
}

/** A compiled policy, ready to answer. Holds no clock and does no IO. */
export interface Engine {
  readonly info: EngineInfo;
  /**
   * One call. Never throws for any tool value; a repeated name costs the same at any policy size. Without a session the
   * call is a session of its own.
   * @throws TypeError for an unknown context kind (E10), a session that `openSession` did not make, or a card or guardrail of
   * another shape.
   */
  decide(tool: unknown, context?: Context): Decision;
  /** Many calls in order, equal to deciding each. @throws as `decide`; RangeError for offsets that are too few or end elsewhere. */
  decideBatch(names: readonly unknown[] | PackedNames, context?: Context): BatchResult;
  /** The counts of `decideBatch` without a decision a name; memory does not grow with the names. @throws as `decideBatch`. */
  countBatch(names: readonly unknown[] | PackedNames, context?: Context): BatchCounts;
  /**
   * Counts a dictionary-encoded column: `ids[i]` is the place in `names` of call i. Each name is decided once, unless there is a
   * session. @throws as `decideBatch`; RangeError for an id that no name has.
   */
  countIds(ids: Uint32Array, names: readonly unknown[] | PackedNames, context?: Context): BatchCounts;
  /** Every matching rule and what would apply without it; the session is not advanced. @throws as `decide`. */
  explain(tool: unknown, context?: Context): Explanation;
  /** The result object of E9 for a list of calls, one session. @throws as `decide`. */
  evaluate(tools: readonly unknown[], context?: Context): Evaluation;
  openSession(): Session;
}

/** Decodes an artifact and opens it. @throws ArtifactError for bytes that are no artifact of this version. */
export function openEngine(bytes: Uint8Array, options: EngineOptions = {}): Engine {
  return openArtifact(decodeArtifact(bytes), options);
}

/** Opens a decoded artifact, with its evaluators or given ones. */
export function openArtifact(
  artifact: Artifact,
  options: EngineOptions = {},
  evaluators: ChosenEvaluators = chooseEvaluators(artifact, options.evaluator ?? "auto"),
): Engine {
  return new PolicyEngine(artifact, options, evaluators);
}

class PolicyEngine implements Engine {
  readonly #rules: Rules;
  readonly #calls: Calls;
  readonly #lookup: NameLookup;
  #batches: BatchDecider | undefined;
  #lister: MatchLister | undefined;
  #faults = 0;
  #faultsAllowed = 0;

  constructor(
    private readonly artifact: Artifact,
    private readonly options: EngineOptions,
    private readonly evaluators: ChosenEvaluators,
  ) {
    this.#rules = new Rules(artifact);
    this.#calls = new Calls(this.#rules);
    this.#lookup = new NameLookup(this.#rules, evaluators.single);
  }

  get info(): EngineInfo {
    const { artifact, evaluators } = this;
    return {
      evaluator: evaluators.single.kind,
      bulkEvaluator: evaluators.bulk.kind,
      wasmUnavailable: evaluators.wasmUnavailable,
      digest: artifact.digest,
      name: artifact.name,
      faults: this.#faults,
      faultsAllowed: this.#faultsAllowed,
      artifactBytes: artifact.bytes.length,
      rows: artifact.rowCount,
      globs: artifact.globs.count,
    };
  }

  decide(tool: unknown, context?: Context): Decision {
    if (context !== undefined) checkContext(context);
    const session = context?.session as SessionState | undefined;
    const callsBefore = session === undefined ? 0 : session.toolCount;
    try {
      const name = typeof tool === "string" ? tool : "";
      const facts = this.#lookup.factsOf(name);
      if (context !== undefined) return this.#calls.decide(name, facts, context);
      return facts.alone ?? this.#decideAlone(name, facts);
    } catch (error) {
      // The call happened, whatever became of its judgement.
      if (session !== undefined && session.toolCount === callsBefore) session.toolCount++;
      return this.#fault(tool, error);
    }
  }

  #decideAlone(name: string, facts: NameFacts): Decision {
    facts.alone = this.#calls.decide(name, facts, {});
    return facts.alone;
  }

  decideBatch(names: readonly unknown[] | PackedNames, context?: Context): BatchResult {
    return this.#decideAll(names, context, false);
  }

  countBatch(names: readonly unknown[] | PackedNames, context?: Context): BatchCounts {
    return this.#decideAll(names, context, true);
  }

  countIds(ids: Uint32Array, names: readonly unknown[] | PackedNames, context?: Context): BatchCounts {
    const packed = "offsets" in names;
    const calls = this.evaluators.bulk.countIds(ids, packed ? names.count : names.length);
    if (calls === undefined) throw new RangeError("an id of the batch is not that of a name");
    if (context?.session === undefined) return tallyOfIds(ids.length, this.decideBatch(names, context), calls);
    return decideEach(ids.length, (i) => this.decide(packed ? unpackName(names, ids[i]) : names[ids[i]], context));
  }

  #decideAll(names: readonly unknown[] | PackedNames, context: Context | undefined, countsOnly: boolean): BatchResult {
    if (context !== undefined) checkContext(context);
    if (!("offsets" in names)) return decideEach(names.length, (i) => this.decide(names[i], context));
    checkPacked(names);
    const one = (name: string) => this.decide(name, context);
    if (context?.session === undefined && context?.guardrail === undefined) {
      try {
        this.#batches ??= new BatchDecider(this.#calls, this.evaluators.bulk);
        return this.#batches.decide(names, context, one, countsOnly);
      } catch {
        // Fall through: name by name, where each fault is one call's own.
      }
    }
    return decideEach(names.count, (i) => one(unpackName(names, i)));
  }

  explain(tool: unknown, context: Context = {}): Explanation {
    checkContext(context);
    const name = typeof tool === "string" ? tool : "";
    return explain(this.#calls, this.#openLister(), name, this.#lookup.factsOf(name), context);
  }

  evaluate(tools: readonly unknown[], context: Context = {}): Evaluation {
    checkContext(context);
    const factsOf = (name: string) => this.#lookup.factsOf(name);
    const run = new EvaluationRun({ calls: this.#calls, lister: this.#openLister(), factsOf }, context);
    for (const tool of tools) run.call(tool);
    return run.result();
  }

  openSession(): Session {
    return new SessionState();
  }

  #openLister(): MatchLister {
    this.#lister ??= new MatchLister(this.#rules);
    return this.#lister;
  }

  #fault(tool: unknown, error: unknown): Decision {
    this.#faults++;
    const { verdict, action } = decideOnFault({
      engineLoaded: true,
      failOpen: this.artifact.defaults.failOpen.value,
      mode: this.#rules.mode,
    });
    if (action === "allow") this.#faultsAllowed++;
    const decision: Decision = Object.freeze({ verdict, action, cause: "fault", rule: null });
    try {
      this.options.onFault?.({ tool: typeof tool === "string" ? tool : "", error, decision });
    } catch {
      // A failing log must not change the answer.
    }
    return decision;
  }
}

/** Mistakes of the caller, which must not be answered by `fail_open`. */
function checkContext(context: Context): void {
  if (context.kind !== undefined) contextKind(context.kind);
  if (context.session !== undefined && !(context.session instanceof SessionState)) {
    throw new TypeError("the session must come from openSession");
  }
  if (context.card !== undefined && !isCard(context.card)) {
    throw new TypeError("the card must have the lists boundedActions and forbiddenActions");
  }
  if (context.guardrail !== undefined && context.guardrail !== null && !isGuardrail(context.guardrail)) {
    throw new TypeError("the guardrail must have an id, the number expiresAtMs, and lists for tools and allowedCapabilities");
  }
}

/** Only the ends: that offsets ascend is for who made them, as looking at each would slow every batch. */
function checkPacked({ count, offsets, bytes }: PackedNames): void {
  if (!(count >= 0 && count < offsets.length && offsets[count] <= bytes.length)) {
    throw new RangeError("the offsets of a batch must be one more than its names and end within its bytes");
  }
}

function isCard(card: Partial<Card> | null): boolean {
  return Array.isArray(card?.boundedActions) && Array.isArray(card.forbiddenActions);
}

function isGuardrail({ id, expiresAtMs, tools = [], allowedCapabilities = [] }: Partial<Guardrail>): boolean {
  return typeof id === "string" && typeof expiresAtMs === "number" && Array.isArray(tools) && Array.isArray(allowedCapabilities);
}
