import { NONE } from "../artifact/layout.js";
import { matchGlob } from "../glob/match.js";
import { actionOf } from "./judge.js";
import type { Decision, Guardrail, RuleRef } from "./result.js";
import type { Rules } from "./rules.js";

/** Where a call stands to a guardrail, and what decides when it is not inside. */
export interface Stand {
  readonly place: "inside" | "outside" | "missing";
  readonly reason: string;
  readonly decision: Decision | null;
}

/** A guardrail made ready against one policy (semantics M5). It only narrows; both of its lists must let a tool through. */
export class GuardrailView {
  readonly #inside: Stand = { place: "inside", reason: "", decision: null };
  readonly #outsideTools: Stand;
  readonly #outsideCapabilities: Stand;
  readonly #expired: Stand;
  readonly #capabilities: ReadonlySet<number> | undefined;

  constructor(
    private readonly guardrail: Guardrail,
    rules: Rules,
    /** Rank of a capability to judge without. */
    omitted = NONE,
  ) {
    const stand = (place: "outside" | "missing", reason: string): Stand => standing(place, guardrail.id, reason, rules);
    this.#outsideTools = stand("outside", "the tool is outside the transaction");
    this.#outsideCapabilities = stand("outside", "the capability is outside the transaction");
    this.#expired = stand("missing", "the transaction guardrail has expired");
    this.#capabilities = guardrail.allowedCapabilities && allowedRanks(guardrail.allowedCapabilities, rules, omitted);
  }

  /** `capability` is the rank of the deciding entry, or NONE. A guardrail that cannot be dated denies like an expired one. */
  stand(name: string, capability: number, nowMs: number | undefined): Stand {
    if (!(nowMs !== undefined && nowMs < this.guardrail.expiresAtMs)) return this.#expired;
    const { tools } = this.guardrail;
    if (tools !== undefined && !tools.some((glob) => matchGlob(glob, name))) return this.#outsideTools;
    if (this.#capabilities !== undefined && (capability === NONE || !this.#capabilities.has(capability)))
      return this.#outsideCapabilities;
    return this.#inside;
  }
}

/** The stand of every call when an id was given and no guardrail was found. */
export function missingGuardrail(rules: Rules): Stand {
  return standing("missing", "", "the transaction guardrail was not found", rules);
}

function standing(place: "outside" | "missing", id: string, reason: string, rules: Rules): Stand {
  const rule: RuleRef = Object.freeze({
    kind: "guardrail",
    layer: "transaction",
    index: -1,
    label: id,
    reason,
    file: "",
    line: 0,
    column: 0,
  });
  const cause = place === "missing" ? "guardrail_missing" : "guardrail_denied";
  return { place, reason, decision: Object.freeze({ verdict: "fail", action: actionOf(cause, rules.mode), cause, rule }) };
}

/** Entries with an allowed name; the agent's additions to an org capability do not widen it. */
function allowedRanks(allowed: readonly string[], rules: Rules, omitted: number): ReadonlySet<number> {
  const names = new Set(allowed);
  const orgNames = new Set<string>();
  const ranks = new Set<number>();
  for (let rank = 0; rank < rules.artifact.capabilities.count; rank++) {
    if (rank === omitted) continue;
    const { name, layer } = rules.capability(rank);
    if (layer === "org") orgNames.add(name);
    if (names.has(name) && (layer === "org" || !orgNames.has(name))) ranks.add(rank);
  }
  return ranks;
}
