import { globText } from "../glob/parse.js";
import { explorationStatesMax, explorationWorkMax } from "../limits.js";
import { Automaton, BEYOND, DEAD } from "./product/automaton.js";
import { BreadthFirst } from "./product/breadth.js";
import { Graph, type Size } from "./product/graph.js";
import { type Literal, type PartedGlobs, partGlobs, type TextGlob } from "./product/literals.js";
import { Matcher } from "./product/matcher.js";
import { NameWalk } from "./product/names.js";
import { decideOneByOne } from "./product/one-by-one.js";
import { compareNames, isNamePoint, nameOf, pointAt, pointsOf, rankOf } from "./product/points.js";
import { residualsMax, residualsOf } from "./product/residuals.js";
import { Rows } from "./product/rows.js";
import type { AnswerSet, Exploration, ExplorationBudget, Question } from "./question.js";

/**
 * Asks a question about all valid names at once. Globs become one deterministic automaton over code points, made state by state and
 * breadth first (see product/automaton.ts); names that globs spell out are judged one by one, beside it. Witnesses and sizes
 * do not depend on the order of the globs. The work is linear in the budget; past it, answers are decided one by one (product/completion.ts).
 *
 * @throws RangeError for rows that are not `width` integers from 0 to ABSENT.
 */
export function explore(question: Question): Exploration {
  const exploration = new Explorer(question).run();
  if (exploration.over === undefined) return exploration;
  // What is left to do has a budget, too, and must not spend it otherwise when the globs come in another order.
  const globs = question.globs.map((glob) => ({ ...glob, text: globText(glob.tokens), ranks: glob.row.join() }));
  globs.sort((a, b) => compareTexts(a.text, b.text) || compareTexts(a.ranks, b.ranks));
  return decideOneByOne({ ...question, globs }, exploration);
}

/** What making a residual counts as. */
const residualWork = 2;
/** The same where it is decided whether to make them at all: they are 50 bytes each meanwhile. */
const residualMemory = 8;

/** What is known of one answer while the exploration runs. */
interface Found {
  /** Literal names that have it, in order. */
  readonly literals: Literal[];
  /** Literal names that would have it if nothing spelled them out. */
  spelledOut: number;
  /** A name that nothing spells out. */
  pattern: readonly number[] | undefined;
  /** Whether there may be a lesser one: the least name of some state is spelled out. */
  doubtful: boolean;
}

class Explorer {
  readonly #question: Question;
  readonly #rows: Rows;
  readonly #parted: PartedGlobs;
  readonly #automaton: Automaton;
  readonly #matcher: Matcher;
  readonly #workMax: number;
  /** By place in Rows.answers. */
  readonly #found: Found[] = [];
  readonly #met = new Set<string>();
  /** Rows of the names in #parted.literals; undefined where the question does not care, or the budget was spent. */
  readonly #judged = new Map<string, number>();
  /** Work that is not counted elsewhere. */
  #walked: number;

  constructor(question: Question) {
    this.#question = question;
    const rows = new Rows(question);
    const budget: ExplorationBudget = question.budget ?? { statesMax: explorationStatesMax, workMax: explorationWorkMax };
    this.#rows = rows;
    this.#parted = partGlobs(textGlobs(question, rows), rows);
    const { patterns } = this.#parted;
    const count = residualsMax(patterns);
    this.#walked = residualWork * count;
    this.#workMax = budget.workMax;
    // Globs that are beyond the budget by themselves are compared with names one by one, as long as that lasts.
    const residuals = residualMemory * count > budget.workMax ? undefined : residualsOf(patterns, rows);
    this.#automaton = new Automaton(residuals, rows, question.required, budget);
    this.#matcher = new Matcher(patterns, residuals, rows, budget);
  }

  get #work(): number {
    return this.#automaton.work + this.#matcher.work + this.#walked;
  }

  run(): Exploration {
    const judgedAll = this.#judgeLiterals();
    const search: BreadthFirst = new BreadthFirst(this.#automaton, (state) => this.#meet(state, search));
    let enough = this.#isEnough();
    for (let met = this.#met.size; !enough && this.#work <= this.#workMax && search.advance(); met = this.#met.size) {
      if (this.#met.size > met) enough = this.#isEnough();
    }
    const complete = judgedAll && search.done && !enough;
    const answers = this.#answers(new Graph(this.#automaton, this.#rows, search.known()), complete);
    return {
      complete,
      over: complete || enough ? undefined : (this.#automaton.over ?? "work"),
      open: complete ? [] : undefined,
      answers,
      states: this.#automaton.count,
      work: this.#work,
      answerOf: (name) => this.#answerOf(name),
    };
  }

  #isEnough(): boolean {
    return this.#question.until?.(this.#met) === true;
  }

  /** False when the budget is spent before all are judged. */
  #judgeLiterals(): boolean {
    const { required } = this.#question;
    for (const literal of this.#parted.literals.values()) {
      if (this.#work > this.#workMax) return false;
      const state = this.#walk(literal.points);
      const unlikely = state === DEAD && required !== undefined && !this.#rows.isMet(literal.row, required);
      if (unlikely) continue;
      const others = state >= 0 ? this.#automaton.rows[state] : this.#matcher.rowOf(literal.name, literal.points);
      const row = this.#rows.join(others, literal.row);
      this.#judged.set(literal.name, row);
      const without = state >= 0 ? this.#rows.answer(others) : -1;
      if (without >= 0) this.#foundOf(without).spelledOut++;
      const answer = this.#rows.answer(row);
      if (answer < 0) continue;
      this.#foundOf(answer).literals.push(literal);
      this.#met.add(this.#rows.answers[answer]);
    }
    return true;
  }

  #walk(points: readonly number[]): number {
    let state = this.#automaton.start;
    this.#walked += points.length;
    for (let i = 0; i < points.length && state >= 0; i++) state = this.#automaton.step(state, rankOf(points[i]));
    return state;
  }

  #foundOf(answer: number): Found {
    this.#found[answer] ??= { literals: [], spelledOut: 0, pattern: undefined, doubtful: false };
    return this.#found[answer];
  }

  #meet(state: number, search: BreadthFirst): void {
    const answer = this.#rows.answer(this.#automaton.rows[state]);
    if (answer < 0) return;
    const found = this.#foundOf(answer);
    if (found.pattern !== undefined) return;
    const points = search.leastName(state);
    if (this.#parted.literals.size > 0 && this.#parted.literals.has(nameOf(points))) {
      found.doubtful = true;
      return;
    }
    found.pattern = points;
    this.#met.add(this.#rows.answers[answer]);
  }

  #answers(graph: Graph, complete: boolean): Map<string, AnswerSet> {
    let known: ReadonlyMap<number, Size> | undefined;
    const sizes = () => {
      known ??= graph.sizes();
      return known;
    };
    const sets: { set: AnswerSet; points: readonly number[] }[] = [];
    this.#found.forEach((found, id) => {
      const names = () => this.#names(graph, id, found, sizes().get(id) ?? 0n);
      const points = found.doubtful ? names().next().value : least(found.pattern, found.literals[0]?.points);
      if (points === undefined) return;
      const answer = this.#rows.answers[id];
      const size = () => sum(sizes().get(id) ?? 0n, found.literals.length - found.spelledOut);
      const set = { answer, witness: nameOf(points), size: complete ? size() : ("unknown" as const), names: firsts(names) };
      sets.push({ set, points });
    });
    sets.sort((a, b) => compareNames(a.points, b.points));
    return new Map(sets.map(({ set }) => [set.answer, set]));
  }

  /** Names of an answer in order; `accepted` is how many the graph accepts, those that are spelled out included. */
  *#names(graph: Graph, answer: number, { literals }: Found, accepted: Size): Generator<readonly number[]> {
    let next = 0;
    let left = accepted;
    if (left !== 0n) {
      for (const ranks of new NameWalk(graph, answer).names()) {
        const points = ranks.map(pointAt);
        if (!this.#parted.literals.has(nameOf(points))) {
          while (next < literals.length && compareNames(literals[next].points, points) < 0) yield literals[next++].points;
          yield points;
        }
        if (left !== "infinite" && --left === 0n) break;
      }
    }
    while (next < literals.length) yield literals[next++].points;
  }

  #answerOf(name: string): string | undefined {
    const points = pointsOf(name);
    if (points === undefined) return undefined;
    const { required } = this.#question;
    const own = this.#parted.literals.get(name)?.row;
    const row = this.#judged.get(name);
    const state = row === undefined ? this.#walk(points) : BEYOND;
    if (state === DEAD && (own === undefined || (required !== undefined && !this.#rows.isMet(own, required)))) return undefined;
    const others = row ?? (state >= 0 ? this.#automaton.rows[state] : this.#matcher.rowOf(name, points));
    const answer = this.#rows.answer(own === undefined ? others : this.#rows.join(others, own));
    return answer < 0 ? undefined : this.#rows.answers[answer];
  }
}

/** Globs that valid names can match, by their text, so that nothing depends on the order in which they were given. */
function textGlobs(question: Question, rows: Rows): TextGlob[] {
  const globs: TextGlob[] = [];
  let sorted = true;
  for (const { tokens, row } of question.globs) {
    const id = rows.add(row);
    if (tokens.some((token) => token >= 0 && !isNamePoint(token))) continue;
    const text = globText(tokens);
    sorted &&= globs.length === 0 || globs[globs.length - 1].text <= text;
    globs.push({ text, tokens, row: id });
  }
  return sorted ? globs : globs.sort((a, b) => compareTexts(a.text, b.text));
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Up to a number of names. */
function firsts(names: () => Generator<readonly number[]>): (limit: number) => string[] {
  return (limit) => {
    const list: string[] = [];
    if (limit <= 0) return list;
    for (const points of names()) if (list.push(nameOf(points)) >= limit) break;
    return list;
  };
}

function least(a: readonly number[] | undefined, b: readonly number[] | undefined): readonly number[] | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return compareNames(a, b) <= 0 ? a : b;
}

function sum(size: Size, more: number): Size {
  return size === "infinite" ? size : size + BigInt(more);
}
