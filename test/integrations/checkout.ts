import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Ajv } from "ajv";
import { expect } from "vitest";
import { folderOf, root } from "../support/command.js";
import { sarifSchema } from "../support/sarif-schema.js";

export const script = join(root, "integrations", "ci", "check.mjs");
export const bin = join(root, "build", "smoltbot.js");

const author = { GIT_AUTHOR_NAME: "a", GIT_AUTHOR_EMAIL: "a@example.com", GIT_COMMITTER_NAME: "a", GIT_COMMITTER_EMAIL: "a@b.c" };

/** The environment without what a hook, a pipeline or a developer's settings would add. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:GIT_|GITHUB_|GITLAB_|CI$|CI_|SMOLTBOT_|INPUT_|RUNNER_)/.test(name),
  );
  return { ...Object.fromEntries(kept), ...author, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
}

export function git(folder: string, ...args: readonly string[]): string {
  return execFileSync("git", args, {
    cwd: folder,
    encoding: "utf8",
    env: plainEnvironment(),
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();
}

export type Files = Readonly<Record<string, string | null>>;

/** Writes files, or takes them away. */
export function write(folder: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    if (content === null) rmSync(join(folder, name));
    else writeFileSync(join(folder, name), content);
  }
}

export function commit(folder: string, message: string): string {
  git(folder, "add", "--all");
  git(folder, "commit", "--quiet", "--allow-empty", "--message", message);
  return git(folder, "rev-parse", "HEAD");
}

export interface PullRequest {
  /** A clone as a pipeline makes it: one commit, the merge of the pull request, and nothing else. */
  readonly folder: string;
  readonly base: string;
  readonly head: string;
  readonly merge: string;
}

/** A repository with a base and a branch that changes it, and the clone of a pipeline. */
export function pullRequest(before: Files, after: Files): PullRequest {
  const origin = folderOf();
  git(origin, "init", "--quiet", "--initial-branch", "main");
  write(origin, before);
  const base = commit(origin, "base");
  git(origin, "checkout", "--quiet", "-b", "change");
  write(origin, after);
  const head = commit(origin, "change");
  git(origin, "checkout", "--quiet", "--detach", "main");
  git(origin, "merge", "--quiet", "--no-ff", "--message", "merge", "change");
  const merge = git(origin, "rev-parse", "HEAD");
  git(origin, "update-ref", "refs/pull/7/merge", merge);
  const folder = folderOf();
  git(folder, "init", "--quiet");
  git(folder, "remote", "add", "origin", `file://${origin}`);
  git(folder, "fetch", "--quiet", "--depth=1", "origin", "+refs/pull/7/merge:refs/remotes/pull/7/merge");
  git(folder, "checkout", "--quiet", "refs/remotes/pull/7/merge");
  return { folder, base, head, merge };
}

export interface Checked {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Reports by name, below the folder for them. */
  readonly reports: ReadonlyMap<string, string>;
  readonly summary: string;
  readonly outputs: ReadonlyMap<string, string>;
}

/** What GitHub sets for a job of a pull request. */
export function githubEnvironment(pull: PullRequest, api = "http://127.0.0.1:1"): NodeJS.ProcessEnv {
  const runner = folderOf({
    "event.json": JSON.stringify({
      pull_request: {
        number: 7,
        title: "$(touch owned) `touch owned`",
        base: { sha: pull.base, ref: "main" },
        head: { sha: pull.head },
      },
    }),
    "output.txt": "",
    "summary.md": "",
  });
  return {
    GITHUB_ACTIONS: "true",
    CI: "true",
    RUNNER_TEMP: runner,
    GITHUB_EVENT_NAME: "pull_request",
    GITHUB_EVENT_PATH: join(runner, "event.json"),
    GITHUB_OUTPUT: join(runner, "output.txt"),
    GITHUB_STEP_SUMMARY: join(runner, "summary.md"),
    GITHUB_REF: "refs/pull/7/merge",
    GITHUB_BASE_REF: "main",
    GITHUB_HEAD_REF: "change",
    GITHUB_SHA: pull.merge,
    GITHUB_REPOSITORY: "acme/agents",
    GITHUB_WORKFLOW: "policy",
    GITHUB_JOB: "check",
    GITHUB_RUN_ID: "42",
    GITHUB_SERVER_URL: "https://github.example",
    GITHUB_API_URL: api,
    SMOLTBOT_TOKEN: "job-token",
  };
}

/** What GitLab sets for a job of a merge request. */
export function gitlabEnvironment(pull: PullRequest, api = "http://127.0.0.1:1"): NodeJS.ProcessEnv {
  return {
    GITLAB_CI: "true",
    CI: "true",
    CI_API_V4_URL: api,
    CI_PROJECT_ID: "11",
    CI_PROJECT_NAME: "agents",
    CI_JOB_NAME: "smoltbot-policy:diff",
    CI_JOB_URL: "https://gitlab.example/jobs/42",
    CI_MERGE_REQUEST_IID: "7",
    CI_MERGE_REQUEST_DIFF_BASE_SHA: pull.base,
    CI_MERGE_REQUEST_TARGET_BRANCH_NAME: "main",
    SMOLTBOT_OUT: ".smoltbot-policy",
    SMOLTBOT_TOKEN: "project-token",
  };
}

const validSarif = new Ajv({ strict: true, strictTypes: false }).compile(sarifSchema);

/** Runs the check as a pipeline does; the test's own servers answer meanwhile. Every SARIF log it leaves has to be one. */
export async function check(folder: string, env: NodeJS.ProcessEnv): Promise<Checked> {
  const { status, stdout, stderr } = await run(process.execPath, [script], folder, { SMOLTBOT_BIN: bin, ...env });
  const out =
    env["SMOLTBOT_OUT"] === undefined
      ? join(env["RUNNER_TEMP"] ?? folder, "smoltbot-policy-report")
      : join(folder, env["SMOLTBOT_OUT"]);
  const text = (path: string | undefined) => (path === undefined || !existsSync(path) ? "" : readFileSync(path, "utf8"));
  const outputs = new Map([...text(env["GITHUB_OUTPUT"]).matchAll(/^(\w+)<<(.+)\n([\s\S]*?)\n\2$/gm)].map((m) => [m[1], m[3]]));
  const reports = filesBelow(out);
  for (const [name, log] of reports) {
    if (name.endsWith(".sarif")) expect([name, validSarif(JSON.parse(log)), validSarif.errors]).toEqual([name, true, null]);
  }
  return { status, stdout, stderr, reports, summary: text(env["GITHUB_STEP_SUMMARY"]), outputs };
}

export function filesBelow(folder: string): Map<string, string> {
  if (!existsSync(folder)) return new Map();
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    names
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [file.slice(folder.length + 1), readFileSync(file, "utf8")]),
  );
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function run(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...plainEnvironment(), ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (part) => {
      stdout += part;
    });
    child.stderr.on("data", (part) => {
      stderr += part;
    });
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, stdout, stderr }));
  });
}
