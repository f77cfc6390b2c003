// Question: how long do exact answers about large policies take, from the command line to its last byte?
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { random } from "./harness/random.mjs";
import { namesOrigin, recordedNames } from "./harness/recorded.mjs";
import { benchOptions, duration, finish, row, size } from "./harness/report.mjs";
import { median } from "./harness/rounds.mjs";
import { mixedGlobs, policyOf, policyText } from "./harness/workload.mjs";

const changedRules = 50;
const msTargets = {
  1000: { diff: 1000, floor: 1000, lint: 3000 },
  10000: { diff: 15_000, floor: 15_000, lint: 15_000 },
};

/** Prints, on a fourth stream, what the process held at most. */
const memoryReport = "import{writeSync}from'node:fs';process.on('exit',()=>writeSync(3,String(process.resourceUsage().maxRSS)))";

const options = benchOptions();
const command = fileURLToPath(new URL("../build/smoltbot.js", import.meta.url));
const recorded = recordedNames();
const folder = mkdtempSync(join(tmpdir(), "smoltbot-bench-"));
const tables = [];
const details = {};
try {
  for (const globs of options.quick ? [1000] : [100, 1000, 10_000]) tables.push(table(globs));
} finally {
  rmSync(folder, { recursive: true });
}
finish(
  {
    name: "analysis",
    title: "Exact answers: comparing, the floor and lint, each run a process of its own",
    tables,
    notes: [
      `names: ${namesOrigin(recorded)}`,
      `the two policies compared differ in ${changedRules} rules (10 of 100): removed, another severity, another glob, in about equal parts, a quarter of them globs added to capabilities`,
      "sizes that are not known and questions that are not decided are counted in the notes of each row; they are answers, too, but not the ones asked for",
    ],
    details,
  },
  options,
);

function table(globs) {
  const old = policyOf(mixedGlobs(globs, 5, recorded));
  const next = edited(old, Math.min(changedRules, globs / 10));
  const write = (name, policy, scope) => {
    const document = JSON.parse(policyText(policy));
    document.meta.scope = scope;
    if (scope === "org") document.defaults.unmapped_tool_action = "deny";
    const file = join(folder, `${globs}-${name}.json`);
    writeFileSync(file, JSON.stringify(document, null, 1));
    return file;
  };
  const files = { old: write("old", old, "agent"), next: write("next", next, "agent"), org: write("org", old, "org") };
  const agent = write("agent", policyOf(mixedGlobs(globs, 9, recorded)), "agent");
  const runs = {
    diff: ["policy", "diff", files.old, files.next, "--format", "json"],
    floor: ["policy", "floor", "--org", files.org, agent, "--format", "json"],
    lint: ["policy", "lint", files.old, "--format", "json"],
  };
  details[globs] = {};
  const rows = Object.entries(runs).map(([name, args]) => {
    const passes = Array.from({ length: options.quick ? 1 : 5 }, () => run(args));
    details[globs][name] = passes;
    const target = msTargets[globs]?.[name];
    const note = `${passes[0].said}; most memory ${size(Math.max(...passes.map(({ memoryBytes }) => memoryBytes)))}`;
    return row(name, median(passes.map(({ ms }) => ms)), (ms) => duration(ms * 1e6), { bound: "most", target, note });
  });
  return { title: `${globs.toLocaleString("en")} globs`, rows };
}

function run(args) {
  const start = performance.now();
  const child = spawnSync(process.execPath, ["--import", `data:text/javascript,${memoryReport}`, command, ...args], {
    stdio: ["ignore", "pipe", "inherit", "pipe"],
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  const ms = performance.now() - start;
  if (child.stdout === "") throw new Error(`${args.join(" ")} printed nothing; its messages are above`);
  return { ms, memoryBytes: Number(child.output[3]) * 1024, said: said(JSON.parse(child.stdout)) };
}

/** What came out, in a few words, so that a fast answer is not an empty one. */
function said(report) {
  const changes = report.changes ?? report.agents?.flatMap(({ exceptions }) => exceptions);
  if (changes === undefined) {
    const findings = report.files.flatMap((file) => file.findings);
    const open = findings.filter(({ code }) => code === "not_decided").length;
    return `${findings.length} findings, ${open} not decided`;
  }
  const undecided = report.undecided ?? report.agents.flatMap((agent) => agent.undecided);
  const unknown = changes.filter(({ names }) => names.kind === "unknown").length;
  return `${changes.length} kinds of changes, ${unknown} of them without a size, ${undecided.length} questions not decided`;
}

/** The same policy with some rules removed, added, of another severity or glob, spread evenly. */
function edited({ forbidden, capabilities }, count) {
  const r = random(11);
  const others = mixedGlobs(count, 77, recorded);
  const rules = forbidden.map((rule) => ({ ...rule }));
  const chosen = r.shuffle(rules.map((_, i) => i)).slice(0, Math.ceil((count * 3) / 4));
  const gone = new Set();
  chosen.forEach((at, i) => {
    if (i % 3 === 0) gone.add(at);
    else if (i % 3 === 1) rules[at].severity = rules[at].severity === "critical" ? "low" : "critical";
    else rules[at].pattern = others[i];
  });
  const kept = rules.filter((_, i) => !gone.has(i));
  const tools = capabilities.map((capability) => ({ ...capability, tools: [...capability.tools] }));
  for (let i = 0; i < count - chosen.length; i++) tools[(i * 7) % tools.length].tools.push(others[count - 1 - i]);
  return { forbidden: kept, capabilities: tools };
}
