// Question: what can the worst policy and the worst name cost?
import { adversary, families } from "./harness/adversarial.mjs";
import { answerPart, isolated } from "./harness/isolate.mjs";
import { classifiedRow, compareAnswers, expectedRow, globMatches, requireEqual, rowText } from "./harness/oracle.mjs";
import {
  chooseEvaluators,
  compileText,
  decodeArtifact,
  lanesText,
  NONE,
  openJs,
  openWasm,
  packNames,
} from "./harness/product.mjs";
import { benchOptions, duration, finish, row, size, times } from "./harness/report.mjs";
import { cycle, interleave, ratio, sunk } from "./harness/rounds.mjs";
import { policyOf, policyText } from "./harness/workload.mjs";

const checkTargetNs = 60_000;
const checkStretchNs = 9_000;
const starsTargetNs = 2_000;
/** Linear, and a tenth for what a machine does beside. */
const doubleTarget = 2.2;
const fourfoldTarget = 4.4;
/** What is judged, and the lengths that show growth: short names end before budgets do, so growth is read from long ones. */
const checkBytes = 64;
const growthBytes = [512, 1024, 2048];
const namesOf = (bytes) => (bytes === checkBytes ? 64 : 8);

const options = benchOptions();
if (options.part === undefined) ask();
else answerPart(options.part.stars ? stars(options.quick) : part(options.part, options.quick));

function ask() {
  const globs = options.quick ? 1000 : 10_000;
  const chosen = options.quick ? families.filter((_, i) => i % 4 === 0) : families;
  const parts = chosen.map(({ name }) => isolated(import.meta.url, { family: name, globs }, options));
  const judged = { bound: "most", target: checkTargetNs, stretch: checkStretchNs };
  const checks = (kind) => parts.map((p) => row(p.family, p[kind].ns, duration, { ...judged, note: p.note }));
  const growth = (kind, factor, target) =>
    parts.map((p) =>
      row(p.family, p[kind][factor], times, { bound: "most", target, note: `${duration(p[kind].longNs)} at 512 bytes` }),
    );
  const heading = `${globs.toLocaleString("en")} globs of one family, names of ${checkBytes} bytes`;
  const tables = [
    { title: `${heading}: single checks, by the evaluator that \`auto\` chooses`, rows: checks("auto") },
    { title: `${heading}: packed batches in WASM`, rows: checks("bulk") },
    { title: `${heading}: JavaScript alone, as where WASM is forbidden`, rows: checks("js") },
    { title: "Names of 1,024 bytes against 512, `auto`", rows: growth("auto", "double", doubleTarget) },
    { title: "Names of 2,048 bytes against 512, `auto`", rows: growth("auto", "fourfold", fourfoldTarget) },
    { title: "Names of 2,048 bytes against 512, JavaScript alone", rows: growth("js", "fourfold", fourfoldTarget) },
    { title: "`*a*a*a*a*a*b` against 200 x `a`", rows: isolated(import.meta.url, { stars: true }, options).rows },
  ];
  finish(
    {
      name: "worst-case",
      title: "Worst case: globs and names made to hurt",
      tables,
      notes: chosen.map(({ name, why }) => `${name}: ${why}`),
      details: { parts },
    },
    options,
  );
}

function part({ family: wanted, globs }, quick) {
  const family = families.find(({ name }) => name === wanted);
  const names = new Map();
  let texts = [];
  for (const bytes of [checkBytes, ...growthBytes]) {
    const attack = adversary(family, globs, namesOf(bytes), [bytes], 11);
    texts = attack.globs;
    names.set(bytes, attack.names.get(bytes));
  }
  const policy = policyOf(texts);
  const { bytes, report } = compileText(policyText(policy));
  const artifact = decodeArtifact(bytes);
  const js = openJs(artifact);
  const bulk = openWasm(artifact, { memo: "off" });
  const auto = chooseEvaluators(artifact, "auto").single;
  for (const list of names.values()) check(policy, [js, bulk, auto], list.slice(0, 8));
  const single = (evaluator, list) => ({ unit: list.length, run: cycle(list, (name) => evaluator.classify(name)) });
  const candidates = [
    { name: "bulk", ...batched(bulk, names.get(checkBytes)) },
    { name: "auto", ...single(auto, names.get(checkBytes)) },
    { name: "js", ...single(js, names.get(checkBytes)) },
  ];
  for (const bytes of growthBytes) {
    candidates.push({ name: `auto ${bytes}`, ...single(auto, names.get(bytes)) });
    candidates.push({ name: `js ${bytes}`, ...single(js, names.get(bytes)) });
  }
  const results = interleave(
    candidates,
    quick ? { rounds: 3, sampleMs: 3, warmMs: 30 } : { rounds: 7, sampleMs: 12, warmMs: 80 },
  );
  const of = (kind) => {
    const [n, n2, n4] = growthBytes.map((length) => results.get(`${kind} ${length}`));
    return { ns: results.get(kind).ns, longNs: n.ns, double: ratio(n2, n), fourfold: ratio(n4, n) };
  };
  return {
    family: wanted,
    globs,
    note: `${auto.kind}; ${lanesText(report)}; ${size(bytes.length)}`,
    auto: of("auto"),
    js: of("js"),
    bulk: { ns: results.get("bulk").ns },
    results: Object.fromEntries(results),
    sink: sunk(),
  };
}

function batched(evaluator, names) {
  const packed = packNames(names);
  const ids = new Uint32Array(packed.count);
  const run = (count) => {
    let sum = 0;
    for (let done = 0; done < count; done += packed.count) {
      if (evaluator.classifyBatch(packed, 0, ids) < packed.count) evaluator.resetRows();
      sum += ids[0];
    }
    return sum;
  };
  return { unit: packed.count, run };
}

function stars(quick) {
  const policy = policyOf(["*a*a*a*a*a*b"]);
  const name = "a".repeat(200);
  const artifact = decodeArtifact(compileText(policyText(policy)).bytes);
  const js = openJs(artifact);
  const wasm = openWasm(artifact, { memo: "off" });
  check(policy, [js, wasm], [name, `${name}b`]);
  const candidates = [
    { name: "JavaScript", run: cycle([name], (one) => js.classify(one)) },
    { name: "WASM", run: cycle([name], (one) => wasm.classify(one)) },
    { name: "the oracle's two cursors", run: cycle([name], (one) => (globMatches("*a*a*a*a*a*b", one) ? 1 : 0)) },
  ];
  const results = interleave(
    candidates,
    quick ? { rounds: 3, sampleMs: 3, warmMs: 30 } : { rounds: 9, sampleMs: 20, warmMs: 150 },
  );
  const judged = { bound: "most", target: starsTargetNs };
  const rows = [...results].map(([kind, { ns }], i) => row(kind, ns, duration, i < 2 ? judged : {}));
  // Short, because it doubles with every few letters: 200 letters take minutes.
  const hostile = /^.*a.*a.*a.*a.*b$/s;
  const start = performance.now();
  const matched = hostile.test("a".repeat(60));
  const ns = (performance.now() - start) * 1e6;
  rows.push(row(`the glob as a RegExp, \`*a*a*a*a*b\` against 60 x \`a\` only${matched ? "!" : ""}`, ns, duration));
  return { rows };
}

function check(policy, evaluators, names) {
  const oracle = new Map(names.map((name) => [name, rowText(expectedRow(policy, name))]));
  for (const evaluator of evaluators) {
    requireEqual(
      evaluator.kind,
      compareAnswers(
        names,
        (name) => classifiedRow(evaluator, name, NONE),
        (name) => oracle.get(name),
      ),
    );
  }
}
