import { actions } from "../engine/judge.js";
import type { Action, Context, Evaluation, Sightings, Verdict } from "../engine/result.js";
import type { SessionState } from "../engine/session.js";
import { preparedNameUnitsMax, preparedToolsMax, preparedUnitsMax } from "../limits.js";
import { graceExpiryMs } from "../policy/grace.js";
import { verdicts } from "../policy/lattice.js";
import type { Card } from "../policy/model.js";
import { evaluationJson } from "../report/json/evaluation.js";
import type { ActivePolicy } from "./active-policy.js";
import type { EvaluateAnswer } from "./shapes.js";

type Lists = "violations" | "warnings" | "escalations" | "card_gaps";
const lists: readonly Lists[] = ["violations", "warnings", "escalations", "card_gaps"];

type Fields = Readonly<Record<Lists, readonly object[]>> & { readonly tools: readonly [object]; readonly coverage: object };

/** What is said of one tool that is called once, as it is answered. */
interface PreparedTool {
  /** Positions on the scales, for the worst of several. */
  readonly verdict: number;
  readonly action: number;
  readonly outcome: object;
  /** JSON of the outcome before and after the number of calls. */
  readonly head: string;
  readonly tail: string;
  readonly found: Readonly<Record<Lists, readonly object[]>>;
  /** JSON of what is in each list, without the brackets. */
  readonly texts: Readonly<Record<Lists, string>>;
  /** What a call adds to the counts of its session (E7). */
  readonly adds: { readonly unmapped: boolean; readonly unmappedOrg: boolean; readonly violation: boolean };
  /** Grace would change it. */
  readonly timed: boolean;
  /** When grace ends, in which it is said. */
  readonly expiryMs: number | undefined;
}

/** Makes the answer, once it is known when it is made and how long it took. */
export type Stamp = (evaluatedAt: string, durationMs: number) => EvaluateAnswer;

interface CalledTool {
  readonly prepared: PreparedTool;
  calls: number;
}

/** What is the same in all answers of one policy, card and context. */
interface SameFields {
  readonly mode: EvaluateAnswer["mode"];
  readonly coverage: object;
  readonly card_checked: boolean;
  readonly policy: object;
  readonly policy_id: string | null;
  readonly policy_version: number | null;
  readonly context: string;
  /** JSON of all of them, without the outer braces. */
  readonly text: string;
}

/** An answer whose lists are made of prepared objects, and its JSON of prepared texts, when somebody asks for it. */
class PreparedAnswer implements EvaluateAnswer {
  readonly verdict: EvaluateAnswer["verdict"];
  readonly decision: EvaluateAnswer["decision"];
  readonly mode: EvaluateAnswer["mode"];
  readonly tools: readonly object[];
  readonly violations: readonly object[];
  readonly warnings: readonly object[];
  readonly escalations: readonly object[];
  readonly card_gaps: readonly object[];
  readonly coverage: object;
  readonly card_checked: boolean;
  readonly grace: string;
  readonly policy: object;
  readonly policy_id: string | null;
  readonly policy_version: number | null;
  readonly context: string;
  readonly evaluated_at: string;
  readonly duration_ms: number;
  readonly #all: readonly CalledTool[];
  readonly #same: SameFields;

  constructor(
    all: readonly CalledTool[],
    same: SameFields,
    head: { readonly verdict: Verdict; readonly decision: Action; readonly grace: string },
    stamp: { readonly evaluatedAt: string; readonly durationMs: number },
  ) {
    this.verdict = head.verdict;
    this.decision = head.decision;
    this.mode = same.mode;
    this.tools = all.map(({ prepared, calls }) => (calls === 1 ? prepared.outcome : { ...prepared.outcome, calls }));
    this.violations = listed(all, "violations");
    this.warnings = listed(all, "warnings");
    this.escalations = listed(all, "escalations");
    this.card_gaps = listed(all, "card_gaps");
    this.coverage = same.coverage;
    this.card_checked = same.card_checked;
    this.grace = head.grace;
    this.policy = same.policy;
    this.policy_id = same.policy_id;
    this.policy_version = same.policy_version;
    this.context = same.context;
    this.evaluated_at = stamp.evaluatedAt;
    this.duration_ms = stamp.durationMs;
    this.#all = all;
    this.#same = same;
  }

  static textOf(answer: object): string | undefined {
    return #all in answer ? answer.#text() : undefined;
  }

  #text(): string {
    let tools = "";
    for (const { prepared, calls } of this.#all) tools += `${tools === "" ? "" : ","}${prepared.head}${calls}${prepared.tail}`;
    let found = "";
    for (const list of lists) {
      let own = "";
      for (const { prepared } of this.#all) {
        const text = prepared.texts[list];
        if (text !== "") own += own === "" ? text : `,${text}`;
      }
      found += `"${list}":[${own}],`;
    }
    const { verdict, decision, grace, evaluated_at, duration_ms } = this;
    const own = `"verdict":"${verdict}","decision":"${decision}","grace":"${grace}"`;
    const stamp = `"evaluated_at":"${evaluated_at}","duration_ms":${duration_ms}`;
    return `{${own},"tools":[${tools}],${found}${this.#same.text},${stamp}}`;
  }
}

/** JSON of an answer, where its parts are there already: a tenth of the time that writing it anew takes. */
export function evaluateText(answer: EvaluateAnswer): string | undefined {
  return PreparedAnswer.textOf(answer);
}

const none: readonly object[] = [];

function listed(all: readonly CalledTool[], list: Lists): readonly object[] {
  let found = none;
  for (const { prepared } of all) {
    const own = prepared.found[list];
    if (own.length > 0) found = found.length === 0 ? own : found.concat(own);
  }
  return found;
}

/** What all of them keep together. When it is too much everything is forgotten, and made again as it is asked for. */
const kept = { units: 0, maps: new Set<Map<string, PreparedTool>>() };

/**
 * Tools of one policy, card and context that have been judged, with what is answered of them. Where no trigger counts (E7) and nothing
 * narrows (M5), a list of tools is judged tool by tool: nothing is judged or written twice. Kept in bounds, over all policies.
 */
export class PreparedTools {
  readonly #tools = new Map<string, PreparedTool>();
  readonly #inGrace = new Map<string, PreparedTool>();
  readonly #same: SameFields;
  readonly #graceMs: number;

  constructor(
    private readonly policy: ActivePolicy,
    private readonly context: Pick<Context, "kind" | "card">,
  ) {
    const { mode, cardChecked, context: kind, policy: identity, coverage } = policy.engine.evaluate([], context);
    const { policyId, version } = policy;
    const { name, digest, sources } = identity;
    const json = fieldsOf({ ...emptyEvaluation, mode, cardChecked, context: kind, policy: identity, coverage });
    this.#graceMs = policy.artifact.defaults.graceMs.value;
    const same = {
      mode,
      coverage: json.coverage,
      card_checked: cardChecked,
      policy: { id: policyId, version, name, digest, sources },
      policy_id: policyId,
      policy_version: version,
      context: kind,
    };
    this.#same = { ...same, text: JSON.stringify(same).slice(1, -1) };
  }

  /** Answers kept. */
  get size(): number {
    return this.#tools.size + this.#inGrace.size;
  }

  /** Judges the calls in order, and advances the session by them. Sightings must not throw. */
  answer(tools: readonly unknown[], nowMs: number, sightings: Sightings | undefined, session: SessionState | undefined): Stamp {
    const called = new Map<string, CalledTool>();
    let verdict = 0;
    let action = 0;
    for (const each of tools) {
      const tool = typeof each === "string" ? each : "";
      const known = called.get(tool);
      if (known !== undefined) {
        known.calls++;
        continue;
      }
      const prepared = this.#toolOf(tool, nowMs, sightings);
      called.set(tool, { prepared, calls: 1 });
      if (prepared.verdict > verdict) verdict = prepared.verdict;
      if (prepared.action > action) action = prepared.action;
    }
    const all = [...called.values()];
    if (session !== undefined) for (const { prepared, calls } of all) count(session, prepared.adds, calls);
    const grace = this.#graceMs === 0 ? "disabled" : sightings === undefined ? "no_store" : "applied";
    const head = { verdict: verdicts[verdict] as Verdict, decision: actions[action] as Action, grace } as const;
    return (evaluatedAt, durationMs) => new PreparedAnswer(all, this.#same, head, { evaluatedAt, durationMs });
  }

  #toolOf(tool: string, nowMs: number, sightings: Sightings | undefined): PreparedTool {
    let prepared = this.#tools.get(tool);
    if (prepared === undefined) {
      prepared = this.#prepared(tool, undefined);
      this.#keep(this.#tools, tool, prepared);
    }
    if (!prepared.timed || sightings === undefined) return prepared;
    const expiryMs = graceExpiryMs(this.#graceMs, nowMs, sightings.firstSeenMs(tool));
    if (expiryMs === undefined) return prepared;
    const before = this.#inGrace.get(tool);
    if (before?.expiryMs === expiryMs) return before;
    const softened = this.#prepared(tool, expiryMs);
    this.#keep(this.#inGrace, tool, softened);
    return softened;
  }

  #prepared(tool: string, expiryMs: number | undefined): PreparedTool {
    const nowMs = expiryMs === undefined ? undefined : expiryMs - this.#graceMs;
    const sightings = nowMs === undefined ? undefined : { firstSeenMs: () => nowMs };
    const evaluation = this.policy.engine.evaluate([tool], { ...this.context, nowMs, sightings });
    const [outcome] = evaluation.tools;
    if (outcome === undefined) throw new TypeError("an evaluation of one tool has one outcome");
    const fields = fieldsOf(evaluation);
    const text = JSON.stringify(fields.tools[0]);
    // The name comes first, and may hold anything: what follows it is found from its length.
    const at = `{"tool":${JSON.stringify(outcome.tool)},"calls":`.length;
    const texts = Object.fromEntries(lists.map((list) => [list, JSON.stringify(fields[list]).slice(1, -1)]));
    return {
      verdict: verdicts.indexOf(evaluation.verdict),
      action: actions.indexOf(evaluation.action),
      outcome: fields.tools[0],
      head: text.slice(0, at),
      tail: text.slice(at + 1),
      found: fields,
      texts: texts as Record<Lists, string>,
      adds: {
        unmapped: outcome.capability === null,
        unmappedOrg: outcome.capability === null || outcome.capability.layer === "agent",
        violation: outcome.verdict === "fail",
      },
      timed: this.policy.hasGrace && evaluation.violations.some(({ type }) => type === "unmapped_denied"),
      expiryMs,
    };
  }

  #keep(tools: Map<string, PreparedTool>, tool: string, prepared: PreparedTool): void {
    if (tool.length > preparedNameUnitsMax) return;
    const { head, tail, texts } = prepared;
    // Objects weigh about as much as their text.
    const units = 2 * (head.length + tail.length + lists.reduce((sum, list) => sum + texts[list].length, 0));
    kept.units += units;
    if (kept.units > preparedUnitsMax) {
      // Also those of policies that nobody asks any more.
      for (const map of kept.maps) map.clear();
      kept.maps.clear();
      kept.units = units;
    } else if (tools.size >= preparedToolsMax) tools.clear();
    kept.maps.add(tools);
    tools.set(tool, prepared);
  }
}

const emptyEvaluation = {
  verdict: "pass",
  action: "allow",
  tools: [],
  violations: [],
  warnings: [],
  escalations: [],
  cardGaps: [],
  grace: "disabled",
} as const;

function fieldsOf(evaluation: Evaluation): Fields {
  return evaluationJson(evaluation, { evaluatedAtMs: 0, durationMs: 0, exit: { code: 0, reasons: [] } }) as unknown as Fields;
}

function count(session: SessionState, { unmapped, unmappedOrg, violation }: PreparedTool["adds"], calls: number): void {
  session.toolCount += calls;
  if (unmappedOrg) session.unmappedOrgCount += calls;
  if (unmapped) session.unmappedCount += calls;
  if (violation) session.violationCount += calls;
}

/** By policy and card, which are kept as objects; contexts are three. */
const prepared = new WeakMap<ActivePolicy, WeakMap<Card | ActivePolicy, Map<string, PreparedTools>>>();

export function preparedTools(policy: ActivePolicy, kind: NonNullable<Context["kind"]>, card: Card | undefined): PreparedTools {
  let ofPolicy = prepared.get(policy);
  if (ofPolicy === undefined) {
    ofPolicy = new WeakMap();
    prepared.set(policy, ofPolicy);
  }
  const of = card ?? policy;
  let byKind = ofPolicy.get(of);
  if (byKind === undefined) {
    byKind = new Map();
    ofPolicy.set(of, byKind);
  }
  let found = byKind.get(kind);
  if (found === undefined) {
    found = new PreparedTools(policy, card === undefined ? { kind } : { kind, card });
    byKind.set(kind, found);
  }
  return found;
}
