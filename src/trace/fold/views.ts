import type { Action, Cause, Context, Evaluation, RuleRef, Session, Sightings, Verdict } from "../../engine/result.js";
import type { ReplayEngine } from "../replay-engine.js";
import type { TraceFinding } from "../replay-report.js";

export type ViewFinding = Omit<TraceFinding, "calls" | "places">;

/** What an evaluation says of a tool, ready to be counted; tools of which the same is said share one. */
export interface Saying {
  readonly verdict: Verdict;
  readonly action: Action;
  readonly cause: Cause;
  readonly rule: RuleRef | null;
  readonly capability: RuleRef | null;
  /** Every other rule that matches or fired. */
  readonly others: readonly RuleRef[];
  /** Violations before warnings; without a tool: the tool itself. In grace `graceExpiresAtMs` is how long grace lasts. */
  readonly findings: readonly ViewFinding[];
  /** No capability maps it, and nothing stronger than that is wrong with it (E5). */
  readonly unmapped: boolean;
  readonly inGrace: boolean;
  /** Numbers of the catalogue: every rule that matched or fired, and the one that decided. */
  readonly matched: readonly number[];
  readonly decided: number | undefined;
  /** What a call adds to the counts of its session (E7). */
  readonly adds: Session;
}

/** A tool and what is said of it. */
export interface View {
  readonly tool: number;
  readonly says: Saying;
  /** Only where `keepEvaluations` asked for it. */
  readonly evaluation: Evaluation | undefined;
}

export interface ViewOptions {
  readonly card?: Context["card"];
  readonly context?: Context["kind"] | undefined;
  /** Judge as if no tool ever had grace. */
  readonly noGrace?: boolean | undefined;
  /** First-seen times beyond those of the input (T2). */
  readonly sightings?: Sightings | undefined;
  readonly keepEvaluations?: boolean | undefined;
}

/** Times of a call and its tool, when grace is asked about. */
const graceProbe = { nowMs: 0, sightings: { firstSeenMs: () => 0 } };

/**
 * The views of one policy. A verdict is a function of the name, of whether grace is running, and of the count tests that
 * hold: each combination is evaluated once, however many calls there are.
 */
export class PolicyViews {
  readonly views: View[] = [];
  /** The evaluation of no calls: what is the same for all of them. */
  readonly whole: Evaluation;
  /** A store that failed: no grace for what was asked of it, and the report says so (T2). */
  storeDown = false;
  private readonly base: Context;
  private readonly plainViews: number[] = [];
  private readonly graceViews: (number | undefined)[] = [];
  private readonly counted = new Map<number, number>();
  /** What can be said, by its text; and views by tool and number of that: other circumstances may come to the same. */
  private readonly sayings = new Map<string, { readonly number: number; readonly says: Saying }>();
  private readonly numbers = new Map<number, number>();
  /** Per tool asked: the store's first time, and how long grace lasts. */
  private readonly storedMs: (number | undefined)[] = [];
  private readonly graceMs: number[] = [];

  constructor(
    private readonly engine: ReplayEngine,
    private readonly names: readonly string[],
    private readonly options: ViewOptions,
  ) {
    this.base = { kind: options.context ?? "cicd", card: options.card };
    this.whole = engine.evaluate([], { ...this.base, ...graceProbe });
  }

  get rules(): readonly RuleRef[] {
    return this.engine.rules?.rules ?? [];
  }

  get hasCatalogue(): boolean {
    return this.engine.rules !== undefined;
  }

  /** The view of a call out of grace and before any counts. */
  plain(tool: number): number {
    this.plainViews[tool] ??= this.made(tool, {});
    return this.plainViews[tool];
  }

  /** The view of a call in grace; undefined when grace changes nothing for the tool. */
  grace(tool: number): number | undefined {
    if (tool in this.graceViews) return this.graceViews[tool];
    const { says } = this.views[this.plain(tool)];
    let view: number | undefined;
    if (this.options.noGrace !== true && says.findings.some(({ type }) => type === "unmapped_denied")) {
      view = this.made(tool, graceProbe);
      if (!this.views[view].says.inGrace) view = undefined;
    }
    this.graceViews[tool] = view;
    return view;
  }

  /** When grace of a tool ends that the input first saw at a time; NaN when the store is down. */
  expiryMs(tool: number, firstMs: number): number {
    const stored = this.storedMs[tool];
    if (stored === undefined) {
      const view = this.grace(tool);
      this.graceMs[tool] = (view === undefined ? undefined : expiryOf(this.views[view].says)) ?? -Infinity;
      this.storedMs[tool] = this.askStore(tool);
      return this.expiryMs(tool, firstMs);
    }
    return Math.min(stored, firstMs) + this.graceMs[tool];
  }

  private askStore(tool: number): number {
    try {
      return this.options.sightings?.firstSeenMs(this.names[tool]) ?? Infinity;
    } catch {
      this.storeDown = true;
      return Number.NaN;
    }
  }

  /** The view of a call after which a session has these counts, `base` being its view without them (E7). */
  withCounts(base: number, counts: Session): number {
    const { rules } = this.engine;
    if (rules === undefined || !rules.hasCountTests) return base;
    const key = base * 2 ** 26 + rules.termSet(counts);
    let view = this.counted.get(key);
    if (view === undefined) {
      const { tool, says } = this.views[base];
      const before = rules.sessionAfter(difference(counts, says.adds));
      view = this.made(tool, { ...(says.inGrace ? graceProbe : {}), session: before });
      this.counted.set(key, view);
    }
    return view;
  }

  /** The view of a call judged by itself, in a session of the engine; for engines without a catalogue. */
  inSession(base: number, session: Session): number {
    const { tool, says } = this.views[base];
    return this.made(tool, { ...(says.inGrace ? graceProbe : {}), session });
  }

  openSession(): Session {
    return this.engine.openSession();
  }

  /** `context` has a session for views that depend on counts. */
  private made(tool: number, context: Context): number {
    const session = context.session ?? this.engine.openSession();
    const evaluation = this.engine.evaluate([this.names[tool]], { ...this.base, ...context, session });
    const says = this.sayingOf(tool, evaluation, context.session === undefined ? countsOf(session) : noCounts);
    const text = this.hasCatalogue ? textOf(says) : JSON.stringify(says);
    let known = this.sayings.get(text);
    if (known === undefined) {
      known = { number: this.sayings.size, says };
      this.sayings.set(text, known);
    }
    const key = tool * 2 ** 26 + known.number;
    let number = this.numbers.get(key);
    if (number === undefined) {
      const kept = this.options.keepEvaluations === true ? evaluation : undefined;
      number = this.views.push({ tool, says: known.says, evaluation: kept }) - 1;
      this.numbers.set(key, number);
    }
    return number;
  }

  private sayingOf(tool: number, evaluation: Evaluation, adds: Session): Saying {
    const [outcome] = evaluation.tools;
    const name = this.names[tool];
    const own = (of: string) => (of === name ? "" : of);
    const findings: ViewFinding[] = [
      ...evaluation.violations.map((each) => ({ ...blank, ...each, tool: own(each.tool), level: "violation" as const })),
      ...evaluation.warnings.map((each) => ({ ...blank, ...each, tool: own(each.tool), level: "warning" as const })),
    ];
    const failed = evaluation.violations.some(({ type }) => type === "forbidden" || type === "invalid_tool_name");
    const unmapped = outcome.capability === null && !failed;
    const { verdict, action, cause, rule, capability, forbidden, triggers, alsoMatches } = outcome;
    const all = [...forbidden, ...triggers, ...(capability === null ? [] : [capability]), ...alsoMatches];
    const catalogue = this.engine.rules;
    const matched = [...forbidden, ...triggers].flatMap((each) => catalogue?.numberOf(each) ?? []);
    // The default for unmapped tools is the last rule.
    if (unmapped && catalogue !== undefined) matched.push(catalogue.rules.length - 1);
    return {
      ...{ verdict, action, cause, rule, capability, findings, unmapped, adds },
      others: all.filter((each) => !sameRule(each, rule)),
      inGrace: findings.some(({ graceExpiresAtMs }) => graceExpiresAtMs !== undefined),
      matched: [...matched, ...(catalogue?.capabilityGlobs(name) ?? [])],
      decided: rule === null ? undefined : catalogue?.numberOf(rule),
    };
  }
}

const noCounts: Session = { toolCount: 0, unmappedOrgCount: 0, unmappedCount: 0, violationCount: 0 };
const blank = { severity: undefined, missingCardActions: undefined, graceExpiresAtMs: undefined };

/** Tells sayings of one policy and card apart: what else they hold follows from the rules that matched. */
function textOf({ cause, action, decided, unmapped, adds, matched, findings }: Saying): string {
  const types = findings.map(({ type, tool }) => type + tool).join(",");
  const { toolCount, unmappedOrgCount, unmappedCount, violationCount } = adds;
  const counts = [toolCount, unmappedOrgCount, unmappedCount, violationCount];
  return [cause, action, decided, unmapped, counts, matched, types].join(" ");
}

function expiryOf(says: Saying): number | undefined {
  return says.findings.find(({ graceExpiresAtMs }) => graceExpiresAtMs !== undefined)?.graceExpiresAtMs;
}

/** What makes findings of one trace the same. */
export function findingKey({ level, type, rule, tool }: ViewFinding): string {
  return [level, type, rule.kind, rule.layer, rule.index, tool].join("\u0000");
}

function countsOf({ toolCount, unmappedOrgCount, unmappedCount, violationCount }: Session): Session {
  return { toolCount, unmappedOrgCount, unmappedCount, violationCount };
}

/** Counts before a call that adds to them. */
function difference(counts: Session, adds: Session): Session {
  return {
    toolCount: counts.toolCount - adds.toolCount,
    unmappedOrgCount: counts.unmappedOrgCount - adds.unmappedOrgCount,
    unmappedCount: counts.unmappedCount - adds.unmappedCount,
    violationCount: counts.violationCount - adds.violationCount,
  };
}

function sameRule(a: RuleRef, b: RuleRef | null): boolean {
  return b !== null && a.kind === b.kind && a.layer === b.layer && a.index === b.index;
}
