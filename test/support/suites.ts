import { runSuites } from "../../src/analysis/suite/run-suites.js";
import type { CaseResult, SuiteRun } from "../../src/analysis/suite/suite-report.js";
import type { SuiteOptions, TestedPolicy } from "../../src/analysis/suite/test-bench.js";
import { decodeArtifact } from "../../src/artifact/decode.js";
import { compilePolicy } from "../../src/compiler/compile.js";
import { openArtifact } from "../../src/engine/engine.js";
import type { Context } from "../../src/engine/result.js";
import { RuleCatalog } from "../../src/engine/rule-catalog.js";
import { mergePolicies } from "../../src/policy/merge.js";
import type { Card, Policy } from "../../src/policy/model.js";
import type { Circumstances, Suite } from "../../src/policy/suite.js";
import { parsePolicy } from "../../src/syntax/policy.js";
import { parseSuite } from "../../src/syntax/suite.js";

export function policyOf(text: string, file = "policy.yaml"): Policy {
  const { value, diagnostics } = parsePolicy(text, { file });
  if (value === undefined) throw new Error(JSON.stringify(diagnostics));
  return value;
}

export function suiteOf(text: string, file = "s.test.yaml"): Suite {
  const { value, diagnostics } = parseSuite(text, { file });
  if (value === undefined) throw new Error(JSON.stringify(diagnostics));
  return value;
}

export function testedPolicy(layers: { org?: Policy; agent?: Policy }): TestedPolicy {
  const { value } = mergePolicies(layers);
  if (value === undefined) throw new Error("the layers do not merge");
  const artifact = decodeArtifact(compilePolicy(value, {}).bytes);
  return { subject: { policy: value, layers }, engine: openArtifact(artifact), rules: new RuleCatalog(artifact) };
}

/** The context of a case as the command makes it, with one card for all. */
export function contexts(card?: Card): (circumstances: Circumstances) => Context {
  const made = new Map<Circumstances, Context>();
  return (circumstances) => {
    const { nowMs, firstSeenMs, context } = circumstances;
    const sightings = firstSeenMs && { firstSeenMs: (tool: string) => firstSeenMs.get(tool) };
    const known = made.get(circumstances) ?? { kind: context ?? "cicd", card, nowMs, sightings };
    made.set(circumstances, known);
    return known;
  };
}

/** Runs one suite against one policy, or two layers. */
export function ran(
  policy: string | { org: string; agent: string },
  suite: string,
  options: SuiteOptions & { card?: Card } = {},
): SuiteRun {
  const layers =
    typeof policy === "string"
      ? { agent: policyOf(policy) }
      : { org: policyOf(policy.org, "org.yaml"), agent: policyOf(policy.agent) };
  return runSuites(testedPolicy(layers), [{ suite: suiteOf(suite), contextOf: contexts(options.card) }], options);
}

/** What does not hold: `case name: call: key expected X got Y`. */
export function faults(run: SuiteRun): string[] {
  const all: readonly CaseResult[] = run.suites.flatMap(({ cases }) => cases);
  return all.flatMap(({ name, calls }) =>
    calls.flatMap((call, i) => [
      ...call.mismatches.map(({ key, expected, got }) => `${name}: ${i}: ${key} ${expected}, got ${got}`),
      ...call.differences.map((difference) => `${name}: ${i}: ${difference}`),
    ]),
  );
}
