import { coverageOf } from "../policy/coverage.js";
import { verdicts } from "../policy/lattice.js";
import type { Card, Severity } from "../policy/model.js";
import { type Calls, EXCEEDED, IN_GRACE, type NameFacts } from "./calls.js";
import type { Stand } from "./guardrail.js";
import { actions, causes, verdictOf } from "./judge.js";
import type { Matches, MatchLister } from "./matches.js";
import type {
  Cause,
  Context,
  ContextKind,
  Decision,
  Evaluation,
  RuleRef,
  ToolOutcome,
  Violation,
  ViolationType,
  Warning,
  WarningType,
} from "./result.js";
import { nameRule, type Rules } from "./rules.js";
import { SessionState, testsHold } from "./session.js";
import { isUnusualName } from "./tool-names.js";

const kinds = new Map<unknown, ContextKind>([
  [undefined, "gateway"],
  ["cicd", "cicd"],
  ["gateway", "gateway"],
  ["runtime", "gateway"],
  ["observer", "observer"],
  ["audit", "observer"],
]);

/** E10. @throws TypeError for an unknown kind. */
export function contextKind(kind: unknown): ContextKind {
  const found = kinds.get(kind);
  if (found === undefined) throw new TypeError("the context must be one of cicd, gateway (or runtime), observer (or audit)");
  return found;
}

/** One thing worth reporting about a tool; `*` is the tool of a trigger that held by its counts alone (E7). */
interface Finding {
  readonly tool: string;
  readonly cause: Cause | "notice";
  readonly rule: RuleRef;
  readonly reason: string;
  readonly severity?: Severity;
  readonly missing?: readonly string[];
  readonly graceExpiresAtMs?: number;
}

/** One distinct tool of the list, with what does not change between its calls. */
interface Entry {
  readonly name: string;
  readonly matches: Matches;
  readonly facts: NameFacts;
  readonly circumstances: number;
  readonly stand: Stand;
  readonly findings: readonly Finding[];
  calls: number;
  worst: Decision | undefined;
  /** Ranks of the triggers that fired for it, as they came up. */
  readonly triggers: Set<number>;
  /** Counted triggers already reported for this tool. */
  readonly reported: Set<number>;
}

const triggerCauses = { deny: "escalation_denied", escalate: "escalated", warn: "trigger_warned" } as const;

/** What an evaluation asks of the engine. */
export interface EvaluationSource {
  readonly calls: Calls;
  readonly lister: MatchLister;
  factsOf(name: string): NameFacts;
}

/**
 * Judges a list of calls as one session, in order, and reports every tool (semantics E9). Matching rules are listed once
 * for each distinct tool; each call then costs as many steps as there are terms with counts.
 */
export class EvaluationRun {
  private readonly rules: Rules;
  private readonly calls: Calls;
  readonly #session: SessionState;
  private readonly kind: ContextKind;
  readonly #entries = new Map<string, Entry>();
  readonly #findings: Finding[] = [];
  /** Triggers already reported for tool `*`. */
  readonly #reported = new Set<number>();
  #grace: Evaluation["grace"];

  /** @throws TypeError for an unknown context kind (E10). */
  constructor(
    private readonly source: EvaluationSource,
    private readonly context: Context,
  ) {
    this.calls = source.calls;
    this.rules = source.calls.rules;
    this.kind = contextKind(context.kind);
    this.#session = (context.session as SessionState | undefined) ?? new SessionState();
    this.#grace = this.calls.graceState(context);
  }

  /** Judges the next call; what is not a string is judged as the empty name (G2). */
  call(tool: unknown): void {
    const name = typeof tool === "string" ? tool : "";
    let entry = this.#entries.get(name);
    const isFirst = entry === undefined;
    if (entry === undefined) {
      entry = this.#open(name);
      this.#entries.set(name, entry);
    }
    entry.calls++;
    this.calls.count(entry.facts, entry.circumstances, this.#session);
    const fresh = isFirst ? [...entry.findings] : [];
    fresh.push(...this.#countedTriggers(entry));
    fresh.sort((a, b) => strength(a.cause) - strength(b.cause));
    this.#findings.push(...fresh);
    const trigger = this.calls.strongestTrigger(entry.facts, this.#session, this.rules.countTerms);
    const facts = trigger < entry.facts.trigger ? entry.facts.withTrigger(trigger) : entry.facts;
    const decision = this.calls.under(entry.stand, facts, entry.circumstances);
    if (entry.worst === undefined || strength(decision.cause) < strength(entry.worst.cause)) entry.worst = decision;
  }

  result(): Evaluation {
    const { artifact } = this.rules;
    const tools = [...this.#entries.values()].map((entry) => this.#outcome(entry));
    const { capabilities } = artifact;
    const entries = Array.from({ length: this.context.card === undefined ? 0 : capabilities.count }, (_, rank) =>
      capabilities.get(rank),
    );
    return {
      verdict: worst(
        verdicts,
        tools.map((tool) => tool.verdict),
      ),
      action: worst(
        actions,
        tools.map((tool) => tool.action),
      ),
      mode: this.rules.mode,
      tools,
      violations: this.#findings.flatMap(violation),
      warnings: this.#findings.flatMap(warning),
      escalations: this.#findings.flatMap(({ cause, tool, reason, rule }) =>
        cause === "escalated" ? [{ tool, reason, rule }] : [],
      ),
      cardGaps: this.kind === "observer" ? this.#findings.flatMap(cardGap) : [],
      coverage: coverageOf(this.context.card, entries),
      context: this.kind,
      cardChecked: this.context.card !== undefined,
      grace: this.#grace,
      policy: { name: artifact.name, digest: artifact.digest, sources: artifact.sources },
    };
  }

  #open(name: string): Entry {
    const { calls, context, rules } = this;
    const facts = this.source.factsOf(name);
    const matches = this.source.lister.list(name, facts.invalid);
    const findings: Finding[] = [];
    let circumstances = 0;
    for (const match of matches.forbidden) {
      const rule = this.source.lister.ref("forbidden", match);
      const cause = match.rank < rules.hardForbidden ? "forbidden" : "forbidden_soft";
      findings.push({ tool: name, cause, rule, reason: rule.reason as string, severity: rule.severity as Severity });
    }
    const hard = facts.forbidden < rules.hardForbidden;
    const missing = context.card === undefined ? [] : calls.missingActions(context.card, facts.capability);
    if (missing.length > 0) circumstances |= EXCEEDED;
    if (facts.invalid) {
      const reason = "the name is empty or not well-formed text";
      findings.push({ tool: name, cause: "invalid_tool_name", rule: nameRule, reason, severity: "high" });
    } else if (matches.capabilities.length > 0) {
      if (missing.length > 0 && !hard) findings.push(this.#exceeded(name, matches, missing));
    } else {
      // A store that failed once is not asked again in this evaluation.
      const asked = this.#grace === "applied" && calls.mayHaveGrace(facts);
      const expiry = asked ? calls.graceExpiryMs(name, context) : undefined;
      if (expiry === "down") this.#grace = "store_down";
      if (typeof expiry === "number") circumstances |= IN_GRACE;
      if (!hard) findings.push(...this.#unmapped(name, expiry));
    }
    if (!facts.invalid && isUnusualName(name)) {
      const reason = "the name has characters outside printable ASCII";
      findings.push({ tool: name, cause: "notice", rule: nameRule, reason });
    }
    for (const match of matches.triggers) findings.push(this.#fired(name, match.rank, this.source.lister.ref("trigger", match)));
    const stand = calls.stand(name, facts.capability, { ...context, session: this.#session });
    if (stand.decision !== null) {
      const { cause, rule } =
        stand.place === "missing" ? stand.decision : { cause: "guardrail_denied" as const, rule: stand.decision.rule };
      findings.push({ tool: name, cause, rule: rule as RuleRef, reason: stand.reason, severity: "high" });
    }
    const triggers = new Set(matches.triggers.map(({ rank }) => rank));
    return { name, matches, facts, circumstances, stand, findings, calls: 0, worst: undefined, triggers, reported: new Set() };
  }

  #exceeded(tool: string, matches: Matches, missing: readonly string[]): Finding {
    const { grants } = this.calls.card(this.context.card as Card);
    const rule = this.source.lister.ref("capability", matches.capabilities[0]);
    const reason = `the card does not grant ${missing.join(", ")}`;
    return { tool, cause: "capability_exceeded", rule, reason, severity: grants.severity(missing), missing };
  }

  #unmapped(tool: string, expiry: number | "down" | undefined): Finding[] {
    const { unmapped: action, unmappedSeverity: severity, unmappedRule: rule } = this.rules;
    if (action === "allow") return [];
    const finding = { tool, rule, severity, reason: `no capability maps the tool and unmapped_tool_action is ${action}` };
    if (action === "warn") return [{ ...finding, cause: "unmapped_warned" }];
    if (typeof expiry === "number") return [{ ...finding, cause: "unmapped_in_grace", graceExpiresAtMs: expiry }];
    return [{ ...finding, cause: "unmapped_denied" }];
  }

  #fired(tool: string, rank: number, rule: RuleRef): Finding {
    const action = this.rules.triggerAction(rank);
    const finding = { tool, cause: triggerCauses[action], rule, reason: rule.reason as string };
    return action === "deny" ? { ...finding, severity: "high" } : finding;
  }

  /** Triggers that fire on this call by their counts and were not reported before. */
  #countedTriggers(entry: Entry): Finding[] {
    const fresh: Finding[] = [];
    const byName = new Set<number>();
    for (const term of entry.matches.counted) {
      if (!testsHold(term, this.#session)) continue;
      byName.add(term.trigger);
      if (entry.triggers.has(term.trigger) && entry.reported.has(term.trigger)) continue;
      if (entry.matches.triggers.some(({ rank }) => rank === term.trigger)) continue;
      entry.triggers.add(term.trigger);
      entry.reported.add(term.trigger);
      const rule = this.source.lister.ref("trigger", { rank: term.trigger, globIds: term.globIds });
      fresh.push(this.#fired(entry.name, term.trigger, rule));
    }
    for (const term of this.rules.countTerms) {
      if (entry.triggers.has(term.trigger) && this.#reported.has(term.trigger)) continue;
      if (byName.has(term.trigger) || !testsHold(term, this.#session)) continue;
      if (entry.matches.triggers.some(({ rank }) => rank === term.trigger)) continue;
      entry.triggers.add(term.trigger);
      if (this.#reported.has(term.trigger)) continue;
      this.#reported.add(term.trigger);
      fresh.push(this.#fired("*", term.trigger, this.rules.ref("trigger", term.trigger)));
    }
    return fresh;
  }

  #outcome({ name, calls, worst, matches, triggers }: Entry): ToolOutcome {
    const { lister } = this.source;
    const { verdict, action, cause, rule } = worst as Decision;
    const capabilities = matches.capabilities.map((match) => lister.ref("capability", match));
    const globsOf = (rank: number) =>
      matches.triggers.find((match) => match.rank === rank)?.globIds ??
      matches.counted.find((term) => term.trigger === rank)?.globIds ??
      [];
    const fired = [...triggers].map((rank) => lister.ref("trigger", { rank, globIds: globsOf(rank) }));
    const shown = rule && [...capabilities, ...fired].find((other) => other.kind === rule.kind && same(other, rule));
    return {
      tool: name,
      calls,
      verdict,
      action,
      cause,
      rule: shown ?? rule,
      capability: capabilities[0] ?? null,
      alsoMatches: capabilities.slice(1),
      forbidden: matches.forbidden.map((match) => lister.ref("forbidden", match)),
      triggers: fired,
    };
  }
}

function same(a: RuleRef, b: RuleRef): boolean {
  return a.layer === b.layer && a.index === b.index;
}

function strength(cause: Cause | "notice"): number {
  return cause === "notice" ? causes.length : causes.indexOf(cause);
}

function worst<T>(scale: readonly T[], list: readonly T[]): T {
  let at = 0;
  for (const item of list) at = Math.max(at, scale.indexOf(item));
  return scale[at];
}

function violation({ tool, cause, rule, reason, severity, missing }: Finding): Violation[] {
  if (cause === "notice" || verdictOf(cause) !== "fail") return [];
  const type = (cause === "guardrail_missing" ? "guardrail_denied" : cause) as ViolationType;
  const found = { type, tool, reason, severity: severity as Severity, rule };
  return [missing === undefined ? found : { ...found, missingCardActions: missing }];
}

const warningTypes = new Map<Cause | "notice", WarningType>([
  ["escalated", "escalation"],
  ["trigger_warned", "trigger"],
  ["forbidden_soft", "forbidden_soft"],
  ["unmapped_in_grace", "unmapped_in_grace"],
  ["unmapped_warned", "unmapped"],
  ["notice", "notice"],
]);

function warning({ tool, cause, rule, reason, severity, graceExpiresAtMs }: Finding): Warning[] {
  const type = warningTypes.get(cause);
  if (type === undefined) return [];
  const found: Warning = { type, tool, reason, rule, ...(severity === undefined ? {} : { severity }) };
  return [graceExpiresAtMs === undefined ? found : { ...found, graceExpiresAtMs }];
}

function cardGap({ tool, cause, rule, reason, missing }: Finding) {
  return cause === "capability_exceeded" ? [{ tool, capability: rule.label, missingCardActions: missing ?? [], reason }] : [];
}
