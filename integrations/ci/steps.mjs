/** The steps of a check. Each says how it went, in one line and at length; none of them stops the ones behind it. */

import { existsSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { code, fenced, table } from "./markdown.mjs";
import { asFile, contentIn, expandSuites, heldBy, tracked } from "./revisions.mjs";
import { placed, validationLog } from "./sarif.mjs";
import { runForReports, runVerb } from "./smoltbot.mjs";

/**
 * What a step gives: `state` passed, failed (the gate is closed), noted (worth a look, no gate) or skipped; `line` for the table;
 * `sections` of Markdown; SARIF `logs`; `junit` documents by name; `errors` for the log of the run.
 */
function outcome(title, state, line, more = {}) {
  return { title, state, line, sections: [], logs: [], junit: [], errors: [], ...more };
}

const plural = (n, word, words = `${word}s`) => `${n} ${n === 1 ? word : words}`;
const option = (name, value) => (value === undefined ? [] : [name, value]);
const repeated = (name, values) => values.flatMap((value) => [name, value]);

/** Steps by name, in their order. Each takes `{settings, files, base, changes}`. */
export const steps = { validate, lint, diff, floor, coverage, suites, traces };

const titles = {
  validate: "validation",
  lint: "lint",
  diff: "changes",
  floor: "floor of the org",
  coverage: "coverage of the card",
  suites: "policy tests",
  traces: "recorded runs",
};

/** Org and agents, each once. */
function layers({ settings, files }) {
  const org = settings.org === undefined ? [] : [asFile(settings.org)];
  const agents = files.filter((file) => !org.includes(file));
  return { org, agents };
}

function validate(run) {
  const { org, agents } = layers(run);
  const all = [...org, ...agents];
  const { status, stdout, stderr } = runVerb(run.settings, ["validate", ...all, "--format", "json"]);
  const result = parsed(stdout);
  if (!Array.isArray(result?.files)) return broken(titles.validate, stderr || stdout);
  const problems = result.files.flatMap(({ file, diagnostics }) =>
    diagnostics.map((each) => ({ ...each, file: each.file ?? file })),
  );
  const rows = problems.map(({ file, line, level, message, fix }) => [
    code(line === null ? file : `${file}:${line}`),
    level,
    `${code(message)}<br>${code(fix)}`,
  ]);
  const sections = rows.length === 0 ? [] : [{ body: table(["where", "level", "what"], rows) }];
  const invalid = result.files.filter(({ valid }) => !valid).length;
  const line = invalid === 0 ? `${plural(all.length, "file")}` : `${invalid} of ${plural(all.length, "file")} invalid`;
  return outcome(titles.validate, status === 0 ? "passed" : "failed", line, { sections, logs: [validationLog(result)] });
}

function lint(run) {
  const { settings } = run;
  const { org, agents } = layers(run);
  const gate = settings.lintFailOn === "never" ? [] : ["--fail-on", settings.lintFailOn];
  const inventories = repeated("--inventory", settings.inventories);
  const results = [];
  const add = (name, args) => results.push({ name, ...runForReports(settings, args, ["markdown", "sarif"]) });
  if (org.length > 0) add(org[0], ["lint", ...org, ...inventories, ...gate]);
  const card = option("--card", settings.card);
  if (agents.length > 0) add(undefined, ["lint", ...agents, ...option("--org", org[0]), ...card, ...inventories, ...gate]);
  return gathered(titles.lint, results, {
    gating: settings.lintFailOn !== "never",
    good: "nothing to stop for",
    bad: settings.lintFailOn === "never" ? "findings" : `findings of level ${settings.lintFailOn} or above`,
  });
}

/** Each policy against itself in the base; with another org policy or another card, every agent is another. */
function diff(run) {
  const { settings, base, changes } = run;
  if (base.fault !== undefined) return outcome(titles.diff, "failed", base.fault, { errors: [base.fault] });
  if (base.commit === undefined) return outcome(titles.diff, "skipped", base.missing);
  const { org, agents } = layers(run);
  const place = (file) => `git:${base.short}:${file}`;
  const before = (file) => {
    const old = changes.renames.get(file) ?? file;
    return heldBy(settings.folder, base.commit, old) ? old : undefined;
  };
  const below = belowAgents({ settings, org, before, place, changes });
  const card = cardOptions({ settings, before, changes, base });
  const notes = [];
  const results = [];
  for (const file of [...(below.foreign ? [] : org), ...agents]) {
    const old = before(file);
    if (old === undefined) {
      notes.push([code(file), "new, so there is nothing to compare it with"]);
      continue;
    }
    if (old !== file) notes.push([code(file), `taken for ${code(old)}, renamed`]);
    const isAgent = file !== org[0];
    if (!changes.changed.has(file) && !card.changed && !(isAgent && below.changed)) continue;
    const args = ["diff", place(old), file, ...(isAgent ? below.options : []), ...card.options];
    const result = { name: file, ...compared(settings, [...args, ...repeated("--inventory", settings.inventories)]) };
    // Git only supposes that a file was renamed; what cannot be compared with it, an org policy for example, is another policy.
    if (old !== file && isUnread(result)) notes.push([code(file), `cannot be compared with ${code(old)}`]);
    else results.push(result);
  }
  notes.push(...changes.deleted.map((file) => [code(file), "deleted: nothing judges by it any more"]));
  return differences({ settings, results, notes, all: org.length + agents.length });
}

/** The org policy below the agents of both sides. One that comes from elsewhere is the same, as far as this repository can tell. */
function belowAgents({ settings, org: [org], before, place, changes }) {
  if (org === undefined) return { options: [], changed: false, foreign: false };
  const old = before(org);
  if (old === undefined && !tracked(settings.folder, org)) return { options: ["--org", org], changed: false, foreign: true };
  const options = [...option("--old-org", old && place(old)), "--new-org", org];
  return { options, changed: changes.changed.has(org), foreign: false };
}

/** The card of both sides. The old one is written out, as cards are read from files only. */
function cardOptions({ settings, before, changes, base }) {
  if (settings.card === undefined) return { options: [], changed: false };
  const card = asFile(settings.card);
  const old = changes.changed.has(card) ? before(card) : undefined;
  if (old === undefined) return { options: ["--card", card], changed: false };
  const copy = join(settings.out, `base-${basename(old)}`);
  writeFileSync(copy, contentIn(settings.folder, base.commit, old));
  return { options: ["--card", card, "--old-card", copy], changed: true };
}

/** What the gate of the command itself says; the reports are made with the same gate, or with none. */
function compared(settings, args) {
  const gate = settings.failOn === "weaker" ? ["--fail-on", "weaker"] : [];
  const { stdout } = runVerb(settings, [...args, "--fail-on", "weaker", "--format", "json"]);
  const result = parsed(stdout);
  const reasons = Array.isArray(result?.exit_reasons) ? result.exit_reasons : undefined;
  return { ...runForReports(settings, [...args, ...gate], ["markdown", "sarif"]), reasons };
}

function isUnread({ reasons, reports }) {
  return reasons === undefined || !reports.has("markdown");
}

function differences({ settings, results, notes, all }) {
  const unread = results.filter(isUnread);
  const weaker = results.filter(({ reasons = [] }) => reasons.length > 0);
  const gate = weaker.length > 0 && settings.failOn === "weaker";
  const state = gate || unread.length > 0 ? "failed" : weaker.length > 0 || notes.length > 0 ? "noted" : "passed";
  const policies = (n) => plural(n, "policy", "policies");
  const first = weaker.slice(0, 5).map(({ name, reasons }) => `${code(name)} (${code(reasons.join("; "))})`);
  const line =
    unread.length > 0
      ? `${policies(unread.length)} could not be compared`
      : weaker.length > 0
        ? `**weaker**: ${first.join(", ")}${weaker.length > first.length ? ` and ${weaker.length - first.length} more` : ""}`
        : results.length > 0
          ? `${policies(results.length)} compared, none is weaker`
          : `${policies(all)}, none changed`;
  return outcome(titles.diff, state, line, {
    weaker: weaker.length > 0,
    changed: results.length > 0 || notes.length > 0,
    sections: [
      ...(notes.length === 0 ? [] : [{ name: "files", body: table(["policy", "note"], notes) }]),
      ...results.map(({ name, reports, stderr }) => ({ name, body: reports.get("markdown") ?? fenced(stderr) })),
    ],
    logs: results.flatMap(logOf),
    errors: unread.map(({ stderr }) => stderr),
  });
}

function floor(run) {
  const { org, agents } = layers(run);
  if (org.length === 0) return outcome(titles.floor, "skipped", "no org policy was named");
  if (agents.length === 0) return outcome(titles.floor, "skipped", "there is no agent policy");
  const { card, inventories, floorFailOn } = run.settings;
  const gate = floorFailOn === "broken" ? [] : ["--fail-on", floorFailOn];
  const more = [...option("--card", card), ...repeated("--inventory", inventories), ...gate];
  const result = {
    name: undefined,
    ...runForReports(run.settings, ["floor", ...agents, "--org", ...org, ...more], ["markdown", "sarif"]),
  };
  const bad = floorFailOn === "broken" ? "an agent is below it" : "an agent maps what the gate keeps from it";
  return gathered(titles.floor, [result], { gating: true, good: "no agent is below it", bad });
}

function coverage(run) {
  const { settings } = run;
  if (settings.card === undefined) return outcome(titles.coverage, "skipped", "no card was named");
  const { org, agents } = layers(run);
  const results = (agents.length === 0 ? org : agents).map((file) => {
    const below = file === org[0] ? [] : option("--org", org[0]);
    const least = option("--min-coverage", settings.minCoverage);
    return {
      name: file,
      ...runForReports(settings, ["coverage", file, ...below, "--card", settings.card, ...least], ["markdown"]),
    };
  });
  return gathered(titles.coverage, results, {
    gating: true,
    good: settings.minCoverage === undefined ? "as the report shows" : "enough",
    bad: "below the least that was asked for",
  });
}

/** The suites that were named, and the one beside a policy. */
function suites(run) {
  const { settings } = run;
  const { org, agents } = layers(run);
  const named = expandSuites(settings);
  if (named.unmatched.length > 0) return broken(titles.suites, `no suite matches ${named.unmatched.join(", ")}`);
  const results = [];
  const test = (name, args) =>
    results.push({ name, ...runForReports(settings, ["test", ...args], ["markdown", "junit", "sarif"]) });
  const card = [...option("--card", settings.card), ...option("--min-rule-coverage", settings.minRuleCoverage)];
  const policies = [...org, ...agents];
  for (const file of policies) {
    const beside = ["yaml", "yml"].map((end) => file.replace(/\.(?:ya?ml|json)$/, `.test.${end}`));
    const own = beside.filter((each) => each !== file && existsSync(join(settings.folder, each)));
    const wanted = [...new Set([...own, ...(policies.length === 1 ? named.files : [])])];
    const below = file === org[0] ? [] : option("--org", org[0]);
    if (wanted.length > 0) test(file, [file, ...below, ...card, ...repeated("--suite", wanted)]);
    for (const each of own) named.files = named.files.filter((other) => other !== each);
  }
  // With several policies, a suite that lies beside none of them has to name its own.
  if (policies.length > 1) for (const file of named.files) test(file, [file, ...card]);
  if (results.length === 0) return outcome(titles.suites, "skipped", "there are none");
  return gathered(titles.suites, results, { gating: true, good: "all pass", bad: "some fail" });
}

function traces(run) {
  const { settings } = run;
  if (settings.traces.length === 0) return outcome(titles.traces, "skipped", "none were named");
  const { org, agents } = layers(run);
  const results = (agents.length === 0 ? org : agents).map((file) => {
    const below = file === org[0] ? [] : option("--org", org[0]);
    const args = [
      "test",
      file,
      ...below,
      ...option("--card", settings.card),
      ...repeated("--traces", settings.traces),
      "--limit",
      "0",
    ];
    return { name: file, ...runForReports(settings, args, ["markdown", "junit", "sarif"]) };
  });
  const gating = settings.tracesFailOn !== "never";
  return gathered(titles.traces, results, { gating, good: "none would fail", bad: "some would fail" });
}

/** Runs of one step together. A run without a report could not be made, which no setting makes good. */
function gathered(title, results, { gating, good, bad }) {
  const failed = results.filter(({ status }) => status !== 0);
  const unread = results.filter(({ reports }) => !reports.has("markdown"));
  const state = unread.length > 0 || (failed.length > 0 && gating) ? "failed" : failed.length > 0 ? "noted" : "passed";
  const where = results.length > 1 && failed.length > 0 ? ` (${failed.length} of ${results.length})` : "";
  const line = unread.length > 0 ? "could not be run" : `${failed.length > 0 ? bad : good}${where}`;
  return outcome(title, state, line, {
    sections: results.map(({ name, reports, stderr }) => ({ name, body: reports.get("markdown") ?? fenced(stderr) })),
    logs: results.flatMap(logOf),
    junit: results.flatMap(({ reports }) => reports.get("junit") ?? []),
    errors: unread.map(({ stderr }) => stderr),
  });
}

function broken(title, text) {
  return outcome(title, "failed", "could not be run", { sections: [{ body: fenced(text) }], errors: [text] });
}

function logOf({ name, reports }) {
  const log = parsed(reports.get("sarif"));
  return Array.isArray(log?.runs) ? [placed(log, name)] : [];
}

function parsed(text) {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
