import { reachTargetsMax } from "../../limits.js";
import { ABSENT, type MarkedGlob, type Question, type Row } from "../question.js";
import { nameOf, pointAt } from "./points.js";
import { AVOID, type Role, reach, wantsMax } from "./reach.js";

/** What a search for the answers that an exploration has not met came to. */
export interface Completion {
  /** Further answers, each with a shortest name. */
  readonly found: ReadonlyMap<string, string>;
  /** Answers of which it is not known whether some name has them. */
  readonly open: ReadonlySet<string>;
  /** False: there may be answers beyond those, too. */
  readonly bounded: boolean;
  readonly work: number;
}

/** Rows that mean the same: exact ranks where they matter, `undefined` where nothing does any more (see Question.settle). */
type Pattern = readonly (number | undefined)[];

/**
 * Decides every answer that an exploration over budget has not met. Only joins of the rows of the question's globs can be rows of
 * names, so the answers there can be are few; for each a search asks whether some name meets globs of just these ranks and none of
 * better ones (see reach.ts). Exact, unless it says that something is open. `workMax` bounds each search and all of them.
 */
export function completeAnswers(question: Question, met: ReadonlySet<string>, workMax: number): Completion {
  const rows = joinsOf(question);
  if (rows === undefined) return { found: new Map(), open: new Set(), bounded: false, work: 0 };
  const byAnswer = patternsByAnswer(question, rows);
  const found = new Map<string, string>();
  const open = new Set<string>();
  let work = 0;
  for (const [answer, patterns] of byAnswer) {
    if (met.has(answer)) continue;
    let best: string | undefined;
    for (const pattern of patterns) {
      if (work > workMax) {
        open.add(answer);
        break;
      }
      // What is found already needs only names that are shorter still.
      const lengthMax = best === undefined ? undefined : [...best].length - 1;
      const { witness, over, work: spent } = search(question.globs, pattern, workMax / 4, lengthMax);
      work += spent;
      if (over) open.add(answer);
      if (witness !== undefined) best = witness;
    }
    // Where a search was given up the answer is certain all the same, and only a shorter witness may have been missed.
    if (best !== undefined) found.set(answer, best);
  }
  for (const answer of found.keys()) open.delete(answer);
  return { found, open, bounded: true, work };
}

/** Many rows that join to few take as long as few that join to many. */
const joinsPerTarget = 50;

/** Every row that globs of the question can join to; undefined where they are too many to go through. */
function joinsOf({ globs, width }: Question): Row[] | undefined {
  const marks = new Map(globs.map(({ row }) => [row.join(), row]));
  const nothing: Row = Array<number>(width).fill(ABSENT);
  const rows = new Map<string, Row>([[nothing.join(), nothing]]);
  let joins = 0;
  for (const mark of marks.values()) {
    joins += rows.size;
    if (joins > reachTargetsMax * joinsPerTarget) return undefined;
    for (const row of [...rows.values()]) {
      const joined = row.map((rank, i) => Math.min(rank, mark[i] as number));
      rows.set(joined.join(), joined);
    }
    if (rows.size > reachTargetsMax) return undefined;
  }
  return [...rows.values()];
}

function patternsByAnswer(question: Question, rows: readonly Row[]): Map<string, Pattern[]> {
  const { required, answer: ask, settle = (row: Row) => row } = question;
  const found = new Map<string, Map<string, Pattern>>();
  for (const row of rows) {
    if (required !== undefined && row[required] === ABSENT) continue;
    const answer = ask(row);
    if (answer === undefined) continue;
    const pattern = patternOf(row, settle, required);
    let patterns = found.get(answer);
    if (patterns === undefined) {
      patterns = new Map();
      found.set(answer, patterns);
    }
    patterns.set(pattern.map((rank) => rank ?? "").join(), pattern);
  }
  return new Map([...found].map(([answer, patterns]) => [answer, [...patterns.values()]]));
}

/** A component does not matter when settling lowers it although it was never met. */
function patternOf(row: Row, settle: (row: Row) => Row, required: number | undefined): Pattern {
  let free = new Set<number>();
  for (let c = 0; c < row.length; c++) {
    if (c === required) continue;
    const tried = new Set([...free, c]);
    const settled = settle(row.map((rank, i) => (tried.has(i) ? ABSENT : rank)));
    if ([...tried].every((i) => settled[i] === 0)) free = tried;
  }
  return row.map((rank, c) => (free.has(c) ? undefined : rank));
}

function search(globs: readonly MarkedGlob[], pattern: Pattern, workMax: number, lengthMax: number | undefined) {
  const wants: number[] = [];
  pattern.forEach((rank, c) => {
    if (rank !== undefined && rank !== ABSENT) wants.push(c);
  });
  if (wants.length > wantsMax) return { witness: undefined, over: true, work: 0 };
  const roles: Role[] = [];
  for (const { tokens, row } of globs) {
    let role = 0;
    for (let c = 0; c < pattern.length && role !== AVOID; c++) {
      const rank = pattern[c];
      if (rank === undefined) continue;
      if ((row[c] as number) < rank) role = AVOID;
      else if (row[c] === rank && rank !== ABSENT) role |= 2 << wants.indexOf(c);
    }
    if (role !== 0) roles.push({ tokens, role });
  }
  return reach(roles, wants.length, workMax, lengthMax);
}

/**
 * Whether infinitely many names have the answer of `name`, as far as repeating one letter can show it. The letter is one that no glob
 * of the question writes out; after as many of it as the longest glob has tokens, one more changes no glob's state, so a name that
 * keeps the answer with that many keeps it with any number beyond.
 */
export function isPumped(globs: readonly MarkedGlob[], name: string, keeps: (pumped: string) => boolean): boolean {
  const written = new Set<number>();
  let longest = 0;
  for (const { tokens } of globs) {
    longest = Math.max(longest, tokens.length);
    for (const token of tokens) if (token >= 0) written.add(token);
  }
  let rank = 0;
  while (written.has(pointAt(rank))) rank++;
  const filler = nameOf(Array<number>(longest + 1).fill(pointAt(rank)));
  const points = [...name];
  const head = (end: number) => points.slice(0, end).join("");
  // A name may owe one part to two globs; repeating that part gives the letter a place between them.
  for (let overlap = 0; overlap <= points.length; overlap++) {
    for (let at = points.length; at >= overlap; at--) {
      if (keeps(head(at) + filler + points.slice(at - overlap).join(""))) return true;
    }
  }
  return false;
}
