import { actions, causes } from "../engine/judge.js";
import type { Escalation, Evaluation, RuleRef, ToolOutcome, Violation, Warning } from "../engine/result.js";
import { verdicts } from "../policy/lattice.js";

/**
 * Joins evaluations of single calls into one result (semantics E9): each tool once with its calls and its worst outcome,
 * each violation, warning and escalation once per tool and rule, in the order in which they first came up.
 */
export class EvaluationJoin {
  private readonly tools = new Map<string, ToolOutcome>();
  private readonly violations = new Map<string, Violation>();
  private readonly warnings = new Map<string, Warning>();
  private readonly escalations = new Map<string, Escalation>();
  private readonly gaps = new Map<string, Evaluation["cardGaps"][number]>();
  private verdict = 0;
  private action = 0;
  private grace: Evaluation["grace"] | undefined;

  /** `base`: the evaluation of no calls, for what is the same in all of them. */
  constructor(private readonly base: Evaluation) {}

  /** The same evaluation may stand for several calls. */
  add(evaluation: Evaluation, calls: number): void {
    this.verdict = Math.max(this.verdict, verdicts.indexOf(evaluation.verdict));
    this.action = Math.max(this.action, actions.indexOf(evaluation.action));
    // Grace that could be given to some calls was given; why not to others is the lesser news.
    if (this.grace === undefined || evaluation.grace === "applied") this.grace = evaluation.grace;
    for (const outcome of evaluation.tools) this.addOutcome(outcome, calls);
    for (const each of evaluation.violations) first(this.violations, keyOf(each.type, each.tool, each.rule), each);
    for (const each of evaluation.warnings) first(this.warnings, keyOf(each.type, each.tool, each.rule), each);
    for (const each of evaluation.escalations) first(this.escalations, keyOf("", each.tool, each.rule), each);
    for (const each of evaluation.cardGaps) first(this.gaps, `${each.capability}\u0000${each.tool}`, each);
  }

  result(): Evaluation {
    return {
      ...this.base,
      verdict: verdicts[this.verdict] as Evaluation["verdict"],
      action: actions[this.action] as Evaluation["action"],
      grace: this.grace ?? this.base.grace,
      tools: [...this.tools.values()],
      violations: [...this.violations.values()],
      warnings: [...this.warnings.values()],
      escalations: [...this.escalations.values()],
      cardGaps: [...this.gaps.values()],
    };
  }

  private addOutcome(outcome: ToolOutcome, calls: number): void {
    const known = this.tools.get(outcome.tool);
    if (known === undefined) {
      this.tools.set(outcome.tool, { ...outcome, calls });
      return;
    }
    const worse = causes.indexOf(outcome.cause) < causes.indexOf(known.cause) ? outcome : known;
    const triggers = new Map(known.triggers.map((rule) => [keyOf("", "", rule), rule]));
    for (const rule of outcome.triggers) first(triggers, keyOf("", "", rule), rule);
    this.tools.set(outcome.tool, { ...worse, calls: known.calls + calls, triggers: [...triggers.values()] });
  }
}

function first<T>(map: Map<string, T>, key: string, value: T): void {
  if (!map.has(key)) map.set(key, value);
}

function keyOf(type: string, tool: string, rule: RuleRef): string {
  return [type, rule.kind, rule.layer, rule.index, tool].join("\u0000");
}
