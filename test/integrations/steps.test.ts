import { cpSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { folderOf, root } from "../support/command.js";
import { edited, validPolicy } from "../support/policy-text.js";
import { type Checked, check, type Files, write } from "./checkout.js";

const out = { SMOLTBOT_OUT: "out" };

async function checked(files: Files, env: NodeJS.ProcessEnv): Promise<Checked> {
  const folder = folderOf();
  write(folder, files);
  return check(folder, { ...out, ...env });
}

const report = (ran: Checked) => ran.reports.get("report.md") ?? "";
const org = validPolicy.replace("scope: agent", "scope: org");
/** Its second rule is hidden by the first. */
const shadowed = edited("forbidden:\n", 'forbidden:\n  - {pattern: "*", reason: all, severity: critical}\n');

describe("lint", () => {
  const files = { "a.yaml": shadowed, "b.yaml": validPolicy };
  const env = { SMOLTBOT_POLICY: "a.yaml\nb.yaml", SMOLTBOT_STEPS: "lint" };

  test("fails from the level on that was asked for", async () => {
    const lenient = await checked(files, env);
    expect([lenient.status, lenient.stderr]).toEqual([0, ""]);
    const strict = await checked(files, { ...env, SMOLTBOT_LINT_FAIL_ON: "warning" });
    expect(strict.status).toBe(1);
    expect(report(strict)).toContain("| ❌ lint | findings of level warning or above |");
    const { runs } = JSON.parse(strict.reports.get("sarif/lint.sarif") ?? "");
    expect(runs[0].results.length).toBeGreaterThan(0);
    expect(JSON.parse(strict.reports.get("code-quality.json") ?? "")[0]).toMatchObject({ location: { path: "a.yaml" } });
  });
  test("never fails where it is not to, but for policies that cannot be read at all", async () => {
    const never = { ...env, SMOLTBOT_LINT_FAIL_ON: "never" };
    expect((await checked(files, never)).status).toBe(0);
    const missing = await checked({ "b.yaml": validPolicy }, { ...never, SMOLTBOT_ORG: "none.yaml" });
    expect([missing.status, report(missing)]).toEqual([1, expect.stringContaining("❌ lint")]);
  });
});

describe("recorded runs", () => {
  const folder = () => {
    const copy = folderOf();
    cpSync(join(root, "examples", "support-agent"), copy, { recursive: true });
    return copy;
  };
  const env = { ...out, SMOLTBOT_POLICY: "policy.yaml", SMOLTBOT_STEPS: "traces", SMOLTBOT_TRACES: "traces" };

  test("that would fail close the gate, or are only said", async () => {
    const failed = await check(folder(), env);
    expect([failed.status, failed.stderr]).toEqual([1, ""]);
    expect(report(failed)).toContain("mcp__filesystem__delete_file");
    expect(failed.reports.get("traces-1.junit.xml")).toContain("<testsuites");
    const said = await check(folder(), { ...env, SMOLTBOT_TRACES_FAIL_ON: "never" });
    expect([said.status, report(said)]).toEqual([0, expect.stringContaining("⚠️ recorded runs")]);
  });
  test("that are not there close it whatever the setting", async () => {
    const ran = await check(folder(), { ...env, SMOLTBOT_TRACES_FAIL_ON: "never", SMOLTBOT_TRACES: "none" });
    expect([ran.status, report(ran)]).toEqual([1, expect.stringContaining("could not be run")]);
    expect(ran.stdout).toContain("`none`");
  });
});

describe("coverage", () => {
  const card = "autonomy: {bounded_actions: [web_fetch, other]}\n";
  const env = { SMOLTBOT_POLICY: "a.yaml", SMOLTBOT_STEPS: "coverage", SMOLTBOT_CARD: "card.yaml" };

  test("fails below the least that was asked for, and is only shown without one", async () => {
    const files = { "a.yaml": validPolicy, "card.yaml": card };
    const shown = await checked(files, env);
    expect([shown.status, report(shown)]).toEqual([0, expect.stringContaining("50%")]);
    expect((await checked(files, { ...env, SMOLTBOT_MIN_COVERAGE: "50" })).status).toBe(0);
    const low = await checked(files, { ...env, SMOLTBOT_MIN_COVERAGE: "90.5" });
    expect([low.status, report(low)]).toEqual([1, expect.stringContaining("below the least that was asked for")]);
  });
  test("without a card there is nothing to do", async () => {
    const ran = await checked({ "a.yaml": validPolicy }, { ...env, SMOLTBOT_CARD: "" });
    expect([ran.status, report(ran)]).toEqual([0, expect.stringContaining("| ➖ coverage of the card | no card was named |")]);
  });
});

describe("policy tests", () => {
  const good = "tests:\n  - {name: browsing, tools: [mcp__browser__click], expect: pass}\n";
  const bad = good.replace("expect: pass", "expect: fail");
  const env = { SMOLTBOT_STEPS: "suites" };

  test("beside a policy are run, those of several policies apart", async () => {
    const files = { "a.yaml": validPolicy, "a.test.yaml": good, "b.yaml": validPolicy, "b.test.yml": bad, "c.yaml": validPolicy };
    const ran = await checked(files, { ...env, SMOLTBOT_POLICY: "a.yaml\nb.yaml\nc.yaml" });
    expect([ran.status, ran.stderr]).toEqual([1, ""]);
    expect(report(ran)).toContain("| ❌ policy tests | some fail (1 of 2) |");
    expect([...ran.reports.keys()].filter((name) => name.endsWith(".xml"))).toHaveLength(2);
  });
  test("that are named are run for the one policy, or for the one they name", async () => {
    const files = {
      "a.yaml": validPolicy,
      "t/x.test.yaml": good,
      "t/y.test.yaml": `policy: ../b.yaml\n${bad}`,
      "b.yaml": validPolicy,
    };
    const one = await checked(files, { ...env, SMOLTBOT_POLICY: "a.yaml", SMOLTBOT_SUITES: "t/x.test.yaml" });
    expect([one.status, report(one)]).toEqual([0, expect.stringContaining("✅ policy tests")]);
    const both = await checked(files, { ...env, SMOLTBOT_POLICY: "a.yaml\nb.yaml", SMOLTBOT_SUITES: "t/y.test.yaml" });
    expect([both.status, report(both)]).toEqual([1, expect.stringContaining("❌ policy tests")]);
  });
  test("that match nothing are a failure", async () => {
    const ran = await checked({ "a.yaml": validPolicy }, { ...env, SMOLTBOT_POLICY: "a.yaml", SMOLTBOT_SUITES: "t/*.yaml" });
    expect([ran.status, report(ran)]).toEqual([1, expect.stringContaining("no suite matches t/*.yaml")]);
  });
  test("have to exercise as many rules as was asked for", async () => {
    const files = { "a.yaml": validPolicy, "a.test.yaml": good };
    const one = { ...env, SMOLTBOT_POLICY: "a.yaml" };
    expect((await checked(files, { ...one, SMOLTBOT_MIN_RULE_COVERAGE: "20" })).status).toBe(0);
    expect((await checked(files, { ...one, SMOLTBOT_MIN_RULE_COVERAGE: "100" })).status).toBe(1);
  });
});

test("every step runs, whatever the ones before it found", async () => {
  const files = { "a.yaml": edited("forbidden:", "forbiden:"), "org.yaml": org };
  const env = { SMOLTBOT_POLICY: "a.yaml", SMOLTBOT_ORG: "org.yaml", SMOLTBOT_TRACES: "none", SMOLTBOT_CARD: "none.yaml" };
  const ran = await checked(files, { ...env, SMOLTBOT_STEPS: "traces validate lint coverage" });
  expect(
    ran.stdout
      .split("\n")
      .map((line) => /^(\w+): (?:failed|passed|skipped|noted),/.exec(line)?.[1])
      .filter(Boolean),
  ).toEqual(["validate", "lint", "coverage", "traces"]);
  expect(ran.stdout).toContain("failed: validate, lint, coverage, traces");
});
