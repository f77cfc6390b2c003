import { matchGlob } from "../../glob/match.js";
import { ANY, type Glob } from "../../glob/parse.js";
import { lintOpenWorkMax, lintStatesMax, lintTotalWorkMax, lintWorkMax, openAnswersWorkMax } from "../../limits.js";
import type { Card, MergedPolicy } from "../../policy/model.js";
import { explore } from "../explore.js";
import { type Outcome, outcomeKey } from "../outcome.js";
import { countTestsOf, firstCall, type Prior, priorsOf } from "../priors.js";
import { ABSENT, type Exploration, type ExplorationBudget, type Question, type Row } from "../question.js";
import { type Counting, countingOf, joinSides, Side, type SideOptions, type Variant } from "../side.js";
import type { Subject } from "../subject.js";
import { GlobIndex } from "./glob-index.js";
import { filled } from "./glob-pairs.js";
import { addTo } from "./multimap.js";
import { policyOf, type Unit, unitsOf } from "./units.js";

/** Why a question has no answer. */
export type Undecided = "states" | "work" | "total_work" | "sessions";

/** `yes` and `no` are exact. */
export type Answer = "yes" | "no" | Undecided;

/** A policy taken apart into units, some of which are taken out; and exact questions about what is left. */
export class Ground {
  readonly units: readonly Unit[];
  readonly policy: MergedPolicy;
  readonly index: GlobIndex;
  /** Units taken out so far, by id. */
  readonly removed = new Set<number>();
  readonly card: Card | undefined;
  /** Those left; a unit is found by its first glob. */
  readonly #byGlob = new Map<string, Unit[]>();
  readonly #allByGlob = new Map<string, Unit[]>();
  /** Terms of counts only: those left, and all. */
  readonly #everywhere: Unit[] = [];
  readonly #counts: Unit[] = [];
  readonly #budget: ExplorationBudget;
  #workLeft: number;
  #openWorkLeft: number;
  readonly #containers = new Map<string, readonly string[]>();
  readonly #fresh: { readonly star: string; readonly any: string };
  #counting: Counting | undefined;

  constructor(
    readonly subject: Subject,
    options: { readonly card?: Card | undefined; readonly budget?: ExplorationBudget | undefined } = {},
  ) {
    this.policy = subject.policy;
    this.units = unitsOf(subject);
    this.card = options.card;
    this.#budget = options.budget ?? { statesMax: lintStatesMax, workMax: lintWorkMax };
    this.#workLeft = Math.max(lintTotalWorkMax, this.#budget.workMax);
    this.#openWorkLeft = lintOpenWorkMax;
    this.index = new GlobIndex(this.units.flatMap(({ globs }) => globs));
    this.#fresh = freshLetters(this.units);
    for (const unit of this.units) {
      const key = unit.globs[0];
      if (key === undefined) for (const list of [this.#everywhere, this.#counts]) list.push(unit);
      else for (const map of [this.#byGlob, this.#allByGlob]) addTo(map, key.text, unit);
    }
  }

  remove(unit: Unit): void {
    this.removed.add(unit.id);
    const [glob] = unit.globs;
    const filed = glob === undefined ? this.#everywhere : (this.#byGlob.get(glob.text) ?? []);
    const at = filed.lastIndexOf(unit);
    if (at >= 0) filed.splice(at, 1);
    if (unit.kind === "trigger") this.#counting = undefined;
  }

  /** Org alone: what is said of it has to hold for every agent that joins it. */
  get agentsMayJoin(): boolean {
    return this.subject.layers.agent === undefined;
  }

  /** The counts that some trigger that is left tests, or one of an agent may. */
  get counting(): Counting {
    if (this.#counting === undefined) {
      const left = this.units.filter((unit) => unit.kind === "trigger" && !this.removed.has(unit.id));
      const own = countingOf(countTestsOf(policyOf(this.policy, left)));
      // An agent's triggers may test what org's do not.
      this.#counting = this.agentsMayJoin ? { ...own, unmapped: true, violations: true } : own;
    }
    return this.#counting;
  }

  /** The units left that a name matches, by id. */
  matching(name: string): Unit[] {
    const texts = new Set<string>();
    const found = [...this.#everywhere];
    const matched = this.index.matching(name);
    for (const { text } of matched) texts.add(text);
    for (const { text } of matched) {
      for (const unit of this.#byGlob.get(text) ?? []) {
        if (unit.globs.length === 1 || unit.globs.every((glob) => texts.has(glob.text))) found.push(unit);
      }
    }
    return this.#left(found);
  }

  /** The globs of the policy that match every name of this one, as far as that is decided. */
  #containing(own: Glob): readonly string[] {
    let known = this.#containers.get(own.text);
    if (known === undefined) {
      const matching = this.index.matching(this.generic(own));
      // Its stars take in the letters of the other's wildcards, so they take in whatever stands there.
      const outer = matching.filter((glob) => !hasAny(glob) || this.contains(glob, own) === "yes");
      known = outer.map(({ text }) => text);
      this.#containers.set(own.text, known);
    }
    return known;
  }

  /** Units left with the same single glob, by id. */
  alike({ globs }: Unit): readonly Unit[] {
    const [glob] = globs;
    if (glob === undefined || globs.length > 1) return [];
    return (this.#byGlob.get(glob.text) ?? []).filter((other) => other.globs.length === 1);
  }

  /**
   * Units, also those taken out, whose globs share a piece with a name: all that match it are among them. Of forbidden rules that
   * say the same, and of capabilities with the same glob, only the first, and those to `keep`: further ones decide nothing.
   */
  near(name: string, keep: ReadonlySet<Unit>): Unit[] {
    const texts = new Set(this.index.near(name).map(({ text }) => text));
    const found = [...this.#counts];
    for (const text of texts) {
      const said = new Set<string>();
      for (const unit of this.#allByGlob.get(text) ?? []) {
        if (!unit.globs.every((glob) => texts.has(glob.text))) continue;
        if (unit.kind !== "trigger" && !keep.has(unit)) {
          const says = unit.kind === "forbidden" ? unit.rule.severity : unit.kind;
          if (said.has(says)) continue;
          said.add(says);
        }
        found.push(unit);
      }
    }
    return found.sort((a, b) => a.id - b.id);
  }

  /** The units left that may have a name in common with one of these; all where one has no globs. */
  meeting(group: readonly Unit[]): Unit[] {
    if (group.some(({ globs }) => globs.length === 0)) return this.#left([...this.units]);
    const found = new Set<Unit>(this.#everywhere);
    for (const { globs } of group) {
      const near = globs.map((glob) => new Set(this.index.meeting(glob).map(({ text }) => text)));
      const [first, ...others] = near;
      for (const text of first as ReadonlySet<string>) {
        if (!others.every((set) => set.has(text))) continue;
        for (const unit of this.#byGlob.get(text) ?? []) {
          if (unit.globs.every((glob) => near.every((set) => set.has(glob.text)))) found.add(unit);
        }
      }
    }
    return this.#left([...found]);
  }

  /** The units left that match every name this one does, its tests left aside; those that could not be decided are missing. */
  covering(unit: Unit): Unit[] {
    const texts = new Set<string>();
    for (const own of unit.globs) for (const text of this.#containing(own)) texts.add(text);
    const found = [...this.#everywhere];
    for (const text of texts) {
      for (const other of this.#byGlob.get(text) ?? []) {
        if (other.globs.every((glob) => texts.has(glob.text))) found.push(other);
      }
    }
    return this.#left(found.filter((other) => other !== unit));
  }

  #left(units: Unit[]): Unit[] {
    return units.filter(({ id }) => !this.removed.has(id)).sort((a, b) => a.id - b.id);
  }

  /** A name with a letter of its own, found in no glob, for each wildcard: what a glob without `?` matches if it contains this one. */
  generic(glob: Glob): string {
    return filled(glob, this.#fresh.star, this.#fresh.any);
  }

  matches(glob: Glob, name: string): boolean {
    return matchGlob(glob.text, name);
  }

  /** A name that only globs of wildcards match. */
  get unmatched(): string {
    return this.#fresh.star;
  }

  #sideOf(units: readonly Unit[]): Side {
    const options: SideOptions = { card: this.card, byCardActions: true, byCounts: true, counting: this.counting };
    return new Side(policyOf(this.policy, units), options);
  }

  /** Whether the outcome of a name that matches exactly `units` depends on `group`, some of them; undefined: too many kinds of sessions. */
  dependsAt(units: readonly Unit[], group: ReadonlySet<Unit>): boolean | undefined {
    const whole = this.#sideOf(units);
    const rest = this.#sideOf(units.filter((unit) => !group.has(unit)));
    const { calls, isAll } = callsOf(whole.policy, this.agentsMayJoin);
    const [left, right] = [fullRow(whole), fullRow(rest)];
    const key = (side: Side, row: Row, { prior, variant }: Call) => outcomeKey(side.outcome(row, 0, prior, variant));
    if (calls.some((call) => key(whole, left, call) !== key(rest, right, call))) return true;
    return isAll ? false : undefined;
  }

  /** What a name that matches exactly `units` gets as the first call of a session. */
  outcomeAt(units: readonly Unit[], prior: Prior = firstCall): Outcome {
    const side = this.#sideOf(units);
    return side.outcome(fullRow(side), 0, prior);
  }

  /**
   * Whether taking out `group` changes no outcome of a policy of `units` (the group among them): for every valid name, in every
   * kind of session, with what the call adds to the counts. Exact.
   */
  isDead(units: readonly Unit[], group: ReadonlySet<Unit>): Answer {
    const { answer } = this.dependent(units, group);
    return answer;
  }

  /** The same, with a shortest name that depends on the group where the answer is no. */
  dependent(units: readonly Unit[], group: ReadonlySet<Unit>): { answer: Answer; name?: string | undefined } {
    const whole = this.#sideOf(units);
    const rest = this.#sideOf(units.filter((unit) => !group.has(unit)));
    const { calls, isAll } = callsOf(whole.policy, this.agentsMayJoin);
    const anchors = anchorsOf(group);
    const width = whole.width + rest.width + 1;
    const exploration = this.explore({
      globs: joinSides([whole, rest], (text) => [anchors === undefined || anchors.has(text) ? 0 : ABSENT]),
      width,
      ...(anchors === undefined ? {} : { required: width - 1 }),
      settle: (row) => {
        const settled = [...row];
        whole.settle(settled, 0);
        rest.settle(settled, whole.width);
        return settled;
      },
      answer: (row) => {
        const differs = ({ prior, variant }: Call) =>
          outcomeKey(whole.outcome(row, 0, prior, variant)) !== outcomeKey(rest.outcome(row, whole.width, prior, variant));
        return calls.some(differs) ? "changed" : undefined;
      },
      until: (met) => met.size > 0,
    });
    const answer = this.#read(exploration);
    return { answer: answer === "yes" && !isAll ? "sessions" : answer, name: exploration.answers.get("changed")?.witness };
  }

  /** Whether every name of these units ends up forbidden or denied, in every session: exact. */
  isRefused(units: readonly Unit[], group: ReadonlySet<Unit>): Answer {
    const side = this.#sideOf(units);
    const priors = priorsOf(countTestsOf(side.policy));
    if (priors === undefined) return "sessions";
    const anchors = anchorsOf(group);
    const exploration = this.explore({
      globs: joinSides([side], (text) => [anchors?.has(text) ? 0 : ABSENT]),
      width: side.width + 1,
      required: side.width,
      settle: (row) => {
        const settled = [...row];
        side.settle(settled, 0);
        return settled;
      },
      answer: (row) => (priors.every((prior) => isRefusal(side.outcome(row, 0, prior))) ? undefined : "let through"),
      until: (met) => met.size > 0,
    });
    return this.#read(exploration);
  }

  #read({ over, answers }: Exploration): Answer {
    if (answers.size > 0) return "no";
    if (over === undefined) return "yes";
    return this.#workLeft <= 0 ? "total_work" : over;
  }

  /** Whether `outer` matches every name that `inner` matches: exact where it answers yes or no. */
  contains(outer: Glob, inner: Glob): Answer {
    if (outer.text === inner.text) return "yes";
    const question = (): Question => ({
      globs: [
        { tokens: inner.tokens, row: [0, ABSENT] },
        { tokens: outer.tokens, row: [ABSENT, 0] },
      ],
      width: 2,
      required: 0,
      answer: (row) => (row[1] === ABSENT ? "outside" : undefined),
      until: (met) => met.size > 0,
    });
    return this.#read(this.explore(question()));
  }

  /** A shortest name that matches all of these globs; undefined when there is none, or none was found within the budget. */
  commonName(globs: readonly Glob[]): string | undefined {
    const all = (row: Row) => (row.every((rank) => rank === 0) ? "met" : undefined);
    const exploration = this.explore({
      globs: globs.map(({ tokens }, i) => ({ tokens, row: globs.map((_, c) => (c === i ? 0 : ABSENT)) })),
      width: globs.length,
      required: 0,
      answer: all,
      until: (met) => met.size > 0,
    });
    return exploration.answers.get("met")?.witness;
  }

  /** Within the budget of one question and what is left of all. */
  explore(question: Question): Exploration {
    const { statesMax, workMax } = this.#budget;
    const budget = {
      statesMax,
      workMax: Math.max(0, Math.min(workMax, this.#workLeft)),
      openWorkMax: Math.max(0, Math.min(openAnswersWorkMax, this.#openWorkLeft)),
    };
    const exploration = explore({ ...question, budget });
    this.#workLeft -= exploration.work;
    this.#openWorkLeft -= exploration.openWork ?? 0;
    return exploration;
  }
}

/** The circumstances of a call that can matter to a policy. */
interface Call {
  readonly prior: Prior;
  readonly variant: Variant;
}

/** All kinds of calls, or those of a first call where triggers test counts in too many ways. */
function callsOf(policy: MergedPolicy, agentsMayJoin: boolean): { calls: Call[]; isAll: boolean } {
  const priors = priorsOf(countTestsOf(policy));
  const grace = givesGrace(policy) ? [false, true] : [false];
  const variants = (agentsMayJoin ? joinedBy(policy) : [{}]).flatMap((each) =>
    grace.map((inGrace): Variant => ({ ...each, inGrace })),
  );
  const calls = (priors ?? [firstCall]).flatMap((prior) => variants.map((variant) => ({ prior, variant })));
  return { calls, isAll: priors !== undefined };
}

/**
 * What an agent can take away of what hides a rule of org: it may map what org denies as unmapped, and lower `fail_on`, so that soft
 * rules fail (M3). The lowest will do, since there only forbidden rules as severe hide one. Whatever else hides a rule stays.
 */
function joinedBy({ defaults }: MergedPolicy): Variant[] {
  const failOns = defaults.failOn.value === "low" ? [defaults] : [defaults, { ...defaults, failOn: lowestFailOn }];
  const mappings = defaults.unmappedToolAction.value === "deny" ? [false, true] : [false];
  return failOns.flatMap((own) => mappings.map((addedMapping) => ({ defaults: own, addedMapping })));
}

const lowestFailOn = { value: "low", layer: "agent" } as const;

/** Whether a call in its grace period can be judged differently (T1). */
export function givesGrace({ defaults }: MergedPolicy): boolean {
  return defaults.unmappedToolAction.value === "deny" && defaults.gracePeriodHours.value > 0;
}

export function isRefusal({ cause }: Outcome): boolean {
  return cause === "forbidden" || cause === "escalation_denied";
}

/** Every glob of the side met. */
function fullRow(side: Side): number[] {
  const row = new Array<number>(side.width).fill(ABSENT);
  for (const { row: own } of side.globs.values()) {
    for (let c = 0; c < row.length; c++) row[c] = Math.min(row[c] as number, own[c] as number);
  }
  return row;
}

/** Globs of which a name must match one to match a unit of the group; undefined where a unit holds for every name. */
function anchorsOf(group: ReadonlySet<Unit>): ReadonlySet<string> | undefined {
  const anchors = new Set<string>();
  for (const { globs } of group) {
    // The longest says most.
    const [first] = [...globs].sort((a, b) => b.tokens.length - a.tokens.length);
    if (first === undefined) return undefined;
    anchors.add(first.text);
  }
  return anchors;
}

/** Two letters that no glob holds: the first ones of the private use area. */
function freshLetters(units: readonly Unit[]): { star: string; any: string } {
  const used = new Set<number>();
  for (const { globs } of units) for (const { tokens } of globs) for (const token of tokens) used.add(token);
  const free: string[] = [];
  for (let point = 0xe000; free.length < 2; point++) {
    if (point >= 0xf900 && point < 0xf0000) point = 0xf0000;
    if (!used.has(point)) free.push(String.fromCodePoint(point));
  }
  return { star: free[0] as string, any: free[1] as string };
}

/** Whether a glob holds a `?`. */
export function hasAny({ tokens }: Glob): boolean {
  return tokens.includes(ANY);
}
