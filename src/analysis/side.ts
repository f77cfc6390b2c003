import { actionOf, judge, verdictOf } from "../engine/judge.js";
import type { Cause } from "../engine/result.js";
import { compares } from "../engine/session.js";
import type { Glob } from "../glob/parse.js";
import { cardGrants } from "../policy/card.js";
import { severities, triggerActions } from "../policy/lattice.js";
import type {
  Card,
  ConditionTerm,
  CountName,
  MergedDefaults,
  MergedPolicy,
  Scope,
  Severity,
  TriggerAction,
} from "../policy/model.js";
import type { Outcome } from "./outcome.js";
import { countOf, firstCall, type PlacedTest, type Prior } from "./priors.js";
import { ABSENT, type MarkedGlob, type Row } from "./question.js";

/** One glob of a rule. Capabilities are taken glob by glob, and so are triggers term by term. */
export interface GlobUse {
  readonly kind: "forbidden" | "trigger" | "capability";
  readonly layer: Scope;
  /** Position of the rule in its layer's section. */
  readonly index: number;
  /** Place of the glob in its capability, of the term in its condition. */
  readonly part: number;
}

export interface SideOptions {
  readonly card?: Card | undefined;
  /** Tell names apart by the card actions of the capability that decides them. */
  readonly byCardActions?: boolean;
  /** Tell names apart by what their calls add to the counts that some trigger tests. */
  readonly byCounts?: boolean;
  /** The counts that matter to `byCounts`, where triggers that test them are not part of this policy. Default: those it tests. */
  readonly counting?: Counting | undefined;
  /** Uses left out, as if they were not in the policy. */
  readonly omit?: (use: GlobUse) => boolean;
}

/** What some trigger counts beyond the calls themselves. */
export interface Counting {
  /** Calls that no capability maps. */
  readonly unmapped: boolean;
  /** Calls that no capability of org maps. */
  readonly unmappedByOrg: boolean;
  readonly violations: boolean;
}

export function countingOf(tests: readonly PlacedTest[]): Counting {
  const counts = (count: CountName, layer?: Scope) =>
    tests.some((placed) => placed.test.count === count && (layer === undefined || placed.layer === layer));
  return {
    unmapped: counts("unmapped_tool_count", "agent"),
    unmappedByOrg: counts("unmapped_tool_count", "org"),
    violations: counts("violation_count"),
  };
}

/** How a call differs from one out of grace under the policy's own defaults. */
export interface Variant {
  /** The grace period of an unmapped tool is running (T1); the policy must give one. */
  readonly inGrace?: boolean;
  /** In place of the policy's own. */
  readonly defaults?: MergedDefaults;
  /** What no capability of the policy maps is mapped by one that is added, with actions that every card grants. */
  readonly addedMapping?: boolean;
}

const added: CapabilityClass = { org: false, exceeded: undefined, cardActions: "[]", key: "" };

export interface TermPlace {
  readonly trigger: number;
  readonly part: number;
}

interface Term extends TermPlace {
  readonly layer: Scope;
  readonly action: number;
  /** Components that must be met. */
  readonly bits: readonly number[];
  readonly tests: ConditionTerm["tests"];
}

/** What capabilities of one rank have in common. */
interface CapabilityClass {
  readonly org: boolean;
  readonly exceeded: Severity | undefined;
  readonly cardActions: string;
  /** Equal for classes of equal consequences. */
  readonly key: string;
}

/** The first components of a side. */
export const FORBIDDEN = 0;
export const TRIGGER = 1;
export const CAPABILITY = 2;
const BITS = 3;

/**
 * One policy as components of rows: the worst forbidden severity (0 critical .. 3 low), the strongest trigger that needs no counts
 * (0 deny, 1 escalate, 2 warn), the class of the first capability (in declaration order; classes of the same consequences
 * next to each other are one), and a component for each glob that a condition joins with other globs or with counts. Ranks
 * are as coarse as outcomes allow: the fewer kinds of rows, the more an exploration can forget.
 */
export class Side {
  /** Distinct globs, in code unit order of their text, with rows of this side's width. */
  readonly globs: ReadonlyMap<string, { readonly glob: Glob; readonly row: readonly number[] }>;
  readonly width: number;
  readonly #terms: readonly Term[];
  readonly #classes: readonly CapabilityClass[];
  readonly #counting: Counting;

  /** Linear in the globs. */
  constructor(
    readonly policy: MergedPolicy,
    readonly options: SideOptions = {},
  ) {
    const { omit = () => false } = options;
    const rows = new Map<string, { glob: Glob; row: number[] }>();
    const terms: Term[] = [];
    const bits = new Map<string, number>();
    const at = (glob: Glob): number[] => {
      let entry = rows.get(glob.text);
      if (entry === undefined) {
        entry = { glob, row: [ABSENT, ABSENT, ABSENT] };
        rows.set(glob.text, entry);
      }
      return entry.row;
    };
    const meet = (glob: Glob, component: number, rank: number) => {
      const row = at(glob);
      row[component] = Math.min(row[component] ?? ABSENT, rank);
    };
    for (const { layer, index, rule } of policy.forbidden) {
      if (omit({ kind: "forbidden", layer, index, part: 0 })) continue;
      meet(rule.pattern.glob, FORBIDDEN, severities.length - 1 - severities.indexOf(rule.severity));
    }
    policy.triggers.forEach(({ layer, index, rule }, trigger) => {
      const action = rankOf(rule.action);
      rule.condition.terms.forEach(({ globs, tests }, part) => {
        if (omit({ kind: "trigger", layer, index, part })) return;
        if (tests.length === 0 && globs.length === 1) return meet(globs[0] as Glob, TRIGGER, action);
        const own = [...new Set(globs.map(({ text }) => text))].map((text) => {
          if (!bits.has(text)) bits.set(text, BITS + bits.size);
          return bits.get(text) as number;
        });
        for (const glob of globs) meet(glob, bits.get(glob.text) as number, 0);
        terms.push({ trigger, part, layer, action, bits: own, tests });
      });
    });
    const tests = terms.flatMap(({ layer, tests }) => tests.map((test) => ({ layer, test })));
    this.#counting = options.counting ?? countingOf(tests);
    this.#classes = this.#mark(policy, omit, meet);
    this.#terms = terms;
    this.width = BITS + bits.size;
    for (const { row } of rows.values()) for (let c = 0; c < this.width; c++) row[c] ??= ABSENT;
    this.globs = new Map([...rows].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #mark(
    policy: MergedPolicy,
    omit: (use: GlobUse) => boolean,
    meet: (glob: Glob, component: number, rank: number) => void,
  ): CapabilityClass[] {
    const { card, byCardActions } = this.options;
    const grants = card === undefined ? undefined : cardGrants(card);
    const classes: CapabilityClass[] = [];
    let last = "";
    for (const { layer, index, rule } of policy.capabilities) {
      const actions = rule.cardActions.map(({ value }) => value);
      const missing = grants?.missing(actions) ?? [];
      const exceeded = missing.length === 0 ? undefined : grants?.severity(missing);
      const org = layer === "org";
      const cardActions = JSON.stringify([...new Set(actions)].sort());
      const key = JSON.stringify([exceeded, byCardActions ? cardActions : "", this.#counting.unmappedByOrg && org]);
      rule.tools.forEach(({ glob }, part) => {
        if (omit({ kind: "capability", layer, index, part })) return;
        if (classes.length === 0 || key !== last) classes.push({ org, exceeded, cardActions, key });
        last = key;
        meet(glob, CAPABILITY, classes.length - 1);
      });
    }
    return classes;
  }

  /** What a call of a name with this row (its first `width` components from `offset` on) gets after `prior`. */
  outcome(row: Row, offset = 0, prior: Prior = firstCall, variant: Variant = {}): Outcome {
    const { byCardActions, byCounts } = this.options;
    const { defaults: d = this.policy.defaults, inGrace = false } = variant;
    const { severity, hard, capability, exceeded, violates, named, after } = this.#facts(row, offset, prior, variant);
    let trigger = named;
    for (const term of this.#terms) if (this.#fires(term, row, offset, after) && term.action < trigger) trigger = term.action;
    const cause = judge({
      forbidden: severity === undefined ? null : hard ? "hard" : "soft",
      invalid: false,
      trigger: trigger === ABSENT ? null : (triggerActions[triggerActions.length - 1 - trigger] as TriggerAction),
      mapped: capability !== undefined,
      exceeded: exceeded !== undefined,
      unmapped: d.unmappedToolAction.value,
      inGrace,
      guardrail: "inside",
    });
    const verdict = verdictOf(cause);
    // Card actions matter to whatever a card could still refuse.
    const refusable = verdict !== "fail" || cause === "capability_exceeded";
    return {
      verdict,
      action: actionOf(cause, d.enforcementMode.value),
      cause,
      severity: severityOf(cause, d, severity, exceeded),
      cardActions: byCardActions && refusable ? capability?.cardActions : undefined,
      counted: byCounts ? this.#counted(capability, violates) : undefined,
    };
  }

  /** What decides before triggers with counts, and the counts they see: those with this call. */
  #facts(row: Row, offset: number, prior: Prior, variant: Variant) {
    const { defaults = this.policy.defaults, inGrace = false, addedMapping = false } = variant;
    const forbidden = row[offset + FORBIDDEN] as number;
    const severity = forbidden === ABSENT ? undefined : (severities[severities.length - 1 - forbidden] as Severity);
    const hard = severity !== undefined && severities.indexOf(severity) >= severities.indexOf(defaults.failOn.value);
    const rank = row[offset + CAPABILITY] as number;
    const unmapped = addedMapping ? added : undefined;
    const capability = rank === ABSENT ? unmapped : this.#classes[rank];
    const exceeded = this.options.card === undefined ? undefined : capability?.exceeded;
    let named = row[offset + TRIGGER] as number;
    for (const term of this.#terms) {
      if (term.tests.length === 0 && term.action < named && isMet(term, row, offset)) named = term.action;
    }
    const unmappedFails = capability === undefined && defaults.unmappedToolAction.value === "deny" && !inGrace;
    const violates = hard || named === 0 || exceeded !== undefined || unmappedFails;
    const after: Prior = {
      toolCount: prior.toolCount + 1,
      unmappedOrgCount: prior.unmappedOrgCount + (capability?.org === true ? 0 : 1),
      unmappedCount: prior.unmappedCount + (capability === undefined ? 1 : 0),
      violationCount: prior.violationCount + (violates ? 1 : 0),
    };
    return { severity, hard, capability, exceeded, violates, named, after };
  }

  #fires(term: Term, row: Row, offset: number, after: Prior): boolean {
    if (!isMet(term, row, offset)) return false;
    return term.tests.every((test) => compares(countOf(after, test.count, term.layer), test));
  }

  /**
   * The terms with several globs or with counts that fire for a call with this row, where no trigger of a single glob is as
   * strong: of the strongest action only. `trigger` is a position in the policy's triggers, `part` one among its terms.
   */
  decidingTerms(row: Row, offset = 0, prior: Prior = firstCall, variant: Variant = {}): readonly TermPlace[] {
    const { after } = this.#facts(row, offset, prior, variant);
    const firing = this.#terms.filter((term) => this.#fires(term, row, offset, after));
    const strongest = Math.min(...firing.map(({ action }) => action), row[offset + TRIGGER] as number);
    return (row[offset + TRIGGER] as number) === strongest ? [] : firing.filter(({ action }) => action === strongest);
  }

  /** Equal for capabilities of equal consequences; undefined for a glob of none. */
  consequences(glob: string): string | undefined {
    return this.#classes[this.capabilityRank(glob)]?.key;
  }

  /** The class of the first capability with this glob; classes of neighbours differ in their consequences. ABSENT for none. */
  capabilityRank(glob: string): number {
    return this.globs.get(glob)?.row[CAPABILITY] ?? ABSENT;
  }

  #counted(capability: CapabilityClass | undefined, violates: boolean): string {
    const parts: string[] = [];
    if (this.#counting.unmapped && capability === undefined) parts.push("unmapped");
    if (this.#counting.unmappedByOrg && capability?.org !== true) parts.push("unmapped by org");
    if (this.#counting.violations && violates) parts.push("violation");
    return parts.join(", ");
  }

  /**
   * Lowers, in place, the components from `offset` on that cannot change the outcome any more once these ranks are certain
   * (see Question.settle): what a hard forbidden rule or a denial has decided. A `failOn` that is more severe than the policy's
   * own lowers less, so that the row can be asked for outcomes under both.
   */
  settle(row: number[], offset = 0, failOn: Severity = this.policy.defaults.failOn.value): void {
    const { byCounts } = this.options;
    const hardMax = severities.length - 1 - severities.indexOf(failOn);
    const hard = (row[offset + FORBIDDEN] as number) <= hardMax;
    const decided = hard || row[offset + TRIGGER] === 0;
    // A call that fails anyway still counts as mapped or not.
    const countsMatter = byCounts === true && (this.#counting.unmapped || this.#counting.unmappedByOrg);
    if (hard) row[offset + TRIGGER] = 0;
    if (decided && !countsMatter) row[offset + CAPABILITY] = 0;
    const trigger = row[offset + TRIGGER] as number;
    const open = new Set<number>();
    for (const term of this.#terms) if (term.action < trigger) for (const bit of term.bits) open.add(bit);
    for (let bit = BITS; bit < this.width; bit++) if (!open.has(bit)) row[offset + bit] = 0;
  }
}

function isMet({ bits }: Term, row: Row, offset: number): boolean {
  for (const bit of bits) if (row[offset + bit] === ABSENT) return false;
  return true;
}

function severityOf(
  cause: Cause,
  defaults: MergedDefaults,
  forbidden: Severity | undefined,
  exceeded: Severity | undefined,
): Severity | undefined {
  if (cause === "forbidden" || cause === "forbidden_soft") return forbidden;
  if (cause === "capability_exceeded") return exceeded;
  if (cause === "escalation_denied") return "high";
  return cause.startsWith("unmapped") ? defaults.unmappedSeverity.value : undefined;
}

/** 0 is strongest. */
function rankOf(action: TriggerAction): number {
  return triggerActions.length - 1 - triggerActions.indexOf(action);
}

/** All globs of several sides as one question's: rows side by side, in the order of the sides; `more` adds components behind them. */
export function joinSides(sides: readonly Side[], more: (text: string) => readonly number[] = () => []): MarkedGlob[] {
  const texts = new Map<string, Glob>();
  for (const side of sides) for (const [text, { glob }] of side.globs) texts.set(text, glob);
  return [...texts.keys()].sort().map((text) => {
    const rows = sides.flatMap((side) => side.globs.get(text)?.row ?? Array<number>(side.width).fill(ABSENT));
    return { tokens: (texts.get(text) as Glob).tokens, row: [...rows, ...more(text)] };
  });
}
