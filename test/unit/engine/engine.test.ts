import { describe, expect, test } from "vitest";
import { compilePolicy } from "../../../src/compiler/compile.js";
import { type FaultReport, openArtifact, openEngine } from "../../../src/engine/engine.js";
import { packNames } from "../../../src/engine/names.js";
import type { Context, Guardrail } from "../../../src/engine/result.js";
import type { MergedPolicy } from "../../../src/policy/model.js";
import { artifactDouble, engineDouble, NaiveEvaluator } from "../../support/artifact-double.js";
import { tinyPolicy } from "../../support/tiny-policy.js";

const tests = (
  count: "tool_count" | "unmapped_tool_count" | "violation_count",
  comparison: ">" | "<" | "==" | ">=",
  value: number,
) => [{ count, comparison, value }];
const withMode = (policy: MergedPolicy, mode: "off" | "warn" | "enforce", failOpen = false): MergedPolicy => ({
  ...policy,
  defaults: {
    ...policy.defaults,
    enforcementMode: { value: mode, layer: "agent" },
    failOpen: { value: failOpen, layer: "agent" },
  },
});

const policy = tinyPolicy({
  forbidden: [
    ["rm*", "critical"],
    ["*_all", "low"],
  ],
  capabilities: [
    ["files", ["file_*", "rm_all"], ["read"]],
    ["web", ["web_?"]],
  ],
  triggers: [["escalate", [{ globs: ["pay*"] }]]],
});

describe("decide", () => {
  const engine = engineDouble(policy);
  test.each([
    ["rm_all", "forbidden", "deny"],
    ["file_a", "mapped", "allow"],
    ["web_😀", "mapped", "allow"],
    ["web_ab", "unmapped_denied", "deny"],
    ["", "invalid_tool_name", "deny"],
    [undefined, "invalid_tool_name", "deny"],
    [["file_a"], "invalid_tool_name", "deny"],
    ["web_\ud800", "invalid_tool_name", "deny"],
    ["rm\ufffd", "forbidden", "deny"],
  ])("%j", (tool, cause, action) => {
    for (let time = 0; time < 4; time++) expect(engine.decide(tool)).toMatchObject({ cause, action });
  });

  test("names of one row share one frozen decision, the rule included", () => {
    expect(engine.decide("file_a")).toBe(engine.decide("file_b"));
    expect(Object.isFrozen(engine.decide("rm_x"))).toBe(true);
    expect(Object.isFrozen(engine.decide("rm_x").rule)).toBe(true);
  });

  test("the name cache never confuses names, however many there are and however often they come", () => {
    const engine = openEngine(compilePolicy(policy).bytes, { evaluator: "js" });
    // Names of one length that differ in one character only, so that samples of them collide.
    const names = Array.from(
      { length: 30_000 },
      (_, i) => `${i % 3 ? "file_" : "feil_"}${"x".repeat(i % 40)}${String(i % 1000).padStart(3, "0")}${"y".repeat(20)}`,
    );
    for (let round = 0; round < 3; round++) {
      for (const name of names) if ((engine.decide(name).cause === "mapped") !== name.startsWith("file_")) throw new Error(name);
    }
    const long = `file_${"z".repeat(5000)}`;
    expect([engine.decide(long).cause, engine.decide(long).cause, engine.decide(`x${long}`).cause]).toEqual([
      "mapped",
      "mapped",
      "unmapped_denied",
    ]);
  });

  test("rows that are joined at run time and forgotten again leave no trace", () => {
    const parts = ["a", "b", "c", "d", "e"];
    const joining = tinyPolicy({
      capabilities: parts.map((part) => [part, [`*${part}*`]] as const),
      forbidden: parts.map((part) => [`*${part}${part}*`] as const),
    });
    const tight = engineDouble(joining, {}, 1);
    const wide = engineDouble(joining);
    const names = parts.flatMap((a) => parts.flatMap((b) => parts.map((c) => `${c}${a}${b}${b}`)));
    const view = (one: typeof tight) => names.map((name) => [one.decide(name).cause, one.decide(name).rule?.label]);
    expect(view(tight)).toEqual(view(wide));
    const packed = packNames(names);
    const batches = [tight, wide].map((one) => names.map((_, i) => one.decideBatch(packed).at(i).rule?.label));
    expect(batches[0]).toEqual(batches[1]);
  });
});

describe("faults (F1)", () => {
  class Broken extends NaiveEvaluator {
    override classify(): number {
      throw new Error("trap");
    }
    override classifyBatch(): number {
      throw new Error("trap");
    }
  }
  const broken = (one: MergedPolicy, onFault?: (fault: FaultReport) => void) => {
    const evaluator = new Broken(one);
    return openArtifact(artifactDouble(one), onFault ? { onFault } : {}, { single: evaluator, bulk: evaluator });
  };

  test.each([
    ["enforce", false, "deny", 0],
    ["enforce", true, "allow", 1],
    ["warn", false, "warn", 0],
    ["off", false, "allow", 1],
  ] as const)("%s, fail_open %s", (mode, failOpen, action, allowed) => {
    const reports: FaultReport[] = [];
    const engine = broken(withMode(policy, mode, failOpen), (fault) => reports.push(fault));
    expect(engine.decide("file_a")).toEqual({ verdict: failOpen ? "warn" : "fail", action, cause: "fault", rule: null });
    expect(engine.decide(7).action).toBe(action);
    expect(reports.map(({ tool, error, decision }) => [tool, error, decision.action])).toEqual([
      ["file_a", new Error("trap"), action],
      ["", new Error("trap"), action],
    ]);
    expect([engine.info.faults, engine.info.faultsAllowed]).toEqual([2, 2 * allowed]);
  });

  test("each name of a batch is a fault of its own, and a log that throws changes nothing", () => {
    const engine = broken(policy, () => {
      throw new Error("log is full");
    });
    expect(engine.decideBatch(packNames(["a", "b", "c"])).counts).toEqual({ pass: 0, warn: 0, fail: 3 });
    expect(engine.info.faults).toBe(3);
  });

  test("a call that faults still counts in its session", () => {
    const engine = broken(policy);
    const session = engine.openSession();
    engine.decide("a", { session });
    expect(session.toolCount).toBe(1);
  });

  test("the caller's mistakes are not answered by fail_open", () => {
    const engine = engineDouble(withMode(policy, "enforce", true));
    const wrong = [
      { kind: "prod" },
      { kind: null },
      { session: { toolCount: 0, unmappedCount: 0, unmappedOrgCount: 0, violationCount: 0 } },
      { card: null },
      { card: "card.yaml" },
      { card: { boundedActions: "read", forbiddenActions: [] } },
      { card: { boundedActions: ["read"] } },
      { guardrail: "g-1", nowMs: 0 },
      { guardrail: { id: "g-1", expiresAtMs: "2030-01-01" }, nowMs: 0 },
      { guardrail: { id: "g-1", expiresAtMs: 1, tools: "file_*" }, nowMs: 0 },
      { guardrail: { id: "g-1", expiresAtMs: 1, tools: null }, nowMs: 0 },
      { guardrail: { id: "g-1", expiresAtMs: 1, allowedCapabilities: 5 }, nowMs: 0 },
    ] as unknown as Context[];
    for (const context of wrong) {
      expect(() => engine.decide("a", context)).toThrow(TypeError);
      expect(() => engine.decideBatch([], context)).toThrow(TypeError);
      expect(() => engine.evaluate([], context)).toThrow(TypeError);
      expect(() => engine.explain("a", context)).toThrow(TypeError);
    }
    const packed = packNames(["a", "b"]);
    for (const batch of [
      { ...packed, count: 3 },
      { ...packed, count: -1 },
      { ...packed, bytes: new Uint8Array(1) },
    ])
      expect(() => engine.decideBatch(batch)).toThrow(RangeError);
    expect(engine.info.faults).toBe(0);
  });
});

describe("sessions (E7)", () => {
  const counting = tinyPolicy({
    capabilities: [["files", ["file_*"]]],
    forbidden: [["rm*", "high", "org"]],
    triggers: [
      ["deny", [{ globs: [], tests: tests("tool_count", ">", 3) }]],
      ["escalate", [{ globs: ["file_*"], tests: tests("violation_count", "==", 2) }]],
      ["warn", [{ globs: ["file_*", "*_b"] }]],
    ],
  });
  const engine = engineDouble(counting);

  test("the current call counts, calls without a session are their own", () => {
    const session = engine.openSession();
    const calls = ["file_a", "rm_x", "web", "file_a", "file_b"].map((tool) => engine.decide(tool, { session }).cause);
    expect(calls).toEqual(["mapped", "forbidden", "unmapped_denied", "escalation_denied", "escalation_denied"]);
    expect({ ...session, guardrails: undefined }).toEqual({
      toolCount: 5,
      unmappedCount: 2,
      unmappedOrgCount: 5,
      violationCount: 2,
      guardrails: undefined,
    });
    expect(["file_a", "file_b"].map((tool) => engine.decide(tool).cause)).toEqual(["mapped", "trigger_warned"]);
  });

  test("name and count in one term", () => {
    const session = engine.openSession();
    const causes = ["rm_x", "rm_y", "file_a"].map((tool) => engine.decide(tool, { session }).cause);
    expect(causes).toEqual(["forbidden", "forbidden", "escalated"]);
  });

  test("evaluate goes on from a session and moves it, explain only looks", () => {
    const session = engine.openSession();
    engine.evaluate(["rm_x", "rm_y"], { session });
    expect([session.toolCount, session.violationCount]).toEqual([2, 2]);
    const { decision, rules } = engine.explain("file_a", { session });
    expect(decision.cause).toBe("escalated");
    expect(rules.map(({ rule, decides, without }) => [rule.kind, rule.label, decides, without.cause])).toEqual([
      ["trigger", "trigger 1", true, "mapped"],
      ["capability", "files", false, "unmapped_denied"],
    ]);
    expect(session.toolCount).toBe(2);
  });

  test("a trigger of counts alone is listed once, for tool `*`", () => {
    const { violations, tools } = engine.evaluate(["file_a", "file_a", "file_a", "file_a", "file_c"]);
    expect(violations.map(({ tool, type }) => [tool, type])).toEqual([["*", "escalation_denied"]]);
    expect(tools.map(({ tool, calls, verdict }) => [tool, calls, verdict])).toEqual([
      ["file_a", 4, "fail"],
      ["file_c", 1, "fail"],
    ]);
  });
});

describe("guardrails (M5)", () => {
  const nowMs = 1000;
  const guardrail = (more: Partial<Guardrail> = {}): Guardrail => ({ id: "tx", expiresAtMs: 2000, ...more });
  const engine = engineDouble(policy);
  const cause = (tool: string, context: Context) => engine.decide(tool, { nowMs, ...context }).cause;

  test("only narrows", () => {
    expect(cause("file_a", { guardrail: guardrail({ tools: ["file_?"] }) })).toBe("mapped");
    expect(cause("file_ab", { guardrail: guardrail({ tools: ["file_?"] }) })).toBe("guardrail_denied");
    expect(cause("rm_x", { guardrail: guardrail({ tools: ["*"] }) })).toBe("forbidden");
    expect(cause("file_a", { guardrail: guardrail({ tools: ["*"], allowedCapabilities: ["web"] }) })).toBe("guardrail_denied");
    expect(cause("file_a", { guardrail: guardrail({ allowedCapabilities: ["files"] }) })).toBe("mapped");
    expect(cause("file_a", { guardrail: guardrail({ tools: [] }) })).toBe("guardrail_denied");
    expect(cause("nothing", { guardrail: guardrail({ tools: ["nothing"] }) })).toBe("unmapped_denied");
  });

  test("missing, expired or undatable denies in every mode", () => {
    for (const mode of ["off", "warn", "enforce"] as const) {
      const one = engineDouble(withMode(policy, mode));
      for (const context of [
        { nowMs, guardrail: null },
        { nowMs: 2000, guardrail: guardrail() },
        { guardrail: guardrail() },
        { nowMs, guardrail: guardrail({ expiresAtMs: Number.NaN }) },
      ]) {
        expect(one.decide("file_a", context)).toMatchObject({ cause: "guardrail_missing", action: "deny" });
      }
    }
  });

  test("stays with its session when the id is left out, and expires there", () => {
    const session = engine.openSession();
    const narrow = guardrail({ tools: ["file_*"] });
    expect(cause("web_a", { session })).toBe("mapped");
    expect(cause("file_a", { session, guardrail: narrow })).toBe("mapped");
    expect(cause("web_a", { session })).toBe("guardrail_denied");
    expect(cause("file_a", { session, nowMs: 2000 })).toBe("guardrail_missing");
    expect(cause("web_a", { session: engine.openSession() })).toBe("mapped");
    expect(cause("file_a", { session, guardrail: guardrail({ id: "other", tools: ["web_*"] }) })).toBe("guardrail_denied");
  });
});

describe("several guardrails of one session", () => {
  const engine = engineDouble(policy);
  const rail = (id: string, expiresAtMs: number, tools: readonly string[]): Guardrail => ({ id, expiresAtMs, tools });

  test("all must let a call through; the first outside is named, a missing one outweighs it", () => {
    const session = engine.openSession();
    const decide = (tool: string, nowMs: number, guardrail?: Guardrail) => {
      const { cause, rule } = engine.decide(tool, { session, nowMs, ...(guardrail ? { guardrail } : {}) });
      return [cause, rule?.label];
    };
    expect(decide("file_a", 0, rail("one", 100, ["file_*"]))).toEqual(["mapped", "files"]);
    expect(decide("file_a", 0, rail("two", 50, ["file_?"]))).toEqual(["mapped", "files"]);
    expect(decide("file_ab", 0)).toEqual(["guardrail_denied", "two"]);
    expect(decide("web_a", 0)).toEqual(["guardrail_denied", "one"]);
    expect(decide("web_a", 50)).toEqual(["guardrail_missing", "two"]);
  });
});

describe("grace (T1, T2)", () => {
  test("the store is asked for unmapped tools only, and not where grace could not help", () => {
    const asked: string[] = [];
    const sightings = {
      firstSeenMs: (tool: string) => {
        asked.push(tool);
        return 0;
      },
    };
    const engine = engineDouble(policy);
    const causes = ["file_a", "new", "rm_x", "", "new\ufffd", "pay"].map(
      (tool) => engine.decide(tool, { nowMs: 1, sightings }).cause,
    );
    expect(causes).toEqual(["mapped", "unmapped_in_grace", "forbidden", "invalid_tool_name", "invalid_tool_name", "escalated"]);
    expect(asked).toEqual(["new", "pay"]);
  });

  test("a store that fails gives no grace, is asked once an evaluation, and the result says so", () => {
    const engine = engineDouble(policy);
    let asked = 0;
    const sightings = {
      firstSeenMs: () => {
        asked++;
        throw new Error("down");
      },
    };
    const { grace, verdict } = engine.evaluate(["a", "b", "a"], { nowMs: 1, sightings });
    expect([grace, verdict, asked]).toEqual(["store_down", "fail", 1]);
    expect([engine.decide("a", { nowMs: 1, sightings }).cause, engine.info.faults]).toEqual(["unmapped_denied", 0]);
  });

  test("why there is none", () => {
    const sightings = { firstSeenMs: () => undefined };
    const none = { ...policy, defaults: { ...policy.defaults, gracePeriodHours: { value: 0, layer: "agent" as const } } };
    const why = (one: MergedPolicy, context: Context) => engineDouble(one).evaluate(["a"], context).grace;
    expect(why(none, { nowMs: 1, sightings })).toBe("disabled");
    expect(why(policy, { sightings })).toBe("no_clock");
    expect(why(policy, { nowMs: 1 })).toBe("no_store");
    expect(why(policy, { nowMs: 1, sightings })).toBe("applied");
  });
});

describe("explain", () => {
  test("names every rule with the place of the glob that matched, and what would apply without it", () => {
    const { rules, decision } = engineDouble(policy).explain("rm_all");
    expect(decision.cause).toBe("forbidden");
    expect(
      rules.map(({ rule, globs, decides, without }) => [
        rule.label,
        globs.map(({ pattern }) => pattern),
        decides,
        without.rule?.label,
      ]),
    ).toEqual([
      ["rm*", ["rm*"], true, "*_all"],
      ["*_all", ["*_all"], false, "rm*"],
      ["files", ["rm_all"], false, "rm*"],
    ]);
    const [, , files] = rules;
    expect(files.globs[0].line).toBe(policy.capabilities[0].rule.tools[1].span.line);
    expect(files.rule.line).toBe(policy.capabilities[0].rule.span.line);
  });
});

describe("corners that random policies rarely reach", () => {
  test("a weaker trigger of several globs does not displace a stronger one of one glob", () => {
    const engine = engineDouble(
      tinyPolicy({
        capabilities: [["all", ["*"]]],
        triggers: [
          ["deny", [{ globs: ["a*"] }]],
          ["warn", [{ globs: ["a*", "*b"] }]],
        ],
      }),
    );
    expect([engine.decide("ab").cause, engine.decide("ab").rule?.label]).toEqual(["escalation_denied", "trigger 0"]);
  });

  test("a trigger that holds by name and by count on one call is reported for the tool, not for `*`", () => {
    const terms = [
      { globs: [], tests: tests("tool_count", ">", 0) },
      { globs: ["a*"], tests: tests("tool_count", "==", 1) },
    ];
    const engine = engineDouble(tinyPolicy({ capabilities: [["all", ["*"]]], triggers: [["warn", terms]] }));
    expect(engine.evaluate(["ab"]).warnings.map(({ tool }) => tool)).toEqual(["ab"]);
    expect(engine.evaluate(["ab", "ab"]).warnings.map(({ tool }) => tool)).toEqual(["ab", "*"]);
  });

  test("without org's entry of a name the agent's is inside a guardrail that allows the name", () => {
    const one = tinyPolicy({
      capabilities: [
        ["files", ["f*"]],
        ["files", ["*a"]],
      ],
    });
    const [org, agent] = one.capabilities;
    const engine = engineDouble({
      ...one,
      capabilities: [
        { ...org, layer: "org" },
        { ...agent, index: 0 },
      ],
    });
    const guardrail: Guardrail = { id: "tx", expiresAtMs: 2, allowedCapabilities: ["files"] };
    const { decision, rules } = engine.explain("fa", { nowMs: 1, guardrail });
    expect([decision.cause, ...rules.map(({ without }) => [without.cause, without.rule?.layer])]).toEqual([
      "mapped",
      ["mapped", "agent"],
      ["mapped", "org"],
    ]);
    expect(engine.decide("xa", { nowMs: 1, guardrail }).cause).toBe("guardrail_denied");
  });
});

describe("info", () => {
  test("says which evaluators work and why WASM does not", () => {
    const { bytes } = compilePolicy(policy);
    const kinds = (["auto", "js", "wasm"] as const).map((evaluator) => {
      const { info } = openEngine(bytes, { evaluator });
      return [info.evaluator, info.bulkEvaluator, info.wasmUnavailable];
    });
    expect(kinds[1]).toEqual(["js", "js", undefined]);
    expect(kinds[2]).toEqual(["wasm", "wasm", undefined]);
    expect(kinds[0].slice(1)).toEqual(["wasm", undefined]);
    const { info } = openEngine(bytes);
    expect(info).toMatchObject({ artifactBytes: bytes.length, name: "tiny", faults: 0, faultsAllowed: 0 });
    expect(info.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(() => openEngine(bytes, { evaluator: "native" as "js" })).toThrow(TypeError);
  });
});
