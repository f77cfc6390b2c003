import { describe, expect, test } from "vitest";
import { mergePolicies } from "../../../src/policy/merge.js";
import type { Defaults, MergedPolicy, Policy, Scope } from "../../../src/policy/model.js";
import { resolvedCapabilities } from "../../../src/report/json/resolved.js";
import { globOf } from "../../support/tiny-policy.js";

const spanIn = (file: string, line: number) => ({ file, line, column: 1, endLine: line, endColumn: 2 });

interface Shape {
  readonly capabilities?: readonly (readonly [name: string, tools: readonly string[], actions: readonly string[]])[];
  readonly forbidden?: readonly (readonly [pattern: string, reason: string, severity?: "low" | "high"])[];
  readonly defaults?: Partial<Defaults>;
  readonly description?: string;
}

function policy(scope: Scope, shape: Shape = {}): Policy {
  const file = `${scope}.yaml`;
  const span = spanIn(file, 7);
  const defaults: Defaults = {
    unmappedToolAction: "warn",
    unmappedSeverity: "medium",
    failOpen: false,
    spans: new Map(),
    ...shape.defaults,
  };
  return {
    meta: { schemaVersion: "1.0", name: `the ${scope}`, scope, ...(shape.description ? { description: shape.description } : {}) },
    capabilities: (shape.capabilities ?? []).map(([name, tools, actions]) => ({
      name,
      tools: tools.map((tool) => ({ glob: globOf(tool), span })),
      cardActions: actions.map((value) => ({ value, span })),
      span,
    })),
    forbidden: (shape.forbidden ?? []).map(([pattern, reason, severity = "high"]) => ({
      pattern: { glob: globOf(pattern), span },
      reason,
      severity,
      span,
    })),
    triggers: [],
    defaults: { ...defaults, spans: new Map([["unmapped_tool_action", spanIn(file, 3)]]) },
    file,
  };
}

function merged(layers: { org?: Policy; agent?: Policy }): MergedPolicy {
  const { value, diagnostics } = mergePolicies(layers);
  expect(diagnostics).toEqual([]);
  return value as MergedPolicy;
}

const codes = (layers: { org?: Policy; agent?: Policy }) => mergePolicies(layers).diagnostics.map(({ code }) => code);

describe("M1", () => {
  test("each layer must carry its scope; both faults are reported, with the place", () => {
    expect(codes({ org: policy("agent") })).toEqual(["merge_wrong_scope"]);
    expect(codes({ agent: policy("org") })).toEqual(["merge_wrong_scope"]);
    expect(codes({ org: policy("agent"), agent: policy("org") })).toEqual(["merge_wrong_scope", "merge_wrong_scope"]);
    const scoped: Policy = { ...policy("agent"), meta: { ...policy("agent").meta, scopeSpan: spanIn("agent.yaml", 4) } };
    const [fault] = mergePolicies({ org: scoped }).diagnostics;
    expect([fault.span?.file, fault.span?.line, fault.path]).toEqual(["agent.yaml", 4, "meta.scope"]);
    expect(mergePolicies({ org: policy("agent") }).value).toBeUndefined();
  });

  test("nothing to merge is an error", () => {
    expect(codes({})).toEqual(["merge_no_policy"]);
  });

  test("one layer alone keeps its rules, duplicates included, and its name", () => {
    const agent = policy("agent", {
      forbidden: [
        ["a", "r"],
        ["a", "r"],
      ],
    });
    const { name, forbidden, sources } = merged({ agent });
    expect([name, forbidden.length, sources.length]).toEqual(["the agent", 2, 1]);
    expect(forbidden[0].rule).toBe(agent.forbidden[0]);
  });
});

describe("M2", () => {
  test("org's capabilities come first, and the same name stays two entries", () => {
    const org = policy("org", {
      capabilities: [
        ["files", ["a"], ["read"]],
        ["0", ["z"], ["x"]],
      ],
    });
    const agent = policy("agent", {
      capabilities: [
        ["web", ["b"], ["fetch"]],
        ["files", ["c"], ["write"]],
      ],
    });
    const { capabilities, name } = merged({ org, agent });
    expect(capabilities.map(({ layer, index, rule }) => `${layer} ${index} ${rule.name}`)).toEqual([
      "org 0 files",
      "org 1 0",
      "agent 0 web",
      "agent 1 files",
    ]);
    expect(name).toBe("the agent (resolved)");
  });

  test("only byte-identical forbidden rules collapse, to org's", () => {
    const org = policy("org", {
      forbidden: [
        ["a*", "r"],
        ["b", "r"],
      ],
    });
    const agent = policy("agent", {
      forbidden: [
        ["a*", "r"],
        ["a**", "r"],
        ["b", "other"],
        ["b", "r", "low"],
      ],
    });
    const { forbidden } = merged({ org, agent });
    expect(forbidden.map(({ layer, index }) => `${layer} ${index}`)).toEqual(["org 0", "org 1", "agent 1", "agent 2", "agent 3"]);
  });

  test("the resolved view joins tools and actions of one name and knows their layers", () => {
    const org = policy("org", { capabilities: [["files", ["a", "b"], ["read"]]] });
    const agent = policy("agent", {
      capabilities: [
        ["files", ["b", "c"], ["read", "write"]],
        ["constructor", ["d"], ["x"]],
      ],
    });
    const [files, other] = resolvedCapabilities(merged({ org, agent }));
    expect(files.tools.map(({ value, layer }) => `${value} ${layer}`)).toEqual(["a org", "b org", "c agent"]);
    expect(files.cardActions.map(({ value, layer }) => `${value} ${layer}`)).toEqual(["read org", "write agent"]);
    expect([files.layers, other.name, other.layers]).toEqual([["org", "agent"], "constructor", ["agent"]]);
  });

  test("the description is the agent's, or else org's", () => {
    expect(merged({ org: policy("org", { description: "o" }), agent: policy("agent") }).description).toBe("o");
    expect(merged({ org: policy("org", { description: "o" }), agent: policy("agent", { description: "a" }) }).description).toBe(
      "a",
    );
    expect(merged({ agent: policy("agent") })).not.toHaveProperty("description");
  });
});

describe("M3", () => {
  const values = (org: Partial<Defaults> | undefined, agent: Partial<Defaults> | undefined) => {
    const { defaults } = merged({
      ...(org ? { org: policy("org", { defaults: org }) } : {}),
      ...(agent ? { agent: policy("agent", { defaults: agent }) } : {}),
    });
    return Object.fromEntries(Object.entries(defaults).map(([field, { value, layer }]) => [field, `${value} ${layer}`]));
  };

  test("the stricter value wins, whoever wrote it", () => {
    const lenient = {
      unmappedToolAction: "allow",
      unmappedSeverity: "low",
      failOpen: true,
      enforcementMode: "off",
      gracePeriodHours: 48,
      failOn: "critical",
    } as const;
    const strict = {
      unmappedToolAction: "deny",
      unmappedSeverity: "critical",
      failOpen: false,
      enforcementMode: "enforce",
      gracePeriodHours: 0,
      failOn: "medium",
    } as const;
    const expected = (layer: string) => ({
      unmappedToolAction: `deny ${layer}`,
      unmappedSeverity: `critical ${layer}`,
      failOpen: `false ${layer}`,
      enforcementMode: `enforce ${layer}`,
      gracePeriodHours: `0 ${layer}`,
      failOn: `medium ${layer}`,
    });
    expect(values(lenient, strict)).toEqual(expected("agent"));
    expect(values(strict, lenient)).toEqual(expected("org"));
    expect(values(strict, strict)).toEqual(expected("org"));
  });

  test("what the agent omits it inherits; what org omits is the documented default, which the agent cannot weaken", () => {
    const written = { enforcementMode: "off", gracePeriodHours: 100, failOn: "high" } as const;
    expect(values(written, {})).toMatchObject({ enforcementMode: "off org", gracePeriodHours: "100 org", failOn: "high org" });
    expect(values({}, written)).toMatchObject({
      enforcementMode: "warn default",
      gracePeriodHours: "24 default",
      failOn: "low default",
    });
    expect(values({}, { gracePeriodHours: 24 })).toMatchObject({ gracePeriodHours: "24 agent" });
    expect(values(undefined, written)).toMatchObject({
      enforcementMode: "off agent",
      gracePeriodHours: "100 agent",
      failOn: "high agent",
    });
    expect(values(undefined, {})).toMatchObject({
      enforcementMode: "warn default",
      gracePeriodHours: "24 default",
      failOn: "low default",
    });
  });

  test("a value points at the line that wrote it", () => {
    const { defaults } = merged({ org: policy("org"), agent: policy("agent", { defaults: { unmappedToolAction: "deny" } }) });
    expect(defaults.unmappedToolAction.span).toEqual(spanIn("agent.yaml", 3));
    expect(defaults.failOn.span).toBeUndefined();
  });
});

describe("M4", () => {
  const globs = ["*", "m*", "*_*", "mcp__*", "mcp____x*", "mcp__a_*", "mcp__a__*", "mcp__a__b?", "Read", "mcp__a*__x"];
  const agent = policy("agent", { capabilities: [["all", globs, ["x"]]] });
  const warned = (unmappedToolAction: "deny" | "warn") =>
    mergePolicies({ org: policy("org", { defaults: { unmappedToolAction } }), agent });

  test("over an org deny, a glob of any server is warned about, with its place", () => {
    const { value, diagnostics } = warned("deny");
    expect(value).toBeDefined();
    expect(diagnostics.map(({ message }) => message.split("`")[1])).toEqual([
      "*",
      "m*",
      "*_*",
      "mcp__*",
      "mcp____x*",
      "mcp__a_*",
      "mcp__a*__x",
    ]);
    for (const { code, level, span } of diagnostics)
      expect([code, level, span?.line]).toEqual(["merge_broad_mapping", "warning", 7]);
  });

  test("without an org deny, and for an agent alone, it is nobody's business", () => {
    expect(warned("warn").diagnostics).toEqual([]);
    expect(codes({ agent })).toEqual([]);
  });
});
