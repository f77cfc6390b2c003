// Question: how fast do recorded calls become a verdict, next to JSON.parse a line and to DuckDB?
//   --bytes 200e6      a smaller file
//   --file <path>      keep the file, or use the one that is there
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { writeEventLines } from "./harness/event-lines.mjs";
import { answerPart, isolated } from "./harness/isolate.mjs";
import { openReplay, parseLines, readBytes, readLane, readRecords } from "./harness/line-readers.mjs";
import { compileText, mergedPolicy, openEngine } from "./harness/product.mjs";
import { benchOptions, digits, duration, finish, row, skippedRow, times } from "./harness/report.mjs";
import { median } from "./harness/rounds.mjs";
import { mixedGlobs, policyOf, policyText } from "./harness/workload.mjs";
import * as duckdb from "./peers/duckdb.mjs";

const readers = {
  read: { title: "read only" },
  parse: { title: "JSON.parse per line" },
  records: { title: "our record reader" },
  lane: { title: "fast lane, one core" },
  replay0: { title: "replay, no threads", threads: 0 },
  replay1: { title: "replay, 1 thread", threads: 1 },
  replay2: { title: "replay, 2 threads", threads: 2 },
  duckdb2: { title: "DuckDB, 2 threads" },
};

const options = benchOptions();
if (options.part === undefined) ask();
else answerPart(await part(options.part));

function ask() {
  const folder = mkdtempSync(join(tmpdir(), "smoltbot-bench-"));
  try {
    const path = argument("--file") ?? join(folder, "events.jsonl");
    const bytes = Number(argument("--bytes") ?? (options.quick ? 64e6 : 1e9));
    const warm = join(folder, "warm.jsonl");
    if (!existsSync(path)) writeEventLines(path, { bytes });
    writeEventLines(warm, { bytes: Math.min(bytes / 4, 48e6) });
    report(path, warm);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function argument(name) {
  const at = process.argv.indexOf(name);
  return at === -1 ? undefined : process.argv[at + 1];
}

function report(path, warm) {
  const bytes = statSync(path).size;
  const samples = new Map(Object.keys(readers).map((reader) => [reader, []]));
  const absent = [];
  const rounds = options.quick ? 3 : 5;
  for (let round = 0; round < rounds; round++) {
    const names = [...samples.keys()];
    for (let i = 0; i < names.length; i++) {
      const reader = names[(i + round) % names.length];
      const answer = isolated(import.meta.url, { reader, path, warm }, options);
      if (answer.skipped === undefined) samples.get(reader).push(answer);
      else {
        absent.push(skippedRow(readers[reader].title, answer.skipped));
        samples.delete(reader);
      }
    }
  }
  const expected = samples.get("parse")[0].found;
  for (const [reader, all] of samples) for (const { found } of all) requireFound(reader, found, expected);
  const ms = (reader) => median(samples.get(reader).map((sample) => sample.ms));
  const against = (fast, slow, bounds = {}) => {
    if (!samples.has(fast) || !samples.has(slow)) return [];
    const ratios = samples.get(fast).map((sample, round) => samples.get(slow)[round].ms / sample.ms);
    const note = `${duration(ms(fast) * 1e6)} against ${duration(ms(slow) * 1e6)}`;
    return [row(`${readers[fast].title} / ${readers[slow].title}`, median(ratios), times, { ...bounds, note })];
  };
  const calls = Object.values(expected.verdicts).reduce((sum, count) => sum + count, 0);
  const speeds = [...samples].map(([reader, all]) =>
    row(readers[reader].title, bytes / ms(reader) / 1e6, (value) => `${digits(value)} GB/s`, {
      note: `${digits((ms(reader) * 1e6) / calls)} ns a line, at most ${Math.round(Math.max(...all.map(({ rss }) => rss)) / 1024)} MiB`,
    }),
  );
  const least = (target) => ({ bound: "least", target });
  const rss = Math.max(...samples.get("replay2").map((sample) => sample.rss)) / 1024;
  finish(
    {
      name: "replay-lines",
      title: `Replay of ${(bytes / 1e9).toFixed(2)} GB of JSON lines, ${calls.toLocaleString("en")} calls, ${Math.round(bytes / calls)} bytes each`,
      tables: [
        { title: "Speed", rows: [...speeds, ...absent] },
        {
          title: "Ratios",
          rows: [
            ...against("lane", "parse", least(8)),
            ...against("replay0", "parse", least(8)),
            ...against("replay2", "parse", least(13)),
            ...against("replay2", "duckdb2", least(2)),
            ...against("lane", "records"),
            row("memory of a replay with 2 threads", rss, (mib) => `${Math.round(mib)} MiB`, { bound: "most", target: 400 }),
          ],
        },
      ],
      notes: [
        "every reader finds the same verdicts; all but DuckDB count the calls of each trace, too, and all know the latest time",
        "the fast lane only counts; a replay is all of `policy test --limit 0` but the printing",
        `one process a reader and round, the file in the page cache; ${availableParallelism()} cores`,
      ],
      details: { samples: Object.fromEntries(samples) },
    },
    options,
  );
}

function requireFound(reader, found, expected) {
  for (const [what, value] of Object.entries(found ?? {})) {
    const [ours, theirs] = [JSON.stringify(value), JSON.stringify(expected[what])];
    if (ours !== theirs) throw new Error(`${readers[reader].title}: ${what} ${ours} against ${theirs}`);
  }
}

/** A policy that somebody runs with: nearly all calls are allowed, and what is forbidden shows in a few traces. */
function workloadPolicy() {
  const { forbidden, capabilities } = policyOf(mixedGlobs(100, 5));
  const exact = forbidden.filter(({ pattern }) => !/[*?]/.test(pattern));
  return policyText({
    forbidden: [...exact, { pattern: "*__delete_record*", severity: "critical" }],
    capabilities: [...capabilities, { name: "servers", tools: ["mcp__*"] }],
  });
}

async function part({ reader, path, warm }) {
  const policy = mergedPolicy(workloadPolicy());
  const engine = openEngine(compileText(workloadPolicy()).bytes);
  const verdictsOf = ({ calls, ...rest }) => {
    const verdicts = { pass: 0, warn: 0, fail: 0 };
    for (const [tool, count] of calls) verdicts[engine.decide(tool).verdict] += count;
    return { verdicts, ...rest };
  };
  const { threads } = readers[reader];
  let run;
  if (reader === "read") run = async (file) => readBytes(file);
  else if (reader === "parse") run = async (file) => verdictsOf(parseLines(file));
  else if (reader === "records") run = async (file) => verdictsOf(await readRecords(file));
  else if (reader === "lane") run = async (file) => verdictsOf(await readLane(file));
  else if (threads !== undefined) run = await openReplay(policy, threads);
  else {
    const peer = await duckdb.open(2).catch((error) => error);
    if (peer instanceof Error) return { skipped: "`npm ci --prefix bench` installs it" };
    run = async (file) => verdictsOf(await peer.read(file));
  }
  await run(warm);
  const start = performance.now();
  const found = await run(path);
  return { ms: performance.now() - start, found, rss: process.resourceUsage().maxRSS };
}
