import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { lintFile } from "../src/cli/lint/lint-files.js";
import { expectRefused, folderOf, root, schemaFaults, smoltbot, spawned } from "./support/command.js";
import { hostileFiles } from "./support/hostile-files.js";
import { findingAt, refOf } from "./support/lint-findings.js";

const policy = `# The agent that answers mail.
meta:
  schema_version: "1.0"
  name: mail
  scope: agent
capability_mappings:
  mail:
    tools:
      - "mcp__mail__*"
      # the first tool we had
      - 'mcp__mail__read'   # exactly
    card_actions: [mail]
forbidden:
  - pattern: "mcp__mail__delete*"
    reason: "mail stays"
    severity: high
  - {pattern: "mcp__mail__delete_all", reason: "not even all of it", severity: high} # narrower
defaults:
  unmapped_tool_action: deny
  unmapped_severity: medium
  fail_open: false
`;
const fixedPolicy = policy
  .replace("      # the first tool we had\n      - 'mcp__mail__read'   # exactly\n", "")
  .replace(/ {2}- \{pattern: "mcp__mail__delete_all".*\n/, "");
const cleanPolicy = fixedPolicy.replace(/forbidden:\n(?: .*\n)+/, "forbidden: []\n");
const org = `meta: {schema_version: "1.0", name: org, scope: org}
capability_mappings: {}
forbidden:
  - {pattern: "mcp__mail__*", reason: no mail, severity: critical}
defaults: {unmapped_tool_action: deny, unmapped_severity: high, fail_open: false}
`;

const lint = (cwd: string, ...args: readonly string[]) => smoltbot(["policy", "lint", ...args], { cwd });

describe("policy lint", () => {
  test("shows what does nothing, with the rule that decides in its place", async () => {
    const cwd = folderOf({ "policy.yaml": policy });
    const ran = await lint(cwd, "policy.yaml");
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
    expect(ran.stdout).toContain('  17 |   - {pattern: "mcp__mail__delete_all"');
    expect(ran.stdout).toMatch(/policy\.yaml:17:\d+: warning shadowed_rule: .*\n.*\n.*\n {2}such as: `mcp__mail__delete_all`\n/);
    expect(ran.stdout).toMatch(/forbidden "mcp__mail__delete\*" \(policy\.yaml:14 \(agent\)\): /);
    expect(readFileSync(join(cwd, "policy.yaml"), "utf8")).toBe(policy);
  });
  test("says that nothing was found", async () => {
    const ran = await lint(folderOf({ "policy.yaml": cleanPolicy }), "policy.yaml");
    expect(ran).toEqual({ status: 0, stdout: "policy.yaml\n  ✓ 1 rule, nothing found\n", stderr: "" });
  });
  test("finds nothing to warn about in what we give people to start from", async () => {
    const cwd = folderOf();
    for (const scope of ["agent", "org"]) await smoltbot(["policy", "init", `${scope}.yaml`, "--scope", scope], { cwd });
    const examples = ["support-agent", "policy-change", "policy-tests", "org", "recommend", "first-steps"];
    const environments = ["production", "staging", "development"].map((name) => `environments/policies/${name}`);
    const files = [...examples.map((name) => `${name}/policy`), ...environments, "environments/org"];
    const paths = files.map((name) => join(root, "examples", `${name}.yaml`));
    expect(await lint(cwd, "agent.yaml", "org.yaml", ...paths, "--strict")).toMatchObject({ status: 0, stderr: "" });
  });
  test("--fail-on and --strict say what fails", async () => {
    const cwd = folderOf({ "policy.yaml": policy });
    const status = async (...args: string[]) => (await lint(cwd, "policy.yaml", ...args)).status;
    expect([await status(), await status("--strict"), await status("--fail-on", "notice")]).toEqual([0, 1, 1]);
    expect((await lint(cwd, "policy.yaml", "--strict")).stdout).toMatch(/\n✗ \d warnings found\n$/);
    expect(await status("--strict", "--ignore", "shadowed_rule", "--ignore", "forbidden_overlap")).toBe(0);
    expect(await status("--strict", "--code", "not_decided")).toBe(0);
  });
  test("lints every file on its own, agents under the org, the org alone", async () => {
    const cwd = folderOf({ "a.yaml": cleanPolicy, "org.yaml": org, "b.yaml": "meta: {}\n" });
    const ran = await lint(cwd, "a.yaml", "org.yaml", "b.yaml", "missing.yaml", "--org", "org.yaml", "--format", "json");
    const { files, ok } = JSON.parse(ran.stdout);
    expect([ran.status, ok]).toEqual([1, false]);
    expect(files.map(({ file, valid }: { file: string; valid: boolean }) => [file, valid])).toEqual([
      ["a.yaml", true],
      ["org.yaml", true],
      ["b.yaml", false],
      ["missing.yaml", false],
    ]);
    expect(files[0].findings.map(({ code }: { code: string }) => code)).not.toEqual([]);
    expect(files[0].findings[0].related[0].rule).toMatchObject({ layer: "org", file: "org.yaml", line: 4 });
    expect(files[1].findings).toEqual([]);
    expect(files[3].diagnostics[0].code).toBe("file_not_found");
    expect(ran.stderr).toMatch(/missing_key[\s\S]*file_not_found/);
  });
  test("takes files from the config", async () => {
    const cwd = folderOf({ "a.yaml": policy, "org.yaml": org, "smoltbot.config.yaml": "policy: a.yaml\norg: org.yaml\n" });
    expect((await lint(cwd)).stdout).toMatch(/^a\.yaml\n[\s\S]*org\.yaml:4 \(org\)/);
    expectRefused(await lint(folderOf()), "usage_policy_missing");
  });
  test("an inventory that was read in part fails the run: what it lacks may be there", async () => {
    const call = (tool: string) =>
      JSON.stringify({ trace_id: "t", timestamp: "2026-02-07T00:00:00Z", type: "tool_call", tool_name: tool });
    const cwd = folderOf({ "a.yaml": cleanPolicy, "calls.jsonl": `${call("mcp__mail__send")}\n{"trace_id": \n` });
    const ran = await lint(cwd, "a.yaml", "--traces", "calls.jsonl", "--format", "json");
    expect([ran.status, JSON.parse(ran.stdout).exit_reasons]).toEqual([1, ["some of the traces could not be read"]]);
  });
  test("findings that are suppressed with a reason do not count", async () => {
    const ignored = policy
      .replace("# exactly", "# smoltbot-ignore shadowed_rule: documents what we had first")
      .replace("# narrower", "# smoltbot-ignore shadowed_rule, dead_rule: kept")
      .replace("# The agent", "# smoltbot-ignore-file forbidden_overlap: exceptions are meant\n# The agent");
    const cwd = folderOf({ "policy.yaml": ignored });
    const { files, summary } = JSON.parse((await lint(cwd, "policy.yaml", "--format", "json", "--strict")).stdout);
    expect(summary.suppressed).toBeGreaterThanOrEqual(2);
    expect(files[0].suppressed.map((each: { suppression: { reason: string } }) => each.suppression.reason)).toEqual(
      expect.arrayContaining(["documents what we had first", "kept"]),
    );
    const left = files[0].findings.map(({ code, line }: { code: string; line: number }) => `${code}@${line}`);
    expect(left.filter((each: string) => each.startsWith("shadowed_rule"))).toEqual([]);
    expect(left).toContain("suppression_unused@18");
  });
});

describe("--fix", () => {
  test("shows what it takes out, writes it, and leaves every other byte", async () => {
    const cwd = folderOf({ "policy.yaml": policy });
    chmodSync(join(cwd, "policy.yaml"), 0o640);
    const ran = await lint(cwd, "policy.yaml", "--fix");
    expect(ran.stdout).toMatch(/^--- policy\.yaml\n\+\+\+ policy\.yaml\n@@ /);
    expect(ran.stdout).toContain("\n-      # the first tool we had\n-      - 'mcp__mail__read'   # exactly\n     card_actions");
    expect(ran.stdout).toContain("  ✓ fixed 2 findings\n");
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
    expect(readFileSync(join(cwd, "policy.yaml"), "utf8")).toBe(fixedPolicy);
    expect(statSync(join(cwd, "policy.yaml")).mode & 0o777).toBe(0o640);
    expect((await lint(cwd, "policy.yaml", "--fix")).stdout).toContain("  nothing that --fix changes\n");
  });
  test("--dry-run writes nothing and counts the file as it is", async () => {
    const cwd = folderOf({ "policy.yaml": policy });
    const ran = await lint(cwd, "policy.yaml", "--fix", "--dry-run", "--strict");
    expect(ran.stdout).toContain("\n-      - 'mcp__mail__read'   # exactly\n");
    expect(ran.stdout).toContain("  ✓ would fix 2 findings\n");
    expect(ran.status).toBe(1);
    expect(readFileSync(join(cwd, "policy.yaml"), "utf8")).toBe(policy);
  });
  test("keeps a byte order mark and Windows line ends, and follows a link", async () => {
    const windows = (text: string) => `\ufeff${text.replaceAll("\n", "\r\n")}`;
    const cwd = folderOf({ "policy.yaml": windows(policy) });
    symlinkSync("policy.yaml", join(cwd, "link.yaml"));
    expect((await lint(cwd, "link.yaml", "--fix")).status).toBe(0);
    expect(readFileSync(join(cwd, "policy.yaml"), "utf8")).toBe(windows(fixedPolicy));
  });
  test("fixes JSON as well", async () => {
    const json = (globs: readonly string[]) =>
      `${JSON.stringify(
        {
          meta: { schema_version: "1.0", name: "a", scope: "agent" },
          capability_mappings: { mail: { tools: globs, card_actions: ["mail"] } },
          forbidden: [],
          defaults: { unmapped_tool_action: "deny", unmapped_severity: "low", fail_open: false },
        },
        undefined,
        2,
      )}\n`;
    const cwd = folderOf({ "policy.json": json(["mcp__a__*", "mcp__a__b"]) });
    await lint(cwd, "policy.json", "--fix");
    expect(readFileSync(join(cwd, "policy.json"), "utf8")).toBe(json(["mcp__a__*"]));
  });
  test("leaves what is suppressed, and what is not asked for", async () => {
    const cwd = folderOf({ "policy.yaml": policy.replace("# exactly", "# smoltbot-ignore shadowed_rule: as a note") });
    await lint(cwd, "policy.yaml", "--fix");
    expect(readFileSync(join(cwd, "policy.yaml"), "utf8")).toContain("- 'mcp__mail__read'   # smoltbot-ignore");
    await lint(cwd, "policy.yaml", "--fix", "--ignore", "shadowed_rule");
    writeFileSync(join(cwd, "policy.yaml"), policy);
    await lint(cwd, "policy.yaml", "--fix", "--code", "broad_glob");
    expect(readFileSync(join(cwd, "policy.yaml"), "utf8")).toBe(policy);
  });
  test("--fix-spelling writes what the inventory says was meant, and only then is the rule in force", async () => {
    const wrong = policy.replace('"mcp__mail__delete*"', '"mcp__Mail__delete*"');
    const cwd = folderOf({
      "policy.yaml": wrong,
      "tools.txt": "mcp__mail__delete_one\nmcp__mail__read\nmcp__mail__delete_all\n",
    });
    const given = ["policy.yaml", "--inventory", "tools.txt", "--fix"];
    const before = await lint(cwd, ...given);
    expect(before.stdout).toContain("error case_only_miss");
    expect(readFileSync(join(cwd, "policy.yaml"), "utf8")).toContain("mcp__Mail__delete*");
    const ran = await lint(cwd, ...given, "--fix-spelling");
    expect(ran.stdout).toContain('\n-  - pattern: "mcp__Mail__delete*"\n+  - pattern: "mcp__mail__delete*"\n');
    expect(ran.status).toBe(0);
    // The narrower rule is only in the shadow of the other once that is spelled right.
    expect(readFileSync(join(cwd, "policy.yaml"), "utf8")).toBe(fixedPolicy);
  });
  test("does not touch a file with errors", async () => {
    const broken = policy.replace("severity: high", "severity: huge");
    const cwd = folderOf({ "policy.yaml": broken });
    const ran = await lint(cwd, "policy.yaml", "--fix");
    expect([ran.status, ran.stdout]).toEqual([1, expect.stringContaining("not linted: 1 error")]);
    expect(readFileSync(join(cwd, "policy.yaml"), "utf8")).toBe(broken);
  });
  test("does not write over a change that was made meanwhile", () => {
    const file = join(folderOf({ "policy.yaml": policy }), "policy.yaml");
    const meddled = `${policy}# more\n`;
    const run = () =>
      lintFile(file, {
        wanted: () => true,
        lint: ({ subject }) => {
          const agent = subject.layers.agent!;
          const findings = agent.forbidden.length < 2 ? [] : [findingAt(agent, refOf(agent, "forbidden", 1), { edit: "remove" })];
          writeFileSync(file, meddled);
          return { findings, rules: 1, undecided: 0 };
        },
        fix: { spelling: false, dryRun: false, unchanged: () => "equal", show: () => {} },
      });
    expect(run).toThrow(/has changed since it was read/);
    expect(readFileSync(file, "utf8")).toBe(meddled);
  });
  test("a fix that is no fix ends the run and writes nothing", () => {
    const file = join(folderOf({ "policy.yaml": policy }), "policy.yaml");
    const run = () =>
      lintFile(file, {
        wanted: () => true,
        lint: ({ subject }) => ({
          findings: [findingAt(subject.layers.agent!, refOf(subject.layers.agent!, "forbidden", 0), { edit: "remove" })],
          rules: 1,
          undecided: 0,
        }),
        fix: { spelling: false, dryRun: false, unchanged: () => "different", show: () => expect.unreachable() },
      });
    expect(run).toThrow(/not proven to change nothing/);
    expect(readFileSync(file, "utf8")).toBe(policy);
  });
});

describe("machine formats", () => {
  test("JSON is as its schema says, in every state", async () => {
    const cwd = folderOf({ "policy.yaml": policy, "broken.yaml": "meta: {}\n" });
    for (const args of [["policy.yaml"], ["broken.yaml"], ["policy.yaml", "broken.yaml", "--fix"], ["policy.yaml", "--fix"]]) {
      const ran = await lint(cwd, ...args, "--format", "json");
      expect(schemaFaults("lint", ran.stdout)).toEqual([]);
    }
    expectRefused(await lint(cwd, "policy.yaml", "--org", "nowhere.yaml"), "file_not_found");
  });
  test("-o writes the report, and the reasons to fail go to stderr", async () => {
    const cwd = folderOf({ "policy.yaml": policy });
    const ran = await lint(cwd, "policy.yaml", "--strict", "--format", "sarif", "-o", "lint.sarif");
    expect([ran.status, ran.stdout]).toEqual([1, ""]);
    expect(ran.stderr).toMatch(/^\d warnings found\n$/);
    const [{ results }] = JSON.parse(readFileSync(join(cwd, "lint.sarif"), "utf8")).runs;
    expect(results.map(({ ruleId }: { ruleId: string }) => ruleId)).toContain("shadowed_rule");
    expect((await lint(cwd, "policy.yaml", "--format", "markdown")).stdout).toContain("| `shadowed_rule` |");
  });
});

test("--help shows an example", async () => {
  const ran = await smoltbot(["policy", "lint", "--help"]);
  expect(ran.stdout).toContain("\nExample:\n  $ smoltbot policy lint policy.yaml");
  expect([ran.status, ran.stderr]).toEqual([0, ""]);
});

test.each(Object.keys(hostileFiles))("%s is linted or refused, never a defect", async (name) => {
  const ran = await lint(join(root, "test", "hostile"), name, "--fix", "--dry-run", "--format", "json");
  expect(ran.stderr + ran.stdout).not.toContain("internal_error");
  expect(JSON.parse(ran.stdout).files).toHaveLength(1);
});

describe("bad usage is refused", () => {
  test.each([
    [["policy.yaml", "--code", "dead-rules"], "usage_unknown_lint_code", "did you mean `dead_rule`?"],
    [["policy.yaml", "--ignore", "__proto__"], "usage_unknown_lint_code", "docs/lint.md"],
    [["policy.yaml", "--dry-run"], "usage_fix_needed", "--dry-run"],
    [["policy.yaml", "--fix-spelling"], "usage_fix_needed", "--fix-spelling"],
    [["policy.yaml", "--org", "policy.yaml"], "merge_wrong_scope", "scope: agent"],
    [["policy.yaml", "--inventory", "nowhere"], "nowhere", ""],
    [["policy.yaml", "--fail-on", "high"], "Allowed choices are error, warning, notice", ""],
  ])("%j", async (args, code, part) => {
    expectRefused(await lint(folderOf({ "policy.yaml": policy }), ...args), code, part);
  });
});

test("the built command does the same", () => {
  const cwd = folderOf({ "policy.yaml": policy });
  expect(spawned(["policy", "lint", "policy.yaml", "--fix"], { cwd }).status).toBe(0);
  expect(readFileSync(join(cwd, "policy.yaml"), "utf8")).toBe(fixedPolicy);
});
