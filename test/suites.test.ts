import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { expectRefused, folderOf, root, schemaFaults, smoltbot } from "./support/command.js";
import { fencedBlocks } from "./support/console-blocks.js";
import { elementsNamed, parseXml } from "./support/markup-check.js";
import { edited, validPolicy } from "./support/policy-text.js";

const suite = `tests:
  - {name: browsing is allowed, tools: [mcp__browser__go], expect: pass}
  - {name: administration is blocked, tools: [mcp__admin__reset], expect: {verdict: fail, rule: mcp__admin__*}}
`;
const failing = "tests: [{name: nothing may browse, tools: [mcp__browser__go], expect: fail}]\n";
const trace = join(root, "examples", "support-agent", "traces", "session-4711.jsonl");
const org = `meta: {schema_version: "1.0", name: floor, scope: org}
capability_mappings: {}
forbidden: [{pattern: mcp__browser__go, reason: not here, severity: high}]
defaults: {unmapped_tool_action: warn, unmapped_severity: low, fail_open: false}
`;
const card = (actions: string) => `autonomy_envelope: {bounded_actions: [${actions}]}\nexpires_at: 2020-01-01\n`;

const run = (cwd: string, ...args: readonly string[]) => smoltbot(["policy", "test", ...args], { cwd });
const casesOf = (stdout: string): string[] =>
  JSON.parse(stdout).suites.cases.map(({ name, status }: { name: string; status: string }) => `${name}: ${status}`);

describe("which tests run", () => {
  test("the suite beside the policy", async () => {
    for (const ending of ["yaml", "yml"]) {
      const cwd = folderOf({ "policy.yaml": validPolicy, [`policy.test.${ending}`]: suite });
      const { status, stdout, stderr } = await run(cwd, "policy.yaml");
      expect(stdout).toContain("2 cases: 2 passed\nRule coverage: 50% of policy.yaml, 2 of 4 rules decide in some case\n");
      expect(stdout).toContain("    trigger tool_matches('mcp__pay__*')  policy.yaml:14 (agent)\n");
      expect([status, stderr]).toEqual([0, ""]);
    }
  });
  test("named ones: a file, a folder, a pattern, each file once", async () => {
    const cwd = folderOf({ "policy.yaml": validPolicy, "policy.test.yaml": failing });
    mkdirSync(join(cwd, "tests/deep"), { recursive: true });
    mkdirSync(join(cwd, "tests/node_modules"), { recursive: true });
    writeFileSync(join(cwd, "tests/a.test.yaml"), suite);
    writeFileSync(join(cwd, "tests/deep/b.test.yml"), suite);
    writeFileSync(join(cwd, "tests/notes.yaml"), "not: tests");
    writeFileSync(join(cwd, "tests/node_modules/c.test.yaml"), "not: tests");
    const files = async (...names: string[]) => {
      const { stdout } = await run(cwd, "policy.yaml", ...names.flatMap((name) => ["--suite", name]), "--format", "json");
      return JSON.parse(stdout).suites.files.map(({ file }: { file: string }) => file);
    };
    expect(await files("tests/a.test.yaml")).toEqual(["tests/a.test.yaml"]);
    expect(await files("tests")).toEqual(["tests/a.test.yaml", "tests/deep/b.test.yml"]);
    expect(await files("tests/**/b.*.yml", "tests", "./tests/a.test.yaml")).toEqual([
      "tests/deep/b.test.yml",
      "tests/a.test.yaml",
    ]);
  });
  test("one as the argument, with the policy that it names or that stands beside it", async () => {
    const cwd = folderOf({
      "policy.yaml": validPolicy,
      "policy.test.yaml": suite,
      "other.test.yaml": `policy: policy.yaml\n${suite}`,
    });
    mkdirSync(join(cwd, "below"));
    writeFileSync(join(cwd, "below/up.test.yaml"), `policy: ../policy.yaml\n${suite}`);
    for (const name of ["policy.test.yaml", "other.test.yaml", "below/up.test.yaml"]) {
      expect(await run(cwd, name)).toMatchObject({
        status: 0,
        stderr: "",
        stdout: expect.stringContaining(`${name}  policy.yaml\n`),
      });
    }
    expect(await run(join(cwd, "below"), "up.test.yaml")).toMatchObject({
      stdout: expect.stringContaining("up.test.yaml  ../policy.yaml\n"),
    });
  });
  test("one as the argument, and recorded runs by the policy that it names", async () => {
    const cwd = folderOf({ "p.yaml": validPolicy, "s.test.yaml": `policy: p.yaml\n${suite}` });
    const { stdout } = await run(cwd, "s.test.yaml", "--traces", trace);
    expect(stdout).toContain("2 cases: 2 passed");
    expect(stdout).toContain("Testing p.yaml against 1 recent trace...");
  });
  test("only recorded runs, when only those are named", async () => {
    const cwd = folderOf({ "policy.yaml": validPolicy, "policy.test.yaml": failing });
    const { stdout } = await run(cwd, "policy.yaml", "--traces", trace, "--format", "json");
    expect(JSON.parse(stdout).suites).toBeUndefined();
    expect(schemaFaults("test", stdout)).toEqual([]);
  });
  test("both, when both are named, and suites come first", async () => {
    const cwd = folderOf({ "policy.yaml": validPolicy, "policy.test.yaml": failing });
    const both = ["policy.yaml", "--suite", "policy.test.yaml", "--traces", trace, "--report-only"];
    const { stdout, status } = await run(cwd, ...both);
    expect(stdout.indexOf("✗ nothing may browse")).toBeLessThan(stdout.indexOf("Testing policy.yaml against 1 recent trace"));
    expect(status).toBe(1);
    const json = (await run(cwd, ...both, "--format", "json")).stdout;
    expect(schemaFaults("test", json)).toEqual([]);
    expect([casesOf(json), JSON.parse(json).summary.traces, JSON.parse(json).exit.reasons]).toEqual([
      ["nothing may browse: failed"],
      1,
      ["1 of 1 case fails"],
    ]);
    const junit = parseXml((await run(cwd, ...both, "--format", "junit")).stdout);
    expect(elementsNamed(junit, "testsuite").map(({ attributes }) => attributes.get("name"))).toEqual([
      "policy.test.yaml",
      "smoltbot policy test policy.yaml",
    ]);
    const markdown = (await run(cwd, ...both, "--format", "markdown")).stdout;
    expect(markdown).toMatch(/^### ✗ Policy tests: 0 passed, 1 failed of 1 case\n/);
    expect(markdown).toContain("1 trace with ");
    const sarif = JSON.parse((await run(cwd, ...both, "--format", "sarif")).stdout);
    expect(sarif.runs.map((each: { automationDetails?: { id: string } }) => each.automationDetails?.id)).toEqual([
      "policy-tests/",
      undefined,
    ]);
  });
  test("both, and what is to be said of the policy is said once", async () => {
    const cwd = folderOf({ "policy.yaml": edited('"people do that"', '""'), "policy.test.yaml": suite });
    const { stderr } = await run(cwd, "policy.yaml", "--suite", "policy.test.yaml", "--traces", trace);
    expect(stderr.split("blank_reason")).toHaveLength(2);
  });
  test("both, when a suite stands beside the policy and the config file names traces", async () => {
    const config = `policy: policy.yaml\ntraces: ${trace}\n`;
    const cwd = folderOf({ "policy.yaml": validPolicy, "policy.test.yaml": suite, "smoltbot.config.yaml": config });
    const document = JSON.parse((await run(cwd, "--format", "json")).stdout);
    expect([document.schema, document.suites.summary.cases, document.summary.traces]).toEqual(["smoltbot.test/1", 2, 1]);
    const alone = JSON.parse((await run(cwd, "--suite", "policy.test.yaml", "--format", "json")).stdout);
    expect(alone.schema).toBe("smoltbot.suites/1");
  });
  test("inline examples, also alone where an option asks for them", async () => {
    const policy = edited("severity: high", "severity: high\n    examples: {match: [mcp__admin__x], not_match: [mcp__adminx]}");
    const cwd = folderOf({ "policy.yaml": policy });
    expect(await run(cwd, "policy.yaml", "--min-rule-coverage", "25")).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("examples in policy.yaml: 1 rule, all hold\n\n1 case: 1 passed\nRule coverage: 25%"),
    });
    writeFileSync(join(cwd, "policy.test.yaml"), suite);
    expect(casesOf((await run(cwd, "policy.yaml", "--format", "json")).stdout)).toEqual([
      "browsing is allowed: passed",
      "administration is blocked: passed",
      "examples of forbidden[0]: passed",
    ]);
  });
  test("inline examples, where nothing is named and there are no recorded runs, and that is said", async () => {
    const policy = edited("severity: high", "severity: high\n    examples: {match: [mcp__admin__x]}");
    const cwd = folderOf({ "policy.yaml": policy, "smoltbot.config.yaml": "policy: policy.yaml\n" });
    for (const args of [["policy.yaml"], []]) {
      const { status, stdout, stderr } = await run(cwd, ...args);
      expect([status, stderr]).toEqual([
        0,
        "Only examples were run: no traces were named, and this folder has no Claude Code transcripts.\n",
      ]);
      expect(stdout).toContain("examples in policy.yaml: 1 rule, all hold\n\n1 case: 1 passed\n");
    }
    expect(schemaFaults("suites", (await run(cwd, "policy.yaml", "--format", "json")).stdout)).toEqual([]);
    const aboutRuns = ["--strict", "--report-only", "--no-grace", "--against=policy.yaml", "--since=7d", "--format=html"];
    for (const option of aboutRuns) expectRefused(await run(cwd, "policy.yaml", option), "usage_no_default_traces");
    writeFileSync(join(cwd, "smoltbot.config.yaml"), "policy: policy.yaml\ntraces: runs/\n");
    expect((await run(cwd, "policy.yaml")).status).toBe(1);
    expect((await run(cwd, "policy.yaml", "--traces", "none.jsonl")).status).toBe(1);
  });
  test("nothing, which is refused", async () => {
    const cwd = folderOf({ "policy.yaml": validPolicy, "x.test.yaml": suite });
    mkdirSync(join(cwd, "empty"));
    expectRefused(await run(cwd, "policy.yaml", "--suite", "empty"), "suite_none_found", "`empty`");
    expectRefused(await run(cwd, "policy.yaml", "--suite", "none/*.yaml"), "suite_none_found", "`none/*.yaml`");
    expectRefused(await run(cwd, "policy.yaml", "--suite", "none.yaml"), "file_not_found", "`none.yaml`");
    expectRefused(await run(cwd, "policy.yaml", "--rule-coverage"), "suite_none_found");
    expectRefused(
      await run(cwd, "policy.yaml", "--suite", "x.test.yaml", "--filter", "Browsing"),
      "suite_none_selected",
      "`Browsing`",
    );
    expectRefused(await run(cwd, "x.test.yaml"), "usage_policy_missing");
    expectRefused(await run(cwd, "policy.yaml", "--suite", "x.test.yaml", "--format", "html"), "usage_html_for_suites");
    expectRefused(await run(cwd, "policy.yaml"), "usage_no_default_traces");
  });
});

describe("what a suite names", () => {
  const files = {
    "policy.yaml": validPolicy,
    "org.yaml": org,
    "strict.yaml": org.replace("mcp__browser__go", '"*"'),
    "narrow.yaml": card("read"),
    "card.yaml": card("web_fetch"),
  };
  const go = (expected: string, more = "") => `tests: [{name: a, tools: [mcp__browser__go], expect: ${expected}${more}}]\n`;
  test("is used unless the command line says otherwise", async () => {
    const cwd = folderOf({
      ...files,
      "s.test.yaml": `policy: policy.yaml\norg: org.yaml\ncard: narrow.yaml\n${go("{rule: mcp__browser__go, layer: org}")}`,
    });
    expect(await run(cwd, "s.test.yaml")).toMatchObject({ status: 0, stderr: "" });
    expect((await run(cwd, "s.test.yaml", "--org", "strict.yaml")).stdout).toContain(
      'rule: expected "mcp__browser__go", got "*"',
    );
    expect((await run(cwd, "policy.yaml", "--org", "strict.yaml", "--suite", "s.test.yaml")).status).toBe(1);
  });
  test("cards of a file, of a case and of the command line", async () => {
    const exceeded = go("{outcome: capability_exceeded}");
    const cwd = folderOf({
      ...files,
      "policy.test.yaml": `card: narrow.yaml\n${exceeded}`,
      "case.test.yaml": go("mapped", ", card: card.yaml"),
    });
    expect((await run(cwd, "policy.yaml")).status).toBe(0);
    expect((await run(cwd, "policy.yaml", "--card", "card.yaml")).status).toBe(1);
    expect((await run(cwd, "policy.yaml", "--suite", "case.test.yaml", "--card", "narrow.yaml")).status).toBe(0);
  });
  test("and is not there, is a mistake in the suite", async () => {
    const cwd = folderOf({ ...files, "policy.test.yaml": `card: gone.yaml\n${suite}` });
    expectRefused(await run(cwd, "policy.yaml"), "file_not_found", "policy.test.yaml:1:7", "`gone.yaml`");
  });
  test("and is no path, leads to itself or has too long a name, is told like any other mistake", async () => {
    const cwd = folderOf({ "policy.yaml": validPolicy, "nul.test.yaml": `policy: "a\\0b"\n${suite}` });
    symlinkSync("loop.yaml", join(cwd, "loop.yaml"));
    writeFileSync(join(cwd, "loop.test.yaml"), `policy: loop.yaml\n${suite}`);
    expectRefused(await run(cwd, "nul.test.yaml"), "file_not_found", "`a\\u{0}b` does not exist");
    expectRefused(await run(cwd, "loop.test.yaml"), "file_unreadable", "`loop.yaml` cannot be read (ELOOP)");
    expectRefused(await run(cwd, "policy.yaml", "--suite", "loop.yaml"), "file_unreadable", "(ELOOP)");
    expectRefused(await run(cwd, "policy.yaml", "--suite", "a".repeat(5000)), "file_not_found");
  });
  test("one policy under several names is one policy, also for its coverage", async () => {
    const cwd = folderOf({ "policy.yaml": validPolicy, "policy.test.yaml": failing.replace("fail}", "pass}") });
    symlinkSync("policy.yaml", join(cwd, "link.yaml"));
    const blocked = "tests: [{name: blocked, tools: [mcp__admin__reset], expect: fail}]\n";
    writeFileSync(join(cwd, "b.test.yaml"), `policy: policy.yaml\n${blocked}`);
    writeFileSync(join(cwd, "c.test.yaml"), `policy: link.yaml\n${blocked}`);
    const args = ["./policy.test.yaml", "--suite", "b.test.yaml", "--suite", "c.test.yaml", "--min-rule-coverage", "50"];
    const { status, stdout } = await run(cwd, ...args);
    expect(stdout.match(/^Rule coverage: .*/gm)).toEqual([
      "Rule coverage: 50% of ./policy.yaml, 2 of 4 rules decide in some case",
    ]);
    expect(status).toBe(0);
  });
  test("an org policy below two others: its examples run with each, and JUnit keeps them apart", async () => {
    const examples = org.replace("severity: high}", "severity: high, examples: {match: [mcp__browser__go]}}");
    const cwd = folderOf({ "org.yaml": examples, "a.yaml": validPolicy, "b.yaml": validPolicy });
    for (const name of ["a", "b"]) {
      writeFileSync(
        join(cwd, `${name}.test.yaml`),
        "org: org.yaml\ntests: [{name: go, tools: [mcp__browser__go], expect: fail}]\n",
      );
    }
    const { stdout } = await run(cwd, "--suite", ".", "--format", "junit");
    expect(elementsNamed(parseXml(stdout), "testcase").map(({ attributes }) => attributes.get("classname"))).toEqual([
      "a.test.yaml",
      "examples in org.yaml with a.yaml",
      "b.test.yaml",
      "examples in org.yaml with b.yaml",
    ]);
  });
  test("several policies, each with its coverage", async () => {
    const cwd = folderOf({
      ...files,
      "a.test.yaml": `policy: policy.yaml\n${suite}`,
      "b.test.yaml": `policy: org.yaml\n${go("fail")}`,
    });
    const { stdout, status } = await run(cwd, "--suite", "*.test.yaml", "--min-rule-coverage", "50", "--no-config");
    expect(stdout).toContain("Rule coverage: 50% of policy.yaml");
    expect(stdout).toContain("Rule coverage: 50% of org.yaml");
    expect(status).toBe(0);
    const more = await run(cwd, "--suite", "*.test.yaml", "--min-rule-coverage", "50.01", "--no-config");
    expect(more.stdout).toContain(
      "✗ rule coverage 50% of `policy.yaml` is below the required 50.01%\n✗ rule coverage 50% of `org.yaml` is",
    );
    expect(more.status).toBe(1);
  });
  test("is checked in all files at once", async () => {
    const cwd = folderOf({ ...files, "a.test.yaml": "tests: [{nam: a}]", "b.test.yaml": "test: []" });
    const refused = await run(cwd, "policy.yaml", "--suite", ".");
    expectRefused(refused, "unknown_key", "a.test.yaml:1:10", "did you mean `name`?", "b.test.yaml:1:1", "did you mean `tests`?");
  });
});

describe("what comes out", () => {
  test("a case that fails: expected, got, rule, place, exit 1", async () => {
    const cwd = folderOf({ "policy.yaml": validPolicy, "policy.test.yaml": failing });
    const { stdout, status } = await run(cwd, "policy.yaml");
    expect(stdout).toContain("  ✗ nothing may browse  policy.test.yaml:1\n");
    expect(stdout).toContain("verdict: expected fail, got pass  policy.test.yaml:1\n");
    expect(stdout).toContain('decided by capability web, glob "mcp__browser__*", policy.yaml:6 (agent)\n');
    expect(stdout).toMatch(/✗ 1 of 1 case fails\n$/);
    expect(status).toBe(1);
  });
  test("JSON by its schema, errors on stdout for machines, too", async () => {
    const cwd = folderOf({ "policy.yaml": validPolicy, "policy.test.yaml": suite, "bad.test.yaml": "tests: []" });
    const { stdout } = await run(cwd, "policy.yaml", "--format", "json", "--filter", "browsing");
    expect(schemaFaults("suites", stdout)).toEqual([]);
    expect(JSON.parse(stdout).suites.summary).toEqual({ cases: 1, passed: 1, failed: 0, errors: 0, left_out: 1 });
    const refused = await run(cwd, "policy.yaml", "--suite", "bad.test.yaml", "--format", "json");
    expect(JSON.parse(refused.stdout).errors[0].code).toBe("list_too_short");
  });
  test("a file with -o, and then the reasons on stderr", async () => {
    const cwd = folderOf({ "policy.yaml": validPolicy, "policy.test.yaml": failing });
    const { stdout, stderr, status } = await run(cwd, "policy.yaml", "--format", "junit", "-o", "out.xml");
    expect([stdout, stderr, status]).toEqual(["", "1 of 1 case fails\n", 1]);
    expect(elementsNamed(parseXml(readFileSync(join(cwd, "out.xml"), "utf8")), "failure")).toHaveLength(1);
  });
  test("the same twice", async () => {
    const cwd = folderOf({
      "policy.yaml": validPolicy,
      "policy.test.yaml": `${suite}${failing.slice(7).replace("[{", "  - {").replace("}]", "}")}`,
    });
    const once = (await run(cwd, "policy.yaml", "--rule-coverage")).stdout;
    expect(once).toContain("3 cases: 2 passed, 1 failed");
    expect((await run(cwd, "policy.yaml", "--rule-coverage")).stdout).toBe(once);
  });
  test("names from hostile suites act on nobody", async () => {
    const name = '"\\e[31mred\\u202e <script>"';
    const cwd = folderOf({
      "policy.yaml": validPolicy,
      "policy.test.yaml": `tests: [{name: ${name}, group: __proto__, tools: [${name}, "a\\nb"], expect: fail}]`,
    });
    const { stdout } = await run(cwd, "policy.yaml");
    expect(stdout).toContain("✗ __proto__ > \\u{1b}[31mred\\u{202e} <script>");
    expect(stdout).toContain("a\\u{a}b");
  });
});

describe("docs/policy-tests.md", () => {
  const page = readFileSync(join(root, "docs/policy-tests.md"), "utf8");
  const blocks = fencedBlocks(page).filter(({ language }) => language === "yaml");
  test("shows suites that hold", async () => {
    expect(blocks.length).toBeGreaterThan(0);
    for (const { body } of blocks) {
      const cwd = folderOf({ "shown.test.yaml": body });
      for (const file of ["policy.yaml", "card.yaml"]) copyFileSync(join(root, "examples/policy-tests", file), join(cwd, file));
      expect(await run(cwd, "shown.test.yaml")).toMatchObject({ status: 0, stderr: "" });
    }
  });
  test("names every key and every word of the schema", () => {
    const schema = JSON.parse(readFileSync(join(root, "src/syntax/schemas/suite.schema.json"), "utf8"));
    const { entry, outcome } = schema.definitions;
    const words = [
      ...Object.keys(schema.properties),
      ...Object.keys(entry.properties),
      ...Object.keys(entry.properties.expect.properties),
      ...outcome.enum,
    ];
    expect(words.filter((word) => !new RegExp(`\`${word}[\`:]`).test(page))).toEqual([]);
  });
});

test("examples/policy-tests exercises every rule, and its tests hold", async () => {
  const { status, stdout } = await run(join(root, "examples/policy-tests"), "policy.yaml", "--min-rule-coverage", "100");
  expect([status, stdout.includes("Rule coverage: 100% of policy.yaml")]).toEqual([0, true]);
});
