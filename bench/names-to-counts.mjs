// Question: what do counts cost, from the bytes of names and from ids of a dictionary, next to only moving or reading them?
import { answerPart, isolated } from "./harness/isolate.mjs";
import { compareAnswers, expectedCause, expectedRow, requireEqual } from "./harness/oracle.mjs";
import { compileText, lanesText, openEngine, packNames } from "./harness/product.mjs";
import { random } from "./harness/random.mjs";
import { compileReader } from "./harness/reader.mjs";
import { namesOrigin, recordedNames } from "./harness/recorded.mjs";
import { benchOptions, duration, finish, row, times } from "./harness/report.mjs";
import { interleave, ratio, sunk } from "./harness/rounds.mjs";
import { freshStrings, mixedGlobs, namesFor, policyOf, policyText, repeatedCalls } from "./harness/workload.mjs";

const options = benchOptions();
if (options.part === undefined) ask();
else answerPart(part(options.part, options.quick));

function ask() {
  const shapes = options.quick
    ? [{ globs: 1000, distinct: 1000 }]
    : [
        { globs: 100, distinct: 50 },
        { globs: 100, distinct: 1000 },
        { globs: 1000, distinct: 1000 },
        { globs: 10_000, distinct: 1000 },
        { globs: 1000, distinct: 100_000 },
      ];
  const parts = shapes.map((shape) => isolated(import.meta.url, shape, options));
  finish(
    {
      name: "names-to-counts",
      title: "Counts per decision, next to moving the names and reading the ids",
      tables: parts.map(({ title, rows }) => ({ title, rows })),
      notes: [
        `names: ${namesOrigin(recordedNames())}; a few names are called far more often than others`,
        "memcpy: Uint8Array.set over all bytes of the names, out of the cache",
        "cold: the engine is opened inside the clock, its memo empty, no row judged; warm: the same engine again",
        "ids are read twice for comparison: by a loop in JavaScript, and by 16 bytes at a time in WASM, where the ids already lie; the target is held against the faster",
      ],
      details: { parts: parts.map((p) => p.details) },
    },
    options,
  );
}

function part({ globs, distinct }, quick) {
  const recorded = recordedNames();
  const texts = mixedGlobs(globs, 5, recorded);
  const policy = policyOf(texts);
  const { bytes, report } = compileText(policyText(policy));
  const names = freshStrings(namesFor(texts, distinct, 99, recorded));
  const callCount = quick ? 1_000_000 : 2_000_000;
  const idCount = 16_000_000;
  const packed = packNames(repeatedCalls(names, callCount, 3));
  const pick = random(17);
  const ids = Uint32Array.from({ length: idCount }, () => Math.floor(pick.next() ** 3 * distinct));
  const engines = { wasm: openEngine(bytes), js: openEngine(bytes, { evaluator: "js" }) };
  for (const engine of Object.values(engines)) check(policy, engine, names, packed, ids);

  const copy = new Uint8Array(packed.bytes.length);
  const reader = compileReader(ids);
  const whole = (unit, once) => ({ unit, run: (count) => repeat(count / unit, once) });
  const results = interleave(
    Object.entries({
      memcpy: whole(callCount, () => {
        copy.set(packed.bytes);
        return copy[copy.length - 1];
      }),
      "names, cold": whole(callCount, () => openEngine(bytes).countBatch(packed).counts.fail),
      "names, warm": whole(callCount, () => engines.wasm.countBatch(packed).counts.fail),
      "names, warm, decisions kept": whole(callCount, () => engines.wasm.decideBatch(packed).counts.fail),
      "names, JS": whole(callCount, () => engines.js.countBatch(packed).counts.fail),
      "read, JS": whole(idCount, () => readIds(ids)),
      "read, WASM": whole(idCount, reader),
      ids: whole(idCount, () => engines.wasm.countIds(ids, names).counts.fail),
      "ids, JS": whole(idCount, () => engines.js.countIds(ids, names).counts.fail),
    }).map(([name, candidate]) => ({ name, ...candidate })),
    quick ? { rounds: 3, sampleMs: 10, warmMs: 50 } : { rounds: 9, sampleMs: 30, warmMs: 300 },
  );
  const against = (label, candidate, base, bounds = {}) => {
    const [mine, other] = [results.get(candidate), results.get(base)];
    return row(label, ratio(mine, other), times, { ...bounds, note: `${duration(mine.ns)} against ${duration(other.ns)}` });
  };
  // What does not fit the caches has no target: there the memory decides.
  const target = (value) => (distinct <= 1000 ? { bound: "most", target: value } : {});
  return {
    title: `${globs.toLocaleString("en")} globs (${lanesText(report)}), ${distinct.toLocaleString("en")} distinct names, ${(packed.bytes.length / callCount).toFixed(0)} bytes each`,
    rows: [
      against("names to counts, cold / memcpy", "names, cold", "memcpy", target(8)),
      against("names to counts, warm / memcpy", "names, warm", "memcpy"),
      against("names to decisions, warm / memcpy", "names, warm, decisions kept", "memcpy"),
      against("names to counts, JS evaluator / memcpy", "names, JS", "memcpy"),
      against("ids to counts / WASM read", "ids", "read, WASM", target(6)),
      against("ids to counts / JS read", "ids", "read, JS"),
      against("ids to counts, JS evaluator / JS read", "ids, JS", "read, JS"),
    ],
    details: { globs, distinct, results: Object.fromEntries(results), sink: sunk() },
  };
}

function repeat(times, once) {
  let sum = 0;
  for (let done = 0; done < times; done++) sum += once();
  return sum;
}

function readIds(ids) {
  let sum = 0;
  for (let i = 0; i < ids.length; i++) sum = (sum + ids[i]) | 0;
  return sum;
}

/** Decisions against the oracle on a sample, then every count against the decisions of the names, added up. */
function check(policy, engine, names, packed, ids) {
  const sample = names.slice(0, Math.max(20, Math.ceil(2e5 / policy.forbidden.length)));
  requireEqual(
    `${engine.info.bulkEvaluator} decisions`,
    compareAnswers(
      sample,
      (name) => engine.decide(name).cause,
      (name) => expectedCause(policy, expectedRow(policy, name)),
    ),
  );
  const verdicts = names.map((name) => engine.decide(name).verdict);
  const fromIds = { pass: 0, warn: 0, fail: 0 };
  for (const id of ids) fromIds[verdicts[id]]++;
  const byName = new Map(names.map((name, i) => [name, verdicts[i]]));
  const text = new TextDecoder();
  const fromNames = { pass: 0, warn: 0, fail: 0 };
  for (let i = 0; i < packed.count; i++) {
    fromNames[byName.get(text.decode(packed.bytes.subarray(packed.offsets[i], packed.offsets[i + 1])))]++;
  }
  for (const [what, counts, expected] of [
    ["names", engine.countBatch(packed).counts, fromNames],
    ["names, decisions kept", engine.decideBatch(packed).counts, fromNames],
    ["ids", engine.countIds(ids, names).counts, fromIds],
  ]) {
    const differs = ["pass", "warn", "fail"].find((verdict) => counts[verdict] !== expected[verdict]);
    if (differs !== undefined) throw new Error(`${what}: ${counts[differs]} ${differs} against ${expected[differs]}`);
  }
}
