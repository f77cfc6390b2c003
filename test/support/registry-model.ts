import type { Context, Evaluation, Guardrail, RuleRef } from "../../src/engine/result.js";
import type { Card, EnforcementMode, Policy, Trigger } from "../../src/policy/model.js";
import { referenceEvaluate } from "../../src/reference/evaluate.js";
import { evaluationJson } from "../../src/report/json/evaluation.js";
import { parsePolicy } from "../../src/syntax/policy.js";

export interface Layers {
  readonly org?: Policy | undefined;
  readonly agent?: Policy | undefined;
}

export interface ModelPolicy {
  readonly text: string;
  readonly version: number;
}

export interface ModelTransaction {
  readonly id: string;
  readonly agent: string;
  readonly guardrail: Guardrail;
  readonly policy: Policy | undefined;
  session: string | undefined;
  ended: boolean;
}

export interface ModelCall {
  readonly agent: string;
  readonly session: string;
  readonly tool: string;
  readonly timeMs: number;
}

export interface Question {
  readonly agent: string | undefined;
  readonly tools: readonly string[];
  readonly context: NonNullable<Context["kind"]> | undefined;
  readonly session: string | undefined;
  readonly transaction: string | undefined;
  readonly inline: Policy | undefined;
}

type Counts = { toolCount: number; unmappedOrgCount: number; unmappedCount: number; violationCount: number };

/** What is expected of an answer. */
export interface Expected {
  /** Undefined where several transactions judge: the specification knows of one. */
  readonly whole: unknown;
  readonly tools: readonly { tool: string; calls: number; verdict: string; decision: string }[];
  readonly verdict: string;
  readonly decision: string;
}

const verdicts = ["pass", "warn", "fail"];
const decisions = ["allow", "warn", "escalate", "deny"];
const modes: readonly EnforcementMode[] = ["off", "warn", "enforce"];
const worst = (scale: readonly string[], list: readonly string[]) =>
  scale[Math.max(0, ...list.map((each) => scale.indexOf(each)))] as string;

/** A registry of one org as docs/semantics.md has it, judged by the executable specification. */
export class RegistryModel {
  nowMs: number;
  readonly policies = new Map<string | undefined, ModelPolicy>();
  readonly cards = new Map<string, Card>();
  readonly transactions = new Map<string, ModelTransaction>();
  readonly calls: ModelCall[] = [];
  readonly #seen = new Map<string, Map<string, number>>();
  readonly #sessions = new Map<string, Counts>();

  constructor(
    readonly org: string,
    nowMs: number,
  ) {
    this.nowMs = nowMs;
  }

  layers(agent: string | undefined, inline?: Policy): Layers {
    if (inline?.meta.scope === "org") return { org: inline };
    const org = agent === undefined ? undefined : this.#parsed(undefined, `orgs/${this.org}/policy.json`);
    if (inline !== undefined) return { org, agent: inline };
    return { org, agent: this.#parsed(agent, `agents/${agent}/policy.json`) };
  }

  #parsed(owner: string | undefined, file: string): Policy | undefined {
    const policy = this.policies.get(owner);
    return policy === undefined ? undefined : parsePolicy(policy.text, { file }).value;
  }

  see(agent: string, tool: string, timeMs: number): void {
    const ofAgent = this.#seen.get(agent) ?? new Map<string, number>();
    ofAgent.set(tool, Math.min(ofAgent.get(tool) ?? timeMs, timeMs));
    this.#seen.set(agent, ofAgent);
  }

  seen(agent: string): ReadonlyMap<string, number> {
    return this.#seen.get(agent) ?? new Map();
  }

  /** What the registry is to answer; real calls change the model as they change the registry. */
  evaluate(question: Question, nowMs = this.nowMs): Expected {
    const { agent, tools, context: kind = "cicd" } = question;
    const layers = this.layers(agent, question.inline);
    const isCall = kind === "gateway" || kind === "runtime";
    const session = agent === undefined ? undefined : question.session;
    const within = this.#within(question, session, isCall);
    const seen = agent === undefined ? undefined : this.seen(agent);
    const base: Context = {
      kind,
      nowMs,
      ...(agent !== undefined && this.cards.has(agent) && { card: this.cards.get(agent) }),
      ...(seen && { sightings: { firstSeenMs: (tool) => seen.get(tool) } }),
    };
    const counts = this.#counts([agent, session]);
    const judge = (guardrail: Guardrail | null | undefined) =>
      referenceEvaluate(layers, tools, { ...base, session: counts, ...(guardrail !== undefined && { guardrail }) });
    const judged =
      within === null ? [judge(null)] : within.length === 0 ? [judge(undefined)] : within.map((one) => judge(one.guardrail));
    const own: Evaluation[] = [];
    for (const { id, policy } of within ?? []) {
      if (policy === undefined) continue;
      const narrow = narrowed(policy, judged[0]?.mode as EnforcementMode);
      const apart = this.#counts([agent, session, id]);
      own.push(referenceEvaluate(narrow, tools, { ...base, session: apart }));
      if (isCall && session !== undefined) this.#advance([agent, session, id], narrow, tools, base);
    }
    if (isCall && session !== undefined) this.#advance([agent, session], layers, tools, base);
    if (isCall && agent !== undefined) for (const tool of tools) this.see(agent, tool, nowMs);
    const all = [...judged, ...own];
    return {
      whole:
        all.length === 1
          ? comparable(evaluationJson(all[0] as Evaluation, { evaluatedAtMs: 0, durationMs: 0, exit: { code: 0, reasons: [] } }))
          : undefined,
      tools: (judged[0] as Evaluation).tools.map(({ tool, calls }, i) => ({
        tool,
        calls,
        verdict: worst(
          verdicts,
          all.map((each) => each.tools[i]?.verdict as string),
        ),
        decision: worst(
          decisions,
          all.map((each) => each.tools[i]?.action as string),
        ),
      })),
      verdict: worst(
        verdicts,
        all.map(({ verdict }) => verdict),
      ),
      decision: worst(
        decisions,
        all.map(({ action }) => action),
      ),
    };
  }

  /** M5: the transactions that judge; null: one was named that denies. */
  #within({ agent, transaction }: Question, session: string | undefined, isCall: boolean): ModelTransaction[] | null {
    const bound = [...this.transactions.values()].filter(
      (one) => one.agent === agent && session !== undefined && one.session === session,
    );
    if (transaction === undefined) return bound;
    const named = this.transactions.get(transaction);
    if (named === undefined || named.agent !== agent) return null;
    if (session === undefined) return [named];
    if (named.session !== undefined && named.session !== session) return null;
    if (isCall) named.session = session;
    return [...new Set([named, ...bound])];
  }

  /** What one agent's calls of some time come to, trace by trace. */
  historical(question: {
    agent: string;
    inline: Policy | undefined;
    context: Context["kind"];
    sinceMs: number;
    untilMs: number;
  }) {
    const { agent, inline, sinceMs, untilMs } = question;
    const layers = this.layers(agent, inline);
    const seen = this.seen(agent);
    const wanted = this.calls
      .filter((call) => call.agent === agent && call.timeMs >= sinceMs && call.timeMs < untilMs)
      .sort((a, b) => a.timeMs - b.timeMs);
    const sessions = new Map<string, { counts: Counts; verdict: string; found: Set<string> }>();
    for (const { session, tool, timeMs } of wanted) {
      const state = sessions.get(session) ?? { counts: none(), verdict: "pass", found: new Set() };
      sessions.set(session, state);
      const context: Context = {
        kind: question.context ?? "cicd",
        nowMs: timeMs,
        sightings: { firstSeenMs: (name) => seen.get(name) },
        ...(this.cards.has(agent) && { card: this.cards.get(agent) }),
      };
      const judged = referenceEvaluate(layers, [tool], { ...context, session: state.counts });
      state.verdict = worst(verdicts, [state.verdict, judged.verdict]);
      for (const found of judged.violations) {
        const { kind, layer, index } = found.rule;
        state.found.add(JSON.stringify([found.tool, found.type, kind, layer, index]));
      }
      state.counts = after(state.counts, layers, tool, context);
    }
    const all = [...sessions.values()];
    const count = (verdict: string) => all.filter((one) => one.verdict === verdict).length;
    return {
      traces: all.length,
      calls: wanted.length,
      summary: { pass: count("pass"), warn: count("warn"), fail: count("fail"), skipped: 0 },
      violations: all.reduce((sum, { found }) => sum + found.size, 0),
    };
  }

  #counts(of: readonly (string | undefined)[]): Counts {
    return of.includes(undefined) ? none() : (this.#sessions.get(JSON.stringify(of)) ?? none());
  }

  #advance(of: readonly (string | undefined)[], layers: Layers, tools: readonly string[], context: Context): void {
    let counts = this.#counts(of);
    for (const tool of tools) counts = after(counts, layers, tool, context);
    this.#sessions.set(JSON.stringify(of), counts);
  }
}

function none(): Counts {
  return { toolCount: 0, unmappedOrgCount: 0, unmappedCount: 0, violationCount: 0 };
}

/** E7: counts know the violations but those of guardrails and of triggers with counts. */
function after(before: Counts, layers: Layers, tool: string, context: Context): Counts {
  const [outcome] = referenceEvaluate(
    { org: withoutCounts(layers.org), agent: withoutCounts(layers.agent) },
    [tool],
    context,
  ).tools;
  const { capability = null, verdict } = outcome ?? {};
  return {
    toolCount: before.toolCount + 1,
    unmappedOrgCount: before.unmappedOrgCount + (capability?.layer === "org" ? 0 : 1),
    unmappedCount: before.unmappedCount + (capability === null ? 1 : 0),
    violationCount: before.violationCount + (verdict === "fail" ? 1 : 0),
  };
}

function withoutCounts(policy: Policy | undefined): Policy | undefined {
  if (policy === undefined) return undefined;
  const triggers = policy.triggers.flatMap((trigger): Trigger[] => {
    const terms = trigger.condition.terms.filter(({ tests }) => tests.length === 0);
    return terms.length === 0 ? [] : [{ ...trigger, condition: { ...trigger.condition, terms } }];
  });
  return { ...policy, triggers };
}

/** A transaction's own policy judges at least in the base's mode, and without grace. */
function narrowed(policy: Policy, mode: EnforcementMode): Layers {
  const enforcementMode = worst(modes, [mode, policy.defaults.enforcementMode ?? "warn"]) as EnforcementMode;
  const strict = { ...policy, defaults: { ...policy.defaults, enforcementMode, gracePeriodHours: 0 } };
  return policy.meta.scope === "org" ? { org: strict } : { agent: strict };
}

/** What two evaluations have to say alike: sentences, the order of findings and what only a registry knows are each one's own. */
export function comparable(evaluation: object): unknown {
  const json = JSON.parse(JSON.stringify(evaluation));
  const rule = (found: Partial<RuleRef> | null) => {
    if (found === null) return null;
    const { reason: _, pattern: __, ...rest } = found;
    return rest;
  };
  const lists = (found: { rule?: RuleRef; reason?: string }[]) =>
    found
      .map(({ reason: _, ...rest }) => JSON.stringify(sortedKeys({ ...rest, ...(rest.rule && { rule: rule(rest.rule) }) })))
      .sort();
  const { verdict, decision, mode, coverage, card_checked, grace, context } = json;
  return {
    ...{ verdict, decision, mode, coverage, card_checked, grace, context },
    tools: json.tools.map((tool: Record<string, RuleRef & RuleRef[]>) => ({
      ...tool,
      rule: rule(tool["rule"] ?? null),
      capability: rule(tool["capability"] ?? null),
      also_matches: tool["also_matches"]?.map(rule),
      forbidden: tool["forbidden"]?.map(rule),
      triggers: lists((tool["triggers"] ?? []).map((each) => ({ rule: each }))),
    })),
    violations: lists(json.violations),
    warnings: lists(json.warnings),
    escalations: lists(json.escalations),
    card_gaps: lists(json.card_gaps),
    policy: [json.policy.name, json.policy.sources],
  };
}

function sortedKeys(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(sortedKeys);
  return Object.fromEntries(
    Object.entries(value)
      .sort()
      .map(([key, each]) => [key, sortedKeys(each)]),
  );
}
