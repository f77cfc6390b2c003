import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import type { Strictness } from "../src/analysis/recommend/draft.js";
import { openPolicy } from "../src/cli/open-policy.js";
import { ANY, parseGlob, STAR } from "../src/glob/parse.js";
import { mergePolicies } from "../src/policy/merge.js";
import type { Policy } from "../src/policy/model.js";
import { parsePolicy } from "../src/syntax/policy.js";
import { type DecidedTraces, readDecided } from "../src/trace/io/read-decided.js";
import { createNameMap } from "../src/trace/name-map.js";
import { expectRefused, folderOf, schemaFaults, smoltbot } from "./support/command.js";
import { type HeldBack, measureHeldBack } from "./support/held-back.js";
import { assistant, lines, toolUse, user } from "./support/traces.js";

const hour = 3_600_000;

/** Calls of one session after the other, an hour apart. */
function eventsOf(sessions: readonly (readonly string[])[], more: object = {}): string {
  return lines(
    ...sessions.flatMap((tools, s) =>
      tools.map((tool, i) => ({
        tool,
        session: `s${s}`,
        timestamp: new Date(Date.UTC(2026, 0, 1) + (s * 24 + i) * hour).toISOString(),
        ...more,
      })),
    ),
  );
}

const week = Array.from({ length: 40 }, (_, s) => [
  "mcp__fs__read_file",
  "mcp__fs__read_tree",
  "mcp__fs__read_media",
  ...(s % 2 === 0 ? ["mcp__slack__post_message"] : []),
  ...(s === 3 ? ["mcp__fs__delete_file"] : []),
]);
const files = {
  "runs.jsonl": eventsOf(week),
  "card.yaml": "card_id: c\nautonomy_envelope: {bounded_actions: [read_file, send_message]}\n",
  "existing.yaml": `meta: {schema_version: "1.0", name: in-use, scope: agent}
capability_mappings:
  chat: {tools: ["mcp__slack__*"], card_actions: [send_message]}
forbidden: [{pattern: "mcp__admin__*", reason: "People do that", severity: critical}]
defaults: {unmapped_tool_action: warn, unmapped_severity: low, fail_open: false}
`,
};
const asked = ["policy", "recommend", "--traces", "runs.jsonl"];

describe("policy recommend", () => {
  test("writes a draft with its evidence that the other verbs take", async () => {
    const cwd = folderOf(files);
    const ran = await smoltbot([...asked, "--card", "card.yaml", "--existing", "existing.yaml", "-o", "draft.yaml"], { cwd });
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
    expect(ran.stdout).toContain("✓ valid");
    expect(ran.stdout).toContain("Replayed over the same window, without grace: 31 traces");
    const text = readFileSync(join(cwd, "draft.yaml"), "utf8");
    expect(text).toContain('- "mcp__fs__read_*" # 3 tools, 91 calls in up to 31 sessions each, 2026-01-10 to 2026-02-09');
    expect(text).toContain("# confidence 1, existing: met no call in the window");
    expect((await smoltbot(["policy", "validate", "draft.yaml"], { cwd })).status).toBe(0);
    const tested = await smoltbot(
      ["policy", "test", "draft.yaml", "--traces", "runs.jsonl", "--limit", "0", "--format", "json"],
      { cwd },
    );
    // The call from before the window is the one that nothing maps.
    expect(JSON.parse(tested.stdout).unmapped_tools.map(({ tool }: { tool: string }) => tool)).toEqual(["mcp__fs__delete_file"]);
  });
  test("the same every time, in the documented shape", async () => {
    const cwd = folderOf(files);
    const [one, other] = [
      await smoltbot([...asked, "--format", "json"], { cwd }),
      await smoltbot([...asked, "--format", "json"], { cwd }),
    ];
    expect(other.stdout).toBe(one.stdout);
    expect(schemaFaults("recommend", one.stdout)).toEqual([]);
    const json = JSON.parse(one.stdout);
    expect(json.recommendation_id).toMatch(/^rec-[0-9a-f]{16}$/);
    expect(json.validation).toEqual({ valid: true, errors: [] });
    expect(json.recommendation.capability_mappings.fs_read).toMatchObject({ tools: ["mcp__fs__read_*"], card_actions: ["read"] });
    expect(json.policy.capability_mappings.fs_read.tools).toEqual(["mcp__fs__read_*"]);
    expect(json.replay).toMatchObject({ traces: 31, calls: 106, calls_fail: 0 });
    // Another question has another id.
    const strict = JSON.parse((await smoltbot([...asked, "--format", "json", "--strictness", "strict"], { cwd })).stdout);
    expect(strict.recommendation_id).not.toBe(json.recommendation_id);
    expect(strict.policy.capability_mappings.fs_read.tools).toHaveLength(3);
    const policy = parsePolicy(JSON.stringify(json.policy), { file: "p.json" });
    expect(policy.diagnostics).toEqual([]);
  });
  test("the window: days back from the last call, or from --until", async () => {
    const cwd = folderOf(files);
    const of = async (...more: string[]) =>
      JSON.parse((await smoltbot([...asked, "--format", "json", ...more], { cwd })).stdout).observed;
    expect(await of("--days", "0")).toMatchObject({ sessions: 40, first_seen: "2026-01-01T00:00:00.000Z" });
    expect(await of("--days", "7")).toMatchObject({ sessions: 8, last_seen: "2026-02-09T02:00:00.000Z" });
    expect(await of("--days", "3", "--until", "2026-01-05T00:00:00Z")).toMatchObject({
      sessions: 4,
      last_seen: "2026-01-04T03:00:00.000Z",
    });
    expectRefused(await smoltbot([...asked, "--until", "2025-01-01"], { cwd }), "recommend_no_calls", "--days 0");
  });
  test("calls without a time count only where none has one", async () => {
    const undated = eventsOf([["Bash", "Read"]], { timestamp: undefined });
    const cwd = folderOf({ "undated.jsonl": undated, "both.jsonl": files["runs.jsonl"] + undated });
    const of = async (file: string) =>
      JSON.parse((await smoltbot(["policy", "recommend", "--traces", file, "--format", "json"], { cwd })).stdout);
    expect((await of("undated.jsonl")).observed).toMatchObject({ calls: 2, undated_calls: 0, maturity: "young" });
    const both = await of("both.jsonl");
    expect(both.observed.undated_calls).toBe(2);
    expect(Object.keys(both.policy.capability_mappings)).not.toContain("builtin_execute");
  });
  test("what an odd time stamp pushes out of the window is said", async () => {
    const odd = lines({ tool: "evil", session: "z", timestamp: "9999-01-01T00:00:00Z" }, { tool: "Read", session: "y" });
    const cwd = folderOf({ "odd.jsonl": files["runs.jsonl"] + odd });
    const of = async (format: string) =>
      (await smoltbot(["policy", "recommend", "--traces", "odd.jsonl", "--format", format], { cwd })).stdout;
    const calls = week.flat().length;
    expect(JSON.parse(await of("json")).observed).toMatchObject({ calls: 1, undated_calls: 1, outside_calls: calls });
    for (const format of ["yaml", "text"]) {
      expect(await of(format)).toMatch(new RegExp(`ot looked at: ${calls} calls outside of the window`));
      expect(await of(format)).toMatch(/ot looked at: 1 call without a time/);
    }
  });
  test("refusals in the result of a decision log, also nested ones", async () => {
    const log = lines(
      ...[{ decision: "deny" }, { allow: false }, "deny"].map((result, i) => ({
        decision_id: `d${i}`,
        timestamp: "2026-01-01T00:00:00Z",
        input: { tool: "mcp__db__put", session: "s" },
        result,
      })),
    );
    const cwd = folderOf({ "log.jsonl": log });
    const ran = await smoltbot(["policy", "recommend", "--traces", "log.jsonl", "--format", "json"], { cwd });
    expect(JSON.parse(ran.stdout).recommendation.forbidden).toMatchObject([{ evidence: "3 calls of 3 refused" }]);
  });
  test("refusals of a transcript become rules", async () => {
    const refusal = "The user doesn't want to proceed with this tool use. The tool use was rejected.";
    const result = (id: string) => user("s", [{ type: "tool_result", tool_use_id: id, content: refusal, is_error: true }]);
    const text = lines(
      assistant(
        "s",
        ["1", "2"].map((id) => toolUse("mcp__db__drop_table", id)),
      ),
      result("1"),
      result("2"),
      assistant("s", [toolUse("Read", "3")]),
    );
    const cwd = folderOf({ "session.jsonl": text });
    const json = JSON.parse(
      (await smoltbot(["policy", "recommend", "--traces", "session.jsonl", "--format", "json"], { cwd })).stdout,
    );
    expect(json.policy.forbidden).toEqual([
      { pattern: "mcp__db__drop_table", reason: "Refused whenever it was tried", severity: "critical" },
    ]);
    expect(json.recommendation.forbidden[0]).toMatchObject({
      confidence: 0.67,
      evidence: "2 calls of 2 refused",
      origin: "learned",
    });
    expect(json.replay).toMatchObject({ calls_fail: 2, calls_pass: 1 });
  });
  test("hostile names stay in their place: comments, keys and terminals", async () => {
    const names = [
      "x\nforbidden: []",
      "a # b",
      "\u202etxt",
      "\u001b[2Jx",
      "__proto__",
      "mcp__s\n__get",
      "`|",
      "a: {b",
      "x".repeat(100_000),
      "",
    ];
    const cwd = folderOf({ "runs.jsonl": eventsOf([names, names]) });
    const yaml = (await smoltbot(asked, { cwd })).stdout;
    expect(yaml).not.toMatch(/[\u202e\u001b]/);
    const { value } = parsePolicy(yaml, { file: "p.yaml" });
    const mapped = value?.capabilities.flatMap(({ tools }) => tools.map(({ glob }) => glob.source)) ?? [];
    for (const name of mapped) expect(names).toContain(name);
    expect(mapped).toContain("x\nforbidden: []");
    for (const format of ["text", "json"]) {
      const { stdout, status } = await smoltbot([...asked, "--format", format], { cwd });
      expect([status, /[\u202e\u001b]/.test(stdout)]).toEqual([0, false]);
    }
  });
  test("capability names of users keep their order and mean nothing else", async () => {
    const existing = files["existing.yaml"].replace(
      /chat: .*/,
      '"7": {tools: ["mcp__slack__*"], card_actions: [b]}\n  __proto__: {tools: ["mcp__fs__read_file"], card_actions: [a]}\n  "1": {tools: ["mcp__fs__*"], card_actions: [a]}',
    );
    const cwd = folderOf({ ...files, "existing.yaml": existing });
    const { stdout } = await smoltbot([...asked, "--existing", "existing.yaml", "--format", "json"], { cwd });
    const { value } = parsePolicy(
      stdout
        .slice(stdout.indexOf('"policy": ') + 10, stdout.indexOf('"recommendation": '))
        .trimEnd()
        .replace(/,$/, ""),
      {
        file: "p.json",
      },
    );
    expect(value?.capabilities.map(({ name }) => name)).toEqual(["7", "__proto__", "1"]);
  });
  test("what cannot be read is refused", async () => {
    const cwd = folderOf(files);
    expectRefused(await smoltbot(["policy", "recommend", "--traces", "nothing.jsonl"], { cwd }), "trace_not_found");
    expectRefused(await smoltbot([...asked, "--existing", "no.yaml"], { cwd }), "file_not_found");
    expectRefused(await smoltbot([...asked, "--strictness", "lax"], { cwd }), "permissive, balanced, strict");
  });
});

/** Whether some name matches both globs: pairs of positions, a program of its own. */
function meet(a: string, b: string): boolean {
  const tokens = [a, b].map((text) => {
    const glob = parseGlob(text);
    if (typeof glob === "string") throw new Error(glob);
    return glob.tokens;
  });
  const [left, right] = tokens as [readonly number[], readonly number[]];
  const seen = new Set<string>();
  const walk = (i: number, j: number): boolean => {
    const key = `${i} ${j}`;
    if (seen.has(key)) return false;
    seen.add(key);
    if (i === left.length && j === right.length) return true;
    const [x, y] = [left[i], right[j]];
    if (x === STAR && walk(i + 1, j)) return true;
    if (y === STAR && walk(i, j + 1)) return true;
    if (x === undefined || y === undefined) return false;
    const fits = x === y || x < 0 || y < 0;
    return fits && !(x === STAR && y === STAR) && walk(x === STAR ? i : i + 1, y === STAR ? j : j + 1);
  };
  return walk(0, 0);
}

test("the test's own view of globs that meet", () => {
  expect([
    meet("a*", "*b"),
    meet("a?c", "abc"),
    meet("a*c", "ab?"),
    meet("mcp__a__*", "mcp__b__*"),
    meet("a", "b"),
    meet("*", "*"),
    meet(`a${ANY}`, "a"),
  ]).toEqual([true, true, true, false, false, true, false]);
});

const folder = fileURLToPath(new URL("../../shared/data/", import.meta.url));
const inUse = `meta: {schema_version: "1.0", name: e, scope: agent}
capability_mappings: {}
forbidden:
  - {pattern: "mcp__k8s__*", reason: r, severity: high}
  - {pattern: "mcp__filesystem__read_?ultiple_files", reason: r, severity: low}
  - {pattern: "mcp__filesystem__list_*secret*", reason: r, severity: low}
defaults: {unmapped_tool_action: warn, unmapped_severity: low, fail_open: false}
`;

describe.skipIf(!existsSync(folder))("held-back halves of recorded runs (left out without ../shared/data)", () => {
  const sets = new Map<string, DecidedTraces>();
  let universe: readonly string[] = [];
  beforeAll(async () => {
    universe = readFileSync(`${folder}mcp-tool-names.txt`, "utf8")
      .split("\n")
      .map((line) => line.split("\t")[0]!)
      .filter((name) => name !== "");
    const messages = await readDecided([`${folder}mcp-jsonrpc-derived`]);
    const servers = [...new Set(messages.set.names.map((name) => name.split("__")[1]!))];
    const names = createNameMap({ servers, names: new Map() });
    sets.set("mcp-jsonrpc-derived", messages);
    for (const each of ["claude-code", "ap-trace-derived", "codex-rollout"]) sets.set(each, await readDecided([folder + each]));
    for (const each of ["openai-chat-toolathlon", "bench"]) sets.set(each, await readDecided([folder + each], { names }));
  });

  /** Least recall of tools and of calls in percent, permissive, balanced and strict; without an inventory. */
  const least: readonly (readonly [string, readonly (readonly [number, number])[]])[] = [
    [
      "claude-code",
      [
        [100, 100],
        [100, 100],
        [100, 100],
      ],
    ],
    [
      "ap-trace-derived",
      [
        [100, 100],
        [100, 100],
        [80, 99],
      ],
    ],
    [
      "codex-rollout",
      [
        [100, 100],
        [100, 100],
        [100, 100],
      ],
    ],
    [
      "mcp-jsonrpc-derived",
      [
        [72, 83],
        [67, 79],
        [52, 69],
      ],
    ],
    [
      "openai-chat-toolathlon",
      [
        [72, 86],
        [68, 82],
        [52, 74],
      ],
    ],
    [
      "bench",
      [
        [76, 98],
        [73, 97],
        [57, 96],
      ],
    ],
  ];
  const levels: readonly Strictness[] = ["permissive", "balanced", "strict"];
  test.each(least)("%s: most of what comes later is mapped", (name, expected) => {
    const read = sets.get(name)!;
    levels.forEach((strictness, i) => {
      const measured = measureHeldBack(read, strictness, universe);
      const { recommendation, recall, recallOfCalls, precisionOfAll } = measured;
      expect(recommendation.validation).toEqual({ valid: true, errors: [] });
      expect([strictness, recall * 100 >= expected[i]![0], recallOfCalls * 100 >= expected[i]![1]]).toEqual([
        strictness,
        true,
        true,
      ]);
      // Of 2,000 tools that exist elsewhere hardly any is let through that nobody used.
      expect(precisionOfAll).toBeGreaterThanOrEqual([0.8, 0.95, 1][i]!);
    });
  });
  test.each(least)("%s: with an inventory, nothing is mapped that was not used", (name) => {
    const read = sets.get(name)!;
    const inventory = [...universe, ...read.set.names];
    for (const strictness of levels) {
      const { mapped, recommendation }: HeldBack = measureHeldBack(read, strictness, universe, { inventory });
      const used = new Set(recommendation.observed.history.tools.map(({ tool }) => tool));
      // Each tool is decided by the capability it was put into.
      const { engine } = openPolicy(mergePolicies({ agent: recommendation.draft.policy }).value!);
      for (const { name: capability, globs } of recommendation.draft.capabilities) {
        const judged = engine.evaluate(globs.flatMap(({ tools }) => tools.map(({ tool }) => tool))).tools;
        expect(new Set(judged.map((outcome) => outcome.capability?.label))).toEqual(new Set([capability]));
      }
      expect(mapped.filter((tool) => !used.has(tool))).toEqual([]);
    }
  });
  test.each(least)("%s: no glob admits a name that the policy in use forbids, whether or not it exists", (name) => {
    const existing = parsePolicy(inUse, { file: "e.yaml" }).value as Policy;
    // This one meets every glob that ends in a wildcard: `mcp__fs__read_*` could match `mcp__fs__read___delete`.
    const everywhere = parsePolicy(inUse.replace("mcp__k8s__*", "mcp__*__delete*"), { file: "e.yaml" }).value as Policy;
    const tight = measureHeldBack(sets.get(name)!, "permissive", universe, { existing: everywhere }).recommendation;
    expect(tight.draft.proof.wildcardGlobs).toBe(0);
    expect(tight.draft.policy.capabilities.length).toBeGreaterThan(0);
    let wild = 0;
    for (const strictness of levels) {
      const { recommendation } = measureHeldBack(sets.get(name)!, strictness, universe, { existing });
      const globs = recommendation.draft.policy.capabilities.flatMap(({ tools }) => tools.map(({ glob }) => glob.text));
      wild += globs.filter((glob) => glob.includes("*")).length;
      const meeting = globs.flatMap((glob) =>
        existing.forbidden.filter(({ pattern }) => meet(glob, pattern.glob.text)).map(({ pattern }) => [glob, pattern.glob.text]),
      );
      expect(meeting).toEqual([]);
      // What was forbidden before still is.
      expect(recommendation.draft.policy.forbidden.slice(0, existing.forbidden.length)).toEqual(existing.forbidden);
    }
    // Globs remain where the rules leave room, so that the test is about something.
    if (name === "bench") expect(wild).toBeGreaterThan(10);
  });
});
