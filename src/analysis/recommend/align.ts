import { type ToolName, wordsOf } from "./tool-name.js";
import { meaningOf, type VerbClass, verbClassOf } from "./verbs.js";

/** A card action that a tool could serve. */
export interface Alignment {
  readonly action: string;
  /** 0 to 1. */
  readonly score: number;
}

interface ParsedAction {
  readonly action: string;
  readonly classes: ReadonlySet<VerbClass>;
  readonly verbs: ReadonlySet<string>;
  /** What the other words mean. */
  readonly objects: readonly string[];
}

/** Classes that are near enough to count for something. */
const near: ReadonlyMap<VerbClass, ReadonlySet<VerbClass>> = new Map<VerbClass, ReadonlySet<VerbClass>>([
  ["read", new Set<VerbClass>(["search", "interact"])],
  ["search", new Set<VerbClass>(["read", "interact"])],
  ["interact", new Set<VerbClass>(["read", "search"])],
  ["write", new Set<VerbClass>(["send"])],
  ["send", new Set<VerbClass>(["write"])],
]);

/**
 * Compares tools with the actions of a card by their words. Of 1, 0.45 is for the verb (the same word 0.45, the same class 0.4, a
 * near class 0.2) and 0.55 for the other words of the action (the share that the tool or its server has, too); an action that
 * is only a verb gets 0.35 instead, one without a verb is measured by its words alone.
 */
export class Aligner {
  readonly #actions: readonly ParsedAction[];

  /** `actions`: those that the card grants, in its order. */
  constructor(actions: readonly string[]) {
    this.#actions = [...new Set(actions)].map(parsedAction);
  }

  /** The best action; of equals the one that the card names first. Undefined when nothing speaks for any. */
  best(name: ToolName): Alignment | undefined {
    const meanings = new Set([...wordsOf(name.server), ...name.words].map(({ text }) => meaningOf(text)));
    let best: Alignment | undefined;
    for (const parsed of this.#actions) {
      const score = scoreOf(parsed, name, meanings);
      if (score > (best?.score ?? 0)) best = { action: parsed.action, score };
    }
    return best;
  }
}

function parsedAction(action: string): ParsedAction {
  const words = wordsOf(action.slice(0, 512)).map(({ text }) => text);
  const verbs = words.filter((word) => verbClassOf(word) !== undefined);
  // A verb behind another verb is meant as a noun: "send message", "read log".
  const verb = verbs.slice(0, 1);
  const objects = words.filter((word) => !verb.includes(word)).map(meaningOf);
  return {
    action,
    classes: new Set(verb.flatMap((word) => verbClassOf(word) ?? [])),
    verbs: new Set(verb),
    objects,
  };
}

function scoreOf(
  { classes, verbs, objects }: ParsedAction,
  { verb, verbClass }: ToolName,
  meanings: ReadonlySet<string>,
): number {
  const found = objects.length === 0 ? 0 : objects.filter((word) => meanings.has(word)).length / objects.length;
  if (classes.size === 0) return 0.9 * found;
  const verbal = verbs.has(verb)
    ? 0.45
    : classes.has(verbClass)
      ? 0.4
      : [...classes].some((each) => near.get(each)?.has(verbClass) === true)
        ? 0.2
        : 0;
  // Words alone do not make a reading action of a tool that deletes.
  if (verbal === 0) return 0.3 * found;
  return verbal + (objects.length === 0 ? 0.35 : 0.55 * found);
}
