import { expect, test } from "vitest";
import { decodeArtifact } from "../../../src/artifact/decode.js";
import { NONE } from "../../../src/artifact/layout.js";
import { compilePolicy } from "../../../src/compiler/compile.js";
import { openEngine } from "../../../src/engine/engine.js";
import { openJs } from "../../../src/engine/js.js";
import { packNames } from "../../../src/engine/names.js";
import { openWasm } from "../../../src/engine/wasm.js";
import { dynamicRowsMax } from "../../../src/limits.js";
import { tinyPolicy } from "../../support/tiny-policy.js";

const prefixes = Array.from({ length: 300 }, (_, i) => `p${i}_*`);
const suffixes = Array.from({ length: 300 }, (_, i) => `*_s${i}`);

/** 300 forbidden prefixes and 300 mapped suffixes: 90,000 joined rows are possible. */
function crossed() {
  const policy = tinyPolicy({
    name: "crossed",
    forbidden: prefixes.map((glob) => [glob, "high"]),
    capabilities: suffixes.map((glob, i) => [`c${i}`, [glob], ["x"]]),
  });
  return decodeArtifact(compilePolicy(policy, { budget: { statesMax: 0 } }).bytes);
}

function everyPair(): string[] {
  const names: string[] = [];
  for (let p = 0; p < 300; p++) for (let s = 0; s < 300; s++) names.push(`p${p}_x_s${s}`);
  return names;
}

test("a full table of joined rows ends a batch early, and the rest goes on after a reset", () => {
  const artifact = crossed();
  const names = everyPair();
  const packed = packNames(names);
  for (const evaluator of [openWasm(artifact, { memo: "on" }), openWasm(artifact, { memo: "off" }), openJs(artifact)]) {
    const rows = new Uint32Array(names.length);
    let from = 0;
    let resets = 0;
    while (from < names.length) {
      const done = evaluator.classifyBatch(packed, from, rows);
      expect(done).toBeGreaterThan(from);
      for (let i = from; i < done; i += 1979) {
        const row = evaluator.row(rows[i]);
        expect(artifact.forbidden.get(row.forbidden).pattern).toBe(prefixes[Math.floor(i / 300)]);
        expect(artifact.capabilities.get(row.capability).name).toBe(`c${i % 300}`);
      }
      from = done;
      if (from < names.length) {
        evaluator.resetRows();
        resets++;
      }
    }
    expect(resets).toBe(Math.ceil(names.length / dynamicRowsMax) - 1);
    expect(evaluator.generation).toBe(resets);
  }
});

test("counting goes on past the table of joined rows", () => {
  const artifact = crossed();
  const packed = packNames(everyPair());
  for (const evaluator of ["js", "wasm"] as const) {
    const engine = openEngine(artifact.bytes, { evaluator });
    expect(engine.countBatch(packed).counts).toEqual({ pass: 0, warn: 0, fail: 90_000 });
    const byRule = new Map<number, number>();
    for (const { decision, count } of engine.countBatch(packed).tally) {
      byRule.set(decision.rule!.index, (byRule.get(decision.rule!.index) ?? 0) + count);
    }
    expect([...byRule.values()]).toEqual(new Array(300).fill(300));
  }
});

test("single checks past the table of joined rows go on by themselves", () => {
  const artifact = crossed();
  const evaluator = openWasm(artifact);
  everyPair().forEach((name, i) => {
    const row = evaluator.row(evaluator.classify(name));
    if (i % 1009 === 0) expect(artifact.capabilities.get(row.capability).name).toBe(`c${i % 300}`);
  });
  expect(evaluator.generation).toBe(1);
});

test("the memo grows, forgets and keeps the answers right", () => {
  const artifact = crossed();
  const memo = openWasm(artifact, { memo: "on" });
  const plain = openWasm(artifact, { memo: "off" });
  const names = Array.from({ length: 60_000 }, (_, i) => `p${i % 7}_${i % 20_000}_s${i % 5}`);
  // Equal up to zero padding, at the longest kept length, and past it.
  names.push("", "\0", "\0\0", "a".repeat(63), "a".repeat(64), "a".repeat(65), `${"a".repeat(64)}_s1`);
  const packed = packNames(names);
  const first = new Uint32Array(names.length);
  const again = new Uint32Array(names.length);
  const want = new Uint32Array(names.length);
  for (let round = 0; round < 3; round++) {
    memo.classifyBatch(packed, 0, first);
    memo.classifyBatch(packed, 0, again);
    plain.classifyBatch(packed, 0, want);
    for (let i = 0; i < names.length; i++) {
      if (first[i] === again[i] && i % 131 !== 0 && i < 60_000) continue;
      expect(memo.row(first[i])).toEqual(plain.row(want[i]));
      expect(memo.row(again[i])).toEqual(plain.row(want[i]));
    }
    memo.resetRows();
    plain.resetRows();
  }
});

test("names longer than any buffer, empty names and bytes of any kind", () => {
  const artifact = crossed();
  const evaluator = openWasm(artifact);
  const js = openJs(artifact);
  for (const name of [
    "",
    `p7_${"x".repeat(2_000_000)}_s9`,
    `p7_${"é".repeat(70_000)}_s9`,
    "\ud800_s1",
    "p1_\udfff",
    "p1_\u0000\n",
  ]) {
    expect(evaluator.row(evaluator.classify(name))).toEqual(js.row(js.classify(name)));
  }
  const bytes = Uint8Array.from({ length: 65_536 }, (_, i) => (i * 89) & 255);
  const offsets = Uint32Array.from({ length: 1025 }, (_, i) => i * 64);
  const rows = new Uint32Array(1024);
  expect(evaluator.classifyBatch({ count: 1024, offsets, bytes }, 0, rows)).toBe(1024);
  for (const row of rows) expect(evaluator.row(row).guarded).toBe(NONE);
});
