import type { Action, Cause, Context, Evaluation, RuleRef, Session, Sightings, Verdict } from "../../engine/result.js";
import type { ReplayEngine } from "../replay-engine.js";
import type { TraceFinding } from "../replay-report.js";

export type ViewFinding = Omit<TraceFinding, "calls" | "places">;

/** What one evaluation of one name says, ready to be counted. */
export interface View {
  readonly tool: number;
  readonly verdict: Verdict;
  readonly action: Action;
  readonly cause: Cause;
  readonly rule: RuleRef | null;
  readonly capability: RuleRef | null;
  /** Every other rule that matches or fired. */
  readonly others: readonly RuleRef[];
  /** Violations before warnings. Of a view in grace, `graceExpiresAtMs` is how long grace lasts. */
  readonly findings: readonly ViewFinding[];
  /** No capability maps it, and nothing stronger than that is wrong with it (E5). */
  readonly unmapped: boolean;
  readonly inGrace: boolean;
  /** Numbers of the catalogue: every rule that matched or fired, and the one that decided. */
  readonly matched: readonly number[];
  readonly decided: number | undefined;
  /** What a call adds to the counts of its session (E7). */
  readonly adds: Session;
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
  /** What a view says -> its number: other circumstances may come to the same. */
  private readonly numbers = new Map<string, number>();
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
    const plain = this.views[this.plain(tool)];
    let view: number | undefined;
    if (this.options.noGrace !== true && plain.findings.some(({ type }) => type === "unmapped_denied")) {
      view = this.made(tool, graceProbe);
      if (!this.views[view].inGrace) view = undefined;
    }
    this.graceViews[tool] = view;
    return view;
  }

  /** When grace of a tool ends that the input first saw at a time; NaN when the store is down. */
  expiryMs(tool: number, firstMs: number): number {
    const stored = this.storedMs[tool];
    if (stored === undefined) {
      const view = this.grace(tool);
      this.graceMs[tool] = (view === undefined ? undefined : expiryOf(this.views[view])) ?? -Infinity;
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
      const { tool, inGrace, adds } = this.views[base];
      const before = rules.sessionAfter(sumOf(counts, adds, -1));
      view = this.made(tool, { ...(inGrace ? graceProbe : {}), session: before });
      this.counted.set(key, view);
    }
    return view;
  }

  /** The view of a call judged by itself, in a session of the engine; for engines without a catalogue. */
  inSession(base: number, session: Session): number {
    const { tool, inGrace } = this.views[base];
    return this.made(tool, { ...(inGrace ? graceProbe : {}), session });
  }

  openSession(): Session {
    return this.engine.openSession();
  }

  /** A view without counts is made before any with them, so what it adds to counts is that of one call. */
  private made(tool: number, context: Context): number {
    const session = context.session ?? this.engine.openSession();
    const evaluation = this.engine.evaluate([this.names[tool]], { ...this.base, ...context, session });
    const view = this.viewOf(tool, evaluation, session);
    const key = [tool, view.cause, view.action, ...view.findings.map(findingKey), ...view.others.map(ruleKey)].join("\u0000");
    let number = this.numbers.get(key);
    if (number === undefined) {
      number = this.views.push(view) - 1;
      this.numbers.set(key, number);
    }
    return number;
  }

  private viewOf(tool: number, evaluation: Evaluation, session: Session): View {
    const [outcome] = evaluation.tools;
    const findings: ViewFinding[] = [
      ...evaluation.violations.map((each) => ({ ...blank, ...each, level: "violation" as const })),
      ...evaluation.warnings.map((each) => ({ ...blank, ...each, level: "warning" as const })),
    ];
    const failed = evaluation.violations.some(({ type }) => type === "forbidden" || type === "invalid_tool_name");
    const unmapped = outcome.capability === null && !failed;
    const { verdict, action, cause, rule, capability } = outcome;
    const all = [...outcome.forbidden, ...outcome.triggers, ...(capability === null ? [] : [capability]), ...outcome.alsoMatches];
    const catalogue = this.engine.rules;
    const numbers = [...outcome.forbidden, ...outcome.triggers].map((each) => catalogue?.numberOf(each));
    if (unmapped) numbers.push(this.rules.findIndex(({ kind }) => kind === "default"));
    return {
      tool,
      verdict,
      action,
      cause,
      rule,
      capability,
      others: all.filter((each) => !sameRule(each, rule)),
      findings,
      unmapped,
      inGrace: findings.some(({ graceExpiresAtMs }) => graceExpiresAtMs !== undefined),
      matched: [
        ...numbers.filter((number): number is number => number !== undefined && number >= 0),
        ...(catalogue?.capabilityGlobs(this.names[tool]) ?? []),
      ],
      decided: rule === null ? undefined : catalogue?.numberOf(rule),
      adds: countsOf(session),
      evaluation: this.options.keepEvaluations === true ? evaluation : undefined,
    };
  }
}

const blank = { severity: undefined, missingCardActions: undefined, graceExpiresAtMs: undefined };

function expiryOf(view: View): number | undefined {
  return view.findings.find(({ graceExpiresAtMs }) => graceExpiresAtMs !== undefined)?.graceExpiresAtMs;
}

/** What makes findings of one trace the same. */
export function findingKey({ level, type, rule, tool }: ViewFinding): string {
  return [level, type, ruleKey(rule), tool].join("\u0000");
}

function ruleKey({ kind, layer, index }: RuleRef): string {
  return `${kind} ${layer} ${index}`;
}

function countsOf({ toolCount, unmappedOrgCount, unmappedCount, violationCount }: Session): Session {
  return { toolCount, unmappedOrgCount, unmappedCount, violationCount };
}

/** Counts after (1) or before (-1) a call that adds to them. */
export function sumOf(counts: Session, adds: Session, sign: 1 | -1): Session {
  return {
    toolCount: counts.toolCount + sign * adds.toolCount,
    unmappedOrgCount: counts.unmappedOrgCount + sign * adds.unmappedOrgCount,
    unmappedCount: counts.unmappedCount + sign * adds.unmappedCount,
    violationCount: counts.violationCount + sign * adds.violationCount,
  };
}

function sameRule(a: RuleRef, b: RuleRef | null): boolean {
  return b !== null && a.kind === b.kind && a.layer === b.layer && a.index === b.index;
}
