import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { folderOf, root, spawned } from "../support/command.js";
import { edited, validPolicy } from "../support/policy-text.js";
import { bin, git, plainEnvironment, run, write } from "./checkout.js";

interface Hook {
  readonly id: string;
  readonly name: string;
  readonly entry: string;
  readonly language: string;
  readonly files: string;
  readonly exclude?: string;
  readonly pass_filenames?: boolean;
}

const hooks = parse(readFileSync(join(root, ".pre-commit-hooks.yaml"), "utf8")) as Hook[];
const valid = validPolicy;
const broken = edited("forbidden:", "forbiden:");

/** Files that a hook is given, by the rule of pre-commit: the pattern is found anywhere in the path. */
function chosen({ files, exclude = "^$" }: Hook, paths: readonly string[]): string[] {
  return paths.filter((path) => new RegExp(files).test(path) && !new RegExp(exclude).test(path));
}

/** What pre-commit runs for a hook: its entry, the arguments of the user, the files. */
function typed({ entry, pass_filenames = true }: Hook, args: readonly string[], files: readonly string[], cwd: string) {
  const [program, ...rest] = entry.split(" ");
  expect(program).toBe("smoltbot");
  return spawned([...rest, ...args, ...(pass_filenames ? files : [])], { cwd });
}

describe("the hooks", () => {
  test("have the keys that pre-commit requires, and start verbs that there are", () => {
    expect(hooks.map(({ id }) => id)).toEqual(["smoltbot-policy-validate", "smoltbot-policy-lint", "smoltbot-policy-test"]);
    for (const { id, name, entry, language } of hooks) {
      expect([id, typeof name, language]).toEqual([id, "string", "node"]);
      const { status, stdout } = spawned([...entry.split(" ").slice(1), "--help"]);
      expect([entry, status]).toEqual([entry, 0]);
      expect(stdout).toContain(`Usage: ${entry}`);
    }
    expect(Object.keys(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).bin)).toEqual(["smoltbot"]);
  });
  test("are given policies, not suites, cards or other files", () => {
    const policies = [
      "policy.yaml",
      "policies/support.yml",
      "agents/support-policy.yaml",
      "a.policy.json",
      "x/policies/deep/b.json",
    ];
    const others = [
      "policies/support.test.yaml",
      "policy.test.yml",
      "mypolicy.yaml",
      "policy.yaml.bak",
      "card.yaml",
      "policies/README.md",
    ];
    for (const hook of hooks.slice(0, 2)) expect(chosen(hook, [...policies, ...others])).toEqual(policies);
    expect(chosen(hooks[2], ["policy.test.yaml", "policies/a.test.yaml", "smoltbot.config.yaml", "src/a.ts"])).toHaveLength(3);
  });
  test("validate fails on one bad file of several", () => {
    const cwd = folderOf({ "policy.yaml": valid, "a-policy.yaml": broken });
    expect(typed(hooks[0], [], ["policy.yaml"], cwd).status).toBe(0);
    const ran = typed(hooks[0], [], ["policy.yaml", "a-policy.yaml"], cwd);
    expect([ran.status, ran.stderr]).toEqual([1, expect.stringContaining("did you mean `forbidden`")]);
  });
  test("test takes what its arguments name, and no files", () => {
    const cwd = join(root, "examples", "support-agent");
    const args = ["policy.yaml", "--traces", "traces"];
    expect(typed(hooks[2], args, ["policy.yaml"], cwd).status).toBe(1);
    expect(typed(hooks[2], [...args, "--report-only"], ["policy.yaml"], cwd).status).toBe(0);
  });
});

const present = spawnSync("pre-commit", ["--version"], { encoding: "utf8" }).status === 0;

describe.skipIf(!present)("in pre-commit itself (left out where it is not installed)", () => {
  const preCommit = (folder: string, ...args: readonly string[]) => {
    const env = plainEnvironment();
    const home = join(folder, ".git", "pre-commit");
    return run("pre-commit", args, folder, {
      ...env,
      PRE_COMMIT_HOME: home,
      PATH: `${join(folder, ".git")}${delimiter}${env["PATH"]}`,
    });
  };

  test("the manifest is one", async () => {
    expect(await preCommit(root, "validate-manifest", ".pre-commit-hooks.yaml")).toMatchObject({ status: 0 });
  });

  test("a commit with a bad policy is refused, one without passes", async () => {
    const folder = folderOf();
    git(folder, "init", "--quiet", "--initial-branch", "main");
    // Installing needs the network, so the hooks run with the command that is built here; all else is as in the manifest.
    const local = hooks.slice(0, 2).map((hook) => ({ ...hook, language: "system" }));
    const config = stringify({ repos: [{ repo: "local", hooks: local }] });
    const command = join(folder, ".git", "smoltbot");
    writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`);
    chmodSync(command, 0o755);
    write(folder, {
      ".pre-commit-config.yaml": config,
      "policies/a.yaml": valid,
      "policies/a.test.yaml": "x: 1\n",
      "notes.md": "a\n",
    });
    git(folder, "add", "--all");
    const good = await preCommit(folder, "run");
    expect([good.status, good.stdout]).toEqual([
      0,
      expect.stringMatching(/validate agent policies\.+Passed\nlint agent policies\.+Passed/),
    ]);
    write(folder, { "policies/b c.yaml": broken });
    git(folder, "add", "--all");
    const bad = await preCommit(folder, "run");
    expect([bad.status, bad.stdout]).toEqual([1, expect.stringContaining("did you mean `forbidden`")]);
  });
});
