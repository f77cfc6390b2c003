import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { OutcomeChange } from "../src/analysis/diff.js";
import type { FloorReport } from "../src/analysis/floor.js";
import { reportBroken } from "../src/cli/commands/floor.js";
import { floorGateReasons } from "../src/cli/floor-gate.js";
import { expectRefused, fakeTerminal, folderOf, schemaFaults, smoltbot } from "./support/command.js";
import { edited, validPolicy } from "./support/policy-text.js";

const forbiddenRule = `  - pattern: "mcp__admin__*"
    reason: "people do that"
    severity: high
`;
const opened = edited(`forbidden:\n${forbiddenRule}`, "forbidden: []\n");
const org = validPolicy.replace("scope: agent", "scope: org").replace("unmapped_tool_action: warn", "unmapped_tool_action: deny");
const orgOnly = org.replace(/capability_mappings:[\s\S]*?forbidden:/, "capability_mappings: {}\nforbidden:");

function files(more: Record<string, string> = {}): string {
  return folderOf({ "old.yaml": validPolicy, "new.yaml": opened, "org.yaml": orgOnly, ...more });
}

describe("policy diff", () => {
  test("says what changes, why, and how much, and exits 0 unless it is asked to fail", async () => {
    const cwd = files({ "tools.json": '["mcp__admin__reset", "mcp__browser__open"]' });
    const shown = await smoltbot(["policy", "diff", "old.yaml", "new.yaml", "--inventory", "tools.json"], { cwd });
    expect([shown.status, shown.stderr]).toEqual([0, ""]);
    for (const line of [
      '  - forbidden "mcp__admin__*"  old.yaml:10',
      "  fail (forbidden, high) -> warn (unmapped, medium)",
      "    infinitely many names, such as mcp__admin__\n",
      "    in the inventory: 1 (mcp__admin__reset)",
      '      forbidden "mcp__admin__*" removed  old.yaml:10',
      "Plan: 1 weaker, 0 stricter, 0 other",
    ]) {
      expect(shown.stdout).toContain(line);
    }
    const gate = await smoltbot(["policy", "diff", "old.yaml", "new.yaml", "--fail-on", "weaker"], { cwd });
    expect([gate.status, gate.stdout.trimEnd().split("\n").at(-1)]).toEqual([1, "✗ 1 change lets through more than before"]);
    expect((await smoltbot(["policy", "diff", "new.yaml", "old.yaml", "--fail-on", "weaker"], { cwd })).status).toBe(0);
    expect((await smoltbot(["policy", "diff", "new.yaml", "old.yaml", "--fail-on", "any"], { cwd })).status).toBe(1);
  });

  test("what only repeats a change later in a session stands with it", async () => {
    const counting = '\n  - { condition: "unmapped_tool_count > 2", action: warn, reason: many }';
    const counted = (text: string) => text.replace("escalation_triggers:", `escalation_triggers:${counting}`);
    const cwd = files({ "a.yaml": counted(validPolicy), "b.yaml": counted(opened) });
    const shown = await smoltbot(["policy", "diff", "a.yaml", "b.yaml"], { cwd });
    expect(shown.stdout).toMatch(
      /\n {4}also after 2 calls \(2 unmapped\): fail \(forbidden, high\) -> warn \(warned by a trigger\)\n/,
    );
    const markdown = await smoltbot(["policy", "diff", "a.yaml", "b.yaml", "--format", "markdown"], { cwd });
    expect(markdown.stdout).toContain("<br>also after 2 calls");
  });

  test("what is asked of a card is compared with a card, or for any card, and not without", async () => {
    const asking = validPolicy.replace("card_actions: [", "card_actions: [web_admin, ");
    expect(asking).not.toBe(validPolicy);
    const cwd = files({ "asking.yaml": asking });
    const plain = await smoltbot(["policy", "diff", "asking.yaml", "old.yaml", "--fail-on", "weaker"], { cwd });
    expect([plain.status, plain.stdout]).toEqual([0, expect.stringContaining("No tool name is judged differently.")]);
    expect(plain.stdout).toContain("card_actions -web_admin");
    expect(plain.stdout).toContain("No card given: what a card grants was not compared.");
    const any = await smoltbot(["policy", "diff", "asking.yaml", "old.yaml", "--fail-on", "weaker", "--any-card"], { cwd });
    expect([any.status, any.stdout]).toEqual([1, expect.stringContaining("asks for")]);
  });

  test("a mode that lets through only what is no tool name is weaker, too", async () => {
    const enforcing = `meta: {schema_version: "1.0", name: p, scope: agent}
capability_mappings: {all: {tools: ["*"], card_actions: [act]}}
forbidden: []
defaults: {unmapped_tool_action: deny, unmapped_severity: high, fail_open: false, enforcement_mode: enforce}
`;
    const off = enforcing.replace("enforcement_mode: enforce", "enforcement_mode: off");
    const cwd = files({ "a.yaml": enforcing, "b.yaml": off });
    const gate = await smoltbot(["policy", "diff", "a.yaml", "b.yaml", "--fail-on", "weaker"], { cwd });
    expect([gate.status, gate.stdout]).toEqual([1, expect.stringContaining("No tool name is judged differently.")]);
    expect(gate.stdout).toContain("Beside that: defaults.enforcement_mode: enforce -> off, weaker.");
    expect(gate.stdout).toContain("✗ defaults.enforcement_mode is more lenient: enforce -> off");
    const sarif = await smoltbot(["policy", "diff", "a.yaml", "b.yaml", "--format", "sarif"], { cwd });
    expect(JSON.parse(sarif.stdout).runs[0].results).toHaveLength(1);
    expect((await smoltbot(["policy", "diff", "b.yaml", "a.yaml", "--fail-on", "weaker"], { cwd })).status).toBe(0);
  });

  test("of a policy and itself says so", async () => {
    const cwd = files();
    const same = await smoltbot(["policy", "diff", "old.yaml", "old.yaml", "--fail-on", "any"], { cwd });
    expect([same.status, same.stderr]).toEqual([0, ""]);
    expect(same.stdout).toContain("No tool name is judged differently.");
  });

  test("JSON follows its schema, sizes are text, and every format is written to a file", async () => {
    const cwd = files();
    const json = await smoltbot(["policy", "diff", "old.yaml", "new.yaml", "--format", "json"], { cwd });
    expect(schemaFaults("diff", json.stdout)).toEqual([]);
    const { summary, changes, equal } = JSON.parse(json.stdout);
    expect([summary.weaker, equal, changes[0].names]).toEqual([1, false, { kind: "infinite", count: null }]);
    for (const format of ["text", "markdown", "json", "sarif"]) {
      const ran = await smoltbot(
        ["policy", "diff", "old.yaml", "new.yaml", "--format", format, "-o", "out", "--fail-on", "weaker"],
        { cwd },
      );
      expect([ran.status, ran.stdout, ran.stderr]).toEqual([1, "", "1 change lets through more than before\n"]);
      expect(readFileSync(join(cwd, "out"), "utf8")).toContain("mcp__admin__");
    }
  });

  test("compiled policies say the same as their files", async () => {
    const cwd = files();
    for (const name of ["old", "new"]) {
      expect((await smoltbot(["policy", "compile", `${name}.yaml`, "-o", `${name}.bin`], { cwd })).status).toBe(0);
    }
    const changesOf = async (...sides: string[]) => {
      const { stdout } = await smoltbot(["policy", "diff", ...sides, "--format", "json"], { cwd });
      return JSON.parse(stdout).changes;
    };
    expect(await changesOf("old.bin", "new.bin")).toEqual(await changesOf("old.yaml", "new.yaml"));
    expectRefused(
      await smoltbot(["policy", "diff", "old.bin", "new.yaml", "--org", "org.yaml"], { cwd }),
      "usage_org_beside_artifact",
    );
    const damaged = readFileSync(join(cwd, "old.bin")).subarray(0, 100);
    writeFileSync(join(cwd, "cut.bin"), damaged);
    expectRefused(await smoltbot(["policy", "diff", "cut.bin", "new.yaml"], { cwd }), "artifact_", "cut.bin");
  });

  test("a git revision is read as it was committed", async () => {
    const cwd = files();
    const git = (...args: string[]) =>
      execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false", ...args], {
        cwd,
        stdio: "pipe",
      });
    mkdirSync(join(cwd, "sub"));
    writeFileSync(join(cwd, "policy.yaml"), validPolicy);
    git("init", "-q", "-b", "main");
    git("add", "policy.yaml");
    git("commit", "-q", "-m", "first");
    writeFileSync(join(cwd, "policy.yaml"), opened);
    const ran = await smoltbot(["policy", "diff", "git:main:policy.yaml", "policy.yaml", "--fail-on", "weaker"], { cwd });
    expect(ran.status).toBe(1);
    expect(ran.stdout).toContain('forbidden "mcp__admin__*" removed  git:main:policy.yaml:10');
    const sarif = await smoltbot(["policy", "diff", "git:main:policy.yaml", "policy.yaml", "--format", "sarif"], { cwd });
    const [result] = JSON.parse(sarif.stdout).runs[0].results;
    expect(result.locations[0].physicalLocation).toEqual({
      artifactLocation: { uri: "policy.yaml" },
      region: { startLine: 10, startColumn: 14 },
    });
    expect(result.level).toBe("error");
    expectRefused(await smoltbot(["policy", "diff", "git:main:none.yaml", "policy.yaml"], { cwd }), "git_file_not_in_revision");
  });

  test("an org below both sides, and one that changes", async () => {
    const cwd = files({ "org2.yaml": orgOnly.replace("unmapped_tool_action: deny", "unmapped_tool_action: warn") });
    const below = await smoltbot(["policy", "diff", "old.yaml", "new.yaml", "--org", "org.yaml"], { cwd });
    expect(below.stdout).toContain("No tool name is judged differently.");
    const lowered = await smoltbot(
      ["policy", "diff", "old.yaml", "old.yaml", "--old-org", "org.yaml", "--new-org", "org2.yaml", "--fail-on", "weaker"],
      { cwd },
    );
    expect(lowered.status).toBe(1);
    expect(lowered.stdout).toContain("defaults.unmapped_tool_action: deny -> warn, weaker");
  });

  test("defaults that outcomes do not show still shut the gate", async () => {
    const cwd = files({ "open.yaml": edited("fail_open: false", "fail_open: true") });
    const ran = await smoltbot(["policy", "diff", "old.yaml", "open.yaml", "--fail-on", "weaker"], { cwd });
    expect([ran.status, ran.stdout.includes("✗ defaults.fail_open is more lenient: false -> true")]).toEqual([1, true]);
  });

  test("sides that cannot be compared are refused", async () => {
    const cwd = files({ "card.json": "{}" });
    expectRefused(await smoltbot(["policy", "diff", "org.yaml", "new.yaml"], { cwd }), "usage_scopes_differ", "--new-org");
    expectRefused(
      await smoltbot(["policy", "diff", "old.yaml", "new.yaml", "--old-card", "card.json"], { cwd }),
      "usage_old_card_alone",
    );
    expectRefused(
      await smoltbot(["policy", "diff", "org.yaml", "org.yaml", "--org", "org.yaml"], { cwd }),
      "usage_two_org_policies",
    );
    expectRefused(await smoltbot(["policy", "diff", "gone.yaml", "new.yaml"], { cwd }), "file_not_found");
    const broken = folderOf({ "old.yaml": validPolicy, "new.yaml": edited("severity: high", "severity: huge") });
    expectRefused(await smoltbot(["policy", "diff", "old.yaml", "new.yaml"], { cwd: broken }), "severity", "new.yaml:12");
    // What the agent adds to the org is a question with an answer.
    const added = await smoltbot(["policy", "diff", "org.yaml", "new.yaml", "--new-org", "org.yaml"], { cwd });
    expect([added.status, added.stdout.includes("Weaker (1)")]).toEqual([0, true]);
  });
});

describe("policy floor", () => {
  test("says how much of an inventory it is about, and what it left out of it", async () => {
    const cwd = files({ "tools.json": '["mcp__browser__open", "mcp__other__x", "\\ufffd"]' });
    const shown = async (agent: string) =>
      (await smoltbot(["policy", "floor", "--org", "org.yaml", agent, "--inventory", "tools.json"], { cwd })).stdout;
    expect(await shown("old.yaml")).toContain("Of the inventory 1 name of 3; 1 name left out as no valid tool names.");
    writeFileSync(
      join(cwd, "none.yaml"),
      validPolicy.replace(/capability_mappings:[\s\S]*?forbidden:/, "capability_mappings: {}\nforbidden:"),
    );
    expect(await shown("none.yaml")).toContain("Of the inventory 0 names of 3; 1 name left out as no valid tool names.");
  });

  test("shows the names that an agent newly maps, and fails only when asked", async () => {
    const cwd = files();
    const ran = await smoltbot(["policy", "floor", "--org", "org.yaml", "old.yaml", "new.yaml"], { cwd });
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
    for (const line of [
      "✓ keeps to the floor: old.yaml over org.yaml",
      "  fail (unmapped, denied, medium) -> pass (mapped)",
      '      capability web, glob "mcp__browser__*" added  old.yaml:7',
      "  Only names that the org leaves unmapped, and the agent maps, are judged more leniently than by the org alone.",
    ]) {
      expect(ran.stdout).toContain(line);
    }
    for (const gate of ["exceptions", "denied"]) {
      const failed = await smoltbot(["policy", "floor", "--org", "org.yaml", "old.yaml", "--fail-on", gate], { cwd });
      expect(failed.status).toBe(1);
    }
    expect((await smoltbot(["policy", "floor", "--org", "org.yaml", "old.yaml", "--fail-on", "broad"], { cwd })).status).toBe(0);
  });

  test("broad mappings over a deny are pointed out, in every format", async () => {
    const cwd = files({ "agent.yaml": edited("mcp__browser__*", "*_read") });
    const ran = await smoltbot(["policy", "floor", "--org", "org.yaml", "agent.yaml", "--fail-on", "broad"], { cwd });
    expect(ran.status).toBe(1);
    expect(ran.stdout).toContain("maps tools of any server");
    const json = await smoltbot(["policy", "floor", "--org", "org.yaml", "agent.yaml", "--format", "json"], { cwd });
    expect(schemaFaults("floor", json.stdout)).toEqual([]);
    expect(JSON.parse(json.stdout).agents[0]).toMatchObject({
      holds: true,
      broken: [],
      broad: [{ code: "merge_broad_mapping" }],
    });
    const sarif = await smoltbot(["policy", "floor", "--org", "org.yaml", "agent.yaml", "--format", "sarif"], { cwd });
    expect(JSON.parse(sarif.stdout).runs[0].results[0]).toMatchObject({
      ruleId: "floor-exception",
      locations: [{ physicalLocation: { artifactLocation: { uri: "agent.yaml" }, region: { startLine: 7 } } }],
    });
    const markdown = await smoltbot(
      ["policy", "floor", "--org", "org.yaml", "agent.yaml", "--format", "markdown", "-o", "out.md"],
      { cwd },
    );
    expect([markdown.status, markdown.stdout]).toEqual([0, ""]);
    expect(readFileSync(join(cwd, "out.md"), "utf8")).toContain("<summary>Newly mapped (2)</summary>");
  });

  test("layers that are none are refused", async () => {
    const cwd = files();
    await smoltbot(["policy", "compile", "old.yaml", "-o", "old.bin"], { cwd });
    expectRefused(
      await smoltbot(["policy", "floor", "--org", "org.yaml", "old.bin"], { cwd }),
      "usage_layer_compiled",
      "old.bin",
    );
    expectRefused(await smoltbot(["policy", "floor", "old.yaml"], { cwd }), "usage_org_missing");
    expectRefused(await smoltbot(["policy", "floor", "--org", "org.yaml"], { cwd }), "usage_policy_missing");
    expectRefused(await smoltbot(["policy", "floor", "--org", "org.yaml", "org.yaml"], { cwd }), "merge_wrong_scope");
    expectRefused(await smoltbot(["policy", "floor", "--org", "old.yaml", "old.yaml"], { cwd }), "merge_wrong_scope");
  });

  test("a floor that does not hold is a fault of the program, and says so", () => {
    const outcome = { action: "deny", severity: "high", cardActions: undefined, counted: undefined } as const;
    const change: OutcomeChange = {
      before: { ...outcome, verdict: "fail", cause: "forbidden" },
      after: { ...outcome, verdict: "pass", action: "allow", cause: "mapped", severity: undefined },
      direction: "weaker",
      circumstance: { prior: { toolCount: 0, unmappedOrgCount: 0, unmappedCount: 0, violationCount: 0 }, inGrace: false },
      witness: "a\nb",
      size: 1n,
      names: ["a\nb"],
      inventory: [],
      causes: [],
      causesComplete: false,
    };
    const report: FloorReport = {
      org: { name: "o", file: "org.yaml", unmappedToolAction: "deny" },
      agent: { name: "a", file: "agent.yaml" },
      exceptions: [],
      broken: [change],
      broad: [],
      holds: false,
      undecided: [],
      cardChecked: false,
    };
    const { terminal, ran } = fakeTerminal();
    reportBroken("agent.yaml", report, terminal);
    expect(ran.stderr).toContain("floor_broken");
    expect(ran.stderr).toContain("`a\\u{a}b`");
    expect(floorGateReasons([{ file: "agent.yaml", report }], undefined)).toEqual(["agent.yaml is below the floor of its org"]);
    const open = { ...report, broken: [], undecided: [{ question: "q", reason: "r" }] };
    expect(floorGateReasons([{ file: "agent.yaml", report: open }], undefined)).toEqual([
      "agent.yaml was not decided for all names",
    ]);
  });
});
