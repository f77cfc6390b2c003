import { openAnswersWorkMax } from "../../limits.js";
import type { AnswerSet, Exploration, Question } from "../question.js";
import { completeAnswers, isPumped } from "./completion.js";
import { compareNames, isNamePoint, pointsOf } from "./points.js";

/** What comparing a long name with a glob counts as. */
const triedGlobWork = 2;

/**
 * What an exploration over its budget left open, decided answer by answer. Sizes stay unknown unless a name shows that there are
 * infinitely many. Explorations that came to their end, or were told to stop or not to search, are returned as they are.
 */
export function decideOneByOne(asked: Question, exploration: Exploration): Exploration {
  if (exploration.over === undefined || asked.budget?.openWorkMax === 0) return exploration;
  const globs = asked.globs.filter(({ tokens }) => tokens.every((token) => token < 0 || isNamePoint(token)));
  const question = { ...asked, globs };
  const { answers, answerOf } = exploration;
  const workMax = question.budget?.openWorkMax ?? openAnswersWorkMax;
  const { found, open, bounded, work } = completeAnswers(question, new Set(answers.keys()), workMax);
  // Each may have to be matched with all globs, and it is long.
  let triesLeft = Math.ceil(workMax / (triedGlobWork * (globs.length + 1)));
  const sets: AnswerSet[] = [...answers.values()];
  for (const [answer, witness] of found) {
    sets.push({ answer, witness, size: "unknown", names: (limit) => (limit > 0 ? [witness] : []) });
  }
  const sized = sets.map((set): AnswerSet => {
    if (set.size !== "unknown") return set;
    let size: AnswerSet["size"] | undefined;
    const infinite = () => isPumped(globs, set.witness, (name) => triesLeft-- > 0 && answerOf(name) === set.answer);
    return {
      answer: set.answer,
      witness: set.witness,
      // Asked of few answers, and not for nothing.
      get size() {
        size ??= infinite() ? "infinite" : "unknown";
        return size;
      },
      names: set.names,
    };
  });
  sized.sort((a, b) => compareNames(pointsOf(a.witness) as number[], pointsOf(b.witness) as number[]));
  return {
    ...exploration,
    openWork: work,
    complete: bounded && open.size === 0,
    open: bounded ? [...open] : undefined,
    answers: new Map(sized.map((set) => [set.answer, set])),
  };
}
