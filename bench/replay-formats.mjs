// Question: what do transcripts and spans cost end to end, next to a plain reader that parses every line?
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { answerPart, isolated } from "./harness/isolate.mjs";
import { openReplay, parseSpans, parseTranscripts } from "./harness/line-readers.mjs";
import { mergedPolicy } from "./harness/product.mjs";
import { recordedFolder } from "./harness/recorded.mjs";
import { benchOptions, digits, duration, finish, row, times } from "./harness/report.mjs";
import { median } from "./harness/rounds.mjs";
import { policyText } from "./harness/workload.mjs";

const formats = {
  transcripts: { title: "Claude Code transcripts", folder: "claude-code", parse: parseTranscripts },
  spans: { title: "OTLP/JSON lines", folder: "otlp-derived", parse: parseSpans },
};

const options = benchOptions();
if (options.part !== undefined) answerPart(await part(options.part));
else if (recordedFolder === undefined) console.log("\nskipped: the recorded runs are absent");
else ask();

function ask() {
  const scratch = mkdtempSync(join(tmpdir(), "smoltbot-bench-"));
  try {
    const tables = Object.entries(formats).map(([format, { title, folder }]) => {
      const target = join(scratch, format);
      const bytes = copyRuns(join(recordedFolder, folder), target, options.quick ? 25e6 : 200e6);
      return { title: `${title}, ${digits(bytes / 1e6)} MB`, rows: compare(format, target, bytes) };
    });
    finish(
      {
        name: "replay-formats",
        title: "Replay of recorded runs, next to JSON.parse per line",
        tables,
        notes: [
          "recorded runs, copied under other session and trace ids until there are enough; every reader finds the same number of calls",
          "the plain reader counts calls by tool and leaves out repetitions; a replay is all of `policy test --limit 0` but the printing",
        ],
      },
      options,
    );
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Copies of all files of a folder; each has ids of its own, of the length they had. */
function copyRuns(folder, target, bytesMin) {
  mkdirSync(target);
  const files = readdirSync(folder).map((name) => {
    const bytes = readFileSync(join(folder, name));
    return name.endsWith(".gz") ? gunzipSync(bytes).toString() : bytes.toString();
  });
  let bytes = 0;
  for (let copy = 0; bytes < bytesMin; copy++) {
    const mark = (0x10000 + copy).toString(16).slice(1);
    files.forEach((text, i) => {
      const copied = text
        .replace(/("session_?[iI]d":")[0-9a-f]{4}/g, (_, key) => key + mark)
        .replace(/("traceId":")[0-9a-f]{4}/g, (_, key) => key + mark);
      writeFileSync(join(target, `${copy}-${i}.jsonl`), copied);
      bytes += copied.length;
    });
  }
  return bytes;
}

function compare(format, target, bytes) {
  const readers = ["parse", "replay0", "replay2"];
  const samples = Object.fromEntries(readers.map((reader) => [reader, []]));
  for (let round = 0; round < (options.quick ? 3 : 5); round++) {
    for (let i = 0; i < readers.length; i++) {
      const reader = readers[(i + round) % readers.length];
      samples[reader].push(isolated(import.meta.url, { format, reader, target }, options));
    }
  }
  const expected = samples.parse[0].calls;
  for (const [reader, all] of Object.entries(samples)) {
    for (const { calls } of all) if (calls !== expected) throw new Error(`${reader}: ${calls} calls against ${expected}`);
  }
  const ms = (reader) => median(samples[reader].map((sample) => sample.ms));
  return ["replay0", "replay2"].map((reader) => {
    const ratio = median(samples[reader].map((sample, round) => samples.parse[round].ms / sample.ms));
    const threads = reader === "replay0" ? "no threads" : "2 threads";
    const note = `${duration(ms(reader) * 1e6)} against ${duration(ms("parse") * 1e6)}, ${digits(bytes / ms(reader) / 1e6)} GB/s`;
    return row(`replay, ${threads} / plain reader`, ratio, times, { bound: "least", target: 4, note });
  });
}

/** The second of two readings counts: the first one is for the compiler. */
async function part({ format, reader, target }) {
  const policy = mergedPolicy(policyText({ forbidden: [], capabilities: [{ name: "all", tools: ["*"] }] }));
  const replay = reader === "parse" ? undefined : await openReplay(policy, reader === "replay2" ? 2 : 0);
  const run = async () => {
    if (replay === undefined) return formats[format].parse(target);
    const { pass, warn, fail } = (await replay(target)).verdicts;
    return pass + warn + fail;
  };
  await run();
  const start = performance.now();
  const calls = await run();
  return { ms: performance.now() - start, calls };
}
