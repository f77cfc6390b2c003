import type { Evaluation, ToolOutcome } from "../engine/result.js";
import type { Card } from "../policy/model.js";
import { referenceEvaluate, referenceMatch } from "../reference/evaluate.js";
import { type Outcome, outcomeKey } from "./outcome.js";
import { firstCall, type Prior } from "./priors.js";
import type { Subject } from "./subject.js";

/** An answer that the executable specification does not confirm: a fault of the analysis, never to be shown as an answer. */
export class UnconfirmedAnswer extends Error {
  override readonly name = "UnconfirmedAnswer";
}

export interface ConfirmOptions {
  readonly card?: Card | undefined;
  /** Default: that of a first call. */
  readonly prior?: Prior;
  /** The tools are seen for the first time, and the policy may give them grace (T1). Default: no grace. */
  readonly inGrace?: boolean;
}

/**
 * What the executable specification says of names, each as a call after `prior`: every witness goes through here before anybody
 * sees it. Outcomes carry no card actions and no counts. Time grows with names times globs of the policy.
 */
export function specified(
  subject: Subject,
  names: readonly string[],
  options: ConfirmOptions = {},
): ReadonlyMap<string, Outcome> {
  const { card, prior = firstCall, inGrace = false } = options;
  const grace = inGrace ? { nowMs: 0, sightings: { firstSeenMs: () => undefined } } : {};
  const distinct = [...new Set(names)];
  const counts = subject.policy.triggers.some(({ rule }) => rule.condition.terms.some(({ tests }) => tests.length > 0));
  const found = new Map<string, Outcome>();
  // With counts a call changes the next one, so each is a session of its own.
  for (const calls of counts ? distinct.map((name) => [name]) : [distinct]) {
    const evaluation = referenceEvaluate(subject.layers, calls, { card, session: prior, ...grace }, quickReferenceMatch);
    for (const tool of evaluation.tools) found.set(tool.tool, outcomeOf(tool, evaluation));
  }
  return found;
}

/** @throws UnconfirmedAnswer when the specification says something else. Card actions and counts are not compared. */
export function confirm(subject: Subject, expected: ReadonlyMap<string, Outcome>, options: ConfirmOptions = {}): void {
  const said = specified(subject, [...expected.keys()], options);
  for (const [name, outcome] of expected) {
    const own = said.get(name);
    const bare = { ...outcome, cardActions: undefined, counted: undefined };
    if (own === undefined || outcomeKey(own) !== outcomeKey(bare)) {
      throw new UnconfirmedAnswer(`the analysis and the specification disagree about ${JSON.stringify(name)}`);
    }
  }
}

function outcomeOf(tool: ToolOutcome, { violations, warnings }: Evaluation): Outcome {
  const { verdict, action, cause, rule } = tool;
  const listed = [...violations, ...warnings].find((f) => f.rule === rule && (f.tool === tool.tool || f.tool === "*"));
  return { verdict, action, cause, severity: listed?.severity ?? rule?.severity, cardActions: undefined, counted: undefined };
}

/** The specification's matcher behind a look at the literal ends of the glob, which most globs of a large policy fail. */
export function quickReferenceMatch(glob: string, name: string): boolean {
  let start = 0;
  for (; start < glob.length && glob[start] !== "*" && glob[start] !== "?"; start++) {
    if (glob[start] !== name[start]) return false;
  }
  if (start === glob.length) return name.length === start;
  for (let end = 1; end <= glob.length - start; end++) {
    const symbol = glob[glob.length - end];
    if (symbol === "*" || symbol === "?") break;
    if (symbol !== name[name.length - end]) return false;
  }
  return referenceMatch(glob, name);
}
