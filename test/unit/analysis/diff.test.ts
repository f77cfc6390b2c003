import { expect, test } from "vitest";
import { type DiffOptions, diffPolicies, type PolicyDiff } from "../../../src/analysis/diff.js";
import { type Subject, subjectOf, subjectOfArtifact } from "../../../src/analysis/subject.js";
import { decodeArtifact } from "../../../src/artifact/decode.js";
import { compilePolicy } from "../../../src/compiler/compile.js";
import { parsePolicy } from "../../../src/syntax/policy.js";
import { PolicyDraw } from "../../support/random-policy.js";
import { scaled } from "../../support/scale.js";
import { defaultSeed } from "../../support/seed.js";

const base = {
  meta: { schema_version: "1.0", name: "p", scope: "agent" },
  capability_mappings: {} as Record<string, object>,
  forbidden: [] as object[],
  escalation_triggers: [] as object[],
  defaults: {
    unmapped_tool_action: "deny",
    unmapped_severity: "medium",
    fail_open: false,
    grace_period_hours: 0,
  } as Record<string, unknown>,
};
type Parts = Partial<Omit<typeof base, "meta">>;

function policy(parts: Parts = {}, scope: "org" | "agent" = "agent") {
  const text = JSON.stringify(
    { ...base, ...parts, meta: { ...base.meta, scope }, defaults: { ...base.defaults, ...parts.defaults } },
    null,
    1,
  );
  const { value, diagnostics } = parsePolicy(new TextEncoder().encode(text), { file: `${scope}.json` });
  if (value === undefined) throw new Error(diagnostics[0]?.message);
  return value;
}

function subject(parts: Parts = {}, org?: Parts): Subject {
  return subjectOf({ agent: policy(parts), ...(org && { org: policy(org, "org") }) });
}

function rule(pattern: string, severity = "high", reason = "no") {
  return { pattern, reason, severity };
}

function map(tools: string[], card_actions = ["act"]) {
  return { tools, card_actions };
}

/** `direction verdict/cause -> verdict/cause witness size`, one for each change. */
function told(diff: PolicyDiff): string[] {
  return diff.changes.map(({ direction, before, after, witness, size }) => {
    return `${direction} ${before.verdict}/${before.cause} -> ${after.verdict}/${after.cause} ${witness} ${size}`;
  });
}

/** `side change kind pattern-or-label:line` of the causes of the first change. */
function causesOf(diff: PolicyDiff, change = 0): string[] | undefined {
  return diff.changes[change]?.causes.map(
    ({ side, change: what, rule: r }) => `${side} ${what} ${r.kind} ${r.pattern ?? r.label}`,
  );
}

function diffOf(before: Parts, after: Parts, options?: DiffOptions): PolicyDiff {
  return diffPolicies(subject(before), subject(after), options);
}

test("a forbidden rule that goes lets its names through", () => {
  const capability_mappings = { fs: map(["mcp__fs__*"]) };
  const diff = diffOf({ capability_mappings, forbidden: [rule("mcp__fs__del*")] }, { capability_mappings });
  expect(told(diff)).toEqual(["weaker fail/forbidden -> pass/mapped mcp__fs__del infinite"]);
  expect(causesOf(diff)).toEqual(["before removed forbidden mcp__fs__del*"]);
  expect(diff.changes[0].causesComplete).toBe(true);
  expect(diff.rules.map(({ change, kind, effective }) => [change, kind, effective])).toEqual([["removed", "forbidden", true]]);
  expect([diff.equal, diff.complete]).toEqual([false, true]);
});

test("what an unchanged rule decides alike is no change, and what is written differently is still told", () => {
  const critical = rule("mcp__*", "critical");
  const diff = diffOf({ forbidden: [critical, rule("mcp__a*")] }, { forbidden: [critical, rule("mcp__b*", "low", "other")] });
  expect([diff.equal, told(diff)]).toEqual([true, []]);
  expect(diff.rules.map(({ change, effective }) => [change, effective])).toEqual([
    ["removed", false],
    ["added", false],
  ]);
});

test("another severity is another outcome, and other words are none", () => {
  const diff = diffOf(
    { forbidden: [rule("a?", "high"), rule("b", "low")] },
    { forbidden: [rule("a?", "low"), rule("b", "low", "x")] },
  );
  expect(told(diff)).toEqual(["other fail/forbidden -> fail/forbidden aa 1112063"]);
  expect(causesOf(diff)).toEqual(["before changed forbidden a?", "after changed forbidden a?"]);
  expect(diff.rules.map(({ change, fields }) => [change, fields])).toEqual([
    ["changed", [{ field: "severity", before: "high", after: "low" }]],
    ["changed", [{ field: "reason", before: "no", after: "x" }]],
  ]);
});

test("a mapping that comes, and one that goes", () => {
  const [one, two] = [{ capability_mappings: { c: map(["x", "yy"]) } }, { capability_mappings: { c: map(["x", "z*"]) } }];
  const diff = diffOf(one, two);
  expect(told(diff)).toEqual([
    "weaker fail/unmapped_denied -> pass/mapped z infinite",
    "stricter pass/mapped -> fail/unmapped_denied yy 1",
  ]);
  expect(causesOf(diff)).toEqual(["after added capability z*"]);
  expect(causesOf(diff, 1)).toEqual(["before removed capability yy"]);
});

test("triggers: of one glob, of several, and of counts", () => {
  const trigger = (condition: string, action = "deny") => ({ condition, action, reason: "r" });
  const open = { defaults: { unmapped_tool_action: "allow" } };
  const one = diffOf(open, { ...open, escalation_triggers: [trigger("tool_matches('a*')", "escalate")] });
  expect(told(one)).toEqual(["stricter pass/unmapped_allowed -> warn/escalated a infinite"]);
  const both = diffOf(open, { ...open, escalation_triggers: [trigger("tool_matches('a*') and tool_matches('*b')")] });
  expect(told(both)).toEqual(["stricter pass/unmapped_allowed -> fail/escalation_denied ab infinite"]);
  expect(causesOf(both)).toEqual(["after added trigger tool_matches('a*') and tool_matches('*b')"]);
  const counted = diffOf(open, { ...open, escalation_triggers: [trigger("tool_count > 2")] });
  expect(told(counted)).toEqual(["stricter pass/unmapped_allowed -> fail/escalation_denied a infinite"]);
  expect(counted.changes[0].circumstance.prior.toolCount).toBe(2);
  expect(causesOf(counted)).toEqual(["after added trigger tool_count > 2"]);
  const mixed = diffOf(open, { ...open, escalation_triggers: [trigger("tool_count > 2 and tool_matches('q')")] });
  expect(told(mixed)).toEqual(["stricter pass/unmapped_allowed -> fail/escalation_denied q 1"]);
  // The same condition in other words means the same.
  const words = diffOf(
    { escalation_triggers: [trigger("tool_matches('a') or tool_matches('b')")] },
    {
      escalation_triggers: [trigger("tool_matches(\"b\") or tool_matches('a')")],
    },
  );
  expect([words.equal, words.rules.map(({ change }) => change)]).toEqual([true, ["changed"]]);
});

test("what counts differently for later calls is a change of its own", () => {
  const escalation_triggers = [{ condition: "unmapped_tool_count > 3", action: "deny", reason: "r" }];
  const forbidden = [rule("bad*")];
  const diff = diffOf(
    { forbidden, escalation_triggers },
    { forbidden, escalation_triggers, capability_mappings: { c: map(["bad*"]) } },
  );
  expect(told(diff)).toEqual(["weaker fail/forbidden -> fail/forbidden bad infinite"]);
  expect(diff.changes[0].before.counted).toBe("unmapped");
  expect(diff.changes[0].after.counted).toBe("");
  expect(causesOf(diff)).toEqual(["after added capability bad*"]);
});

test("defaults: every field, and its direction", () => {
  const changed = (before: object, after: object) =>
    diffOf({ defaults: before as never }, { defaults: after as never }).defaults.map(
      ({ field, direction }) => `${field} ${direction}`,
    );
  expect(changed({ unmapped_tool_action: "deny" }, { unmapped_tool_action: "warn" })).toEqual(["unmapped_tool_action weaker"]);
  expect(changed({ unmapped_severity: "low" }, { unmapped_severity: "high" })).toEqual(["unmapped_severity stricter"]);
  expect(changed({ fail_open: false }, { fail_open: true })).toEqual(["fail_open weaker"]);
  expect(changed({}, { enforcement_mode: "warn" })).toEqual([]);
  expect(changed({}, { enforcement_mode: "enforce" })).toEqual(["enforcement_mode stricter"]);
  expect(changed({ grace_period_hours: 0 }, { grace_period_hours: 24 })).toEqual(["grace_period_hours weaker"]);
  expect(changed({ fail_on: "low" }, { fail_on: "high" })).toEqual(["fail_on weaker"]);
  const quiet = diffOf({ defaults: { fail_open: false } }, { defaults: { fail_open: true, grace_period_hours: 5 } });
  expect([quiet.equal, quiet.defaults.length]).toEqual([true, 2]);
});

test("a changed default is the cause of what it alone changes, also of names that no rule matches", () => {
  const forbidden = [rule("bad", "medium")];
  const mode = diffOf({ forbidden }, { forbidden, defaults: { enforcement_mode: "enforce" } });
  expect(told(mode)).toEqual([
    "stricter fail/forbidden -> fail/forbidden bad 1",
    "stricter fail/unmapped_denied -> fail/unmapped_denied a infinite",
  ]);
  expect(causesOf(mode)).toEqual(["after changed default enforcement_mode"]);
  const soft = diffOf(
    { forbidden, defaults: { unmapped_tool_action: "allow" } },
    {
      forbidden,
      defaults: { unmapped_tool_action: "allow", fail_on: "high" },
    },
  );
  expect(told(soft)).toEqual(["weaker fail/forbidden -> warn/forbidden_soft bad 1"]);
  expect(causesOf(soft)).toEqual(["after changed default fail_on"]);
  // A rule that comes with the default is the cause where it decides.
  const both = diffOf({ forbidden }, { defaults: { enforcement_mode: "enforce" } });
  expect(told(both)).toEqual([
    "stricter fail/forbidden -> fail/unmapped_denied bad 1",
    "stricter fail/unmapped_denied -> fail/unmapped_denied a infinite",
  ]);
});

test("grace makes a denial of new tools a warning: what moves from forbidden to unmapped is weaker", () => {
  const defaults = { grace_period_hours: 24 };
  const diff = diffOf({ forbidden: [rule("bad", "high")], defaults }, { defaults });
  expect(told(diff)).toEqual([
    "weaker fail/forbidden -> warn/unmapped_in_grace bad 1",
    "other fail/forbidden -> fail/unmapped_denied bad 1",
  ]);
  expect(diff.changes.map(({ circumstance }) => circumstance.inGrace)).toEqual([true, false]);
  expect(told(diffOf({ forbidden: [rule("bad", "high")] }, {}))).toEqual(["other fail/forbidden -> fail/unmapped_denied bad 1"]);
});

test("cards: what a capability asks for is judged by the card, or for any card", () => {
  const before = { capability_mappings: { c: map(["t"], ["read", "write"]) } };
  const after = { capability_mappings: { c: map(["t"], ["read"]) } };
  const any = diffOf(before, after);
  expect(told(any)).toEqual(["weaker pass/mapped -> pass/mapped t 1"]);
  expect(any.changes[0].before.cardActions).toBe('["read","write"]');
  expect(causesOf(any)).toEqual(["before changed capability t", "after changed capability t"]);
  expect(told(diffOf(after, before))).toEqual(["stricter pass/mapped -> pass/mapped t 1"]);
  const card = { boundedActions: ["read"], forbiddenActions: [] };
  expect(told(diffOf(before, after, { card }))).toEqual(["weaker fail/capability_exceeded -> pass/mapped t 1"]);
  expect(diffOf(before, after, { card: { ...card, boundedActions: ["read", "write"] } }).equal).toBe(true);
  const cards = { card, oldCard: { boundedActions: ["read", "write"], forbiddenActions: [] } };
  expect(told(diffPolicies(subject(before), subject(before), cards))).toEqual([
    "stricter pass/mapped -> fail/capability_exceeded t 1",
  ]);
});

test("a capability that moves past another asks for other actions; one that moves past its like does not", () => {
  const [a, b] = [map(["t*"], ["read"]), map(["*t"], ["write"])];
  const moved = diffOf({ capability_mappings: { a, b } }, { capability_mappings: { b, a } });
  expect(told(moved)).toEqual(["weaker pass/mapped -> pass/mapped t infinite"]);
  expect(causesOf(moved)?.every((cause) => cause.includes("moved"))).toBe(true);
  expect(moved.rules.map(({ change }) => change)).toEqual(["moved"]);
  const like = diffOf(
    { capability_mappings: { a, b: { ...b, card_actions: ["read"] } } },
    { capability_mappings: { b: { ...b, card_actions: ["read"] }, a } },
  );
  expect([like.equal, like.rules.map(({ change }) => change)]).toEqual([true, ["moved"]]);
  const renamed = diffOf({ capability_mappings: { a } }, { capability_mappings: { z: a } });
  expect([renamed.equal, renamed.rules.map(({ change }) => change)]).toEqual([true, ["renamed"]]);
});

test("members of the inventory: distinct, valid, and every one of them", () => {
  const diff = diffOf({}, { capability_mappings: { c: map(["a*"]) } }, { inventory: ["b", "ab", "a\ufffd", "", "ab", "aa"] });
  expect(diff.changes[0].inventory).toEqual(["ab", "aa"]);
  expect(diff.inventory).toEqual({ names: 5, changed: 2, invalid: 2 });
});

test("names that mean something elsewhere are ordinary names", () => {
  const hostile = ["__proto__", "constructor", "a\nb", "\u202ea", "0", "x".repeat(250)];
  const diff = diffOf({}, { capability_mappings: { __proto: map(hostile) } }, { inventory: hostile });
  expect(told(diff)).toEqual([`weaker fail/unmapped_denied -> pass/mapped 0 ${hostile.length}`]);
  expect(diff.changes[0].inventory).toEqual(hostile);
});

test("an org below both, below one, and edited", () => {
  const org = { forbidden: [rule("x*", "critical")] };
  const agent = { capability_mappings: { c: map(["*"]) } };
  const added = diffPolicies(subject(agent), subject(agent, org));
  expect(told(added)).toEqual(["stricter pass/mapped -> fail/forbidden x infinite"]);
  expect(added.changes[0].causes[0].rule).toMatchObject({ layer: "org", file: "org.json" });
  expect(diffPolicies(subject(agent, org), subject(agent, org)).equal).toBe(true);
  // A rule that moves to the org stays what it is.
  const lifted = diffPolicies(subject({ ...agent, ...org }, {}), subject(agent, org));
  expect([lifted.equal, lifted.rules.map(({ change, fields }) => [change, fields[0].field])]).toEqual([
    true,
    [["changed", "layer"]],
  ]);
});

test("a policy and itself, what is compared the other way round, and what was compiled", () => {
  const draw = new PolicyDraw(defaultSeed + 3);
  const turned = (diff: PolicyDiff, flip: boolean) =>
    diff.changes
      .map(({ before, after, circumstance, size }) => [...(flip ? [after, before] : [before, after]), circumstance, String(size)])
      .map((change) => JSON.stringify(change))
      .sort();
  let changes = 0;
  for (let round = 0; round < scaled(25); round++) {
    const [one, two] = [0, 1].map(() => subjectOf({ org: draw.policy("org"), agent: draw.policy("agent") }));
    const same = diffPolicies(one, one);
    expect([same.equal, same.rules, same.defaults, same.changes]).toEqual([true, [], [], []]);
    const there = diffPolicies(one, two);
    const plain = ({ direction, circumstance, before }: PolicyDiff["changes"][0]) =>
      direction === "other" || circumstance.inGrace || before.cardActions !== undefined || before.counted !== undefined;
    // Asking of a card, counting and grace read differently from the other side; all else is the mirror image.
    const back = diffPolicies(two, one);
    if (!there.changes.some(plain) && !back.changes.some(plain)) expect(turned(back, true)).toEqual(turned(there, false));
    expect(back.changes.length > 0).toBe(there.changes.length > 0);
    // What is more lenient in one respect and stricter in another is weaker from both sides.
    const keys = (diff: PolicyDiff, direction: string) =>
      turned(
        { ...diff, changes: diff.changes.filter((change) => change.direction === direction && !plain(change)) },
        diff === back,
      );
    const weakerBack = new Set(keys(back, "weaker"));
    for (const key of keys(there, "stricter"))
      if (back.changes.length === there.changes.length) expect(weakerBack).toContain(key);
    const compiled = [one, two].map(({ policy: merged }) => subjectOfArtifact(decodeArtifact(compilePolicy(merged).bytes)));
    const again = diffPolicies(compiled[0], compiled[1]);
    expect(turned(again, false)).toEqual(turned(there, false));
    expect(again.changes.map(({ witness, names, causes }) => [witness, names, causes.length])).toEqual(
      there.changes.map(({ witness, names, causes }) => [witness, names, causes.length]),
    );
    changes += there.changes.length;
  }
  expect(changes).toBeGreaterThan(scaled(25));
});

test("the order of rules that decide alike changes nothing that is said of names", () => {
  const forbidden = [rule("a*"), rule("*b"), rule("c?")];
  const one = diffOf({}, { forbidden });
  const two = diffOf({}, { forbidden: [...forbidden].reverse() });
  expect(told(two)).toEqual(told(one));
  expect(causesOf(two)?.sort()).toEqual(causesOf(one)?.sort());
});

test("past the budget: what is said is true, what is open is said, and nothing is equal", () => {
  const forbidden = Array.from({ length: 12 }, (_, i) =>
    rule(`mcp__*__verb${i}*x*`, (["low", "high", "critical"] as const)[i % 3]),
  );
  const diff = diffOf(
    { forbidden },
    { forbidden: forbidden.slice(3), defaults: { fail_on: "high" } },
    {
      budget: { statesMax: 3, workMax: 10, openWorkMax: 10 },
      inventory: ["mcp____verb0x"],
    },
  );
  expect([diff.complete, diff.equal]).toEqual([false, false]);
  expect(diff.undecided.length).toBeGreaterThan(0);
  expect(diff.changes.flatMap(({ inventory }) => inventory)).toContain("mcp____verb0x");
});

test("triggers that tell too many kinds of sessions apart leave later calls open, and the first is decided", () => {
  const counts = ["tool_count", "unmapped_tool_count", "violation_count"];
  const escalation_triggers = Array.from({ length: 60 }, (_, i) => {
    return { condition: `${counts[i % 3]} == ${5 * i + 7}`, action: "warn", reason: "r" };
  });
  const diff = diffOf({ escalation_triggers, forbidden: [rule("a")] }, { escalation_triggers });
  expect(told(diff)).toEqual(["other fail/forbidden -> fail/unmapped_denied a 1"]);
  expect([diff.complete, diff.equal, diff.undecided[0].question]).toEqual([
    false,
    false,
    "whether calls later in a session are judged differently",
  ]);
  expect(diffOf({ escalation_triggers }, { escalation_triggers }).equal).toBe(true);
});

test("a name that stays mapped and asks a card for less is weaker, also where it is judged more strictly", () => {
  const before = { capability_mappings: { all: map(["*"], ["read", "pay"]) } };
  const escalation_triggers = [{ condition: "tool_matches('*')", action: "warn", reason: "look" }];
  const less = { capability_mappings: { all: map(["*"], ["read"]) }, escalation_triggers };
  expect(told(diffOf(before, less))).toEqual([
    "weaker pass/mapped -> warn/trigger_warned a infinite",
    "stricter pass/mapped -> warn/trigger_warned a infinite",
  ]);
  expect(causesOf(diffOf(before, less))).toEqual(["before changed capability *", "after changed capability *"]);
  const card = { boundedActions: ["read"], forbiddenActions: [] } as unknown as DiffOptions["card"];
  expect(told(diffOf(before, less, { card }))).toEqual(["weaker fail/capability_exceeded -> warn/trigger_warned a infinite"]);
  // More is stricter as it is; what is denied or no longer mapped asks no card.
  const more = { capability_mappings: { all: map(["*"], ["read", "pay", "send"]) }, escalation_triggers };
  expect(told(diffOf(before, more))).toEqual(["stricter pass/mapped -> warn/trigger_warned a infinite"]);
  const denied = { ...less, escalation_triggers: [{ ...escalation_triggers[0], action: "deny" }] };
  expect(told(diffOf(before, denied))).toEqual(["stricter pass/mapped -> fail/escalation_denied a infinite"]);
  expect(told(diffOf(before, { defaults: { unmapped_tool_action: "warn" } }))).toEqual([
    "stricter pass/mapped -> warn/unmapped_warned a infinite",
  ]);
});

test("a mode that no valid name shows stands beside the changes", () => {
  const capability_mappings = { all: map(["*"]) };
  const beside = (parts: Parts) =>
    diffOf(
      { ...parts, defaults: { enforcement_mode: "enforce" } },
      { ...parts, defaults: { enforcement_mode: "off" } },
    ).defaults.map((change) => [change.field, change.direction, change.beside]);
  expect(beside({ capability_mappings })).toEqual([["enforcement_mode", "weaker", true]]);
  expect(beside({ capability_mappings, forbidden: [rule("x")] })).toEqual([["enforcement_mode", "weaker", false]]);
});
