import type { Artifact } from "../artifact/artifact.js";
import { matchGlob } from "../glob/match.js";
import type { RuleRef } from "./result.js";
import type { CountedTerm, Rules, UseKind } from "./rules.js";

/** A rule that matches a name, and the globs of it that do, in the rule's order. */
export interface RuleMatch {
  readonly rank: number;
  readonly globIds: readonly number[];
}

/** Everything that matches one name; each list in rank order. An invalid name has no capabilities (semantics G2). */
export interface Matches {
  readonly invalid: boolean;
  readonly forbidden: readonly RuleMatch[];
  readonly capabilities: readonly RuleMatch[];
  /** Triggers that fire whatever the counts. */
  readonly triggers: readonly RuleMatch[];
  /** Terms with count tests whose globs match. */
  readonly counted: readonly CountedTerm[];
}

/**
 * Lists all matching rules of a name by trying glob after glob, with a matcher of its own, so that what is shown does not
 * rest on what decided. Literal globs and literal beginnings are looked up; endings are compared before the glob is tried.
 */
export class MatchLister {
  readonly #literals = new Map<string, number>();
  /** Globs with a wildcard, by the text before the first; each with the text after the last. */
  readonly #beginnings = new Map<string, { readonly id: number; readonly text: string; readonly ending: string }[]>();
  readonly #lengths: readonly number[];
  readonly #artifact: Artifact;

  constructor(private readonly rules: Rules) {
    this.#artifact = rules.artifact;
    const { globs } = this.#artifact;
    for (let id = 0; id < globs.count; id++) {
      const { text } = globs.get(id);
      const end = wildcardAt(text);
      if (end === text.length) this.#literals.set(text, id);
      else {
        const beginning = text.slice(0, end);
        const glob = { id, text, ending: text.slice(lastWildcardAt(text) + 1) };
        const same = this.#beginnings.get(beginning);
        if (same === undefined) this.#beginnings.set(beginning, [glob]);
        else same.push(glob);
      }
    }
    this.#lengths = [...new Set(Array.from(this.#beginnings.keys(), (beginning) => beginning.length))].sort((a, b) => a - b);
  }

  list(name: string, invalid: boolean): Matches {
    const matching = this.#matchingGlobs(name);
    const found: Record<UseKind, Found> = { forbidden: new Map(), trigger: new Map(), capability: new Map() };
    for (const id of matching) {
      for (const { kind, rank } of this.#artifact.globs.get(id).uses) note(found[kind], rank, id);
    }
    const all = (globIds: readonly number[]) => globIds.every((id) => matching.has(id));
    for (const term of this.rules.nameTerms)
      if (all(term.globIds)) for (const id of term.globIds) note(found.trigger, term.trigger, id);
    const inOrder = ([rank, ids]: [number, Set<number>]): RuleMatch => {
      const globIds = new Set(this.rules.capability(rank).globIds);
      return { rank, globIds: [...globIds].filter((id) => ids.has(id)) };
    };
    return {
      invalid,
      forbidden: ranked(found.forbidden),
      capabilities: invalid ? [] : [...found.capability].map(inOrder).sort(byRank),
      triggers: ranked(found.trigger),
      counted: this.rules.mixedTerms.filter((term) => all(term.globIds)),
    };
  }

  /** The rule of a match with the first glob that matched. */
  ref(kind: UseKind, match: RuleMatch): RuleRef {
    const rule = this.rules.ref(kind, match.rank);
    if (rule.pattern !== undefined || match.globIds.length === 0) return rule;
    return { ...rule, pattern: this.#artifact.globs.get(match.globIds[0]).text };
  }

  #matchingGlobs(name: string): Set<number> {
    const ids: number[] = [];
    const literal = this.#literals.get(name);
    if (literal !== undefined) ids.push(literal);
    for (const length of this.#lengths) {
      if (length > name.length) break;
      for (const { id, text, ending } of this.#beginnings.get(name.slice(0, length)) ?? []) {
        if (name.endsWith(ending) && matchGlob(text, name)) ids.push(id);
      }
    }
    return new Set(ids.sort((a, b) => a - b));
  }
}

/** Index of the first `*` or `?`, or the length. */
function wildcardAt(text: string): number {
  let at = 0;
  while (at < text.length && text.charCodeAt(at) !== 42 && text.charCodeAt(at) !== 63) at++;
  return at;
}

/** Index of the last `*` or `?`, of which there is one. */
function lastWildcardAt(text: string): number {
  let at = text.length - 1;
  while (text.charCodeAt(at) !== 42 && text.charCodeAt(at) !== 63) at--;
  return at;
}

/** Matching globs by the rank of their rule. */
type Found = Map<number, Set<number>>;

function note(found: Found, rank: number, globId: number): void {
  const globIds = found.get(rank);
  if (globIds === undefined) found.set(rank, new Set([globId]));
  else globIds.add(globId);
}

function ranked(found: Found): RuleMatch[] {
  return [...found].map(([rank, globIds]) => ({ rank, globIds: [...globIds] })).sort(byRank);
}

function byRank(a: RuleMatch, b: RuleMatch): number {
  return a.rank - b.rank;
}
