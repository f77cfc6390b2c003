import { actions } from "../engine/judge.js";
import type { Evaluation, Guardrail, RuleRef, ToolOutcome } from "../engine/result.js";
import { sessionTransactionsMax } from "../limits.js";
import { verdicts } from "../policy/lattice.js";
import type { EnforcementMode } from "../policy/model.js";
import type { StoredTransaction } from "../store/store.js";
import type { ActivePolicy } from "./active-policy.js";
import type { EngineCache } from "./engines.js";
import type { Services } from "./services.js";

/** What narrows an evaluation (M5). */
export interface Narrowing {
  /** Null: one was named that is not there, so that everything is denied. */
  readonly guardrails: readonly Guardrail[] | null;
  /** Transactions that bring a policy of their own. */
  readonly policies: readonly StoredTransaction[];
}

export const notNarrowed: Narrowing = { guardrails: [], policies: [] };

export interface NarrowingQuestion {
  readonly org: string;
  readonly agent: string | undefined;
  readonly session: string | undefined;
  readonly transaction: string | undefined;
  /** A real call: the session that comes first is bound. */
  readonly binds: boolean;
}

/** The transactions that a call is inside of: the one it names, and those that bind its session. */
export function narrowingOf(services: Services, asked: NarrowingQuestion): Narrowing | Promise<Narrowing> {
  if (asked.transaction !== undefined) return named(services, asked, asked.transaction);
  if (asked.agent === undefined || asked.session === undefined) return notNarrowed;
  const bound = services.engines.transactionsOfSession(asked.org, asked.agent, asked.session);
  return bound instanceof Promise ? bound.then(ofTransactions) : ofTransactions(bound);
}

const denied: Narrowing = { guardrails: null, policies: [] };

async function named(services: Services, asked: NarrowingQuestion, id: string): Promise<Narrowing> {
  const { engines, store } = services;
  const { org, agent, session, binds } = asked;
  const transaction = await engines.transaction(org, id);
  if (transaction === undefined || transaction.agent !== agent) return denied;
  if (session === undefined) return ofTransactions([transaction]);
  const before = await engines.transactionsOfSession(org, transaction.agent, session);
  let owner = transaction.session;
  if (owner === undefined && binds) {
    owner = await store.transactions.bind(org, id, session);
    engines.changed({ kind: "transaction", org, agent: transaction.agent, id });
  }
  return owner === undefined || owner === session ? ofTransactions([transaction, ...before]) : denied;
}

/** None frees a session from another, so that who is inside of one cannot name a wider one and be rid of it. */
function ofTransactions(found: readonly StoredTransaction[]): Narrowing {
  if (found.length === 0) return notNarrowed;
  const all = new Map(found.map((one) => [one.transactionId, one]));
  if (all.size > sessionTransactionsMax) return denied;
  const transactions = [...all.values()];
  return {
    guardrails: transactions.map(guardrailOf),
    policies: transactions.filter(({ policySource }) => policySource !== undefined),
  };
}

/** Engines keep what they work out about a guardrail by its object. */
const guardrails = new WeakMap<StoredTransaction, Guardrail>();

export function guardrailOf(transaction: StoredTransaction): Guardrail {
  let guardrail = guardrails.get(transaction);
  if (guardrail === undefined) {
    const { transactionId, expiresAtMs, endedAtMs, tools, allowedCapabilities } = transaction;
    guardrail = {
      id: transactionId,
      // What was ended stays so when the clock jumps back.
      expiresAtMs: endedAtMs === undefined ? expiresAtMs : Number.NEGATIVE_INFINITY,
      ...(tools && { tools }),
      ...(allowedCapabilities && { allowedCapabilities }),
    };
    guardrails.set(transaction, guardrail);
  }
  return guardrail;
}

/** Opens what `guardrailEngine` answers with, where that takes its time. */
export async function openGuardrails({ engines }: Services, { policies }: Narrowing, mode: EnforcementMode): Promise<void> {
  for (const { policySource } of policies) await engines.inline.open(labelOf(mode), { text: policySource as string, mode });
}

/** The transaction's own policy, ready to judge beside a base of this mode. */
export function guardrailEngine(engines: EngineCache, source: string, mode: EnforcementMode): ActivePolicy {
  return engines.inline.openInPlace(labelOf(mode), { text: source, mode });
}

const labelOf = (mode: EnforcementMode): string => `guardrail/${mode}`;

/** Both judged the same list of calls: the worse of both wins, tool by tool. */
export function worseOf(base: Evaluation, narrower: Evaluation): Evaluation {
  const of = <T extends { readonly rule: RuleRef }>(found: T): T => ({ ...found, rule: inTransaction(found.rule) });
  return {
    ...base,
    verdict: worst(verdicts, base.verdict, narrower.verdict),
    action: worst(actions, base.action, narrower.action),
    tools: base.tools.map((outcome, i) => worseOutcome(outcome, narrower.tools[i] as ToolOutcome)),
    violations: [...base.violations, ...narrower.violations.map(of)],
    warnings: [...base.warnings, ...narrower.warnings.filter(({ type }) => type !== "notice").map(of)],
    escalations: [...base.escalations, ...narrower.escalations.map(of)],
    cardGaps: [...base.cardGaps, ...narrower.cardGaps],
  };
}

function worseOutcome(base: ToolOutcome, narrower: ToolOutcome): ToolOutcome {
  const action = worst(actions, base.action, narrower.action);
  const verdict = worst(verdicts, base.verdict, narrower.verdict);
  const decides =
    actions.indexOf(narrower.action) > actions.indexOf(base.action) ||
    (narrower.action === base.action && verdict !== base.verdict);
  return {
    ...base,
    verdict,
    action,
    cause: decides ? narrower.cause : base.cause,
    rule: decides ? narrower.rule && inTransaction(narrower.rule) : base.rule,
    forbidden: [...base.forbidden, ...narrower.forbidden.map(inTransaction)],
    triggers: [...base.triggers, ...narrower.triggers.map(inTransaction)],
  };
}

function inTransaction(rule: RuleRef): RuleRef {
  return rule.kind === "name" ? rule : { ...rule, layer: "transaction" };
}

function worst<T>(scale: readonly T[], a: T, b: T): T {
  return scale.indexOf(a) >= scale.indexOf(b) ? a : b;
}
