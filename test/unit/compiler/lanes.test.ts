import { expect, test } from "vitest";
import { decodeArtifact } from "../../../src/artifact/decode.js";
import { type CompileOptions, compilePolicy } from "../../../src/compiler/compile.js";
import { openJs } from "../../../src/engine/js.js";
import { packNames } from "../../../src/engine/names.js";
import { openWasm } from "../../../src/engine/wasm.js";
import { seeded } from "../../support/corrupt.js";
import { expectedRow, namesNear } from "../../support/expected-row.js";
import { tinyPolicy } from "../../support/tiny-policy.js";

const words = ["mcp__", "github", "__", "list", "delete", "x", "é", "😀", "a", "ab", "aaaa", "q_", "tool"];

/** Budgets that force each way a policy can be laid out. */
const budgets: readonly { name: string; budget: CompileOptions["budget"] }[] = [
  { name: "default", budget: {} },
  { name: "literals beside the automaton", budget: { wholeStatesMax: 0 } },
  { name: "no automaton", budget: { statesMax: 0 } },
  { name: "open literals, small reserve", budget: { statesMax: 0, literalWorkMax: 0, reserveBytesMax: 200_000 } },
  { name: "no reserve", budget: { statesMax: 0, reserveBytesMax: 0 } },
];

function randomGlobs(random: (n: number) => number, count: number): string[] {
  const globs = new Set<string>();
  while (globs.size < count) {
    let glob = "";
    for (let i = random(5); i >= 0; i--) glob += random(5) < 2 ? words[random(words.length)] : "*?*"[random(3)];
    globs.add(glob);
  }
  return [...globs];
}

for (const { name, budget } of budgets) {
  test(`every lane answers as the specification: ${name}`, () => {
    const random = seeded(20261122);
    for (let round = 0; round < 12; round++) {
      const globs = randomGlobs(random, round % 4 === 0 ? 150 : 24);
      const half = globs.length >> 1;
      const policy = tinyPolicy({
        name: "lanes",
        forbidden: globs.slice(0, half).map((glob, i) => [glob, (["low", "high", "critical"] as const)[i % 3]]),
        capabilities: globs.slice(half).map((glob, i) => [`c${i}`, [glob], ["act"]]),
      });
      const artifact = decodeArtifact(compilePolicy(policy, { budget }).bytes);
      const names = [...namesNear(artifact, 60, round), "aaaa".repeat(300), `${"github".repeat(80)}x`, ""];
      const packed = packNames(names);
      for (const evaluator of [openJs(artifact), openWasm(artifact, { memo: "off" }), openWasm(artifact, { memo: "on" })]) {
        const rows = new Uint32Array(names.length);
        expect(evaluator.classifyBatch(packed, 0, rows)).toBe(names.length);
        names.forEach((each, i) => {
          const want = expectedRow(artifact, each);
          expect({ name: each, ...evaluator.row(evaluator.classify(each)) }).toEqual({ name: each, ...want });
          expect({ name: each, ...evaluator.row(rows[i]) }).toEqual({ name: each, ...want });
        });
      }
    }
  });
}

test("equal policies give equal bytes, whatever the clock says", () => {
  const policy = tinyPolicy({ name: "same", forbidden: [["*delete*", "high"]], capabilities: [["all", ["a*", "b"], ["x"]]] });
  let now = 0;
  const first = compilePolicy(policy, { clock: () => (now += 17) }).bytes;
  expect(compilePolicy(policy).bytes).toEqual(first);
});

test("the report says where the globs went and why there is no automaton", () => {
  const policy = tinyPolicy({
    name: "report",
    capabilities: [["all", ["lit", "pre*", "*suf", "in*ner", "a*b?c*", "??"], ["x"]]],
  });
  const whole = compilePolicy(policy).report;
  expect(whole.lanes).toMatchObject({ literal: 0, dfa: 6 });
  const split = compilePolicy(policy, { budget: { wholeStatesMax: 0 } }).report;
  expect(split.lanes.literal).toBe(1);
  expect(whole.overBudget).toBeUndefined();
  const indexed = compilePolicy(policy, { budget: { statesMax: 3 } }).report;
  expect(indexed.overBudget).toBe("states");
  expect(indexed.dfa).toBeUndefined();
  expect(indexed.lanes).toEqual({ literal: 1, dfa: 0, prefix: 1, suffix: 1, gram: 1, length: 1, parallel: 1 });
});

test("literals that cost too much to complete stay open and still answer", () => {
  const policy = tinyPolicy({ name: "open", forbidden: [["*bc*", "high"]], capabilities: [["all", ["abcd"], ["x"]]] });
  const { bytes, report } = compilePolicy(policy, { budget: { statesMax: 0, literalWorkMax: -1 } });
  expect(report.literalsComplete).toBe(false);
  const artifact = decodeArtifact(bytes);
  for (const evaluator of [openJs(artifact), openWasm(artifact)]) {
    expect(evaluator.row(evaluator.classify("abcd"))).toMatchObject({ forbidden: 0, capability: 0 });
  }
});
