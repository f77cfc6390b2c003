/** What a check runs with, from environment variables: nothing of it ever passes through a shell. */

import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/** A setting that cannot be meant. A gate stops at it, because a typo must not open it. */
export class SettingFault extends Error {
  name = "SettingFault";
}

export const stepNames = ["validate", "lint", "diff", "floor", "coverage", "suites", "traces"];

/** Settings by variable, all optional but SMOLTBOT_POLICY; docs/ci.md describes each. Throws SettingFault. */
export function readSettings(env) {
  const folder = resolve(env.SMOLTBOT_WORKING_DIRECTORY || ".");
  const platform = env.GITHUB_ACTIONS === "true" ? "github" : env.GITLAB_CI === "true" ? "gitlab" : "none";
  const settings = {
    platform,
    folder,
    policies: listOf(env.SMOLTBOT_POLICY),
    org: single(env.SMOLTBOT_ORG),
    card: single(env.SMOLTBOT_CARD),
    suites: listOf(env.SMOLTBOT_SUITES),
    traces: listOf(env.SMOLTBOT_TRACES),
    inventories: listOf(env.SMOLTBOT_INVENTORY),
    base: single(env.SMOLTBOT_BASE),
    failOn: oneOf(env, "SMOLTBOT_FAIL_ON", ["weaker", "never"]),
    lintFailOn: oneOf(env, "SMOLTBOT_LINT_FAIL_ON", ["error", "warning", "notice", "never"]),
    floorFailOn: oneOf(env, "SMOLTBOT_FLOOR_FAIL_ON", ["broken", "broad", "denied", "exceptions"]),
    tracesFailOn: oneOf(env, "SMOLTBOT_TRACES_FAIL_ON", ["fail", "never"]),
    minCoverage: percent(env, "SMOLTBOT_MIN_COVERAGE"),
    minRuleCoverage: percent(env, "SMOLTBOT_MIN_RULE_COVERAGE"),
    steps: stepsOf(env),
    comment: oneOf(env, "SMOLTBOT_COMMENT", ["false", "true"]) === "true",
    token: single(env.SMOLTBOT_TOKEN),
    commentKey: single(env.SMOLTBOT_COMMENT_KEY) ?? "",
    out: outFolder(env, folder),
    bin: single(env.SMOLTBOT_BIN),
  };
  if (settings.policies.length === 0) throw new SettingFault("no policy was named: SMOLTBOT_POLICY (input `policy`) is empty");
  return settings;
}

/** One entry a line, because file names may hold spaces and commas. */
function listOf(text = "") {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

function single(text = "") {
  const value = text.trim();
  return value === "" ? undefined : value;
}

/** The first of the values is the default. */
function oneOf(env, name, values) {
  const value = single(env[name]) ?? values[0];
  if (!values.includes(value)) throw new SettingFault(`${name} is ${JSON.stringify(value)}; it takes ${values.join(", ")}`);
  return value;
}

function percent(env, name) {
  const text = single(env[name]);
  if (text === undefined) return undefined;
  if (!/^\d{1,3}(\.\d+)?$/.test(text) || Number(text) > 100) throw new SettingFault(`${name} takes a number from 0 to 100`);
  return text;
}

function stepsOf(env) {
  const wanted = (single(env.SMOLTBOT_STEPS) ?? stepNames.join(" ")).split(/[\s,]+/);
  const unknown = wanted.find((step) => !stepNames.includes(step));
  if (unknown !== undefined) {
    throw new SettingFault(`SMOLTBOT_STEPS names ${JSON.stringify(unknown)}; the steps are ${stepNames.join(", ")}`);
  }
  return new Set(wanted);
}

/** Where reports go: relative to the folder of the run, or beside the runner's temporary files. */
function outFolder(env, folder) {
  const named = single(env.SMOLTBOT_OUT);
  if (named !== undefined) return isAbsolute(named) ? named : resolve(folder, named);
  return join(env.RUNNER_TEMP || tmpdir(), "smoltbot-policy-report");
}

/** What happened, as GitHub describes it in a file; empty elsewhere. */
export function readEvent(env) {
  if (!env.GITHUB_EVENT_PATH) return {};
  try {
    const event = JSON.parse(readFileSync(env.GITHUB_EVENT_PATH, "utf8"));
    return event !== null && typeof event === "object" ? event : {};
  } catch {
    return {};
  }
}
