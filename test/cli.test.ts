import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { expectRefused, folderOf, root, schemaFaults, smoltbot, spawned } from "./support/command.js";

const example = join(root, "examples", "support-agent");
const policy = join(example, "policy.yaml");
const card = join(example, "card.yaml");
const org = join(root, "examples", "org", "policy.yaml");
const traces = join(example, "traces");
/** Named one by one, so that the examples may grow. */
const recordedHere = ["ap-traces.jsonl", "session-4711.jsonl"].flatMap((file) => ["--traces", join("traces", file)]);
const recorded = ["ap-traces.jsonl", "session-4711.jsonl"].flatMap((file) => ["--traces", join(traces, file)]);

describe("init", () => {
  test("writes a valid policy, once", async () => {
    const cwd = folderOf();
    expect(await smoltbot(["policy", "init"], { cwd })).toMatchObject({ status: 0, stderr: "" });
    const text = readFileSync(join(cwd, "policy.yaml"), "utf8");
    expect(text).toMatch(/^# yaml-language-server: \$schema=/);
    for (const line of ["scope: agent", "fail_open: false", "enforcement_mode: warn", "grace_period_hours: 24"])
      expect(text).toContain(line);
    writeFileSync(join(cwd, "policy.yaml"), "mine");
    expectRefused(await smoltbot(["policy", "init"], { cwd }), "file_exists", "`policy.yaml`", "--force");
    expect(readFileSync(join(cwd, "policy.yaml"), "utf8")).toBe("mine");
    expect((await smoltbot(["policy", "init", "--force", "--name", "replaced"], { cwd })).status).toBe(0);
    expect((await smoltbot(["policy", "init", "--scope", "org"], { cwd })).status).toBe(0);
    const checked = await smoltbot(["policy", "validate", "policy.yaml", "org.yaml"], { cwd });
    expect(checked.stdout).toContain('meta: "replaced", scope agent');
    expect(checked.stdout).toContain("scope org");
    expect([checked.status, checked.stderr]).toEqual([0, ""]);
    expect(readdirSync(cwd).sort()).toEqual(["org.yaml", "policy.yaml"]);
  });
  test("a folder that is not there is refused", async () => {
    expectRefused(
      await smoltbot(["policy", "init", "nowhere/policy.yaml"], { cwd: folderOf() }),
      "file_not_written",
      "`nowhere/policy.yaml`",
    );
  });
});

describe("validate", () => {
  test("a tick line for every section", async () => {
    const { stdout, status, stderr } = await smoltbot(["policy", "validate", "policy.yaml"], { cwd: example });
    expect(stdout.split("\n").map((line) => line.trim())).toEqual([
      "policy.yaml",
      "✓ schema version: 1.0",
      '✓ meta: "support-agent-policy", scope agent',
      "✓ capability_mappings: 3 capabilities, 6 tool patterns",
      "✓ forbidden: 2 rules (1 critical, 1 high)",
      "✓ escalation_triggers: 2 triggers",
      "✓ defaults: unmapped warn (medium), enforcement warn, grace 24 h, fail_open false",
      "valid",
      "",
    ]);
    expect([status, stderr]).toEqual([0, ""]);
  });
  const bad = [
    "meta: {schema_version: 1.0, name: x, scope: agent}",
    "capability_mappings: {}",
    "forbiden: []",
    "forbidden: []",
  ].join("\n");
  test("all problems of all files, each with place, caret and advice", async () => {
    const cwd = folderOf({ "bad.yaml": `${bad}\n`, "empty.yaml": "" });
    const { stdout, stderr, status } = await smoltbot(["policy", "validate", "bad.yaml", "empty.yaml", "nope.yaml", "."], {
      cwd,
    });
    expect(status).toBe(1);
    expect(stderr).toContain("bad.yaml:1:24: error schema_version_unquoted");
    expect(stderr).toContain("1 | meta: {schema_version: 1.0, name: x, scope: agent}\n    |                        ^^^");
    expect(stderr).toContain("what to do: did you mean `forbidden`?");
    expect(stderr).toContain("empty.yaml:1:1: error document_empty");
    expect(stderr).toContain("error file_not_found: policy `nope.yaml` does not exist");
    expect(stderr).toContain("error file_is_folder: policy `.` is a folder");
    expect(stdout).toContain("✗ forbiden: unknown key");
    expect(stdout).toContain("  3 errors\n");
    expect(stdout).not.toContain("valid\n");
  });
  test("json goes to stdout alone and keeps its schema", async () => {
    const cwd = folderOf({ "bad.yaml": bad });
    const ran = await smoltbot(["policy", "validate", policy, "bad.yaml", "--format", "json"], { cwd });
    expect(schemaFaults("validate", ran.stdout)).toEqual([]);
    const output = JSON.parse(ran.stdout);
    expect([output.valid, output.files[0].valid, output.files[1].valid, output.files[1].summary]).toEqual([
      false,
      true,
      false,
      null,
    ]);
    expect(output.files[1].diagnostics).toContainEqual(
      expect.objectContaining({ code: "schema_version_unquoted", file: "bad.yaml", line: 1, column: 24 }),
    );
    expect([ran.status, ran.stderr]).toEqual([1, ""]);
  });
});

describe("test", () => {
  test("each trace, then the sums; failures exit 1", async () => {
    const { stdout, status, stderr } = await smoltbot(["policy", "test", "policy.yaml", "--card", "card.yaml", ...recordedHere], {
      cwd: example,
    });
    expect(stdout).toMatch(/^Testing policy\.yaml against 11 recent traces\.\.\.\n/);
    expect(stdout).toContain("✗ tr-0000005a10e3  2026-02-02 12:30:00Z  support-7f3a  3 calls\n");
    expect(stdout).toContain("    FORBIDDEN: mcp__filesystem__delete_file (critical) ×2  traces/ap-traces.jsonl:6\n");
    expect(stdout).toContain("      Reason: Support agents do not delete files\n");
    expect(stdout).toContain('      Rule: forbidden "mcp__filesystem__delete*"  policy.yaml:39 (agent)\n');
    expect(stdout).toContain("    ESCALATED: mcp__payment__refund (warn)");
    expect(stdout).toContain("    UNMAPPED_TOOL: mcp__crm__find_customer (warn)");
    expect(stdout).toContain("  Would pass 2, warn 6, fail 2; 1 skipped without tool calls\n");
    expect(stdout).toContain("  Unmapped tools discovered: 7\n       3  mcp__crm__find_customer\n");
    expect(stdout).toMatch(/✗ 2 traces would fail\n$/);
    expect([status, stderr]).toEqual([1, ""]);
  });
  test("json keeps its schema and says the same", async () => {
    const ran = await smoltbot(["policy", "test", policy, "--org", org, ...recorded, "--format", "json", "--report-only"]);
    expect(schemaFaults("test", ran.stdout)).toEqual([]);
    const output = JSON.parse(ran.stdout);
    expect(output.summary).toMatchObject({ traces: 11, pass: 2, warn: 6, fail: 2, skipped: 1, calls: 33 });
    expect(output.exit).toEqual({ code: 0, reasons: [] });
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
  });
  test("limit, since and agent choose traces; strict counts warnings", async () => {
    const json = async (...args: string[]) =>
      JSON.parse((await smoltbot(["policy", "test", policy, ...recorded, "--format", "json", ...args])).stdout);
    const recent = await json("--limit", "2", "--strict");
    expect(recent.traces.map((trace: { trace_id: string }) => trace.trace_id)).toEqual([
      "tr-0000005a10ff",
      "6f1d2c3b-0000-4000-8000-00000000a11c",
    ]);
    expect(recent.left_out.beyond_limit).toBe(9);
    expect(recent.exit).toEqual({ code: 1, reasons: ["2 traces would warn, and --strict counts them"] });
    expect((await json("--since", "2026-02-04")).summary.traces).toBe(2);
    expect((await json("--agent", "support-7f3a", "--limit", "0")).summary.traces).toBe(11);
  });
  test("reads standard input", async () => {
    const input = readFileSync(join(traces, "ap-traces.jsonl"));
    const ran = await smoltbot(["policy", "test", policy, "--traces", "-"], { input });
    expect(ran.stdout).toContain("against 10 recent traces");
    expect(ran.stdout).toContain("<stdin>:6");
  });
  test("the default is the transcripts of the current folder's project", async () => {
    const home = folderOf();
    const cwd = folderOf();
    const project = join(home, ".claude", "projects", cwd.replace(/[^A-Za-z0-9]/g, "-"));
    mkdirSync(project, { recursive: true });
    cpSync(join(traces, "session-4711.jsonl"), join(project, "session.jsonl"));
    const ran = await smoltbot(["policy", "test", policy], { cwd, env: { HOME: home } });
    expect(ran.stdout).toContain("against 1 recent trace...");
    expectRefused(await smoltbot(["policy", "test", policy, "--strict"], { cwd }), "usage_no_default_traces", "--traces");
  });
});

/** Few of these: each is a process. Everything else of this file runs the same code without one. */
describe("as a process", () => {
  test("exit codes and streams are those of the command", () => {
    expect(spawned(["policy", "validate", "policy.yaml"], { cwd: example })).toMatchObject({ status: 0, stderr: "" });
    const refused = spawned(["policy", "test", policy, "--traces", "nope"]);
    expect(refused).toMatchObject({ status: 1, stdout: "" });
    expect(refused.stderr).toContain("trace_not_found");
  });
  test("standard input", () => {
    const ran = spawned(["traces", "list", "--traces", "-", "--format", "json"], {
      input: readFileSync(join(traces, "ap-traces.jsonl")),
    });
    expect([JSON.parse(ran.stdout).traces, ran.status, ran.stderr]).toEqual([10, 0, ""]);
  });
  test("a reader that stops early is no failure", () => {
    const { status, stderr } = spawnSync(
      "bash",
      ["-c", `"${process.execPath}" build/smoltbot.js policy --help | head -1; exit \${PIPESTATUS[0]}`],
      {
        cwd: root,
        encoding: "utf8",
      },
    );
    expect([status, stderr]).toEqual([0, ""]);
  });
});

describe("evaluate", () => {
  test("verdict, violations, warnings, outcomes, coverage", async () => {
    const { stdout, status, stderr } = await smoltbot(
      [
        "policy",
        "evaluate",
        "policy.yaml",
        "--card",
        "card.yaml",
        "--tools",
        "mcp__browser__navigate, mcp__admin__reset",
        "--tools",
        "crm,mcp__browser__navigate",
      ],
      { cwd: example },
    );
    expect(stdout).toBe(`✗ FAIL  3 tools, 4 calls, decision warn (enforcement mode warn)
  policy policy.yaml (agent)

Violations (1)
  FORBIDDEN: mcp__admin__reset (high)
    Reason: Administration needs a person
    Rule: forbidden "mcp__admin__*"  policy.yaml:42 (agent)

Warnings (1)
  UNMAPPED_TOOL: crm (warn)
    Reason: no capability maps the tool and unmapped_tool_action is warn
    Rule: defaults.unmapped_tool_action: warn, severity medium  policy.yaml:57 (agent)

Tools
  ✓ mcp__browser__navigate ×2  mapped     capability web_research, glob "mcp__browser__*"  policy.yaml:10 (agent)
  ✗ mcp__admin__reset          forbidden  forbidden "mcp__admin__*"  policy.yaml:42 (agent)
  ! crm                        unmapped   defaults.unmapped_tool_action: warn, severity medium  policy.yaml:57 (agent)

Coverage: 83.33% (5/6 card actions mapped)
  not mapped: open_ticket
✗ the verdict is fail
`);
    expect([status, stderr]).toEqual([1, ""]);
  });
  test("json is the result object of E9", async () => {
    const ran = await smoltbot([
      "policy",
      "evaluate",
      "--file",
      policy,
      "--org",
      org,
      "--card",
      card,
      "--tools",
      "mcp__email__send",
      "--format",
      "json",
    ]);
    expect(schemaFaults("evaluate", ran.stdout)).toEqual([]);
    const output = JSON.parse(ran.stdout);
    expect(output).toMatchObject({
      verdict: "pass",
      decision: "allow",
      context: "cicd",
      violations: [],
      exit: { code: 0, reasons: [] },
    });
    expect(output.coverage).toMatchObject({ total_card_actions: 6, coverage_pct: 100 });
    expect(output.policy.sources.map((source: { layer: string }) => source.layer)).toEqual(["org", "agent"]);
    expect(Date.parse(output.evaluated_at)).not.toBeNaN();
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
  });
  test("thresholds change the exit code and never the verdict", async () => {
    const run = async (...args: string[]) => {
      const { stdout, status } = await smoltbot(["policy", "evaluate", policy, "--card", card, ...args, "--format", "json"]);
      const { verdict, exit } = JSON.parse(stdout);
      expect(exit.code).toBe(status);
      return [verdict, status];
    };
    expect(await run("--tools", "mcp__admin__reset", "--fail-on", "critical")).toEqual(["fail", 0]);
    expect(await run("--tools", "mcp__admin__reset", "--fail-on", "high")).toEqual(["fail", 1]);
    expect(await run("--tools", "crm")).toEqual(["warn", 0]);
    expect(await run("--tools", "crm", "--strict")).toEqual(["warn", 1]);
    expect(await run("--min-coverage", "84")).toEqual(["pass", 1]);
    expect(await run("--min-coverage", "83.33")).toEqual(["pass", 0]);
  });
  test("traces are judged as the sessions they record", async () => {
    const ran = await smoltbot(["policy", "evaluate", policy, ...recorded, "--format", "json"]);
    expect(schemaFaults("evaluate", ran.stdout)).toEqual([]);
    const { verdict, tools } = JSON.parse(ran.stdout);
    expect(verdict).toBe("fail");
    expect(tools.reduce((sum: number, tool: { calls: number }) => sum + tool.calls, 0)).toBe(33);
  });
  test.each([
    ["another shape", '{"tools": [{"nam": "x"}]}', "manifest_shape", "`tools[0]`"],
    ["no list", '{"name": "x"}', "manifest_shape", "an object with `name`"],
    ["a number in a list", '["a", 1]', "manifest_shape", "`[1]`"],
    ["damaged JSON", '{"tools": [\n  {"name": }]}', "manifest_not_json", "tools.json:2:15"],
    ["an empty file", "", "manifest_not_json", "is empty"],
  ])("a manifest of %s is refused", async (_, text, code, place) => {
    const cwd = folderOf({ "tools.json": text });
    expectRefused(await smoltbot(["policy", "evaluate", policy, "--tool-manifest", "tools.json"], { cwd }), code, place);
  });
  test.each([
    [[], "usage_nothing_to_evaluate"],
    [["--tools", "a,,b"], "usage_blank_tool"],
    [["--tools", "a", "--min-coverage", "90"], "usage_coverage_without_card"],
    [["--tools", "a", "--traces", traces], "usage_tools_and_traces"],
    [["--tools", "a", "--file", policy], "usage_two_policies"],
    [["--tools", "a", "--card", policy], "card_without_actions"],
    [["--tools", "a", "--card", "nope.yaml"], "file_not_found"],
    [["--tool-manifest", "nope.json"], "file_not_found"],
  ])("%j is refused", async (args, code) => {
    expectRefused(await smoltbot(["policy", "evaluate", policy, ...args]), code);
  });
  test("machines get the refusal as JSON, too", async () => {
    const ran = await smoltbot(["policy", "evaluate", "nope.yaml", "--tools", "a", "--format", "json"]);
    expect(schemaFaults("error", ran.stdout)).toEqual([]);
    expect(JSON.parse(ran.stdout).errors[0].code).toBe("file_not_found");
    expect([ran.status, ran.stderr]).toEqual([1, expect.stringContaining("error file_not_found")]);
  });
});

describe("explain and inspect", () => {
  test("the deciding rule, the others, and what would apply without each", async () => {
    const ran = await smoltbot(["policy", "explain", policy, "mcp__filesystem__read_credentials", "nobody", "--org", org], {
      cwd: root,
    });
    expect(ran.stdout).toContain("✗ mcp__filesystem__read_credentials: fail, forbidden (decision warn)\n");
    expect(ran.stdout).toMatch(/Decided by\n {4}forbidden "\*credential\*" \(high\) {2}\S+:20 \(org\)\n {6}Reason: Credentials/);
    expect(ran.stdout).toContain("Without it: pass, mapped (decision allow) by capability case_files");
    expect(ran.stdout).toContain("Also matched (1)\n    capability case_files");
    expect(ran.stdout).toContain("! nobody: warn, unmapped (decision warn)\n");
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
    const json = await smoltbot(["policy", "explain", policy, "mcp__admin__list", "--format", "json"]);
    expect(schemaFaults("explain", json.stdout)).toEqual([]);
    const [tool] = JSON.parse(json.stdout).tools;
    expect(
      tool.rules.map((entry: { decides: boolean; without: { cause: string } }) => [entry.decides, entry.without.cause]),
    ).toEqual([
      [true, "mapped"],
      [false, "forbidden"],
    ]);
  });
  test("the layer of each field", async () => {
    const ran = await smoltbot(["policy", "inspect", "../support-agent/policy.yaml", "--org", "policy.yaml"], {
      cwd: join(root, "examples", "org"),
    });
    expect(ran.stdout).toMatch(/tool {4}"mcp__tracker__get_\*" +org {2}policy\.yaml:11\n/);
    expect(ran.stdout).toMatch(/tool {4}"mcp__browser__\*" +agent {2}\.\.\/support-agent\/policy\.yaml:13\n/);
    expect(ran.stdout).toMatch(/grace_period_hours: 12 +org {2}policy\.yaml:34\n/);
    expect(ran.stdout).toMatch(/fail_on: low +documented default\n/);
    const json = await smoltbot(["policy", "inspect", policy, "--format", "json"]);
    expect(schemaFaults("inspect", json.stdout)).toEqual([]);
    expect(JSON.parse(json.stdout).resolved_policy.defaults.fail_on).toEqual({
      value: "low",
      layer: "default",
      file: null,
      line: null,
      column: null,
    });
  });
  test("layers must carry the right scope", async () => {
    expectRefused(await smoltbot(["policy", "inspect", policy, "--org", policy]), "merge_wrong_scope");
    expectRefused(await smoltbot(["policy", "inspect", org, "--org", org]), "usage_two_org_policies");
    expectRefused(await smoltbot(["policy", "inspect"]), "usage_policy_missing");
    expect((await smoltbot(["policy", "inspect", org])).status).toBe(0);
  });
});

describe("compile and dump", () => {
  test("equal policies give equal bytes, and the bytes can be read back", async () => {
    const cwd = folderOf();
    const compile = (file: string) =>
      smoltbot(["policy", "compile", policy, "--org", org, "-o", file, "--format", "json"], { cwd });
    const first = await compile("a.bin");
    expect(schemaFaults("compile", first.stdout)).toEqual([]);
    expect([first.status, (await compile("b.bin")).status]).toEqual([0, 0]);
    expect(readFileSync(join(cwd, "a.bin")).equals(readFileSync(join(cwd, "b.bin")))).toBe(true);
    const { digest } = JSON.parse(first.stdout);
    const dump = await smoltbot(["policy", "dump", "a.bin"], { cwd });
    expect(dump.stdout).toContain(`digest  ${digest}\n`);
    expect(dump.stdout).toMatch(/critical agent\[0\] "mcp__filesystem__delete\*" glob \d+/);
    expect(dump.stdout).toMatch(/^[\n\x20-\x7e]*$/);
    expect((await smoltbot(["policy", "dump", "a.bin", "--automaton"], { cwd })).stdout).toMatch(/state 0: row 0; /);
    expect(readdirSync(cwd).sort()).toEqual(["a.bin", "b.bin"]);
  });
  test("text says which lanes and how long", async () => {
    const cwd = folderOf();
    const { stdout } = await smoltbot(["policy", "compile", policy, "-o", "p.bin"], { cwd });
    expect(stdout).toMatch(/^✓ p\.bin {2}[\d,]+ bytes\n/);
    expect(stdout).toMatch(/globs {6}9 \(9 dfa\)\n/);
    expect(stdout).toMatch(/stages {5}.*total [\d.]+ ms\n/);
  });
  test("an invalid policy leaves no file, and damaged artifacts are refused with the decoder's code", async () => {
    const cwd = folderOf({ "bad.yaml": "forbidden: []" });
    expect((await smoltbot(["policy", "compile", "bad.yaml", "-o", "p.bin"], { cwd })).status).toBe(1);
    expect(existsSync(join(cwd, "p.bin"))).toBe(false);
    expectRefused(await smoltbot(["policy", "dump", "bad.yaml"], { cwd }), "artifact_", "`bad.yaml`");
    await smoltbot(["policy", "compile", policy, "-o", "p.bin"], { cwd });
    const bytes = readFileSync(join(cwd, "p.bin"));
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(join(cwd, "p.bin"), bytes);
    expectRefused(await smoltbot(["policy", "dump", "p.bin"], { cwd }), "artifact_checksum");
    expectRefused(await smoltbot(["policy", "dump", "nope.bin"], { cwd }), "file_not_found");
    expectRefused(await smoltbot(["policy", "compile", policy, "-o", "nowhere/p.bin"], { cwd }), "file_not_written");
  });
});

describe("traces list", () => {
  test("tools with counts and times, as text, JSON and names", async () => {
    const text = await smoltbot(["traces", "list", ...recordedHere], { cwd: example });
    expect(text.stdout).toMatch(/^11 traces, 33 calls, 18 tools\n/);
    expect(text.stdout).toMatch(/mcp__email__send +6 {2}2026-02-02 09:00:00Z {2}2026-02-04 11:06:00Z\n/);
    const json = await smoltbot(["traces", "list", ...recorded, "--format", "json"]);
    expect(schemaFaults("traces-list", json.stdout)).toEqual([]);
    expect(JSON.parse(json.stdout).tools[0]).toEqual({
      tool: "mcp__email__send",
      count: 6,
      first_seen: "2026-02-02T09:00:00.000Z",
      last_seen: "2026-02-04T11:06:00.000Z",
    });
    const names = (await smoltbot(["traces", "list", ...recorded, "--format", "tools"])).stdout.trimEnd().split("\n");
    expect([names.length, names[0]]).toEqual([18, "mcp__email__send"]);
  });
});
