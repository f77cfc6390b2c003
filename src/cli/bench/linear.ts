import type { Verdict } from "../../engine/result.js";
import { compares } from "../../engine/session.js";
import { isInvalidName } from "../../engine/tool-names.js";
import { matchGlob } from "../../glob/match.js";
import { ANY, type Glob, STAR } from "../../glob/parse.js";
import { benchStarsMax } from "../../limits.js";
import { severities, triggerActions } from "../../policy/lattice.js";
import type { CountTest, Layered, MergedPolicy, Trigger } from "../../policy/model.js";
import type { LinearNotes } from "./bench-report.js";

/**
 * The policy as one would first write it: a compiled regular expression a glob, rules tried one after the other. It judges a call
 * that is a session of its own, without card, guardrail or grace, as `decide` does without a context. Only for comparison:
 * nothing is decided by it, and it is the one place where a regular expression is made from policy text.
 */
export class LinearPolicy {
  readonly notes: LinearNotes;
  private readonly forbidden: readonly { readonly matches: Matcher; readonly hard: boolean }[];
  private readonly capabilities: readonly { readonly org: boolean; readonly matchers: readonly Matcher[] }[];
  private readonly triggers: readonly LinearTrigger[];
  private readonly unmapped: "allow" | "warn" | "deny";

  constructor(policy: MergedPolicy) {
    let regExps = 0;
    let loops = 0;
    const compile = (glob: Glob): Matcher => {
      if (glob.tokens.filter((token) => token === STAR).length > benchStarsMax) {
        loops++;
        return (name) => matchGlob(glob.text, name);
      }
      regExps++;
      const pattern = new RegExp(regExpSource(glob), "su");
      return (name) => pattern.test(name);
    };
    const { failOn, unmappedToolAction } = policy.defaults;
    const hardFrom = severities.indexOf(failOn.value);
    this.forbidden = strictestFirst(policy.forbidden, ({ rule }) => severities.indexOf(rule.severity)).map(({ rule }) => ({
      matches: compile(rule.pattern.glob),
      hard: severities.indexOf(rule.severity) >= hardFrom,
    }));
    this.capabilities = policy.capabilities.map(({ layer, rule }) => ({
      org: layer === "org",
      matchers: rule.tools.map(({ glob }) => compile(glob)),
    }));
    this.triggers = strictestFirst(policy.triggers, ({ rule }) => triggerActions.indexOf(rule.action)).map((trigger) =>
      linearTrigger(trigger, compile),
    );
    this.unmapped = unmappedToolAction.value;
    this.notes = { regExps, loops };
  }

  verdict(name: string): Verdict {
    const forbidden = this.forbidden.find(({ matches }) => matches(name));
    if (forbidden?.hard) return "fail";
    if (isInvalidName(name)) return "fail";
    const capability = this.capabilities.find(({ matchers }) => matchers.some((matches) => matches(name)));
    const denied = capability === undefined && this.unmapped === "deny";
    const trigger = this.strongestTrigger(name, capability?.org, denied);
    if (trigger === "deny" || denied) return "fail";
    if (trigger !== undefined || forbidden !== undefined) return "warn";
    return capability === undefined && this.unmapped === "warn" ? "warn" : "pass";
  }

  /** E6, E7: triggers are sorted, so the first that fires decides. */
  private strongestTrigger(name: string, org: boolean | undefined, denied: boolean): LinearTrigger["action"] | undefined {
    if (this.triggers.length === 0) return undefined;
    const isNamed = ({ matchers }: LinearTerm) => matchers.every((matches) => matches(name));
    const violation =
      denied ||
      this.triggers.some(
        ({ action, terms }) => action === "deny" && terms.some((term) => term.tests.length === 0 && isNamed(term)),
      );
    const counts = {
      tool: 1,
      unmapped: org === undefined ? 1 : 0,
      unmappedOrg: org === true ? 0 : 1,
      violation: violation ? 1 : 0,
    };
    const fires = (term: LinearTerm, ofOrg: boolean) =>
      isNamed(term) &&
      term.tests.every((test) => {
        if (test.count === "tool_count") return compares(counts.tool, test);
        if (test.count === "violation_count") return compares(counts.violation, test);
        return compares(ofOrg ? counts.unmappedOrg : counts.unmapped, test);
      });
    return this.triggers.find((trigger) => trigger.terms.some((term) => fires(term, trigger.org)))?.action;
  }
}

type Matcher = (name: string) => boolean;

interface LinearTerm {
  readonly matchers: readonly Matcher[];
  readonly tests: readonly CountTest[];
}

interface LinearTrigger {
  readonly action: "warn" | "escalate" | "deny";
  /** An org trigger counts against org's mappings only (M2). */
  readonly org: boolean;
  readonly terms: readonly LinearTerm[];
}

function linearTrigger({ layer, rule }: Layered<Trigger>, compile: (glob: Glob) => Matcher): LinearTrigger {
  const terms = rule.condition.terms.map(({ globs, tests }) => ({ matchers: globs.map(compile), tests }));
  return { action: rule.action, org: layer === "org", terms };
}

/** Stable; the lattices go from lenient to strict. */
function strictestFirst<T>(list: readonly T[], strictness: (entry: T) => number): T[] {
  return [...list].sort((a, b) => strictness(b) - strictness(a));
}

/** Anchored; with the flags `s` and `u`, `.` is any one code point (G1). Everything but letters, digits and `_` is written by its number. */
export function regExpSource({ tokens }: Pick<Glob, "tokens">): string {
  let source = "^";
  for (const token of tokens) {
    if (token === STAR) source += ".*";
    else if (token === ANY) source += ".";
    else {
      const character = String.fromCodePoint(token);
      source += /^\w$/.test(character) ? character : `\\u{${token.toString(16)}}`;
    }
  }
  return `${source}$`;
}
