import { expect, test } from "vitest";
import { explore } from "../src/analysis/explore.js";
import { outcomeKey } from "../src/analysis/outcome.js";
import { countTestsOf, firstCall, type Prior, priorsOf } from "../src/analysis/priors.js";
import { ABSENT, type Exploration, type MarkedGlob, type Question, type Row } from "../src/analysis/question.js";
import { joinSides, Side } from "../src/analysis/side.js";
import { subjectOf } from "../src/analysis/subject.js";
import { globText, parseGlob } from "../src/glob/parse.js";
import { classAt, type NameClasses, nameClasses, names, outcomesOf } from "./support/oracle.js";
import { countsByLength, sizesOf } from "./support/oracle-automaton.js";
import { globTextsOf, PairDraw, type PolicyPair } from "./support/oracle-pairs.js";
import { scaled, scaledTo } from "./support/scale.js";
import { defaultSeed } from "./support/seed.js";

/**
 * The analysis against exhaustion, on random pairs of small policies over two letters.
 *
 * Why few names suffice. A verdict depends on a valid name only by which globs match it (semantics E1-E7; the specification reads
 * the name in no other way but for a notice). Take the subset automaton of all globs of both policies: after reading a name it is in
 * a state that says which globs match. Letters that no glob writes out lead to the same states, so one of them, `c`, stands for
 * all. Every state is reached by a name no longer than the depth of the automaton, breadth first; so the names over a, b and c up to
 * that depth D meet every combination of matched globs that any name has, each by a shortest name of that combination. Those
 * names are written out and matched one by one by the specification's matcher up to seven letters, which is more than D for
 * nearly all pairs; for the others the states beyond are taken from the automaton. Both must agree as far as both go.
 *
 * How many names get an answer is read off the same automaton: infinitely many if and only if a name of n to 2n - 1 letters
 * gets it, n being the number of states (pumping), else the sum of paths over all shorter lengths, each letter weighing as many
 * code points as it stands for. Up to seven letters the paths are compared with the names written out.
 *
 * By day 800 pairs, in deep runs 20,000 at least (SMOLTBOT_SCALE, SMOLTBOT_SEED).
 */
const pairs = scaledTo(800, 20_000);
const timeout = { timeout: 900_000 };

test("the oracle: paths of the naive automaton are the names written out", timeout, () => {
  const draw = new PairDraw(defaultSeed + 1);
  let written = 0;
  const rounds = Math.max(20, scaled(300));
  for (let round = 0; round < rounds; round++) {
    const { before, after } = draw.pair();
    const all = nameClasses(globTextsOf(before, after));
    if (all.depth <= all.enumerated) written++;
    const counts = new Map<number, bigint[]>();
    all.ofNames.forEach((id, n) => {
      const own = counts.get(id) ?? Array<bigint>(all.enumerated + 1).fill(0n);
      own[names[n].length]++;
      counts.set(id, own);
    });
    // Where a and b are not written out, the automaton has fewer letters than three.
    if (all.automaton.letters.length < 3) continue;
    all.classes.forEach((_, id) => {
      const wanted = counts.get(id) ?? Array<bigint>(all.enumerated + 1).fill(0n);
      expect(countsByLength(all.automaton, (s) => all.classOf[s] === id, all.enumerated, false)).toEqual(wanted);
    });
  }
  // Pairs whose every combination of globs is met by a name that was written out.
  expect(written).toBeGreaterThan(0.95 * rounds);
});

/** What an exploration must say, by the oracle. */
interface Expected {
  readonly all: NameClasses;
  /** By class. */
  readonly answers: readonly (string | undefined)[];
}

function checkAnswers(found: Exploration, { all, answers }: Expected, draw: PairDraw): void {
  const labels = all.classOf.map((id) => (id === undefined ? undefined : answers[id]));
  const sizes = sizesOf(all.automaton, labels);
  const shortest = new Map<string, number>();
  all.classes.forEach(({ name }, id) => {
    const answer = answers[id];
    const length = Array.from(name).length;
    if (answer !== undefined) shortest.set(answer, Math.min(shortest.get(answer) ?? length, length));
  });
  const wanted = [...shortest].map(([answer, length]) => ({ answer, length, size: sizes.get(answer) }));
  const byAnswer = (a: { answer: string }, b: { answer: string }) => (a.answer < b.answer ? -1 : 1);
  const said = [...found.answers.values()].map(({ answer, witness, size }) => ({
    answer,
    length: Array.from(witness).length,
    size,
  }));
  expect(said.sort(byAnswer)).toEqual(wanted.sort(byAnswer));
  expect(found.complete).toBe(true);
  const lengths = [...found.answers.values()].map(({ witness }) => Array.from(witness).length);
  expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
  for (const [answer, set] of found.answers) {
    expect(answerAt(all, answers, set.witness)).toBe(answer);
    if (draw.chance(25)) checkNames(set.names(draw.of([1, 3, 8])), answer, { all, answers });
  }
  for (let n = 0; n < 5 && all.ofNames.length > 0; n++) {
    const at = draw.below(all.ofNames.length);
    expect(found.answerOf(names[at])).toBe(answers[all.ofNames[at]]);
  }
}

function answerAt(all: NameClasses, answers: Expected["answers"], name: string): string | undefined {
  const id = classAt(all, name);
  return id === undefined ? undefined : answers[id];
}

function checkNames(list: readonly string[], answer: string, { all, answers }: Expected): void {
  expect(new Set(list).size).toBe(list.length);
  for (const name of list) expect(answerAt(all, answers, name)).toBe(answer);
  const lengths = list.map((name) => Array.from(name).length);
  // As many of each length as there are, until the list is full.
  const labelled = (s: number) => all.classOf[s] !== undefined && answers[all.classOf[s] as number] === answer;
  const counts = countsByLength(all.automaton, labelled, lengths.at(-1) ?? 0, true);
  const full: number[] = [];
  counts.forEach((count, length) => {
    for (let i = 0n; i < count && full.length < list.length; i++) full.push(length);
  });
  expect(lengths).toEqual(full);
}

/** Two letters each: also of two and of four bytes, neighbours, one that no valid name holds, and the one that stands for others. */
const alphabets = [["a", "b"], ["a", "b"], ["\u00e9", "\u{1f600}"], ["\u{1f600}", "\u{1f601}"], ["a", "\ufffd"], ["c", "_"], ["\n", "\u202e"]]; // biome-ignore format: one list

function drawnGlob(draw: PairDraw, [a, b]: readonly string[], text = draw.globText()): MarkedGlob["tokens"] {
  const glob = parseGlob(Array.from(text, (token) => (token === "a" ? a : token === "b" ? b : token)).join(""));
  if (typeof glob === "string") throw new Error(`drew a glob that is ${glob}`);
  return glob.tokens;
}

/** Any rows, any answers that respect what `settle` forgets: component 0 at rank 0 decides all, component 1 at rank 0 does so for component 2. */
function drawnQuestion(draw: PairDraw, globs: readonly MarkedGlob["tokens"][], width: number): Question {
  const marked = globs.map((tokens) => ({
    tokens,
    row: Array.from({ length: width }, () => (draw.chance(60) ? ABSENT : draw.below(3))),
  }));
  const required = draw.chance(35) ? width - 1 : undefined;
  const settle = (row: Row): Row => {
    // What is required is never without meaning.
    if (row[0] === 0) return row.map((rank, c) => (c === required ? rank : 0));
    return width > 3 && row[1] === 0 ? row.map((rank, c) => (c === 2 ? 0 : rank)) : row;
  };
  const kinds = 1 + draw.below(6);
  const answer = (row: Row): string | undefined => {
    const sum = settle(row).reduce((total, rank, c) => total + (rank === ABSENT ? 1 : rank + 2) * (c + 1), 0);
    return sum % 7 === 3 ? undefined : `answer ${sum % kinds}`;
  };
  return {
    globs: marked,
    width,
    answer,
    ...(draw.chance(70) ? { settle } : {}),
    ...(required === undefined ? {} : { required }),
  };
}

function expectedOf(question: Question): Expected {
  const all = nameClasses(question.globs.map(({ tokens }) => globText(tokens)));
  const answers = all.classes.map(({ matched }) => {
    const row = Array<number>(question.width).fill(ABSENT);
    for (const g of matched) question.globs[g].row.forEach((rank, c) => (row[c] = Math.min(row[c], rank)));
    return question.required !== undefined && row[question.required] === ABSENT ? undefined : question.answer(row);
  });
  return { all, answers };
}

test("explorations of any question, over any letters, stopped early or not", timeout, () => {
  const draw = new PairDraw(defaultSeed + 2);
  let stopped = 0;
  const rounds = scaled(400);
  for (let round = 0; round < rounds; round++) {
    const alphabet = draw.of(alphabets);
    const globs = Array.from({ length: draw.below(9) }, () => drawnGlob(draw, alphabet));
    const question = drawnQuestion(draw, globs, draw.chance(90) ? 1 + draw.below(5) : 12 + draw.below(60));
    const expected = expectedOf(question);
    const fault = (error: unknown) => new Error(`round ${round}: ${globs.map(globText).join(" ")}`, { cause: error });
    try {
      checkAnswers(explore(question), expected, draw);
      checkStopped(question, expected, draw);
    } catch (error) {
      throw fault(error);
    }
    const few = explore({ ...question, budget: { statesMax: 1 + draw.below(6), workMax: 1_000 } });
    if (few.over !== undefined) stopped++;
  }
  if (rounds >= 1_000) expect(stopped).toBeGreaterThan(rounds * 0.2);
});

/** Out of budget, or with enough found: what is said is still true, and every name can be asked about. */
function checkStopped(question: Question, { all, answers }: Expected, draw: PairDraw): void {
  const enough = 1 + draw.below(2);
  const budget = {
    statesMax: draw.below(8),
    workMax: draw.of([0, 10, 40, 1_000]),
    ...(draw.chance(60) ? { openWorkMax: draw.of([0, 10, 100]) } : {}),
  };
  const sizes = sizesOf(
    all.automaton,
    all.classOf.map((id) => (id === undefined ? undefined : answers[id])),
  );
  const ways: Question[] = [
    { ...question, budget },
    { ...question, until: (met) => met.size >= enough },
  ];
  const possible = new Set(answers.filter((answer) => answer !== undefined));
  for (const way of ways) {
    const found = explore(way);
    for (const [answer, { witness, size }] of found.answers) {
      expect(answerAt(all, answers, witness)).toBe(answer);
      expect([sizes.get(answer), "unknown"]).toContain(size);
    }
    if (found.open !== undefined) {
      // What is neither met nor open is no name's answer.
      for (const answer of possible)
        expect(found.answers.has(answer as string) || found.open.includes(answer as string)).toBe(true);
    }
    if (found.complete) expect(found.answers.size).toBe(possible.size);
    else expect(found.over === undefined).toBe(way.until !== undefined);
    if (way.until !== undefined && possible.size >= enough) expect(found.answers.size).toBeGreaterThanOrEqual(enough);
    for (let n = 0; n < 4; n++) {
      const name = names[draw.below(400)];
      expect(found.answerOf(name)).toBe(answerAt(all, answers, name));
    }
    for (const name of ["", "\ud800", "a\ufffd", "\ude00b"]) expect(found.answerOf(name)).toBeUndefined();
  }
}

interface Sides {
  readonly sides: readonly [Side, Side];
  readonly globs: readonly MarkedGlob[];
  readonly width: number;
  readonly required: number;
  readonly priors: readonly Prior[];
}

/** Rows of both policies side by side, and a component that is met by the chosen globs. */
function sidesOf({ before, after, card }: PolicyPair, chosen: ReadonlySet<string>): Sides {
  const policies = [before, after].map((layers) => subjectOf(layers).policy);
  const sides = policies.map((policy) => new Side(policy, { card })) as [Side, Side];
  const width = sides[0].width + sides[1].width + 1;
  const globs = joinSides(sides, (text) => [chosen.has(text) ? 0 : ABSENT]);
  const priors = priorsOf(policies.flatMap(countTestsOf)) ?? [];
  return { sides, globs, width, required: width - 1, priors };
}

/** Both outcomes under the given priors, where they differ somewhere. */
function changeOf({ sides }: Sides, priors: readonly Prior[], row: Row, all: boolean): string | undefined {
  const both = priors.map((prior) =>
    [sides[0].outcome(row, 0, prior), sides[1].outcome(row, sides[0].width, prior)].map(outcomeKey),
  );
  return all || both.some(([a, b]) => a !== b) ? JSON.stringify(both) : undefined;
}

/** The same from the specification, by class of names. */
function specifiedChanges(all: NameClasses, pair: PolicyPair, priors: readonly Prior[], every: boolean): (string | undefined)[] {
  const tables = priors.map((prior) =>
    [pair.before, pair.after].map((layers) => outcomesOf(all, layers, { card: pair.card, prior }).map(outcomeKey)),
  );
  return all.classes.map((_, id) => {
    const both = tables.map(([a, b]) => [a[id], b[id]]);
    return every || both.some(([a, b]) => a !== b) ? JSON.stringify(both) : undefined;
  });
}

function settleOf({ sides }: Sides): (row: Row) => Row {
  return (row) => {
    const settled = [...row];
    sides[0].settle(settled, 0);
    sides[1].settle(settled, sides[0].width);
    return settled;
  };
}

test("explorations of pairs of policies find every pair of outcomes, its shortest name and its size", timeout, () => {
  const draw = new PairDraw(defaultSeed);
  let [changed, finite, withRequired] = [0, 0, 0];
  for (let round = 0; round < pairs; round++) {
    const pair = draw.pair();
    const texts = globTextsOf(pair.before, pair.after);
    const all = nameClasses(texts);
    const chosen = new Set(texts.filter(() => draw.chance(30)));
    const joined = sidesOf(pair, chosen);
    // Few kinds of sessions at a time: priors have a suite of their own.
    const priors = joined.priors.length <= 3 ? joined.priors : [firstCall, draw.of(joined.priors), draw.of(joined.priors)];
    const every = draw.chance(30);
    const restricted = draw.chance(40);
    const question: Question = {
      globs: draw.chance(50) ? joined.globs : shuffled(draw, joined.globs),
      width: joined.width,
      answer: (row) => changeOf(joined, priors, row, every),
      ...(draw.chance(80) ? { settle: settleOf(joined) } : {}),
      ...(restricted ? { required: joined.required } : {}),
    };
    const specified = specifiedChanges(all, pair, priors, every);
    const answers = restricted
      ? all.classes.map(({ matched }, id) => (matched.some((g) => chosen.has(texts[g])) ? specified[id] : undefined))
      : specified;
    const found = explore(question);
    try {
      checkAnswers(found, { all, answers }, draw);
    } catch (error) {
      throw new Error(`round ${round}: ${question.globs.map(({ tokens }) => globText(tokens)).join(" ")}`, { cause: error });
    }
    if (!every && found.answers.size > 0) changed++;
    for (const { size } of found.answers.values()) if (size !== "infinite") finite++;
    if (restricted) withRequired++;
  }
  if (pairs < 1_000) return;
  expect(changed).toBeGreaterThan(pairs * 0.3);
  expect(finite).toBeGreaterThan(pairs * 0.5);
  expect(withRequired).toBeGreaterThan(pairs * 0.3);
});

function shuffled<T>(draw: PairDraw, list: readonly T[]): T[] {
  const left = [...list];
  return list.map(() => left.splice(draw.below(left.length), 1)[0]);
}
