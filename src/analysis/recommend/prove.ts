import { matchGlob } from "../../glob/match.js";
import type { Glob } from "../../glob/parse.js";
import { recommendGlobsMax, recommendStatesMax } from "../../limits.js";
import type { ForbiddenRule, Trigger } from "../../policy/model.js";
import { quickReferenceMatch, UnconfirmedAnswer } from "../confirm.js";
import { explore } from "../explore.js";
import { ABSENT, type ExplorationBudget, type MarkedGlob, type Row } from "../question.js";

/** A glob with wildcards that wants into a draft. */
export interface Candidate {
  readonly glob: Glob;
  /** Whether it may match a name that exists. */
  readonly admits: (name: string) => boolean;
}

export interface Refusal {
  readonly candidate: Candidate;
  readonly witness: string;
  readonly why: string;
}

export interface Proven {
  readonly refused: readonly Refusal[];
  readonly states: number;
}

/** What no glob of a draft may match. */
export interface Barred {
  /** Of one exploration; default as everywhere. */
  readonly budget?: ExplorationBudget;
  readonly forbidden: readonly ForbiddenRule[];
  /** Of these the ones that deny, whatever the counts. */
  readonly triggers: readonly Trigger[];
  /** Names that exist, called or not, in code unit order, each once. */
  readonly known: readonly string[];
}

/**
 * Refuses every candidate that matches a name which exists and which it may not admit, or any name at all, existing or not,
 * that a forbidden rule or a denying trigger matches. The second is proven for all names at once by exploration; a candidate
 * whose proof is too large is refused as well. Terms that also test counts deny some calls only and are passed over.
 */
export function proveGlobs(candidates: readonly Candidate[], barred: Barred): Proven {
  const refused: Refusal[] = [];
  const left = candidates.filter((candidate) => {
    const witness = existingName(candidate, barred.known);
    if (witness !== undefined) refused.push({ candidate, witness, why: "exists and is not one of the tools it stands for" });
    return witness === undefined;
  });
  let states = 0;
  for (let from = 0; from < left.length; from += recommendGlobsMax) {
    states += proveAgainstRules(left.slice(from, from + recommendGlobsMax), barred, refused, states);
  }
  return { refused, states };
}

/** The first existing name that a candidate must not match. Names are looked up by the literal head of the glob. */
function existingName({ glob, admits }: Candidate, known: readonly string[]): string | undefined {
  const head = glob.text.slice(0, glob.text.search(/[*?]/));
  for (let i = firstAtOrAfter(known, head); i < known.length; i++) {
    const name = known[i] as string;
    if (!name.startsWith(head)) return undefined;
    if (matchGlob(glob.text, name) && !admits(name)) return name;
  }
  return undefined;
}

function firstAtOrAfter(sorted: readonly string[], text: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as string) < text) low = middle + 1;
    else high = middle;
  }
  return low;
}

const CANDIDATE = 0;
const BARRED = 1;
const JOINT = 2;

/**
 * One exploration finds at least one bad candidate, or proves that there is none; so it is asked again without the bad ones. What
 * is too much at once is divided, as long as that is not too much altogether. Returns the states looked at.
 */
function proveAgainstRules(candidates: readonly Candidate[], barred: Barred, refused: Refusal[], statesBefore: number): number {
  let left = [...candidates];
  let states = 0;
  while (left.length > 0) {
    const rules = new BarredRows(barred);
    const found = explore({
      globs: rules.with(left.map(({ glob }) => glob)),
      width: rules.width,
      required: CANDIDATE,
      ...(barred.budget && { budget: barred.budget }),
      answer: (row) => (rules.isBarred(row) ? String(row[CANDIDATE]) : undefined),
    });
    states += found.states;
    const bad = new Set<Candidate>();
    for (const [answer, { witness }] of found.answers) {
      const candidate = left[Number(answer)] as Candidate;
      if (!quickReferenceMatch(candidate.glob.text, witness) || !rules.matches(witness)) {
        throw new UnconfirmedAnswer(`the exploration and the specification disagree about ${JSON.stringify(witness)}`);
      }
      refused.push({ candidate, witness, why: `could exist, and ${rules.describe(witness)} blocks it` });
      bad.add(candidate);
    }
    if (bad.size === 0) return found.complete ? states : states + divide(left, barred, refused, statesBefore + states);
    left = left.filter((candidate) => !bad.has(candidate));
  }
  return states;
}

function divide(left: readonly Candidate[], barred: Barred, refused: Refusal[], statesBefore: number): number {
  if (left.length === 1 || statesBefore > recommendStatesMax) {
    for (const candidate of left)
      refused.push({ candidate, witness: "", why: "the proof that it admits no forbidden name is too large" });
    return 0;
  }
  const middle = left.length >> 1;
  const first = proveAgainstRules(left.slice(0, middle), barred, refused, statesBefore);
  return first + proveAgainstRules(left.slice(middle), barred, refused, statesBefore + first);
}

/** Forbidden rules and denying triggers as components of rows. */
class BarredRows {
  readonly #rows = new Map<string, { readonly glob: Glob; readonly row: number[] }>();
  readonly #joint: { readonly components: readonly number[]; readonly trigger: Trigger; readonly globs: readonly Glob[] }[] = [];
  readonly #barred: Barred;
  width = JOINT;

  constructor(barred: Barred) {
    this.#barred = barred;
    for (const { pattern } of barred.forbidden) this.#mark(pattern.glob, BARRED, 0);
    const components = new Map<string, number>();
    for (const trigger of barred.triggers) {
      if (trigger.action !== "deny") continue;
      for (const { globs, tests } of trigger.condition.terms) {
        if (tests.length > 0) continue;
        const places = globs.map((glob) => {
          const known = components.get(glob.text);
          if (known !== undefined) return known;
          components.set(glob.text, this.width);
          this.#mark(glob, this.width, 0);
          return this.width++;
        });
        this.#joint.push({ components: places, trigger, globs });
      }
    }
  }

  #mark(glob: Glob, component: number, rank: number): void {
    let entry = this.#rows.get(glob.text);
    if (entry === undefined) {
      entry = { glob, row: [] };
      this.#rows.set(glob.text, entry);
    }
    entry.row[component] = Math.min(entry.row[component] ?? ABSENT, rank);
  }

  /** These rules beside candidates, which are numbered in order. */
  with(candidates: readonly Glob[]): MarkedGlob[] {
    candidates.forEach((glob, i) => this.#mark(glob, CANDIDATE, i));
    return [...this.#rows.values()].map(({ glob, row }) => ({
      tokens: glob.tokens,
      row: Array.from({ length: this.width }, (_, component) => row[component] ?? ABSENT),
    }));
  }

  isBarred(row: Row): boolean {
    return row[BARRED] !== ABSENT || this.#joint.some(({ components }) => components.every((c) => row[c] !== ABSENT));
  }

  matches(name: string): boolean {
    return this.#rule(name) !== undefined;
  }

  /** The first rule that matches a name, for people. */
  describe(name: string): string {
    return this.#rule(name) ?? "a rule";
  }

  #rule(name: string): string | undefined {
    const rule = this.#barred.forbidden.find(({ pattern }) => quickReferenceMatch(pattern.glob.text, name));
    if (rule !== undefined) return `the forbidden rule ${JSON.stringify(rule.pattern.glob.source)}`;
    const joint = this.#joint.find(({ globs }) => globs.every((glob) => quickReferenceMatch(glob.text, name)));
    return joint && `the trigger ${JSON.stringify(joint.trigger.condition.text)}`;
  }
}
