import { ABSENT, type MarkedGlob, type Question, type Row } from "../../../src/analysis/question.js";
import { matchGlob } from "../../../src/glob/match.js";
import { type Glob, globText, parseGlob } from "../../../src/glob/parse.js";
import type { Random } from "../../support/random.js";

export function marked(text: string, ...row: number[]): MarkedGlob {
  return { tokens: (parseGlob(text) as Glob).tokens, row };
}

/** An answer for every row. */
export const rowText = (row: Row): string => row.map((rank) => (rank === ABSENT ? "-" : rank)).join();

/** Valid code points, counted by hand: all, without surrogates, without U+FFFD. */
export const allPoints = 1_114_112n - 2_048n - 1n;

/** The answer as its definition reads: every glob against the name. */
export function bruteAnswer({ globs, width, required, answer }: Question, name: string): string | undefined {
  const row = new Array<number>(width).fill(ABSENT);
  for (const glob of globs) {
    if (matchGlob(globText(glob.tokens), name)) for (let i = 0; i < width; i++) row[i] = Math.min(row[i], glob.row[i]);
  }
  return required !== undefined && row[required] === ABSENT ? undefined : answer(row);
}

/** Names over an alphabet, up to a length: shorter ones first, then in the order of the alphabet. */
export function namesUpTo(alphabet: string, length: number): string[] {
  const names: string[] = [];
  let level = [""];
  for (let i = 0; i < length; i++) {
    level = level.flatMap((head) => [...alphabet].map((character) => head + character));
    for (const name of level) names.push(name);
  }
  return names;
}

/** What all names over an alphabet get, by brute force. */
export interface Brute {
  /** By name, in order. */
  readonly answers: ReadonlyMap<string, string | undefined>;
  /** Least name of each answer. */
  readonly first: ReadonlyMap<string, string>;
  /** How many names, the last character of the alphabet standing for all that no glob spells. */
  readonly counts: ReadonlyMap<string, bigint>;
  /** Length of the longest name seen. */
  readonly longest: ReadonlyMap<string, number>;
}

export function bruteForce(question: Question, alphabet: string, length: number): Brute {
  const characters = [...alphabet];
  const others = allPoints - BigInt(characters.length - 1);
  const answers = new Map<string, string | undefined>();
  const first = new Map<string, string>();
  const counts = new Map<string, bigint>();
  const longest = new Map<string, number>();
  for (const name of namesUpTo(alphabet, length)) {
    const answer = bruteAnswer(question, name);
    answers.set(name, answer);
    if (answer === undefined) continue;
    if (!first.has(answer)) first.set(answer, name);
    const points = [...name];
    const weight = others ** BigInt(points.filter((character) => character === characters.at(-1)).length);
    counts.set(answer, (counts.get(answer) ?? 0n) + weight);
    longest.set(answer, points.length);
  }
  return { answers, first, counts, longest };
}

export function randomGlob(random: Random, alphabet: string, length: number, wild: number): string {
  const letters = [...alphabet];
  return random
    .times(random.between(1, length), () => (random.chance(wild) ? random.pick(["*", "*", "?"]) : random.pick(letters)))
    .join("");
}

/** Questions of every shape: rows that decide at once and rows that wait, few answers and many. */
export function randomQuestion(random: Random, alphabet: string, width: number): Question {
  const wild = random.pick([0.1, 0.3, 0.5]);
  const globs = random.times(random.between(0, 7), () => {
    const row = random.times(width, () => (random.chance(0.5) ? random.below(3) : ABSENT));
    return marked(randomGlob(random, alphabet, 5, wild), ...row);
  });
  const required = random.chance(0.4) ? random.below(width) : undefined;
  return { globs, width, required, ...random.pick([plain, ladder, parity]) };
}

type Judgement = Pick<Question, "answer" | "settle">;

const plain: Judgement = { answer: rowText };

/** The first component that is met decides; its best rank is final. */
const ladder: Judgement = {
  answer: (row) => {
    const place = row.findIndex((rank) => rank !== ABSENT);
    return place < 0 ? undefined : `${place}:${row[place]}`;
  },
  settle: (row) => {
    const place = row.findIndex((rank) => rank !== ABSENT);
    return row.map((rank, i) => (place >= 0 && i > place ? 0 : rank));
  },
};

/** What is met in the even components counts as long as nothing in the odd ones is certain; then all is one. */
const parity: Judgement = {
  answer: (row) => (row.some((rank, i) => i % 2 === 1 && rank === 0) ? "odd" : `even ${row.filter((r) => r < 2).length}`),
  settle: (row) => (row.some((rank, i) => i % 2 === 1 && rank === 0) ? row.map(() => 0) : row),
};
