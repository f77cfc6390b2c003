// Question: does a check get slower when the policy gets larger?
import { answerPart, isolated } from "./harness/isolate.mjs";
import { batchRows, compareAnswers, expectedRow, requireEqual, rowText } from "./harness/oracle.mjs";
import { compileText, decodeArtifact, lanesText, NONE, openEngine, openWasm, packNames } from "./harness/product.mjs";
import { namesOrigin, recordedCalls, recordedNames } from "./harness/recorded.mjs";
import { benchOptions, duration, finish, row, times } from "./harness/report.mjs";
import { cycle, interleave, ratio, sunk } from "./harness/rounds.mjs";
import { freshStrings, mixedGlobs, policyOf, policyText, repeatedCalls, toolNames } from "./harness/workload.mjs";

const coldTargets = { 10000: 25, 100000: 60 };
const repeatedTarget = 1.3;
const coldNames = 40_000;

const options = benchOptions();
if (options.part === undefined) ask();
else answerPart(part(options.part, options.quick));

function ask() {
  const { tables, lanes, details } = isolated(import.meta.url, {}, options);
  const notes = [
    `names: ${namesOrigin(recordedNames())}`,
    `cold: ${coldNames} distinct names, the kernel without its memo; repeated: 1,000 names over and over, each already seen`,
    ...lanes,
  ];
  const title = "Flat in rules: the same names under policies of 10 to 100,000 globs";
  finish({ name: "flat", title, tables, notes, details }, options);
}

/** All sizes in one process, interleaved: they share one class of evaluator, and the question is their ratio. */
function part(_, quick) {
  const recorded = recordedNames();
  const sizes = quick ? [10, 100, 1000] : [10, 100, 1000, 10_000, 100_000];
  const names = freshStrings(toolNames(coldNames, 99, recorded));
  const packed = packNames(names);
  const few = freshStrings(toolNames(1000, 98, recorded));
  const repeated = repeatedCalls(few, 40_000, 3);
  const packedRepeated = packNames(repeated);
  const calls = recordedCalls();
  const packedCalls = calls === undefined ? undefined : packNames(calls);
  const ids = new Uint32Array(Math.max(coldNames, packedCalls?.count ?? 0));
  const lanes = [];
  const candidates = { cold: [], batch: [], single: [], fresh: [], repeated: [], recorded: [] };
  for (const size of sizes) {
    const policy = policyOf(mixedGlobs(size, 5, recorded));
    const { bytes, report } = compileText(policyText(policy));
    lanes.push(`${size.toLocaleString("en")} globs: ${lanesText(report)}`);
    const artifact = decodeArtifact(bytes);
    const plain = openWasm(artifact, { memo: "off" });
    const engine = openEngine(bytes);
    check(policy, plain, engine, names, Math.min(2000, Math.ceil(1e6 / size)));
    const name = `${size.toLocaleString("en")} globs`;
    candidates.cold.push({ name, unit: coldNames, run: batches(packed, (batch) => classifyAll(plain, batch, ids)) });
    candidates.batch.push({ name, unit: coldNames, run: batches(packed, (batch) => engine.decideBatch(batch).tally.length) });
    for (const one of few) for (let i = 0; i < 3; i++) engine.decide(one);
    candidates.single.push({ name, run: cycle(repeated, (one) => engine.decide(one).verdict.length) });
    candidates.fresh.push({ name, run: freshly(repeated, (one) => engine.decide(one).verdict.length) });
    candidates.repeated.push({
      name,
      unit: 40_000,
      run: batches(packedRepeated, (batch) => engine.decideBatch(batch).tally.length),
    });
    if (packedCalls !== undefined) {
      const run = batches(packedCalls, (batch) => engine.decideBatch(batch).tally.length);
      candidates.recorded.push({ name, unit: packedCalls.count, run });
    }
  }
  const rounds = quick ? { rounds: 3, sampleMs: 5, warmMs: 20 } : { rounds: 9, sampleMs: 25, warmMs: 250 };
  const details = {};
  const table = (key, title, targets) => {
    const results = interleave(candidates[key], rounds);
    details[key] = Object.fromEntries(results);
    return { title, rows: ratios(sizes, results, targets) };
  };
  const always = Object.fromEntries(sizes.map((size) => [size, repeatedTarget]));
  const tables = [
    table("cold", "Bulk, every name new: WASM over packed bytes, rows out", coldTargets),
    table("batch", "The same through engine.decideBatch, decisions out", {}),
    table("single", "A repeated name, engine.decide, the same string objects", always),
    table("fresh", "A repeated name, engine.decide, another string object each time", always),
    table("repeated", "Repeated names in bulk, engine.decideBatch", always),
  ];
  if (packedCalls !== undefined)
    tables.push(table("recorded", `The ${packedCalls.count} recorded calls, engine.decideBatch`, always));
  return { tables, lanes, details: { ...details, sink: sunk() } };
}

/** Ten globs are the measure of all others. */
function ratios(sizes, results, targets) {
  const lines = [...results];
  const [first] = lines;
  return lines.map(([name, result], i) => {
    const note = `${duration(result.ns)} a name`;
    if (i === 0) return row(name, result.ns, duration);
    return row(name, ratio(result, first[1]), times, { bound: "most", target: targets[sizes[i]], note });
  });
}

function batches(packed, each) {
  return (count) => {
    let sum = 0;
    for (let done = 0; done < count; done += packed.count) sum += each(packed);
    return sum;
  };
}

/** Equal strings that are other objects: two copies of the list take turns, made before the clock runs. */
function freshly(names, each) {
  const copies = [freshStrings(names), freshStrings(names), freshStrings(names)].flat();
  return cycle(copies, each);
}

function classifyAll(evaluator, packed, ids) {
  for (let from = 0; from < packed.count; ) {
    from = evaluator.classifyBatch(packed, from, ids);
    if (from < packed.count) evaluator.resetRows();
  }
  return ids[packed.count - 1];
}

function check(policy, evaluator, engine, names, count) {
  const sample = names.slice(0, count);
  const rows = new Map(batchRows(evaluator, packNames(sample), NONE).map((text, i) => [sample[i], text]));
  const oracle = (name) => rowText(expectedRow(policy, name));
  requireEqual(
    "WASM in bulk",
    compareAnswers(sample, (name) => rows.get(name), oracle),
  );
  const batch = engine.decideBatch(packNames(sample));
  const index = new Map(sample.map((name, i) => [name, i]));
  const single = (name) => JSON.stringify(engine.decide(name));
  requireEqual(
    "decideBatch",
    compareAnswers(sample, (name) => JSON.stringify(batch.at(index.get(name))), single),
  );
}
