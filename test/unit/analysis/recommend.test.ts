import { describe, expect, test } from "vitest";
import type { Draft, DraftRequest, Strictness } from "../../../src/analysis/recommend/draft.js";
import { experienceOf, type History, type ObservedTool } from "../../../src/analysis/recommend/history.js";
import { proveGlobs } from "../../../src/analysis/recommend/prove.js";
import { recommend } from "../../../src/analysis/recommend/recommend.js";
import { openPolicy } from "../../../src/cli/open-policy.js";
import { matchGlob } from "../../../src/glob/match.js";
import { type Glob, parseGlob } from "../../../src/glob/parse.js";
import { mergePolicies } from "../../../src/policy/merge.js";
import type { Card, Policy } from "../../../src/policy/model.js";
import { parsePolicy } from "../../../src/syntax/policy.js";
import { printPolicy } from "../../../src/syntax/print.js";

const day = 86_400_000;

function used(tool: string, more: Partial<ObservedTool> = {}): ObservedTool {
  const calls = more.calls ?? 10;
  const counts = { sessions: 4, onlySession: undefined, days: 3, denied: 0, approved: 0, escalated: 0, knownBefore: false };
  return { tool, firstMs: 0, lastMs: 30 * day, ...counts, ...more, calls };
}

function historyOf(tools: readonly (ObservedTool | string)[], more: Partial<History> = {}): History {
  const observed = tools.map((tool) => (typeof tool === "string" ? used(tool) : tool));
  observed.sort((a, b) => (a.tool < b.tool ? -1 : 1));
  const calls = observed.reduce((sum, tool) => sum + tool.calls, 0);
  return { tools: observed, calls, sessions: 60, days: 20, firstMs: 0, lastMs: 30 * day, otherNames: [], ...more };
}

function policyOf(text: string): Policy {
  const { value, diagnostics } = parsePolicy(text, { file: "existing.yaml" });
  if (value === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return value;
}

const head = 'meta: {schema_version: "1.0", name: e, scope: agent}\n';
const tail = "defaults: {unmapped_tool_action: warn, unmapped_severity: low, fail_open: true}\n";
const bare = `${head}capability_mappings: {}\nforbidden: []\n${tail}`;

interface Asked {
  readonly history: History;
  readonly strictness?: Strictness;
  readonly card?: Card;
  readonly existing?: string;
  readonly org?: string;
  readonly inventory?: readonly string[];
}

function draftOf({ history, strictness = "balanced", card, existing, org, inventory = [] }: Asked): Draft {
  const layers = {
    existing: existing === undefined ? undefined : policyOf(existing),
    org: org === undefined ? undefined : policyOf(org),
  };
  const { value } = mergePolicies({ org: layers.org, agent: layers.existing });
  const judged = value && openPolicy(value).engine.evaluate(history.tools.map(({ tool }) => tool)).tools;
  const outcomes: DraftRequest["outcomes"] = judged && new Map(judged.map((each) => [each.tool, each]));
  return recommend({ name: "draft", history, strictness, card, ...layers, outcomes, inventory });
}

/** Capability -> its globs. */
function globsOf(draft: Draft): Record<string, string[]> {
  return Object.fromEntries(draft.capabilities.map(({ name, globs }) => [name, globs.map(({ pattern }) => pattern)]));
}

const reading = ["mcp__fs__read_file", "mcp__fs__read_media", "mcp__fs__read_tree"];

describe("capability mappings", () => {
  test("by server and verb; globs from enough tools, else names", () => {
    const draft = draftOf({ history: historyOf([...reading, "mcp__fs__write_file", "mcp__web__search", "Bash"]) });
    expect(globsOf(draft)).toEqual({
      builtin_execute: ["Bash"],
      fs_read: ["mcp__fs__read_*"],
      fs_write: ["mcp__fs__write_file"],
      web_search: ["mcp__web__search"],
    });
    expect(draft.capabilities.map(({ cardActions }) => cardActions)).toEqual([["execute"], ["read"], ["write"], ["search"]]);
  });
  test("a strict draft spells everything out, and leaves out what was called once", () => {
    const history = historyOf([...reading, used("mcp__fs__stat", { calls: 1 })]);
    const draft = draftOf({ history, strictness: "strict" });
    expect(globsOf(draft)).toEqual({ fs_read: reading });
    expect(draft.unmapped.map(({ tool }) => tool.tool)).toEqual(["mcp__fs__stat"]);
  });
  test("no glob matches a name that exists and was not called", () => {
    for (const from of ["inventory", "other traces"]) {
      const more = ["mcp__fs__read_secret"];
      const draft = draftOf({
        history: historyOf(reading, from === "inventory" ? {} : { otherNames: more }),
        inventory: from === "inventory" ? more : [],
        strictness: "permissive",
      });
      expect(globsOf(draft)).toEqual({ fs_read: reading });
      expect(draft.proof.refused).toEqual([
        { pattern: "mcp__fs__read_*", witness: "mcp__fs__read_secret", why: "exists and is not one of the tools it stands for" },
      ]);
    }
  });
  test.each([
    ["a forbidden rule", 'forbidden: [{pattern: "*_secret*", reason: r, severity: low}]\n'],
    [
      "a denying trigger",
      `forbidden: []\nescalation_triggers: [{condition: "tool_matches('*secret') and tool_matches('mcp__fs*')", action: deny, reason: r}]\n`,
    ],
  ])("no glob could ever match a name that %s matches, whether or not it exists", (_, rules) => {
    const existing = `${head}capability_mappings: {}\n${rules}${tail}`;
    const draft = draftOf({ history: historyOf(reading), existing });
    expect(globsOf(draft)).toEqual({ fs_read: reading });
    const [refused] = draft.proof.refused;
    expect(matchGlob("mcp__fs__read_*", refused?.witness ?? "")).toBe(true);
    expect(refused?.witness).toContain("secret");
    // What only warns or escalates forbids nothing.
    const softer = existing.replace("action: deny", "action: warn").replace(/forbidden: \[\{.*\}\]/, "forbidden: []");
    expect(globsOf(draftOf({ history: historyOf(reading), existing: softer }))).toEqual({ fs_read: ["mcp__fs__read_*"] });
  });
  test("an org's forbidden rules count as well", () => {
    const org = `${bare.replace("scope: agent", "scope: org").replace("forbidden: []", 'forbidden: [{pattern: "mcp__*_tree", reason: r, severity: low}]')}`;
    const draft = draftOf({ history: historyOf(reading), org });
    expect(globsOf(draft)).toEqual({ fs_read: ["mcp__fs__read_file", "mcp__fs__read_media"] });
    expect(draft.unmapped).toMatchObject([{ tool: { tool: "mcp__fs__read_tree" }, why: "the org policy forbids it" }]);
    // The draft need not repeat it.
    expect(draft.policy.forbidden).toEqual([]);
  });
  test("existing capabilities keep their names, actions and tools; unused globs go", () => {
    const existing = bare.replace(
      "capability_mappings: {}",
      `capability_mappings:
  files: {tools: ["mcp__fs__read*", "mcp__old__*"], card_actions: [peek], description: "d"}
  idle: {tools: ["mcp__idle__*"], card_actions: [x]}`,
    );
    const history = historyOf([...reading, "mcp__fs__write_file"]);
    const draft = draftOf({ history, existing });
    expect(globsOf(draft)).toEqual({ files: ["mcp__fs__read*"], fs_write: ["mcp__fs__write_file"] });
    expect(draft.capabilities[0]).toMatchObject({ origin: "existing", cardActions: ["peek"], description: "d" });
    expect(draft.capabilities[0]?.reviewNotes.join()).toContain('"mcp__old__*"');
    expect(draft.reasoning.at(-1)?.rationale).toContain('"idle"');
    expect(globsOf(draftOf({ history, existing, strictness: "permissive" }))).toMatchObject({
      files: ["mcp__fs__read*", "mcp__old__*"],
      idle: ["mcp__idle__*"],
    });
    expect(globsOf(draftOf({ history, existing, strictness: "strict" }))).toMatchObject({ files: reading });
    // A broad existing glob is narrowed when it would admit what was not called.
    const narrowed = draftOf({ history, existing, inventory: ["mcp__fs__readonly"] });
    expect(globsOf(narrowed)["files"]).toEqual(["mcp__fs__read_*"]);
  });
  test("never a bare wildcard, whatever the existing policy says", () => {
    for (const pattern of ["*", "**", "?*"]) {
      const existing = bare.replace(
        "capability_mappings: {}",
        `capability_mappings: {all: {tools: ["${pattern}"], card_actions: [x]}}`,
      );
      for (const strictness of ["permissive", "balanced", "strict"] as const) {
        const draft = draftOf({ history: historyOf([...reading, "Bash"]), existing, strictness });
        for (const { pattern: found } of draft.capabilities.flatMap(({ globs }) => globs)) expect(found).not.toMatch(/^[*?]+$/);
        expect(draft.policy.capabilities[0]?.name).toBe("all");
      }
    }
  });
  test("actions of the card by likeness; what resembles none stays unmapped, and says why", () => {
    const card: Card = {
      boundedActions: ["web_fetch", "read_file", "send_message", "delete_all"],
      forbiddenActions: ["delete_all"],
    };
    const tools = [
      "mcp__browser__navigate",
      "mcp__fs__read_file",
      "mcp__slack__post_message",
      "mcp__fs__delete_all",
      "mcp__x__frobnicate",
    ];
    const draft = draftOf({ history: historyOf(tools), card });
    const actions = Object.fromEntries(draft.capabilities.map((each) => [each.globs[0]?.pattern, each.cardActions]));
    expect(actions).toEqual({
      mcp__browser__navigate: ["web_fetch"],
      mcp__fs__read_file: ["read_file"],
      mcp__slack__post_message: ["send_message"],
    });
    expect(draft.unmapped.map(({ tool }) => tool.tool)).toEqual(["mcp__fs__delete_all", "mcp__x__frobnicate"]);
    expect(draft.unmapped[1]?.why).toContain("no card action resembles it enough");
  });
  test("less likeness is less confidence, and a note", () => {
    const card: Card = { boundedActions: ["read"], forbiddenActions: [] };
    const draft = draftOf({ history: historyOf(["mcp__fs__read_file", "mcp__web__search"]), card });
    const [sure, unsure] = draft.capabilities;
    expect(sure?.name).toBe("fs_read");
    expect(sure?.confidence).toBeGreaterThan(unsure?.confidence ?? 1);
    expect(unsure?.reviewNotes.join()).toBe('uncertain that these serve "read": "mcp__web__search" (likeness 0.55)');
  });
});

test("what the policy in use denies as unmapped is no lawful use", () => {
  const history = historyOf(["mcp__web__search"]);
  const warned = bare.replace("unmapped_tool_action: warn", "unmapped_tool_action: deny");
  const enforced = warned.replace("fail_open: true", "fail_open: true, enforcement_mode: enforce");
  const mapped = (existing: string, strictness: Strictness) => draftOf({ history, existing, strictness }).capabilities.length;
  expect([mapped(warned, "permissive"), mapped(warned, "balanced"), mapped(warned, "strict")]).toEqual([1, 1, 0]);
  expect([mapped(enforced, "permissive"), mapped(enforced, "balanced"), mapped(enforced, "strict")]).toEqual([1, 0, 0]);
  expect(draftOf({ history, existing: warned }).capabilities[0]?.reviewNotes.join()).toContain(
    'denies "mcp__web__search" as unmapped',
  );
  expect(draftOf({ history, existing: enforced }).unmapped[0]?.why).toContain("denies it as unmapped");
});

test("tools that may belong elsewhere are no evidence for a glob", () => {
  const card: Card = { boundedActions: ["read_customer"], forbiddenActions: [] };
  const names = ["customer", "order", "invoice"].map((what) => `mcp__crm__read_${what}`);
  expect(globsOf(draftOf({ history: historyOf(names), card }))).toEqual({ crm_read: [...names].sort() });
  const all: Card = { boundedActions: ["read"], forbiddenActions: [] };
  expect(globsOf(draftOf({ history: historyOf(names), card: all }))).toEqual({ crm_read: ["mcp__crm__read_*"] });
});

test("what is too large to prove is refused, and what can be proven in parts is not", () => {
  const glob = (text: string) => parseGlob(text) as Glob;
  const candidates = Array.from({ length: 9 }, (_, i) => ({ glob: glob(`mcp__s${i}__get_*`), admits: () => true }));
  const forbidden = policyOf(
    bare.replace("forbidden: []", 'forbidden: [{pattern: "mcp__s3__*_key", reason: r, severity: low}]'),
  ).forbidden;
  const barred = { forbidden, triggers: [], known: [] };
  const refused = (statesMax: number, workMax = 1_000_000) =>
    proveGlobs(candidates, { ...barred, budget: { statesMax, workMax, openWorkMax: workMax } }).refused.map(({ why }) => why);
  const bad = ['could exist, and the forbidden rule "mcp__s3__*_key" blocks it'];
  expect(refused(100_000)).toEqual(bad);
  expect(refused(60)).toEqual(bad);
  expect(new Set(refused(1, 1))).toEqual(new Set(["the proof that it admits no forbidden name is too large"]));
  expect(refused(1, 1)).toHaveLength(9);
});

describe("forbidden rules and triggers", () => {
  const denied = used("mcp__fs__move", { calls: 4, denied: 4 });
  const sometimes = used("mcp__fs__write_file", { calls: 10, denied: 3 });
  const asked = used("mcp__pay__charge", { calls: 5, approved: 4, escalated: 1 });
  test("from refusals and from what people were asked", () => {
    const draft = draftOf({ history: historyOf([denied, sometimes, asked, "mcp__fs__read"]) });
    expect(draft.policy.forbidden.map(({ pattern, severity }) => [pattern.glob.source, severity])).toEqual([
      ["mcp__fs__move", "high"],
    ]);
    expect(draft.policy.triggers.map(({ condition, action }) => [condition.text, action])).toEqual([
      ["tool_matches('mcp__fs__write_file')", "escalate"],
      ["tool_matches('mcp__pay__charge')", "escalate"],
    ]);
    expect(draft.forbidden[0]?.evidence).toBe("4 calls of 4 refused");
    // What is asked about is mapped; what is forbidden is not.
    expect(Object.values(globsOf(draft)).flat().sort()).toEqual(["mcp__fs__read", "mcp__fs__write_file", "mcp__pay__charge"]);
  });
  test("a refusal among thousands of calls is no rule", () => {
    const draft = draftOf({ history: historyOf([used("Bash", { calls: 1000, denied: 9 })]), strictness: "strict" });
    expect([draft.policy.forbidden, draft.policy.triggers]).toEqual([[], []]);
  });
  test("near-misses: deleting tools that nothing speaks of", () => {
    const history = historyOf(["mcp__fs__delete_file"]);
    const strict = draftOf({ history, strictness: "strict" });
    expect(strict.policy.forbidden).toMatchObject([
      { severity: "critical", pattern: { glob: { source: "mcp__fs__delete_file" } } },
    ]);
    expect(strict.policy.capabilities).toEqual([]);
    const balanced = draftOf({ history });
    expect([balanced.policy.triggers.length, globsOf(balanced)]).toEqual([1, { fs_delete: ["mcp__fs__delete_file"] }]);
    const permissive = draftOf({ history, strictness: "permissive" });
    expect([permissive.policy.triggers.length, permissive.policy.capabilities.length]).toEqual([0, 1]);
    // A card that grants it, and a mapping, speak of it.
    const card: Card = { boundedActions: ["delete_file"], forbiddenActions: [] };
    expect(draftOf({ history, card, strictness: "strict" }).policy.forbidden).toEqual([]);
    const existing = bare.replace(
      "capability_mappings: {}",
      'capability_mappings: {c: {tools: ["mcp__fs__*"], card_actions: [x]}}',
    );
    expect(draftOf({ history, existing, strictness: "strict" }).policy.forbidden).toEqual([]);
  });
  test("existing rules stay, with the calls they met", () => {
    const existing = `${head}capability_mappings: {}
forbidden: [{pattern: "mcp__fs__read*", reason: r, severity: low}, {pattern: "z", reason: r, severity: high}]
escalation_triggers: [{condition: "tool_count > 3", action: warn, reason: r}]
${tail}`;
    const draft = draftOf({ history: historyOf(reading), existing, strictness: "permissive" });
    expect(draft.policy.forbidden.map(({ pattern }) => pattern.glob.source)).toEqual(["mcp__fs__read*", "z"]);
    expect(draft.forbidden.map(({ evidence }) => evidence)).toEqual(["met 30 calls of 3 tools", "met no call in the window"]);
    expect(draft.policy.triggers.map(({ condition }) => condition.text)).toEqual(["tool_count > 3"]);
    expect(draft.policy.capabilities).toEqual([]);
    // Calls that a rule let through with a warning are near-misses.
    expect(draft.forbidden[0]?.reviewNotes).toEqual([]);
    const soft = draftOf({
      history: historyOf(reading),
      existing: existing.replace("fail_open: true", "fail_open: true, fail_on: high"),
    });
    expect(soft.forbidden.map(({ reviewNotes }) => reviewNotes.length)).toEqual([1, 0]);
  });
});

describe("defaults", () => {
  test("by maturity, and never more lenient than those in use", () => {
    const young = historyOf(["Read"], { lastMs: 2 * day, sessions: 5 });
    const growing = historyOf(["Read"], { lastMs: 10 * day, sessions: 30 });
    const mature = historyOf(["Read"]);
    expect([young, growing, mature].map((history) => experienceOf(history).maturity)).toEqual(["young", "growing", "mature"]);
    const modes = (strictness: Strictness) =>
      [young, growing, mature].map((history) => {
        const { defaults } = draftOf({ history, strictness }).policy;
        return `${defaults.enforcementMode} ${defaults.unmappedToolAction}`;
      });
    expect(modes("permissive")).toEqual(["warn warn", "warn warn", "enforce warn"]);
    expect(modes("balanced")).toEqual(["warn warn", "warn warn", "enforce deny"]);
    expect(modes("strict")).toEqual(["warn deny", "enforce deny", "enforce deny"]);
    const stricter = bare.replace(
      "fail_open: true",
      "fail_open: true, enforcement_mode: enforce, grace_period_hours: 1, fail_on: high",
    );
    expect(draftOf({ history: young, existing: stricter }).policy.defaults).toMatchObject({
      enforcementMode: "enforce",
      gracePeriodHours: 1,
      failOn: "high",
      failOpen: false,
    });
  });
  test("tools that keep appearing, and no times at all, are no mature history", () => {
    const late = ["a", "b"].map((name) => used(name, { firstMs: 29 * day }));
    expect(experienceOf(historyOf([...late, "Read"])).maturity).toBe("growing");
    const known = late.map((tool) => ({ ...tool, knownBefore: true }));
    expect(experienceOf(historyOf([...known, "Read"])).maturity).toBe("mature");
    expect(experienceOf(historyOf(["Read"], { firstMs: undefined, lastMs: undefined })).maturity).toBe("young");
    expect(experienceOf(historyOf([], { sessions: 0 })).novelty).toBe(1);
  });
});

describe("traces that somebody else writes", () => {
  test("one session alone brings about no glob, many do", () => {
    const once = (tool: string, onlySession: number) => used(tool, { sessions: 1, calls: 1, onlySession });
    const led = historyOf([used("mcp__fs__read_file"), once("mcp__fs__read_x", 7), once("mcp__fs__read_y", 7)]);
    expect(globsOf(draftOf({ history: led }))["fs_read"]).toEqual(["mcp__fs__read_file", "mcp__fs__read_x", "mcp__fs__read_y"]);
    const many = historyOf([1, 2, 3, 4].map((session) => once(`mcp__fs__read_${session}`, session)));
    expect(globsOf(draftOf({ history: many }))["fs_read"]).toEqual(["mcp__fs__read_*"]);
  });
  test("a tool that resembles what the card forbids is not mapped to what it grants", () => {
    const card: Card = { boundedActions: ["send_message"], forbiddenActions: ["send_email"] };
    const draft = draftOf({ history: historyOf(["mcp__email__send_email", "mcp__slack__send_message"]), card });
    expect(globsOf(draft)).toEqual({ slack_send: ["mcp__slack__send_message"] });
    expect(draft.unmapped.map(({ why }) => why).join()).toContain('"send_email"');
  });
  test("a name that no condition can hold is not mapped where people have to be asked", () => {
    const names = ["mcp__fs__delete_\nfile", `mcp__a__write"'x`];
    const history = historyOf([used(names[0] as string), used(names[1] as string, { denied: 5 })]);
    const draft = draftOf({ history });
    expect([draft.capabilities, draft.policy.triggers]).toEqual([[], []]);
    expect(draft.unmapped.map(({ tool }) => tool.tool).sort()).toEqual([...names].sort());
    for (const { why } of draft.unmapped) expect(why).toContain("no condition can hold its name");
  });
  test("a server whose name is cut in the middle of a character leaves a valid draft", () => {
    const tool = `mcp__${"a".repeat(59)}\u{1f600}b__read_x`;
    const { value } = parsePolicy(printPolicy(draftOf({ history: historyOf([tool]) }).policy), { file: "p.yaml" });
    expect(value?.capabilities[0]?.description).toBe(`read tools of server ${"a".repeat(59)}`);
  });
  test("an existing glob that meets any server is not taken over; a permissive draft keeps it unless the org denies", () => {
    const mapping = 'capability_mappings: {m: {tools: ["m*", "*_*", "mcp__*", "Read*"], card_actions: [x]}}';
    const existing = bare.replace("capability_mappings: {}", mapping);
    const org = bare.replace("scope: agent", "scope: org").replace("unmapped_tool_action: warn", "unmapped_tool_action: deny");
    const history = historyOf(["mcp__fs__get", "ReadFile"]);
    const globs = (strictness: Strictness, below?: string) =>
      globsOf(draftOf({ history, existing, strictness, ...(below !== undefined && { org: below }) }))["m"];
    expect(globs("balanced")).toEqual(["Read*", "mcp__fs__get"]);
    expect(globs("permissive")).toEqual(["m*", "*_*", "mcp__*", "Read*"]);
    expect(globs("permissive", org)).toEqual(["ReadFile", "mcp__fs__get"]);
  });
  test("names of the org's capabilities are not used again", () => {
    const org = bare
      .replace("scope: agent", "scope: org")
      .replace("capability_mappings: {}", 'capability_mappings: {fs_read: {tools: ["mcp__fs__list"], card_actions: [x]}}');
    expect(globsOf(draftOf({ history: historyOf(["mcp__fs__read_file"]), org }))).toEqual({ fs_read_2: ["mcp__fs__read_file"] });
  });
  test("thousands of servers whose names come out alike", () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `mcp__${String.fromCodePoint(0x4e00 + i)}__read_x`);
    const { capabilities } = draftOf({ history: historyOf(names) });
    expect(new Set(capabilities.map(({ name }) => name)).size).toBe(20_000);
    expect(capabilities.at(-1)?.name).toBe("server_read_for_read_20000");
  });
});

describe("any input", () => {
  test("hostile names are mapped exactly or not at all", () => {
    const names = [
      "a*b",
      "a?b",
      "__proto__",
      "constructor",
      "mcp__x__a'b",
      "mcp__x__a\"b'c",
      "mcp__x__\u202eget",
      "x\ny",
      "",
      "\ud800",
      "mcp__y__get_\ufffd",
      `mcp__z__${"x".repeat(300)}`,
      "mcp____read",
    ];
    for (const strictness of ["permissive", "balanced", "strict"] as const) {
      const draft = draftOf({ history: historyOf(names.map((name) => used(name, { denied: 2 }))), strictness });
      const text = printPolicy(draft.policy);
      const { value, diagnostics } = parsePolicy(text, { file: "p.yaml" });
      expect(diagnostics.filter(({ level }) => level === "error")).toEqual([]);
      expect(printPolicy(value as Policy)).toBe(text);
      for (const { pattern } of draft.capabilities.flatMap(({ globs }) => globs)) expect(names).toContain(pattern);
    }
  });
  test("equal requests give equal drafts, whatever the order", () => {
    const names = [...reading, "mcp__b__get_a", "mcp__a__get_b", "Bash", "mcp__a__send"];
    const one = draftOf({ history: historyOf(names), inventory: ["x", "mcp__a__z"] });
    const other = draftOf({ history: historyOf([...names].reverse()), inventory: ["mcp__a__z", "x"] });
    expect(other).toEqual(one);
    expect(one.reasoning.map(({ step }) => step)).toEqual(one.reasoning.map((_, i) => i + 1));
  });
  test("thousands of tools against 10,000 rules", () => {
    const rules = Array.from(
      { length: 10_000 },
      (_, i) => `  - {pattern: "mcp__s${i}__delete*", reason: r, severity: high}\n`,
    ).join("");
    const existing = `${head}capability_mappings: {}\nforbidden:\n${rules}${tail}`;
    const names = Array.from({ length: 3_000 }, (_, i) => `mcp__s${i % 300}__get_${i}`);
    const draft = draftOf({
      history: historyOf(names),
      existing,
      inventory: Array.from({ length: 10_000 }, (_, i) => `mcp__s${i}__put`),
    });
    expect(draft.proof).toMatchObject({ wildcardGlobs: 300, forbiddenRules: 10_000, refused: [] });
    expect(draft.policy.forbidden).toHaveLength(10_000);
  });
  test("no tools at all", () => {
    expect(draftOf({ history: historyOf([]) }).policy.capabilities).toEqual([]);
  });
});
