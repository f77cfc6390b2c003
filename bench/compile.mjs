// Question: how long does a policy take from text to artifact, how much memory, how large is it, how fast does it open?
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answerPart, isolated } from "./harness/isolate.mjs";
import { compareAnswers, expectedCause, expectedRow, requireEqual } from "./harness/oracle.mjs";
import { compilePolicy, lanesText, mergedPolicy, openEngine } from "./harness/product.mjs";
import { namesOrigin, recordedNames } from "./harness/recorded.mjs";
import { benchOptions, duration, finish, row, size } from "./harness/report.mjs";
import { median } from "./harness/rounds.mjs";
import { mixedGlobs, namesFor, policyOf, policyText } from "./harness/workload.mjs";

const msTargets = { 1000: 300, 10000: 2000, 100000: 15_000 };
const openTargets = { 10000: 20 };
const artifactTargets = { 100000: 32 * 2 ** 20 };
const memoryTargets = { 100000: 2 ** 30 };

const options = benchOptions();
if (options.part === undefined) ask();
else answerPart(options.part.artifact === undefined ? compileOnce(options.part) : openOnce(options.part));

function ask() {
  const sizes = options.quick ? [10, 1000] : [10, 100, 1000, 10_000, 100_000];
  const folder = mkdtempSync(join(tmpdir(), "smoltbot-bench-"));
  const recorded = recordedNames();
  const tables = [];
  const details = {};
  try {
    for (const globs of sizes) {
      const text = join(folder, `${globs}.json`);
      writeFileSync(text, policyText(policyOf(mixedGlobs(globs, 5, recorded))));
      const artifact = join(folder, `${globs}.bin`);
      const passes = options.quick ? 1 : globs > 10_000 ? 3 : 5;
      const compiled = repeat(passes, () => isolated(import.meta.url, { text, keep: artifact }, options));
      const opened = repeat(passes, () => isolated(import.meta.url, { artifact, globs }, options));
      details[globs] = { compiled, opened };
      tables.push(table(globs, compiled, opened));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  finish(
    {
      name: "compile",
      title: "Compiling: policy text to artifact, each time in a process of its own",
      tables,
      notes: [
        `names: ${namesOrigin(recorded)}`,
        "compile is the merged policy to the artifact; text is reading, checking and merging the file before that",
        "memory is the most the process ever held, Node itself (about 40 MiB) and the policy text included",
      ],
      details,
    },
    options,
  );
}

function repeat(passes, each) {
  return Array.from({ length: passes }, each);
}

function table(globs, compiled, opened) {
  const middle = (list, key) => median(list.map((one) => one[key]));
  const ms = (value) => duration(value * 1e6);
  const stages = compiled[0].milliseconds
    .filter(({ stage }) => stage !== "total")
    .map(({ stage }, i) => `${stage} ${ms(median(compiled.map((one) => one.milliseconds[i].ms)))}`);
  const most = (target) => ({ bound: "most", target });
  return {
    title: `${globs.toLocaleString("en")} globs (${compiled[0].lanes})`,
    rows: [
      row("compile", middle(compiled, "compileMs"), ms, { ...most(msTargets[globs]), note: stages.join(", ") }),
      row("text, before that", middle(compiled, "textMs"), ms),
      row("most memory", middle(compiled, "memoryBytes"), size, most(memoryTargets[globs])),
      row("artifact", compiled[0].artifactBytes, size, most(artifactTargets[globs])),
      row("openEngine, first in its process", middle(opened, "firstMs"), ms, most(openTargets[globs])),
      row("openEngine, later", middle(opened, "laterMs"), ms),
    ],
  };
}

function compileOnce({ text, keep }) {
  const source = readFileSync(text);
  const start = performance.now();
  const policy = mergedPolicy(source);
  const parsed = performance.now();
  const { bytes, report } = compilePolicy(policy, { clock: () => performance.now() });
  const compiled = performance.now();
  // Before the file is written: the target is the compiler's memory.
  const memoryBytes = process.resourceUsage().maxRSS * 1024;
  writeFileSync(keep, bytes);
  return {
    textMs: parsed - start,
    compileMs: compiled - parsed,
    memoryBytes,
    artifactBytes: bytes.length,
    lanes: lanesText(report),
    milliseconds: report.milliseconds,
  };
}

function openOnce({ artifact, globs }) {
  const bytes = new Uint8Array(readFileSync(artifact));
  const open = () => {
    const start = performance.now();
    const engine = openEngine(bytes);
    return { ms: performance.now() - start, engine };
  };
  const first = open();
  const later = median(Array.from({ length: 15 }, () => open().ms));
  const recorded = recordedNames();
  const texts = mixedGlobs(globs, 5, recorded);
  const policy = policyOf(texts);
  const sample = namesFor(texts, Math.min(1000, Math.ceil(1e6 / globs)), 99, recorded);
  const { engine } = first;
  const oracle = (name) => expectedCause(policy, expectedRow(policy, name));
  requireEqual(
    "the opened engine",
    compareAnswers(sample, (name) => engine.decide(name).cause, oracle),
  );
  return { firstMs: first.ms, laterMs: later };
}
