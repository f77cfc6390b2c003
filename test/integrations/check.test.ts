import { describe, expect, test } from "vitest";
import { folderOf } from "../support/command.js";
import { edited, validPolicy } from "../support/policy-text.js";
import { check, commit, git, githubEnvironment, plainEnvironment, pullRequest, write } from "./checkout.js";

const only = (...steps: string[]) => ({ SMOLTBOT_STEPS: steps.join(" ") });
const policy = { SMOLTBOT_POLICY: "policies/*.yaml" };

describe("settings", () => {
  test.each([
    [{}, "no policy was named"],
    [{ ...policy, SMOLTBOT_FAIL_ON: "weakr" }, "weaker, never"],
    [{ ...policy, SMOLTBOT_LINT_FAIL_ON: "high" }, "error, warning, notice, never"],
    [{ ...policy, SMOLTBOT_STEPS: "validate, dif" }, "validate, lint, diff"],
    [{ ...policy, SMOLTBOT_MIN_COVERAGE: "90%" }, "from 0 to 100"],
    [{ ...policy, SMOLTBOT_COMMENT: "yes" }, "false, true"],
  ])("a mistake in %j closes the gate", async (env, words) => {
    const ran = await check(folderOf(), env);
    expect(ran.status).toBe(1);
    expect(ran.stdout).toContain(words);
    expect([ran.stderr, ran.reports.size]).toEqual(["", 0]);
  });
  test("a pattern that matches nothing is a failure, not an empty pass", async () => {
    const folder = folderOf();
    git(folder, "init", "--quiet");
    write(folder, { "policies/a.test.yaml": "tests: []\n" });
    const ran = await check(folder, { ...policy, ...only("validate"), SMOLTBOT_OUT: "out" });
    expect(ran.status).toBe(1);
    expect(ran.reports.get("report.md")).toContain("no policy matches `policies/*.yaml`");
  });
  test("a command that is not there is said so", async () => {
    const ran = await check(folderOf({ "a.yaml": validPolicy }), {
      SMOLTBOT_POLICY: "a.yaml",
      SMOLTBOT_BIN: "./nope",
      ...only("validate"),
      SMOLTBOT_OUT: "out",
    });
    expect([ran.status, ran.stdout]).toEqual([1, expect.stringContaining("smoltbot could not be run (ENOENT)")]);
  });
});

describe("validation", () => {
  const broken = edited("forbidden:", "forbiden:");
  test("every file is checked, the report says where, and SARIF leads into the repository", async () => {
    const pull = pullRequest(
      { "sub/policies/a.yaml": validPolicy, "sub/policies/b.yaml": validPolicy },
      { "sub/policies/b.yaml": broken },
    );
    const env = { ...githubEnvironment(pull), ...policy, ...only("validate"), SMOLTBOT_WORKING_DIRECTORY: "sub" };
    const ran = await check(pull.folder, env);
    expect([ran.status, ran.stderr]).toEqual([1, ""]);
    expect(ran.outputs.get("failed")).toBe("validate");
    expect(ran.summary).toContain("1 of 2 files invalid");
    expect(ran.summary).toContain("`policies/b.yaml:9`");
    const { runs } = JSON.parse(ran.reports.get("sarif/validate.sarif") ?? "");
    expect(runs).toHaveLength(1);
    expect(runs[0].automationDetails.id).toBe("smoltbot-policy/validate/");
    for (const { locations } of runs[0].results) {
      expect(locations[0].physicalLocation.artifactLocation.uri).toBe("sub/policies/b.yaml");
    }
    expect(runs[0].results.map(({ ruleId }: { ruleId: string }) => ruleId)).toContain("unknown_key");
    const quality = JSON.parse(ran.reports.get("code-quality.json") ?? "");
    expect(quality[0]).toMatchObject({ location: { path: "sub/policies/b.yaml", lines: { begin: expect.any(Number) } } });
    expect(ran.outputs.get("sarif")).toContain("smoltbot-policy-report");
  });
  test("valid policies pass, from any folder and without git", async () => {
    const folder = folderOf({ "a.yaml": validPolicy, "b.json": JSON.stringify({}) });
    const env = {
      SMOLTBOT_POLICY: "a.yaml\n\n  a.yaml \r\n./a.yaml",
      ...only("validate"),
      SMOLTBOT_OUT: "out",
      GIT_CEILING_DIRECTORIES: folder,
    };
    const ran = await check(folder, env);
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
    expect(ran.reports.get("report.md")).toContain("| ✅ validation | 1 file |");
  });
});

describe("hostile names", () => {
  const names = [
    "--help.yaml",
    "git:main:a.yaml",
    "$(touch owned).yaml",
    "`touch owned`.yaml",
    "a|b.yaml",
    "::error::x.yaml",
    "new\nline.yaml",
    "rtl\u202e.yaml",
    "##[error]x.yaml",
    "@all #1 <b>.yaml",
  ];
  test("of files are names of files, everywhere", async () => {
    const folder = folderOf();
    git(folder, "init", "--quiet", "--initial-branch", "main");
    write(folder, Object.fromEntries(names.map((name, i) => [name, i % 2 === 0 ? validPolicy : "meta: 1\n"])));
    commit(folder, "all");
    const runner = folderOf({ "output.txt": "", "summary.md": "" });
    const env = {
      GITHUB_ACTIONS: "true",
      RUNNER_TEMP: runner,
      GITHUB_STEP_SUMMARY: `${runner}/summary.md`,
      GITHUB_OUTPUT: `${runner}/output.txt`,
    };
    const ran = await check(folder, { ...env, SMOLTBOT_POLICY: "*.yaml", SMOLTBOT_BASE: "main", ...only("validate", "diff") });
    expect(git(folder, "status", "--porcelain")).toBe("");
    expect(ran.summary).toContain(`5 of ${names.length} files invalid`);
    expect(ran.summary).toContain("10 policies, none changed");
    expect(ran.summary).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(commandLines(ran.stdout)).toEqual(["::error title=smoltbot policy::failed: validate"]);
    expect(ran.status).toBe(1);
  });
});

/** Lines that a runner would obey; what stands between `stop-commands` and its end is only shown. */
function commandLines(stdout: string): string[] {
  const found: string[] = [];
  let stopped: string | undefined;
  for (const line of stdout.split("\n")) {
    const end = /^::stop-commands::(.+)$/.exec(line)?.[1];
    if (stopped !== undefined) stopped = line === `::${stopped}::` ? undefined : stopped;
    else if (end !== undefined) stopped = end;
    else if (/^\s*::|##\[/.test(line)) found.push(line);
  }
  return found;
}

test("the environment of the tests has nothing of a pipeline", () => {
  expect(Object.keys(plainEnvironment()).filter((name) => /^(?:CI_|GITHUB_|SMOLTBOT_)/.test(name))).toEqual([]);
});
