import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { folderOf, root, schemaFaults, smoltbot, spawned } from "./support/command.js";

const examples = join(root, "examples");

function below(folder: string): string[] {
  return readdirSync(join(examples, folder), { recursive: true, encoding: "utf8" })
    .map((file) => join(folder, file))
    .sort();
}

describe("policies", () => {
  const policies = below(".").filter(
    (file) => file.endsWith(".yaml") && readFileSync(join(examples, file), "utf8").includes("schema_version"),
  );
  test("there are some", () => {
    expect(policies.length).toBeGreaterThanOrEqual(6);
  });
  const [broken, whole] = [
    policies.filter((file) => file.includes("broken")),
    policies.filter((file) => !file.includes("broken")),
  ];
  test.each(broken)("%s is as broken as it says", async (file) => {
    expect((await smoltbot(["policy", "validate", file], { cwd: examples })).status).toBe(1);
  });
  test.each(whole)("%s is valid, without a warning", async (file) => {
    const { status, stderr } = await smoltbot(["policy", "validate", file], { cwd: examples });
    expect([status, stderr]).toEqual([0, ""]);
  });
});

describe("the support agent", () => {
  test("its dry run finds failures, warnings and passes in every recorded format", async () => {
    const { stdout } = await smoltbot(
      ["policy", "test", "policy.yaml", "--card", "card.yaml", "--traces", "traces", "--limit", "0", "--format", "json"],
      { cwd: join(examples, "support-agent") },
    );
    const { summary, traces, bad_lines } = JSON.parse(stdout);
    for (const verdict of ["pass", "warn", "fail", "skipped"]) expect(summary[verdict]).toBeGreaterThan(0);
    expect(new Set(traces.map((trace: { format: string }) => trace.format))).toEqual(new Set(["ap-trace", "claude-code"]));
    expect(bad_lines).toBe(0);
  });
});

describe("environments", () => {
  const cwd = join(examples, "environments");
  const run = async (env: string) => {
    const { stdout } = await smoltbot(["policy", "test", "--env", env, "--format", "json", "--report-only"], { cwd });
    const { mode, summary, traces } = JSON.parse(stdout);
    return {
      mode,
      fails: summary.fail,
      denied: traces.filter((trace: { decision: string }) => trace.decision === "deny").length,
    };
  };
  test("each step is at least as strict as the one before", async () => {
    const [development, staging, production] = [await run("development"), await run("staging"), await run("production")];
    expect([development.mode, staging.mode, production.mode]).toEqual(["off", "warn", "enforce"]);
    expect(development.fails).toBeLessThan(staging.fails);
    expect(staging.fails).toBeLessThan(production.fails);
    expect([development.denied, staging.denied, production.denied]).toEqual([0, 0, production.fails]);
  });
  test("the config file is found from a folder below, as a process", () => {
    const ran = spawned(["policy", "inspect", "--env", "production"], { cwd: join(cwd, "policies") });
    expect(ran.stdout).toContain("unmapped_tool_action: deny");
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
  });
});

describe("library", () => {
  const scripts = below("library").filter((file) => file.endsWith(".mjs"));
  const expected: Readonly<Record<string, readonly string[]>> = {
    "library/batch.mjs": ["20 calls: 7 pass, 4 warn, 9 fail", "mcp__postgres__drop_table: mcp__*__drop_*"],
    "library/decide.mjs": ["mcp__filesystem__delete_file: fail, warn, forbidden by mcp__filesystem__delete* (policy.yaml:39)"],
    "library/explain.mjs": ["* forbidden *credential* (org, ../org/policy.yaml:20); without it: pass"],
  };
  test("every script has its expectation", () => {
    expect(Object.keys(expected)).toEqual(scripts);
  });
  test.each(scripts)("%s", (script) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(examples, script)], { cwd: root, encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    for (const line of expected[script]) expect(stdout).toContain(`${line}\n`);
  });
});

describe("recommend", () => {
  const cwd = join(examples, "recommend");
  const sources = ["--traces", "calls.jsonl", "--card", "card.yaml", "--existing", "policy.yaml", "--inventory", "tools.json"];
  test("every kind of rule is learned, and nothing is mapped that was not called", async () => {
    const draft = JSON.parse((await smoltbot(["policy", "recommend", ...sources, "--format", "json"], { cwd })).stdout);
    const { forbidden, escalation_triggers, capability_mappings } = draft.policy;
    expect([forbidden.length, escalation_triggers.length]).toEqual([2, 2]);
    expect(Object.keys(capability_mappings)).toContain("crm_read");
    expect(draft.validation.valid).toBe(true);
    const file = join(folderOf(), "draft.yaml");
    expect((await smoltbot(["policy", "recommend", ...sources, "-o", file], { cwd })).status).toBe(0);
    const { stdout } = await smoltbot(
      ["policy", "coverage", file, ...sources.slice(0, 4), ...sources.slice(6), "--format", "json"],
      { cwd },
    );
    const { unmapped_tools } = JSON.parse(stdout);
    expect(unmapped_tools).toContainEqual({ tool: "mcp__desk__post_announcement", calls: 0 });
  });
});

describe("ci", () => {
  test("the gate passes, and writes its report and the artifact", () => {
    const out = folderOf();
    const command = join(out, "smoltbot");
    writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${join(root, "build", "smoltbot.js")}" "$@"\n`);
    chmodSync(command, 0o755);
    const env = {
      ...process.env,
      PATH: `${out}:${process.env["PATH"]}`,
      REPORT: join(out, "report.json"),
      ARTIFACT: join(out, "policy.bin"),
    };
    const { status, stdout, stderr } = spawnSync("bash", [join(examples, "ci", "gate.sh")], { encoding: "utf8", env });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("Coverage: 100% (6/6 card actions mapped)");
    expect(schemaFaults("test", readFileSync(env.REPORT, "utf8"))).toEqual([]);
    expect(existsSync(env.ARTIFACT)).toBe(true);
  });
});
