// Question: how many evaluations does one server answer in a second, how late are they, and what happens when more is asked?
//   node bench/server.mjs [--quick] [--json]
//   node bench/server.mjs --soak 30        half the load for so many minutes: memory, descriptors, answers
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { shareUnder } from "./harness/cpu-profile.mjs";
import { namesOrigin, recordedNames } from "./harness/recorded.mjs";
import { benchOptions, digits, duration, finish, row, size } from "./harness/report.mjs";
import { median } from "./harness/rounds.mjs";
import { mixedGlobs, policyOf, policyText } from "./harness/workload.mjs";

const globs = 200;
const toolsPerRequest = 10;
const connections = 64;
const command = fileURLToPath(new URL("../build/smoltbot.js", import.meta.url));
const modules = fileURLToPath(new URL("../build/cli/main.js", import.meta.url));
const loader = fileURLToPath(new URL("./harness/http-load.mjs", import.meta.url));

const ns = (us) => us * 1000;
const options = benchOptions();
const soakMinutes = process.argv.includes("--soak") ? Number(process.argv[process.argv.indexOf("--soak") + 1]) : 0;
const seconds = options.quick ? 3 : 10;
const recorded = recordedNames();
const folder = mkdtempSync(join(tmpdir(), "smoltbot-bench-"));
const env = { ...process.env, SMOLTBOT_HOME: folder, SMOLTBOT_URL: "", SMOLTBOT_API_KEY: "", DATABASE_URL: "", HOME: folder };

try {
  const key = prepare();
  const server = await start([]);
  try {
    if (soakMinutes > 0) await soak(server, key);
    else await measure(server, key);
  } finally {
    await server.stop();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A registry with an org policy, an agent's over it, and a key. */
function prepare() {
  const org = { ...JSON.parse(policyText(policyOf(mixedGlobs(globs / 4, 7, recorded)))) };
  const agent = { ...JSON.parse(policyText(policyOf(mixedGlobs(globs, 5, recorded)))) };
  org.meta = { ...org.meta, scope: "org" };
  agent.meta = { ...agent.meta, scope: "agent" };
  for (const [name, document, whose] of [
    ["org", org, ["--org"]],
    ["agent", agent, ["--agent", "bench"]],
  ]) {
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify(document));
    run("policy", "publish", file, ...whose, "--yes");
  }
  return JSON.parse(run("keys", "create", "--name", "bench", "--role", "writer", "--format", "json")).key;
}

function run(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], { encoding: "utf8", env, cwd: folder });
  if (status !== 0) throw new Error(`smoltbot ${args.join(" ")}: ${stderr}${stdout}`);
  return stdout;
}

/** The server in a process of its own, logging warnings only. */
async function start(nodeOptions, main = command) {
  const port = 20_000 + (process.pid % 20_000);
  const rates = ["evaluate", "policy_read", "policy_write", "policy_other", "ingest"].flatMap((name) => ["--rate", `${name}=0`]);
  const args = [...nodeOptions, main, "serve", "--port", String(port), ...rates, "--log-level", "warn"];
  const child = spawn(process.execPath, args, { env, cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  const exited = new Promise((done) => child.once("exit", done));
  for (let tries = 0; ; tries++) {
    const up = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
    if (up) break;
    if (tries > 200 || child.exitCode !== null) throw new Error("the server did not start");
    await new Promise((done) => setTimeout(done, 50));
  }
  return {
    port,
    pid: child.pid,
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

/** Different requests, so that nothing is answered from a cache of whole answers. */
function requestTexts(port, key) {
  const names = recorded ?? Array.from({ length: 2000 }, (_, i) => `mcp__server${i % 40}__tool_${i}`);
  return Array.from({ length: 256 }, (_, i) => {
    const tools = Array.from({ length: toolsPerRequest }, (_, j) => names[(i * 37 + j * 101) % names.length]);
    const body = JSON.stringify({ agent_id: "bench", tools });
    return [
      "POST /v1/policies/evaluate HTTP/1.1",
      `Host: 127.0.0.1:${port}`,
      `Authorization: Bearer ${key}`,
      "Content-Type: application/json",
      `Content-Length: ${Buffer.byteLength(body)}`,
      "",
      body,
    ].join("\r\n");
  });
}

function load(server, key, { rate, forSeconds = seconds, open = connections }) {
  const child = spawn(process.execPath, [loader], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(
    JSON.stringify({ port: server.port, requests: requestTexts(server.port, key), connections: open, seconds: forSeconds, rate }),
  );
  let text = "";
  child.stdout.on("data", (piece) => {
    text += piece;
  });
  return new Promise((done, fail) => {
    child.once("exit", (code) => (code === 0 ? done(JSON.parse(text)) : fail(new Error(`load: exit ${code}`))));
  });
}

function quantile(times, share) {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function measure(server, key) {
  await load(server, key, { forSeconds: 2 });
  const rounds = [];
  for (let round = 0; round < (options.quick ? 1 : 3); round++) rounds.push(await load(server, key, {}));
  const rateOf = (result) => (result.answered["200"]?.length ?? 0) / result.seconds;
  const most = median(rounds.map(rateOf));
  const half = await load(server, key, { rate: Math.round(most / 2) });
  const over = await load(server, key, { rate: Math.round(most * 3), forSeconds: 5, open: 512 });
  const after = await load(server, key, { rate: Math.round(most / 2), forSeconds: 2 });
  const refusals = [...(over.served["429"] ?? []), ...(over.served["503"] ?? [])];
  const overTotal = Object.values(over.answered).reduce((sum, times) => sum + times.length, 0);
  await server.stop();
  const profile = await profiled(key);
  const perSecond = (value) => `${digits(value)}/s`;
  const percent = (value) => `${digits(value)} %`;
  const bad = (result) => result.failed + result.unanswered + Object.keys(result.answered).filter((s) => s !== "200").length;
  finish(
    {
      name: "server",
      title: `Evaluations over HTTP: ${toolsPerRequest} tools each, ${globs} globs and an org policy, embedded store, a key, no rate limit`,
      tables: [
        {
          title: `${connections} connections, load from another process on the same machine`,
          rows: [
            row("answers a second", most, perSecond, { bound: "least", target: 5000 }),
            row("p50 at half of that", ns(quantile(half.answered["200"] ?? [], 0.5)), duration),
            row("p99 at half of that", ns(quantile(half.answered["200"] ?? [], 0.99)), duration, {
              bound: "most",
              target: 20e6,
              note: `${bad(half)} failed or refused`,
            }),
            row("asked at three times that: answered with 200", (100 * (over.answered["200"]?.length ?? 0)) / overTotal, percent),
            row(
              "p99 of all answers then, from when they were sent",
              ns(quantile(Object.values(over.served).flat(), 0.99)),
              duration,
              {
                note: `${over.sent} sent over 512 connections, ${over.unanswered} never came to be sent or were not answered`,
              },
            ),
            row("p99 of refusals (429, 503) then, from when they were sent", ns(quantile(refusals, 0.99)), duration, {
              bound: "most",
              target: 100e6,
              note: `${refusals.length} refusals, ${over.failed} connections lost`,
            }),
            row("p99 at half load in the two seconds after", ns(quantile(after.answered["200"] ?? [], 0.99)), duration, {
              bound: "most",
              target: 20e6,
              note: `${bad(after)} failed or refused`,
            }),
            row("evaluation's share of the server's time", 100 * profile.share, percent, {
              bound: "most",
              target: 5,
              note: `${profile.samples} samples`,
            }),
          ],
        },
      ],
      notes: [
        `names: ${namesOrigin(recorded)}`,
        "times at a given rate count from when a request fell due, so a stalled server is not spared",
        "where the server's time goes (self time, idle left out): " +
          profile.top.map(({ name, share }) => `${name} ${digits(100 * share)} %`).join(", "),
      ],
      details: {
        rounds: rounds.map(rateOf),
        overByStatus: Object.fromEntries(Object.entries(over.answered).map(([s, t]) => [s, t.length])),
      },
    },
    options,
  );
}

/** A server under the profiler, at full load for some seconds; module by module, so that frames tell where they stand. */
async function profiled(key) {
  const server = await start(["--cpu-prof", `--cpu-prof-dir=${join(folder, "profile")}`], modules);
  try {
    await load(server, key, { forSeconds: Math.min(seconds, 5) });
  } finally {
    await server.stop();
  }
  const [file] = readdirSync(join(folder, "profile"));
  return shareUnder(JSON.parse(readFileSync(join(folder, "profile", file), "utf8")), "/build/engine/");
}

async function soak(server, key) {
  const calibration = await load(server, key, { forSeconds: 3 });
  const rate = Math.round(calibration.answered["200"].length / 3 / 2);
  const counts = new Map();
  const memory = [];
  for (let minute = 0; minute < soakMinutes; minute++) {
    const result = await load(server, key, { rate, forSeconds: 58 });
    for (const [status, times] of Object.entries(result.answered)) counts.set(status, (counts.get(status) ?? 0) + times.length);
    const bytes = residentBytes(server.pid);
    const descriptors = readdirSync(`/proc/${server.pid}/fd`).length;
    memory.push({ minute, bytes, descriptors, p99Us: quantile(result.answered["200"] ?? [], 0.99), failed: result.failed });
    console.error(`${minute + 1} min: ${size(bytes)}, ${descriptors} descriptors, p99 ${duration(ns(memory.at(-1).p99Us))}`);
  }
  // The first minutes fill caches and warm the compiler.
  const settled = memory.slice(Math.min(5, Math.floor(memory.length / 3)));
  finish(
    {
      name: "server-soak",
      title: `${soakMinutes} minutes at ${rate} evaluations a second`,
      tables: [
        {
          title: "the server's process",
          rows: [
            row("memory gained per ten minutes", slopePerMinute(settled) * 10, size, { bound: "most", target: 2 ** 20 }),
            row("memory at the end", memory.at(-1).bytes, size),
            row("descriptors gained", settled.at(-1).descriptors - settled[0].descriptors, String, { bound: "most", target: 0 }),
            row(
              "answers other than 200",
              [...counts].reduce((sum, [s, n]) => sum + (s === "200" ? 0 : n), 0),
              String,
              { bound: "most", target: 0 },
            ),
            row("p99, the worst minute", ns(Math.max(...settled.map((m) => m.p99Us))), duration, { bound: "most", target: 20e6 }),
          ],
        },
      ],
      details: { memory, counts: Object.fromEntries(counts) },
    },
    options,
  );
}

/** Least squares, bytes a minute. */
function slopePerMinute(points) {
  const n = points.length;
  const meanX = points.reduce((sum, p) => sum + p.minute, 0) / n;
  const meanY = points.reduce((sum, p) => sum + p.bytes, 0) / n;
  const over = points.reduce((sum, p) => sum + (p.minute - meanX) * (p.bytes - meanY), 0);
  return over / points.reduce((sum, p) => sum + (p.minute - meanX) ** 2, 0);
}

function residentBytes(pid) {
  const line = readFileSync(`/proc/${pid}/status`, "utf8")
    .split("\n")
    .find((text) => text.startsWith("VmRSS:"));
  return Number.parseInt(line.slice(6), 10) * 1024;
}
