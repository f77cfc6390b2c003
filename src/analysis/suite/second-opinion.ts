import type { Context, Evaluation, Session } from "../../engine/result.js";
import { matchGlob } from "../../glob/match.js";
import { referenceEvaluate } from "../../reference/evaluate.js";
import type { Subject } from "../subject.js";

/** The executable specification, or what a test puts in its place. */
export type Specification = (layers: Subject["layers"], tools: readonly unknown[], context: Context) => Evaluation;

/** With a faster matcher than the specification's own, which takes steps in proportion to the square of a name. */
export const specification: Specification = (layers, tools, context) => referenceEvaluate(layers, tools, context, matchGlob);

/** Tools asked about at once: merging the layers is most of the work for one of them, looking for one of many for thousands. */
const askedAtOnce = 200;

/**
 * What the specification says of single calls. Without counts in its conditions a policy judges each call of a session as if it
 * were alone, so many tools are asked about as one session; with counts each is asked about by itself.
 */
export class SecondOpinion {
  readonly #wanted = new Map<Context, Set<string>>();
  readonly #known = new Map<Context, Map<string, Evaluation>>();
  readonly #inSessions = new Map<Context, Map<string, Evaluation>>();

  constructor(
    private readonly layers: Subject["layers"],
    private readonly counts: boolean,
    private readonly judge: Specification = specification,
  ) {}

  /** Says that a tool will be asked about, alone, in circumstances known by their identity. */
  announce(tool: string, context: Context): void {
    const wanted = this.#wanted.get(context);
    if (wanted === undefined) this.#wanted.set(context, new Set([tool]));
    else wanted.add(tool);
  }

  /** An evaluation with the outcome of an announced tool among others. */
  of(tool: string, context: Context): Evaluation {
    let known = this.#known.get(context);
    if (known === undefined) {
      known = this.#ask([...(this.#wanted.get(context) ?? [])], context);
      this.#known.set(context, known);
    }
    return known.get(tool) ?? this.inOrder([tool], context);
  }

  /**
   * A call with the counts of a session before it. `termSet` stands for the tests that hold after it (see `RuleCatalog.termSet`):
   * two calls of one tool with the same set get the same answer.
   */
  after(counts: Session, termSet: number, tool: string, context: Context): Evaluation {
    let known = this.#inSessions.get(context);
    if (known === undefined) {
      known = new Map();
      this.#inSessions.set(context, known);
    }
    const key = `${termSet} ${tool}`;
    let evaluation = known.get(key);
    if (evaluation === undefined) {
      evaluation = this.inOrder([tool], { ...context, session: counts });
      known.set(key, evaluation);
    }
    return evaluation;
  }

  /** The calls of one session, in order. */
  inOrder(tools: readonly string[], context: Context): Evaluation {
    return this.judge(this.layers, tools, context);
  }

  #ask(tools: readonly string[], context: Context): Map<string, Evaluation> {
    const known = new Map<string, Evaluation>();
    const step = this.counts ? 1 : askedAtOnce;
    for (let at = 0; at < tools.length; at += step) {
      const some = tools.slice(at, at + step);
      const evaluation = this.inOrder(some, context);
      for (const tool of some) known.set(tool, evaluation);
    }
    return known;
  }
}
