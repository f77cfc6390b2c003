import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { root } from "./support/command.js";

const read = (file: string) => readFileSync(join(root, file), "utf8");

interface Step {
  readonly name?: string;
  readonly run?: string;
  readonly uses?: string;
  readonly shell?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, string>>;
}

interface Action {
  readonly name: string;
  readonly description: string;
  readonly inputs: Readonly<Record<string, { description: string; required?: boolean; default?: string }>>;
  readonly outputs: Readonly<Record<string, { description: string; value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

describe("the GitHub action", () => {
  const action = parse(read("integrations/github/action.yml")) as Action;
  const { steps } = action.runs;

  test("has what a composite action needs", () => {
    expect([action.name, action.description].every((text) => typeof text === "string" && text !== "")).toBe(true);
    expect(action.runs.using).toBe("composite");
    for (const step of steps) {
      expect(Number(step.run !== undefined) + Number(step.uses !== undefined)).toBe(1);
      if (step.run !== undefined) expect([step.name, step.shell]).toEqual([step.name, "bash"]);
    }
  });
  test("every input is described, and has a default or is required", () => {
    for (const [name, input] of Object.entries(action.inputs)) {
      expect([name, typeof input.description]).toEqual([name, "string"]);
      expect([name, (input.required === true) !== (typeof input.default === "string")]).toEqual([name, true]);
    }
  });
  test("nothing from outside is pasted into a shell", () => {
    for (const { run = "" } of steps) {
      expect(run).not.toContain("${{");
      expect(run).not.toMatch(/\beval\b|`/);
      // A variable outside of quotes would be split and matched against files.
      expect(run.replace(/"[^"\n]*"/g, "")).not.toContain("$");
    }
  });
  test("every input reaches its variable, and no expression names what is not there", () => {
    const used = [...read("integrations/github/action.yml").matchAll(/\$\{\{(.*?)\}\}/g)].map((m) => m[1]);
    const names = used.flatMap((text) => [...text.matchAll(/inputs\.([\w-]+)/g)].map((m) => m[1]));
    expect(new Set(names)).toEqual(new Set(Object.keys(action.inputs)));
    const ids = new Set(steps.flatMap((step) => ("id" in step ? [step.id] : [])));
    for (const text of used) for (const [, id] of text.matchAll(/steps\.(\w+)\./g)) expect(ids).toContain(id);
    const read_ = readdirSync(join(root, "integrations/ci"))
      .map((file) => read(`integrations/ci/${file}`))
      .join("\n");
    const variables = steps.flatMap(({ env = {} }) => Object.keys(env)).filter((name) => name !== "SMOLTBOT_VERSION");
    expect(variables.filter((name) => !read_.includes(name))).toEqual([]);
  });
  test("installs the version it came with", () => {
    expect(action.inputs["version"].default).toBe(JSON.parse(read("package.json")).version);
  });
});

describe("the GitLab template", () => {
  const text = read("integrations/gitlab/smoltbot-policy.gitlab-ci.yml");
  const template = parse(text) as Record<string, Record<string, unknown>>;
  const jobs = Object.entries(template).filter(([name]) => name.startsWith("smoltbot-policy:"));

  test("has a job for each thing, and every step is run by one of them", () => {
    expect(jobs.map(([name]) => name)).toEqual(["validate", "lint", "diff", "test"].map((verb) => `smoltbot-policy:${verb}`));
    const steps = jobs.flatMap(([, job]) => (job["variables"] as Record<string, string>)["SMOLTBOT_STEPS"].split(" "));
    expect(steps.sort()).toEqual(["coverage", "diff", "floor", "lint", "suites", "traces", "validate"]);
    for (const [, job] of jobs) expect(job["extends"]).toBe(".smoltbot-policy");
  });
  test("the scripts are where the package has them", () => {
    const [line] = template[".smoltbot-policy"]["script"] as string[];
    const path = /node_modules\/smoltbot-policy\/([\w./-]+)/.exec(line)?.[1] ?? "";
    expect(read(path)).toContain("Checks policies in a pipeline");
    const { files, version } = JSON.parse(read("package.json"));
    expect(files).toContain(path.split("/")[0]);
    expect((template["variables"] as Record<string, unknown>)["SMOLTBOT_VERSION"]).toBe(version);
  });
  test("variables stand in quotes", () => {
    const lines = [
      ...(template[".smoltbot-policy"]["before_script"] as string[]),
      ...(template[".smoltbot-policy"]["script"] as string[]),
    ];
    for (const line of lines) expect(line.replace(/"[^"\n]*"/g, "")).not.toContain("$");
  });
  test("names every variable that the check reads", () => {
    const settings = read("integrations/ci/settings.mjs");
    const variables = new Set([...settings.matchAll(/SMOLTBOT_[A-Z_]+/g)].map((m) => m[0]));
    const own = ["SMOLTBOT_BIN", "SMOLTBOT_COMMENT_KEY"];
    expect([...variables].filter((name) => !text.includes(name) && !own.includes(name))).toEqual([]);
  });
});
