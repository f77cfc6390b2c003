import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { expectRefused, folderOf, root, smoltbot } from "./support/command.js";

const example = join(root, "examples", "support-agent");
const policy = join(example, "policy.yaml");
const org = join(root, "examples", "org", "policy.yaml");
const traces = join(example, "traces");

describe("help and usage", () => {
  const commands = [
    ...["init", "validate", "test", "evaluate", "explain", "inspect", "compile", "dump"].map((verb) => ["policy", verb]),
    ["traces", "list"],
  ];
  test.each(commands)("%s %s --help shows an example", async (group, verb) => {
    const ran = await smoltbot([group, verb, "--help"]);
    expect(ran.stdout).toContain(`Usage: smoltbot ${group} ${verb}`);
    expect(ran.stdout).toContain(`\nExample:\n  $ smoltbot ${group} ${verb}`);
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
  });
  test("the version is the package's", async () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(await smoltbot(["--version"])).toMatchObject({ status: 0, stdout: `${version}\n` });
  });
  test("unknown commands and options are refused with a suggestion", async () => {
    expectRefused(await smoltbot(["policy", "validte", "x"]), "unknown command 'validte'", "Did you mean validate?");
    expectRefused(
      await smoltbot(["policy", "test", policy, "--trace", traces]),
      "unknown option '--trace'",
      "Did you mean --traces?",
    );
    expectRefused(await smoltbot(["policy", "validate"]), "missing required argument 'file'");
    expectRefused(await smoltbot(["policy", "compile", policy]), "required option '-o, --output <file>'");
  });
  test("what a shell passes on is escaped", async () => {
    const ran = await smoltbot(["policy", "validate", "--\u001b[31mred"]);
    expect(ran.stderr).not.toContain("\u001b");
    expect(ran.stderr).toContain("\\u{1b}[31mred");
  });
  test.each([
    [["policy", "test", policy, "--limit", "-1"], "--limit"],
    [["policy", "test", policy, "--since", "soon"], "--since"],
    [["policy", "evaluate", policy, "--min-coverage", "101"], "--min-coverage"],
    [["policy", "evaluate", policy, "--fail-on", "CRITICAL"], "--fail-on"],
    [["policy", "evaluate", policy, "--context", "prod"], "--context"],
    [["policy", "inspect", policy, "--format", "yaml"], "--format"],
  ])("a value that an option does not take: %j", async (args, option) => {
    expectRefused(await smoltbot(args), "is invalid", option);
  });
});

test("a time range that ends before it begins", async () => {
  const range = ["--since", "2026-02-03", "--until", "2026-02-03"];
  expectRefused(await smoltbot(["policy", "test", policy, "--traces", traces, ...range]), "usage_empty_time_range", "--until");
});

describe("bad traces", () => {
  const session = readFileSync(join(traces, "session-4711.jsonl"), "utf8");
  test.each([
    ["a missing file", "nope.jsonl", "trace_not_found", "`nope.jsonl`"],
    ["a pattern without files", "q*.jsonl", "trace_not_found", "`q*.jsonl`"],
    ["an empty file", "empty.jsonl", "trace_empty", "empty.jsonl:1:1"],
    ["a folder without traces", "folder", "trace_folder_without_traces", "`folder`"],
    ["an unknown format", "unknown.json", "trace_format_unknown", "unknown.json:1:1"],
    ["text", "text.txt", "trace_not_json", "text.txt:1:1"],
  ])("%s is refused", async (_, input, code, place) => {
    const cwd = folderOf({ "empty.jsonl": "", "unknown.json": '{"a": 1}', "text.txt": "hello\n" });
    mkdirSync(join(cwd, "folder"));
    expectRefused(await smoltbot(["policy", "test", policy, "--traces", input, "--report-only"], { cwd }), code, place);
    expectRefused(await smoltbot(["traces", "list", "--traces", input], { cwd }), code, place);
  });
  test.each([
    ["a cut last line", session.slice(0, 900), "trace_cut", "bad.jsonl:3:1"],
    ["a corrupt line in the middle", session.replace("\n", '\n{"broken": \n'), "trace_bad_line", "bad.jsonl:2:1"],
  ])("%s: the rest is judged, the place is named, exit 1", async (_, text, code, place) => {
    const cwd = folderOf({ "bad.jsonl": text });
    const ran = await smoltbot(["policy", "test", policy, "--traces", "bad.jsonl"], { cwd });
    expect(ran.stderr).toContain(`${place}: error ${code}`);
    expect(ran.stdout).toContain("  1 line could not be read and was skipped\n");
    expect(ran.stdout).toMatch(/✗ some of the traces could not be read\n$/);
    expect(ran.status).toBe(1);
    expect((await smoltbot(["policy", "test", policy, "--traces", "bad.jsonl", "--report-only"], { cwd })).status).toBe(0);
    expect((await smoltbot(["traces", "list", "--traces", "bad.jsonl"], { cwd })).status).toBe(1);
    expect((await smoltbot(["policy", "evaluate", policy, "--traces", "bad.jsonl"], { cwd })).stdout).toContain(
      "✗ some of the traces could not be read",
    );
  });
  test("an agent that no trace names", async () => {
    const ap = join(traces, "ap-traces.jsonl");
    expectRefused(await smoltbot(["policy", "test", policy, "--traces", ap, "--agent", "other"]), "trace_none_selected");
    expectRefused(await smoltbot(["traces", "list", "--traces", ap, "--agent-id", "other"]), "usage_no_such_agent", "`other`");
  });
});

describe("config file", () => {
  const config = `agent: support-7f3a\npolicy: ${policy}\ntraces: [${join(traces, "ap-traces.jsonl")}, ${join(traces, "session-4711.jsonl")}]\nenvironments:\n  production:\n    org: ${org}\n`;
  test("is found upwards, and an environment lays its values over", async () => {
    const cwd = folderOf({ "smoltbot.config.yaml": config });
    mkdirSync(join(cwd, "deep"));
    const at = { cwd: join(cwd, "deep") };
    expect((await smoltbot(["policy", "inspect"], at)).stdout).not.toContain("org-baseline");
    expect((await smoltbot(["policy", "inspect", "--env", "production"], at)).stdout).toContain("org-baseline");
    expect((await smoltbot(["traces", "list"], at)).stdout).toMatch(/^11 traces/);
    expectRefused(
      await smoltbot(["policy", "inspect", "--env", "prodution"], at),
      "config_unknown_environment",
      "did you mean `production`?",
    );
    expectRefused(await smoltbot(["policy", "inspect", "--no-config"], at), "usage_policy_missing");
    expectRefused(await smoltbot(["policy", "inspect", "--no-config", "--env", "production"], at), "config_missing");
  });
  test("typos and wrong types are refused with their places", async () => {
    const cwd = folderOf({ "smoltbot.config.yaml": "polcy: a.yaml\ncard: [x]\nenvironments:\n  a: {traces: {}}\n  b: 1\n" });
    const ran = await smoltbot(["policy", "inspect"], { cwd });
    expectRefused(ran, "smoltbot.config.yaml:1:1: error config_unknown_key", "did you mean `policy`?");
    expectRefused(ran, "smoltbot.config.yaml:2:7: error config_value", "expected a path, found a list");
    expectRefused(ran, "smoltbot.config.yaml:4:15: error config_value");
    expectRefused(ran, "smoltbot.config.yaml:5:6: error config_value");
  });
});
