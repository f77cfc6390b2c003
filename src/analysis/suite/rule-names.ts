import { escapeText } from "../../diagnostics/escape.js";
import { suggest } from "../../diagnostics/suggest.js";
import type { RuleRef } from "../../engine/result.js";
import { parseGlob } from "../../glob/parse.js";
import { suiteGuessesMax } from "../../limits.js";

/** The names under which tests may speak of the rules of one policy. */
export class RuleNames {
  readonly #names: ReadonlySet<string>;
  readonly #capabilities: ReadonlySet<string>;
  #guesses = 0;

  constructor(rules: readonly RuleRef[]) {
    this.#names = new Set(rules.flatMap(namesOf));
    this.#capabilities = new Set(rules.filter(({ kind }) => kind === "capability").map(({ label }) => label));
  }

  /** Why no rule can be meant, with what may have been; undefined where there is such a rule. */
  faultOfRule(text: string): string | undefined {
    if (this.#names.has(text) || this.#names.has(canonical(text))) return undefined;
    return `the policy has no rule ${quoted(text)}${this.#guess(text, this.#names)}`;
  }

  faultOfCapability(text: string): string | undefined {
    if (this.#capabilities.has(text)) return undefined;
    return `the policy has no capability ${quoted(text)}${this.#guess(text, this.#capabilities)}`;
  }

  #guess(text: string, names: ReadonlySet<string>): string {
    this.#guesses += names.size;
    const meant = this.#guesses > suiteGuessesMax ? undefined : suggest(text, [...names]);
    return meant === undefined ? "" : `; did you mean ${quoted(meant)}?`;
  }
}

/**
 * A forbidden pattern, a glob or the name of a capability, a condition, or the field of the defaults. Globs of one meaning are one
 * glob, however their wildcards are written: forbidden patterns are kept as written, globs of capabilities in canonical spelling.
 */
function namesOf({ kind, label, pattern }: RuleRef): string[] {
  if (kind === "forbidden") return [...new Set([label, canonical(label)])];
  return pattern === undefined ? [label] : [label, pattern];
}

/** Whether a test that writes `text` means this rule. */
export function isRuleNamed(rule: RuleRef, text: string): boolean {
  const names = namesOf(rule);
  return names.includes(text) || names.includes(canonical(text));
}

function canonical(text: string): string {
  const glob = parseGlob(text);
  return typeof glob === "string" ? text : glob.text;
}

function quoted(text: string): string {
  return `"${escapeText(text.length > 80 ? `${text.slice(0, 80)}...` : text)}"`;
}
