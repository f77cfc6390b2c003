import { readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { folderOf, root } from "../support/command.js";
import { edited, validPolicy } from "../support/policy-text.js";
import { bin, filesBelow, githubEnvironment, gitlabEnvironment, pullRequest, type Ran, run } from "./checkout.js";

/** The two definitions, carried out as their services carry them out: variables as they are set, every script by its shell. */

interface Step {
  readonly id?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}
interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
  readonly runs: { readonly steps: readonly Step[] };
}

const broken = edited("forbidden:", "forbiden:");
const change = () => pullRequest({ "policies/a b.yaml": validPolicy }, { "policies/b.yaml": broken });

/** An npm that installs nothing: it keeps its arguments and puts the package of this folder where it was asked to. */
function withoutNetwork(): { path: string; args: () => string[] } {
  const folder = folderOf();
  const script = `#!/bin/sh
printf '%s\\n' "$@" >"${folder}/args"
mkdir -p "$3/node_modules"
ln -s "${root}" "$3/node_modules/smoltbot-policy"
`;
  writeFileSync(join(folder, "npm"), script, { mode: 0o755 });
  return {
    path: `${folder}${delimiter}${process.env["PATH"]}`,
    args: () => readFileSync(join(folder, "args"), "utf8").trimEnd().split("\n"),
  };
}

/** As much of GitHub's expressions as the action uses: values by name, the first of `||` that is not empty. */
function evaluated(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\$\{\{(.*?)\}\}/g, (_, expression: string) => {
    const names = expression.split("||").map((name) => name.trim());
    for (const name of names) if (!values.has(name)) throw new Error(`nothing is named ${name}`);
    return names.map((name) => values.get(name) ?? "").find((value) => value !== "") ?? "";
  });
}

/** The `run` steps of the action with these inputs; stops at the first that fails, as the runner does. */
async function runAction(given: Readonly<Record<string, string>>, cwd: string, env: NodeJS.ProcessEnv) {
  const action = parse(readFileSync(join(root, "integrations/github/action.yml"), "utf8")) as Action;
  const values = new Map(
    Object.entries(action.inputs).map(([name, input]) => [`inputs.${name}`, given[name] ?? input.default ?? ""]),
  );
  values.set("inputs.token", "job-token");
  values.set("steps.install.outputs.bin", "");
  const output = String(env["GITHUB_OUTPUT"]);
  let last: Ran = { status: 0, stdout: "", stderr: "" };
  for (const { id, run: script, env: own = {} } of action.runs.steps) {
    if (script === undefined || (id === "install" && values.get("inputs.bin") !== "")) continue;
    const variables = Object.fromEntries(Object.entries(own).map(([name, text]) => [name, evaluated(text, values)]));
    writeFileSync(output, "");
    const all = { ...env, ...variables, GITHUB_ACTION_PATH: join(root, "integrations", "github") };
    last = await run("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script], cwd, all);
    if (last.status !== 0) break;
    const line = /^bin=(.*)$/m.exec(readFileSync(output, "utf8"))?.[1];
    if (line !== undefined) values.set("steps.install.outputs.bin", line);
  }
  return { ...last, output: readFileSync(output, "utf8") };
}

describe("the action on a runner", () => {
  const only = { SMOLTBOT_STEPS: "validate" };

  test("installs, checks, and closes the gate", async () => {
    const [pull, npm] = [change(), withoutNetwork()];
    const env = { ...githubEnvironment(pull), ...only, PATH: npm.path };
    const ran = await runAction({ policy: "policies/*.yaml", comment: "false", version: "1.0; touch owned" }, pull.folder, env);
    expect([ran.status, ran.stderr]).toEqual([1, ""]);
    expect(ran.stdout).toContain("validate: failed, 1 of 2 files invalid");
    expect(ran.output).toMatch(/^failed<<.*\nvalidate\n/m);
    expect(npm.args()[0]).toBe("install");
    expect(npm.args().slice(-2)).toEqual(["--", "smoltbot-policy@1.0; touch owned"]);
    expect(npm.args()).toContain("--ignore-scripts");
    expect([...filesBelow(pull.folder).keys()].filter((name) => name.includes("owned"))).toEqual([]);
  });
  test("takes inputs as they are, whatever a shell would make of them", async () => {
    const pull = change();
    const nasty = "$(touch owned) `touch owned` \"; touch owned #\nsecond'";
    const env = { ...githubEnvironment(pull), ...only };
    const ran = await runAction({ policy: nasty, org: nasty, comment: "false", bin }, pull.folder, env);
    expect([ran.status, ran.stderr]).toEqual([1, ""]);
    expect(ran.stdout).toContain("validate: failed, 3 of 3 files invalid");
    expect([...filesBelow(pull.folder).keys()].filter((name) => name.endsWith("owned"))).toEqual([]);
  });
});

type Job = Readonly<{
  extends?: string;
  variables?: Record<string, string>;
  before_script?: string[];
  script?: string[];
  artifacts?: { paths?: string[]; reports?: Record<string, string> };
}>;

/** One job of the template, with the variables of its project. */
async function runJob(name: string, project: Readonly<Record<string, string>>, cwd: string, env: NodeJS.ProcessEnv) {
  const file = join(root, "integrations/gitlab/smoltbot-policy.gitlab-ci.yml");
  const template = parse(readFileSync(file, "utf8")) as Record<string, Job> & { variables: Record<string, string> };
  const job = template[name];
  const base = template[job.extends ?? ""];
  const set = { ...template.variables, ...project, ...base.variables, ...job.variables };
  const known: NodeJS.ProcessEnv = { ...env, CI_PROJECT_DIR: cwd, CI_BUILDS_DIR: folderOf() };
  const variables = Object.fromEntries(
    Object.entries(set).map(([key, text]) => [key, text.replace(/\$(\w+)/g, (_, other: string) => known[other] ?? "")]),
  );
  const lines = [...(base.before_script ?? []), ...(base.script ?? [])];
  const ran = await run("bash", ["-eo", "pipefail", "-c", lines.join("\n")], cwd, { ...known, ...variables });
  return { ...ran, reports: { ...base.artifacts?.reports, ...job.artifacts?.reports } };
}

describe("the template in a pipeline", () => {
  test("validation fails with a report at the place that the job names", async () => {
    const [pull, npm] = [change(), withoutNetwork()];
    const env = { ...gitlabEnvironment(pull), SMOLTBOT_OUT: undefined, PATH: npm.path };
    const ran = await runJob("smoltbot-policy:validate", { SMOLTBOT_POLICY: "policies/*.yaml\n" }, pull.folder, env);
    expect([ran.status, ran.stderr]).toEqual([1, ""]);
    expect(ran.stdout).toContain("validate: failed, 1 of 2 files invalid");
    expect(ran.stdout).not.toContain("comment:");
    const found = JSON.parse(readFileSync(join(pull.folder, ran.reports["codequality"]), "utf8"));
    expect(found[0].location.path).toBe("policies/b.yaml");
  });
  test("tests leave JUnit documents where the job names them", async () => {
    const npm = withoutNetwork();
    const suite = "tests:\n  - name: browsing\n    tools: [mcp__browser__click]\n    expect: pass\n";
    const pull = pullRequest({ "policies/a.yaml": validPolicy }, { "policies/a.test.yaml": suite });
    const env = { ...gitlabEnvironment(pull), SMOLTBOT_OUT: undefined, PATH: npm.path };
    const ran = await runJob("smoltbot-policy:test", { SMOLTBOT_POLICY: "policies/*.yaml" }, pull.folder, env);
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
    expect(ran.stdout).toContain("suites: passed, all pass");
    expect(ran.reports["junit"]).toBe(".smoltbot-policy/*.junit.xml");
    const [name, text] =
      [...filesBelow(join(pull.folder, ".smoltbot-policy"))].find(([file]) => file.endsWith(".junit.xml")) ?? [];
    expect(name).toMatch(/^[\w-]+\.junit\.xml$/);
    expect(text).toContain("<testsuites");
  });
});
