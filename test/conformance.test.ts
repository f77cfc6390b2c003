import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Decision } from "../src/engine/result.js";
import { decideOnFault } from "../src/policy/fault.js";
import { mergePolicies } from "../src/policy/merge.js";
import type { EnforcementMode } from "../src/policy/model.js";
import { referenceMatch } from "../src/reference/evaluate.js";
import { parseCard } from "../src/syntax/card.js";
import { parsePolicy } from "../src/syntax/policy.js";
import { type Case, callsOf, contextOf, countsOf, type Fields, layersOf, policyText, readCases } from "./support/cases.js";
import { type Subject, sessionAt, subjects } from "./support/evaluators.js";
import { differences } from "./support/expectations.js";
import { runTraceCase } from "./support/trace-cases.js";

const here = import.meta.dirname;
const written = readCases(join(here, "cases"));
const found = existsSync(join(here, "regressions")) ? readCases(join(here, "regressions")) : [];
const cases = [...written, ...found];
const kindOf = ({ fields }: Case) =>
  ["glob", "document", "card_document", "fault", "traces"].find((key) => fields.has(key)) ?? "evaluation";
const ofKind = (...kinds: string[]) => cases.filter((c) => kinds.includes(kindOf(c)));
const expectationOf = ({ fields }: Case) => fields.get("expect") as Fields;

/** What the documented service gets wrong in code. */
const defects = [
  "a question mark never matches",
  "only the first forbidden rule is reported, so a low rule placed first turns fail into warn",
  "a 64 character name takes over a minute",
  "a newline in a name evades a forbidden rule",
  "misspelt conditions silently pass",
  '"CRITICAL" silently passes',
  "unknown actions silently pass",
  "the grace period softens even critical forbidden hits",
  "fail_open is never read",
  "merging drops enforcement_mode",
  "merging drops grace_period_hours",
  "a transaction guardrail can turn fail into pass",
  "its trace reader looks in a field that its trace writer never fills, so its dry run sees zero tools",
  "permitted tools are missing from results",
];

describe.each(subjects)("$name", (subject) => {
  test.each(ofKind("evaluation"))("$id", (c) => checkEvaluation(c, subject));
  test.each(ofKind("glob"))("$id", (c) => checkGlob(c, subject));
});

function checkEvaluation(c: Case, subject: Subject): void {
  const layers = layersOf(c);
  const tools = callsOf(c.fields.get("tools"));
  const context = contextOf(c);
  const expected = expectationOf(c);
  if (expected.get("throws") === true) {
    expect(() => subject.open(layers).evaluate(tools, context, countsOf(c))).toThrow(TypeError);
    return;
  }
  const { engine, evaluate } = subject.open(layers);
  const evaluation = evaluate(tools, context, countsOf(c));
  expect(differences(expected, evaluation)).toEqual([]);
  if (engine === undefined) return;
  // The single check says of every call what the evaluation says of all.
  const session = sessionAt(engine, countsOf(c));
  const decided = new Map<unknown, Decision[]>();
  for (const tool of tools) {
    const name = typeof tool === "string" ? tool : "";
    decided.set(name, [...(decided.get(name) ?? []), engine.decide(tool, { ...context, session })]);
  }
  for (const { tool, verdict, action, cause } of evaluation.tools) {
    const decisions = decided.get(tool) ?? [];
    expect(decisions).toContainEqual(expect.objectContaining({ verdict, action, cause }));
  }
  expect(engine.info.faults).toBe(0);
}

/** A name matches when the forbidden rule of the glob is reported for it. */
function checkGlob(c: Case, subject: Subject): void {
  const glob = String(c.fields.get("glob"));
  const policy = new Map<string, unknown>([
    [
      "forbidden",
      [
        new Map([
          ["pattern", glob],
          ["reason", "r"],
          ["severity", "low"],
        ]),
      ],
    ],
  ]);
  const layers = layersOf({ ...c, fields: new Map([["agent", policy]]) });
  const matching = callsOf(c.fields.get("match") ?? []) as string[];
  const others = callsOf(c.fields.get("not_match") ?? []) as string[];
  const { engine, evaluate } = subject.open(layers);
  const evaluation = evaluate([...matching, ...others], {}, undefined);
  const reported = new Set(evaluation.tools.filter((outcome) => outcome.forbidden.length > 0).map((outcome) => outcome.tool));
  expect(
    matching.filter((name) => !reported.has(name)),
    "should match",
  ).toEqual([]);
  expect(
    others.filter((name) => reported.has(name)),
    "should not match",
  ).toEqual([]);
  const matches = (name: string) => (engine ? engine.decide(name).cause === "forbidden" : referenceMatch(glob, name));
  expect(
    matching.filter((name) => !matches(name)),
    "should match alone",
  ).toEqual([]);
  expect(others.filter(matches), "should not match alone").toEqual([]);
}

describe("documents", () => {
  test.each(ofKind("document", "card_document"))("$id", (c) => {
    const diagnostics = c.fields.has("document")
      ? parsePolicy(policyText(c.fields.get("document"), c.id, "agent"), { file: "policy.yaml" }).diagnostics
      : parseCard(String(c.fields.get("card_document")), { file: "card.yaml", nowMs: Date.parse("2026-01-01T00:00:00Z") })
          .diagnostics;
    const expected = expectationOf(c);
    expect(diagnostics.map(({ code }) => code).sort()).toEqual([...(expected.get("diagnostics") as string[])].sort());
    for (const [code, place] of (expected.get("at") as Fields | undefined) ?? []) {
      const span = diagnostics.find((d) => d.code === code)?.span;
      expect(`${span?.line}:${span?.column}`, code).toBe(place);
    }
    for (const { message, fix, span } of diagnostics) expect([message, fix, span?.file].every(Boolean), message).toBe(true);
  });
});

describe("merging", () => {
  test.each(ofKind("evaluation").filter((c) => expectationOf(c).has("merge") || expectationOf(c).has("merged")))("$id", (c) => {
    const { value, diagnostics } = mergePolicies(layersOf(c));
    expect(diagnostics.map(({ code }) => code)).toEqual(expectationOf(c).get("merge") ?? []);
    for (const [field, expected] of (expectationOf(c).get("merged") as Map<string, Fields> | undefined) ?? []) {
      const defaults = value?.defaults as unknown as Record<string, { value: unknown; layer: string }>;
      const { value: actual, layer } = defaults[field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())];
      expect({ value: actual, layer }, field).toEqual(Object.fromEntries(expected));
    }
  });
});

describe("faults", () => {
  test.each(ofKind("fault"))("$id", (c) => {
    const fault = c.fields.get("fault") as Fields;
    const failOpen = fault.get("fail_open") as boolean | null;
    const { action } = decideOnFault({
      engineLoaded: failOpen !== null,
      ...(failOpen === null ? {} : { failOpen }),
      mode: fault.get("mode") as EnforcementMode | undefined,
      onFault: fault.get("on_fault") as "allow" | "deny" | undefined,
      httpStatus: fault.get("http_status") as number | undefined,
    });
    expect(action).toBe(expectationOf(c).get("action"));
  });
});

describe("traces", () => {
  test.each(ofKind("traces"))("$id", (c) => runTraceCase(c));
});

describe("the cases themselves", () => {
  const ids = (list: readonly Case[]) => list.map((c) => c.id);

  test("at least 300, each with an id of its own", () => {
    expect(written.length).toBeGreaterThanOrEqual(300);
    expect(new Set(ids(cases)).size).toBe(cases.length);
    for (const c of written) expect(c.id.startsWith(`${c.rules[0]?.toLowerCase()}-`), c.id).toBe(true);
  });

  const rules = ["D1", "D2", "D3", "D4", "D5", "D6", "D7", "D8", "G1", "G2", "G3", "E1", "E2", "E3", "E4", "E5", "E6", "E7", "E8", "E9", "E10", "M1", "M2", "M3", "M4", "M5", "T1", "T2", "C1", "C2", "F1", "R1", "R2", "R3"]; // biome-ignore format: one list

  test.each(rules)("%s has at least three cases, one of them negative", (rule) => {
    const about = written.filter((c) => c.rules.includes(rule));
    expect(about.length).toBeGreaterThanOrEqual(3);
    expect(about.filter((c) => c.negative).length).toBeGreaterThanOrEqual(1);
  });

  test("cases name only rules that exist", () => {
    expect(cases.flatMap((c) => c.rules).filter((rule) => !rules.includes(rule))).toEqual([]);
  });

  test("every defect of the documented service is guarded", () => {
    const guarded = new Set(written.flatMap((c) => c.fields.get("field") ?? []));
    expect([...guarded].sort()).toEqual([...defects].sort());
  });

  test("every kind of evaluator is there", () => {
    for (const kind of ["reference", "js", "wasm"])
      expect(subjects.filter((s) => s.name.startsWith(kind)).length).toBeGreaterThan(0);
    expect(subjects.length).toBe(7);
  });
});
