import type { Context, Evaluation, Session, Sightings } from "../engine/result.js";
import type { RuleCatalog } from "../engine/rule-catalog.js";
import type { TraceFilter } from "./select.js";

/** What a replay asks of an engine. */
export interface ReplayEngine {
  /** Whether some trigger has count tests (E7): only then, or when it is not known, calls are judged one by one in order. */
  readonly hasCountTriggers?: boolean | undefined;
  /** All rules of the policy; without them a report has no hits per rule, and count triggers cost an evaluation a call. */
  readonly rules?: RuleCatalog | undefined;
  evaluate(tools: readonly unknown[], context?: Context): Evaluation;
  openSession(): Session;
}

export interface ReplayOptions extends TraceFilter {
  readonly card?: Context["card"];
  readonly context?: Context["kind"] | undefined;
  /** Judge as if no tool ever had grace. */
  readonly noGrace?: boolean | undefined;
  /** First-seen times beyond those of the input (T2). */
  readonly sightings?: Sightings | undefined;
  /** The policy to compare with: what did it say of the same calls? */
  readonly against?: ReplayEngine | undefined;
}
