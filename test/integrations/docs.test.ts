import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { folderOf, root } from "../support/command.js";
import { type Block, fencedBlocks } from "../support/console-blocks.js";
import { validPolicy } from "../support/policy-text.js";
import { commit, git, run, write } from "./checkout.js";

const read = (file: string) => readFileSync(join(root, file), "utf8");
const page = read("docs/ci.md");
const blocks = fencedBlocks(page);

interface ActionInputs {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
}
const { inputs } = parse(read("integrations/github/action.yml")) as ActionInputs;
const { version } = JSON.parse(read("package.json")) as { version: string };
const hooks = (parse(read(".pre-commit-hooks.yaml")) as { id: string }[]).map(({ id }) => id);
const settings = read("integrations/ci/settings.mjs");

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly { uses?: string; with?: Record<string, unknown> }[] }>>;
}

/** YAML of the page and of the examples, told apart by its first comment or its file. */
const workflows = [named("policy.yml"), read("examples/ci/github-actions.yml")];
const pipelines = [named(".gitlab-ci.yml"), read("examples/ci/gitlab-ci.yml")];
const hookConfigs = [named(".pre-commit-config.yaml"), read("examples/ci/pre-commit-config.yaml")];

function named(name: string): string {
  const block = blocks.find(({ body }) => body.split("\n", 1)[0].endsWith(name));
  if (block === undefined) throw new Error(`the page has no ${name}`);
  return block.body;
}

describe("what is copied from the page and the examples", () => {
  test.each(workflows)("a workflow uses inputs that the action has, at the version that is released", (text) => {
    const steps = Object.values((parse(text) as Workflow).jobs).flatMap((job) => job.steps);
    const [step] = steps.filter(({ uses = "" }) => uses.includes("smoltbot-policy"));
    expect(step.uses).toBe(`OWNER/smoltbot-policy/integrations/github@v${version}`);
    expect(Object.keys(step.with ?? {}).filter((name) => !(name in inputs))).toEqual([]);
    expect(text).toContain("pull-requests: write");
  });
  test.each(pipelines)("a pipeline includes the template and sets variables that are read", (text) => {
    const { include, variables } = parse(text) as { include: { local: string }[]; variables: Record<string, unknown> };
    expect(include[0].local).toBe(".gitlab/smoltbot-policy.gitlab-ci.yml");
    expect(Object.keys(variables).filter((name) => !settings.includes(`${name}"`) && !settings.includes(`env.${name}`))).toEqual(
      [],
    );
  });
  test.each(hookConfigs)("a configuration of hooks names hooks that there are", (text) => {
    const { repos } = parse(text) as { repos: { rev: string; hooks: { id: string }[] }[] };
    expect(repos[0].rev).toBe(`v${version}`);
    expect(repos[0].hooks.map(({ id }) => id).filter((id) => !hooks.includes(id))).toEqual([]);
  });
});

describe("the tables of the page", () => {
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  const codes = (line: string) => [...line.matchAll(/`([^`]+)`/g)].map((m) => m[1]);

  test("have every input once, with its default", () => {
    const described = rows.flatMap((line) => {
      const [names] = line.slice(2).split(" | ");
      return codes(names).filter((name) => name in inputs);
    });
    const once = described.filter((name, i) => described.indexOf(name) === i);
    expect([...once].sort()).toEqual(Object.keys(inputs).sort());
    for (const name of ["fail-on", "lint-fail-on", "traces-fail-on", "comment", "sarif"]) {
      expect(rows.find((line) => line.startsWith(`| \`${name}\``))).toMatch(`| \`${inputs[name].default}\` |`);
    }
  });
  test("have every variable, with its input", () => {
    const action = read("integrations/github/action.yml");
    const pairs = rows.flatMap((line) => [...line.matchAll(/`(SMOLTBOT_\w+)` \| `([\w-]+)`/g)].map((m) => [m[1], m[2]]));
    for (const [variable, input] of pairs) {
      const line = action.split("\n").find((each) => each.trim().startsWith(`${variable}:`));
      expect([variable, line?.includes(`inputs.${input}`)]).toEqual([variable, true]);
    }
    const others = ["SMOLTBOT_STEPS", "SMOLTBOT_OUT"];
    const known = new Set([...settings.matchAll(/SMOLTBOT_[A-Z_]+/g)].map((m) => m[0]));
    expect([...pairs.map(([variable]) => variable), ...others].sort()).toEqual([...known].sort());
    for (const variable of others) expect(page).toContain(`\`${variable}\``);
  });
  test("have every step", () => {
    const names = /stepNames = \[(.*)\]/.exec(settings)?.[1].match(/\w+/g) ?? [];
    const described = rows.map((line) => codes(line)[0]).slice(0, names.length);
    expect(described).toEqual(names);
  });
});

describe("the lines for any shell", () => {
  const shell = blocks
    .filter(({ language }) => language === "sh")
    .map((block: Block) => block.body.replaceAll("\\\n", " ").split("\n"));

  /** A folder with a base and a change, where the package is installed and the command is on the path. */
  function installed(): string {
    const folder = folderOf();
    git(folder, "init", "--quiet", "--initial-branch", "main");
    const org = validPolicy.replace("scope: agent", "scope: org");
    write(folder, { "org/policy.yaml": org, "policies/support.yaml": validPolicy, ".gitignore": "node_modules\nreport\n" });
    commit(folder, "base");
    git(folder, "checkout", "--quiet", "-b", "change");
    write(folder, { "policies/support.yaml": validPolicy.replace("severity: high", "severity: critical") });
    commit(folder, "change");
    mkdirSync(join(folder, "node_modules", ".bin"), { recursive: true });
    symlinkSync(root, join(folder, "node_modules", "smoltbot-policy"));
    const command = join(folder, "node_modules", ".bin", "smoltbot");
    writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${join(root, "build", "smoltbot.js")}" "$@"\n`, {
      mode: 0o755,
    });
    return folder;
  }

  test("run as they stand, but for the installation", async () => {
    const folder = installed();
    const env = { PATH: `${join(folder, "node_modules", ".bin")}:${process.env["PATH"]}` };
    const lines = shell.flat().filter((line) => !line.startsWith("npm install"));
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      const ran = await run("sh", ["-c", line], folder, env);
      expect([line, ran.status, ran.stderr]).toEqual([line, 0, ""]);
    }
    expect(readFileSync(join(folder, "report", "report.md"), "utf8")).toContain("1 policy compared, none is weaker");
  });
});
