#!/usr/bin/env node
/**
 * Checks policies in a pipeline: every step runs, then the report is written, then the gate closes if one of them failed it.
 * Settings are environment variables, which docs/ci.md describes. Exit 0 or 1.
 */

import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { codeQuality } from "./code-quality.mjs";
import { publish } from "./comment.mjs";
import { openLog } from "./log.mjs";
import { code, commentLengthMax, reportMarkdown } from "./markdown.mjs";
import { changesSince, expandPolicies, findBase, folderInRepository } from "./revisions.mjs";
import { joinLogs } from "./sarif.mjs";
import { readEvent, readSettings, SettingFault, stepNames } from "./settings.mjs";
import { findCommand } from "./smoltbot.mjs";
import { steps } from "./steps.mjs";

/** Characters of the summary of a job; GitHub takes 1 MiB, in which a character may need three bytes. */
const summaryLengthMax = 300_000;

async function main(env) {
  const settings = readSettings(env);
  settings.command = findCommand(settings);
  const log = openLog(settings.platform, env);
  const event = readEvent(env);
  clear(settings.out);

  const report = check(settings, env, event, log);
  const files = writeReports(settings, report, env);
  log.output("weaker", String(report.weaker));
  log.output("failed", report.failed.join(" "));
  log.output("report", files.report);
  log.output("sarif", files.sarif);
  await comment(settings, env, event, report, log);
  if (report.failed.length > 0) log.error(`failed: ${report.failed.join(", ")}`);
  return report.failed.length === 0 ? 0 : 1;
}

/** The folder for reports, without those of an earlier run; whatever else is in it stays. */
function clear(out) {
  mkdirSync(join(out, "sarif"), { recursive: true });
  for (const name of stepNames) rmSync(join(out, "sarif", `${name}.sarif`), { force: true });
  for (const file of readdirSync(out)) if (file.endsWith(".junit.xml")) rmSync(join(out, file));
}

/** Runs every step that was asked for: `{steps, base, weaker, changed, failed}`. */
function check(settings, env, event, log) {
  const { files, unmatched } = expandPolicies(settings);
  const { base, changes } = settings.steps.has("diff") ? baseOf(settings, env, event) : { base: { missing: "not asked for" } };
  const done = [];
  if (unmatched.length > 0) done.push(nothingMatches(unmatched));
  for (const [name, step] of Object.entries(steps)) {
    if (!settings.steps.has(name) || files.length === 0) continue;
    const result = { name, ...attempt(step, { settings, files, base, changes }, name) };
    log.line(`${name}: ${result.state}, ${result.line}`);
    for (const text of result.errors) log.block(text);
    done.push(result);
  }
  return {
    steps: done,
    base,
    weaker: done.some(({ weaker }) => weaker === true),
    changed: done.some(({ changed }) => changed === true),
    failed: done.filter(({ state }) => state === "failed").map(({ name }) => name),
  };
}

/** The base, and what changed since. */
function baseOf(settings, env, event) {
  const base = findBase(settings, env, event);
  if (base.commit === undefined) return { base };
  try {
    return { base, changes: changesSince(settings, base.commit) };
  } catch (error) {
    return { base: { fault: error.message } };
  }
}

/** A defect in one step is a failed step, and the others still say what they find. */
function attempt(step, run, name) {
  try {
    return step(run);
  } catch (error) {
    return {
      title: name,
      state: "failed",
      line: code(error.message),
      sections: [],
      logs: [],
      junit: [],
      errors: [error.message],
    };
  }
}

function nothingMatches(entries) {
  const line = `no policy matches ${entries.map(code).join(", ")}`;
  return { name: "policy", title: "policies", state: "failed", line, sections: [], logs: [], junit: [], errors: [line] };
}

function writeReports(settings, report, env) {
  const { out, folder } = settings;
  const file = join(out, "report.md");
  const whole = reportMarkdown(report);
  writeFileSync(file, whole);
  openLog(settings.platform, env).summary(reportMarkdown(report, { lengthMax: summaryLengthMax }));
  const prefix = folderInRepository(folder);
  const logs = [];
  const sarif = join(out, "sarif");
  for (const step of report.steps) {
    if (step.logs.length > 0) {
      const key = settings.commentKey === "" ? "" : `${encodeURIComponent(settings.commentKey)}/`;
      const joined = joinLogs(step.logs, { category: `smoltbot-policy/${key}${step.name}`, prefix });
      logs.push(joined);
      writeFileSync(join(sarif, `${step.name}.sarif`), `${JSON.stringify(joined, null, 2)}\n`);
    }
    step.junit.forEach((text, i) => {
      writeFileSync(join(out, `${step.name}-${i + 1}.junit.xml`), text);
    });
  }
  writeFileSync(join(out, "code-quality.json"), `${JSON.stringify(codeQuality(logs), null, 2)}\n`);
  return { report: file, sarif: logs.length > 0 ? sarif : "" };
}

async function comment(settings, env, event, report, log) {
  if (!settings.comment) return;
  const more =
    settings.platform === "github"
      ? `${env.GITHUB_SERVER_URL}/${env.GITHUB_REPOSITORY}/actions/runs/${env.GITHUB_RUN_ID}`
      : env.CI_JOB_URL;
  const body = reportMarkdown(report, { lengthMax: commentLengthMax, more });
  const onlyUpdate = !report.changed && report.failed.length === 0;
  const { written, reason, refused } = await publish(settings, env, event, body, { onlyUpdate });
  if (written !== undefined) log.line(`comment: ${written}`);
  else if (refused) log.warning(`the comment was not written: ${reason}. A run for a fork may not write comments.`);
  else log.line(`comment: none, ${reason}`);
}

try {
  process.exitCode = await main(process.env);
} catch (error) {
  const log = openLog(process.env.GITHUB_ACTIONS === "true" ? "github" : "none", process.env);
  log.error(error instanceof SettingFault ? error.message : `the check could not be run: ${error.message}`);
  if (!(error instanceof SettingFault) && process.env.SMOLTBOT_DEBUG) log.block(error.stack ?? "");
  process.exitCode = 1;
}
