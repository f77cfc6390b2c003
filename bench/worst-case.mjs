// Question: what can the worst policy and the worst name cost?
import { adversary, families } from "./harness/adversarial.mjs";
import { answerPart, isolated } from "./harness/isolate.mjs";
import { classifiedRow, compareAnswers, expectedRow, globMatches, requireEqual, rowText } from "./harness/oracle.mjs";
import { compileText, decodeArtifact, lanesText, NONE, openJs, openWasm, packNames } from "./harness/product.mjs";
import { benchOptions, duration, finish, row, size, times } from "./harness/report.mjs";
import { cycle, interleave, ratio, sunk } from "./harness/rounds.mjs";
import { policyOf, policyText } from "./harness/workload.mjs";

const checkTargetNs = 60_000;
const checkStretchNs = 9_000;
const starsTargetNs = 2_000;
/** Twice as long may cost twice as much, and a tenth for what a process does beside. */
const doubleTarget = 2.2;
const fourfoldTarget = 4.4;
const lengths = [64, 128, 256];
const namesPerLength = 64;

const options = benchOptions();
if (options.part === undefined) ask();
else answerPart(options.part.stars ? stars(options.quick) : part(options.part, options.quick));

function ask() {
  const globs = options.quick ? 1000 : 10_000;
  const chosen = options.quick ? families.filter((_, i) => i % 4 === 0) : families;
  const parts = chosen.map(({ name }) => isolated(import.meta.url, { family: name, globs }, options));
  const tables = ["js", "wasm"].map((kind) => ({
    title: `${globs.toLocaleString("en")} globs of one family, names of 64 bytes, ${kind === "js" ? "JavaScript (single checks)" : "WASM (bulk)"}`,
    rows: parts.map((p) =>
      row(p.family, p[kind].ns, duration, { bound: "most", target: checkTargetNs, stretch: checkStretchNs, note: p.note }),
    ),
  }));
  const linear = (kind, factor, target) =>
    parts.map((p) =>
      row(p.family, p[kind][factor], times, { bound: "most", target, note: `${duration(p[kind].ns)} at 64 bytes` }),
    );
  tables.push(
    { title: "Names of 128 bytes against 64, JavaScript", rows: linear("js", "double", doubleTarget) },
    { title: "Names of 256 bytes against 64, JavaScript", rows: linear("js", "fourfold", fourfoldTarget) },
    { title: "Names of 256 bytes against 64, WASM", rows: linear("wasm", "fourfold", fourfoldTarget) },
    { title: "`*a*a*a*a*a*b` against 200 x `a`", rows: isolated(import.meta.url, { stars: true }, options).rows },
  );
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
  const attack = adversary(family, globs, namesPerLength, lengths, 11);
  const policy = policyOf(attack.globs);
  const { bytes, report } = compileText(policyText(policy));
  const artifact = decodeArtifact(bytes);
  const js = openJs(artifact);
  const wasm = openWasm(artifact, { memo: "off" });
  for (const names of attack.names.values()) check(policy, [js, wasm], names.slice(0, 12));
  const ids = new Uint32Array(namesPerLength);
  const candidates = lengths.flatMap((length) => {
    const names = attack.names.get(length);
    const packed = packNames(names);
    const run = (count) => {
      let sum = 0;
      for (let done = 0; done < count; done += namesPerLength) {
        if (wasm.classifyBatch(packed, 0, ids) < namesPerLength) wasm.resetRows();
        sum += ids[0];
      }
      return sum;
    };
    return [
      { name: `js ${length}`, unit: namesPerLength, run: cycle(names, (name) => js.classify(name)) },
      { name: `wasm ${length}`, unit: namesPerLength, run },
    ];
  });
  const results = interleave(
    candidates,
    quick ? { rounds: 3, sampleMs: 3, warmMs: 30 } : { rounds: 7, sampleMs: 15, warmMs: 120 },
  );
  const of = (kind) => {
    const [n, n2, n4] = lengths.map((length) => results.get(`${kind} ${length}`));
    return { ns: n.ns, double: ratio(n2, n), fourfold: ratio(n4, n) };
  };
  const note = `${lanesText(report)}; ${size(bytes.length)}`;
  return { family: wanted, globs, note, js: of("js"), wasm: of("wasm"), results: Object.fromEntries(results), sink: sunk() };
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
