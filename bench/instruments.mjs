// Question: do the other instruments see the same times as our own rounds? Benchmark.js and mitata measure three of them again.
import Benchmark from "benchmark";
import { batchRows, compareAnswers, expectedRow, requireEqual, rowText } from "./harness/oracle.mjs";
import { compileText, decodeArtifact, NONE, openEngine, openWasm, packNames } from "./harness/product.mjs";
import { recordedNames } from "./harness/recorded.mjs";
import { benchOptions, duration, finish, row, skippedRow, times } from "./harness/report.mjs";
import { cycle, interleave, median, sunk } from "./harness/rounds.mjs";
import { freshStrings, mixedGlobs, namesFor, policyOf, policyText } from "./harness/workload.mjs";

/** How far instruments may be apart before one of them is measuring something else. */
const apartTarget = 1.5;

const options = benchOptions();
const recorded = recordedNames();
const texts = mixedGlobs(100, 5, recorded);
const policy = policyOf(texts);
const { bytes } = compileText(policyText(policy));
const engine = openEngine(bytes);
const wasm = openWasm(decodeArtifact(bytes), { memo: "off" });
const names = freshStrings(namesFor(texts, 131_072, 99, recorded));
const few = names.slice(0, 500);
for (const name of few) for (let i = 0; i < 3; i++) engine.decide(name);
const packed = packNames(names.slice(0, 4096));
const ids = new Uint32Array(4096);
const rows = batchRows(wasm, packed, NONE);
const index = new Map(names.slice(0, 4096).map((name, i) => [name, i]));
requireEqual(
  "WASM in bulk",
  compareAnswers(
    names.slice(0, 2000),
    (name) => rows[index.get(name)],
    (name) => rowText(expectedRow(policy, name)),
  ),
);

/** `unit` operations a run, so that an instrument that counts runs can be read per operation. */
const subjects = [
  { name: "decide, a new name", unit: 64, each: cycle(names, (name) => engine.decide(name).verdict.length) },
  { name: "decide, a repeated name", unit: 64, each: cycle(few, (name) => engine.decide(name).verdict.length) },
  { name: "WASM bulk, a new name", unit: 4096, each: () => wasm.classifyBatch(packed, 0, ids) + ids[0] },
];

let sink = 0;
const own = interleave(
  subjects.map(({ name, unit, each }) => ({ name, unit, run: repeated(each, unit) })),
  options.quick ? { rounds: 3, sampleMs: 5, warmMs: 50 } : { rounds: 11, sampleMs: 40, warmMs: 300 },
);
const benchmark = new Map(subjects.map((subject) => [subject.name, withBenchmark(subject)]));
const mitata = await withMitata();

const tables = subjects.map(({ name }) => {
  const measured = own.get(name).ns;
  const apart = (ns) => Math.max(ns / measured, measured / ns);
  const line = (instrument, ns) => row(instrument, apart(ns), times, { bound: "most", target: apartTarget, note: duration(ns) });
  const third =
    mitata === undefined
      ? skippedRow("mitata", "not installed (`npm ci --prefix bench`)")
      : line("mitata, apart", mitata.get(name));
  return {
    title: name,
    rows: [row("interleaved rounds", measured, duration), line("Benchmark.js, apart", benchmark.get(name)), third],
  };
});
finish(
  {
    name: "instruments",
    title: "Instruments: three ways to time the same thing (100 globs)",
    tables,
    notes: [
      "every result goes into a sink: Benchmark.js reports billions of operations a second for work that is left out as dead",
    ],
    details: { own: Object.fromEntries(own), sink: sink + sunk() },
  },
  options,
);

function repeated(each, unit) {
  return (count) => {
    let sum = 0;
    for (let done = 0; done < count; done += unit) sum += each(unit);
    return sum;
  };
}

/** Median ns per operation. */
function withBenchmark({ name, unit, each }) {
  const maxTime = options.quick ? 0.1 : 2;
  const bench = new Benchmark(name, { fn: () => (sink += each(unit)), maxTime, minSamples: options.quick ? 3 : 20 });
  bench.run();
  if (bench.error !== undefined) throw bench.error;
  return (median(bench.stats.sample) * 1e9) / unit;
}

async function withMitata() {
  let measure;
  try {
    ({ measure } = await import("mitata"));
  } catch {
    return undefined;
  }
  const results = new Map();
  for (const { name, unit, each } of subjects) {
    const stats = await measure(
      () => {
        sink += each(unit);
      },
      options.quick ? { min_cpu_time: 5e7 } : { min_cpu_time: 1e9 },
    );
    results.set(name, stats.p50 / unit);
  }
  return results;
}
