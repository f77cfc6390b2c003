// Question: where does WASM win over JavaScript, and where does it lose?
import { answerPart, isolated } from "./harness/isolate.mjs";
import { batchRows, classifiedRow, compareAnswers, expectedRow, requireEqual, rowText } from "./harness/oracle.mjs";
import { compileText, decodeArtifact, lanesText, NONE, openJs, openWasm, packNames } from "./harness/product.mjs";
import { namesOrigin, recordedNames } from "./harness/recorded.mjs";
import { benchOptions, duration, finish, row, times } from "./harness/report.mjs";
import { cycle, interleave, ratio, sunk } from "./harness/rounds.mjs";
import { freshStrings, mixedGlobs, namesFor, policyOf, policyText, repeatedCalls } from "./harness/workload.mjs";

const coldNames = 40_000;
const options = benchOptions();
if (options.part === undefined) ask();
else answerPart(part(options.part.globs, options.quick));

function ask() {
  const sizes = options.quick ? [10, 1000] : [10, 100, 1000, 10_000, 100_000];
  const parts = sizes.map((globs) => isolated(import.meta.url, { globs }, options));
  const rows = parts.flatMap((p) => p.rows);
  const lost = parts.flatMap((p) => p.lost);
  finish(
    {
      name: "wasm-js",
      title: "WASM against JavaScript, over the same artifact and the same names",
      tables: parts.map((p) => ({
        title: `${p.globs.toLocaleString("en")} globs (${p.lanes}); how many times as fast WASM is`,
        rows: p.rows,
      })),
      notes: [
        `names: ${namesOrigin(recordedNames())}`,
        `WASM loses ${lost.length} of ${rows.length} rows: ${lost.join("; ") || "none"}`,
        "packing: encoding strings for the batch is part of the row that says so, and of no other",
      ],
      details: { parts: parts.map((p) => p.details) },
    },
    options,
  );
}

function part(globs, quick) {
  const recorded = recordedNames();
  const texts = mixedGlobs(globs, 5, recorded);
  const policy = policyOf(texts);
  const { bytes, report } = compileText(policyText(policy));
  const artifact = decodeArtifact(bytes);
  const js = openJs(artifact);
  const plain = openWasm(artifact, { memo: "off" });
  const memo = openWasm(artifact, { memo: "on" });
  const names = freshStrings(namesFor(texts, coldNames, 99, recorded));
  const repeated = repeatedCalls(names.slice(0, 1000), coldNames, 3);
  check(policy, [js, plain, memo], names.slice(0, Math.min(2000, Math.ceil(1e6 / globs))));

  const cold = packNames(names);
  const warm = packNames(repeated);
  const ids = new Uint32Array(coldNames);
  const bulk = (name, evaluator, packed) => ({
    name,
    unit: packed.count,
    run: batches(() => classifyAll(evaluator, packed, ids)),
  });
  const single = (name, evaluator, list) => ({ name, run: cycle(list, (one) => evaluator.classify(one)) });
  const rounds = quick ? { rounds: 3, sampleMs: 4, warmMs: 20 } : { rounds: 9, sampleMs: 25, warmMs: 200 };
  const results = interleave(
    [
      bulk("js bulk cold", js, cold),
      bulk("wasm bulk cold", plain, cold),
      bulk("js bulk repeated", js, warm),
      bulk("wasm bulk repeated", plain, warm),
      bulk("memo bulk repeated", memo, warm),
      bulk("memo bulk cold", memo, cold),
      single("js single", js, names),
      single("wasm single", plain, names),
      { name: "wasm packing", unit: coldNames, run: batches(() => classifyAll(plain, packNames(names), ids)) },
    ],
    rounds,
  );
  const lost = [];
  const faster = (label, slow, fast, target) => {
    const value = ratio(results.get(slow), results.get(fast));
    if (value < 1) lost.push(`${label} at ${globs.toLocaleString("en")} globs (${times(value)})`);
    const note = `JS ${duration(results.get(slow).ns)}, WASM ${duration(results.get(fast).ns)} a name`;
    return row(label, value, times, { bound: "least", target, note });
  };
  return {
    globs,
    lanes: lanesText(report),
    lost,
    rows: [
      faster("packed bytes, names new", "js bulk cold", "wasm bulk cold", 1.5),
      faster("packed bytes, names repeat, no memo", "js bulk repeated", "wasm bulk repeated", 1.5),
      faster("packed bytes, names repeat, memo", "js bulk repeated", "memo bulk repeated", 5),
      faster("packed bytes, names new, memo in the way", "js bulk cold", "memo bulk cold"),
      faster("strings, packed for the batch", "js single", "wasm packing"),
      faster("one string at a time", "js single", "wasm single"),
    ],
    details: { globs, results: Object.fromEntries(results), sink: sunk() },
  };
}

function batches(each) {
  return (count) => {
    let sum = 0;
    for (let done = 0; done < count; done += coldNames) sum += each();
    return sum;
  };
}

function classifyAll(evaluator, packed, ids) {
  for (let from = 0; from < packed.count; ) {
    from = evaluator.classifyBatch(packed, from, ids);
    if (from < packed.count) evaluator.resetRows();
  }
  return ids[packed.count - 1];
}

function check(policy, evaluators, sample) {
  const expected = new Map(sample.map((name) => [name, rowText(expectedRow(policy, name))]));
  const oracle = (name) => expected.get(name);
  for (const evaluator of evaluators) {
    requireEqual(
      `${evaluator.kind} single`,
      compareAnswers(sample, (name) => classifiedRow(evaluator, name, NONE), oracle),
    );
    // Twice: the second time the memo answers.
    for (let pass = 0; pass < 2; pass++) {
      const rows = new Map(batchRows(evaluator, packNames(sample), NONE).map((text, i) => [sample[i], text]));
      requireEqual(
        `${evaluator.kind} bulk`,
        compareAnswers(sample, (name) => rows.get(name), oracle),
      );
    }
  }
}
