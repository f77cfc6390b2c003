import { quoteText } from "../../diagnostics/escape.js";
import { compares } from "../../engine/session.js";
import type { CountTest, Scope } from "../../policy/model.js";
import { countOf, type Prior, priorsOf } from "../priors.js";
import { findingAt } from "./finding.js";
import type { LintFinding } from "./lint-report.js";
import { isSameRule, type TermUnit, type Unit } from "./units.js";
import { nameOfUnit, termText, testText } from "./wording.js";

/**
 * condition_constant: counts that always or never stand as a condition asks, in any session (E7: a call counts itself; no more
 * calls are unmapped or violate than there are). Terms that are dead have another finding, and are not among `own`.
 */
export function constantConditions(own: readonly Unit[]): LintFinding[] {
  const findings: LintFinding[] = [];
  for (const terms of byRule(own.filter((unit) => unit.kind === "trigger"))) {
    const [unit] = terms;
    if (unit === undefined) continue;
    const counts = terms.filter(({ globs }) => globs.length === 0).map(({ tests }) => tests);
    if (counts.length > 0 && holding(counts, unit.layer) === "always") {
      findings.push(
        findingAt(unit, "condition_constant", {
          message: `${nameOfUnit(unit)} holds at every call, whatever is called`,
          fix: "set a count that some sessions reach and others do not, or say what the trigger is for with tool_matches",
        }),
      );
    } else findings.push(...terms.flatMap((term) => ofTerm(term) ?? []));
  }
  return findings;
}

function byRule(terms: readonly TermUnit[]): TermUnit[][] {
  const rules: TermUnit[][] = [];
  for (const term of terms) {
    const last = rules.at(-1);
    if (last?.[0] !== undefined && isSameRule(last[0], term)) last.push(term);
    else rules.push([term]);
  }
  return rules;
}

function ofTerm(unit: TermUnit): LintFinding | undefined {
  const { tests, layer } = unit;
  if (tests.length === 0) return undefined;
  const held = holding([tests], layer);
  if (held === "never") {
    return findingAt(unit, "condition_constant", {
      message: `the part ${quoteText(termText(unit))} of ${nameOfUnit(unit)} never holds`,
      fix: "correct the counts, or take this part out",
    });
  }
  const idle = tests.find((test) => holding([[test]], layer) === "always");
  if (idle === undefined) return undefined;
  return findingAt(unit, "condition_constant", {
    message: `${quoteText(testText(idle))} in ${nameOfUnit(unit)} holds at every call`,
    fix: "take it out, or set a count that some sessions reach and others do not",
  });
}

/** In which calls one of these conjunctions holds; `sometimes` also where there are too many kinds of sessions to try. */
export function holding(terms: readonly (readonly CountTest[])[], layer: Scope): "always" | "never" | "sometimes" {
  const priors = priorsOf(terms.flat().map((test) => ({ test, layer })));
  if (priors === undefined) return "sometimes";
  const results = new Set(
    priors.flatMap((prior) =>
      after(prior).map((counts) =>
        terms.some((tests) => tests.every((test) => compares(countOf(counts, test.count, layer), test))),
      ),
    ),
  );
  if (results.size > 1) return "sometimes";
  return results.has(true) ? "always" : "never";
}

/** What a call can make of the counts. */
function after({ toolCount, unmappedOrgCount, unmappedCount, violationCount }: Prior): Prior[] {
  const counts: Prior[] = [];
  for (const [org, unmapped] of [
    [0, 0],
    [1, 0],
    [1, 1],
  ] as const) {
    for (const violation of [0, 1]) {
      counts.push({
        toolCount: toolCount + 1,
        unmappedOrgCount: unmappedOrgCount + org,
        unmappedCount: unmappedCount + unmapped,
        violationCount: violationCount + violation,
      });
    }
  }
  return counts;
}
