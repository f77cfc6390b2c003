import { describe, expect, test } from "vitest";
import { compilePolicy } from "../../../src/compiler/compile.js";
import { openEngine } from "../../../src/engine/engine.js";
import { packNames } from "../../../src/engine/names.js";
import { tinyPolicy } from "../../support/tiny-policy.js";

const policy = tinyPolicy({
  forbidden: [
    ["rm*", "critical"],
    ["*_all", "low"],
  ],
  capabilities: [
    ["files", ["file_*", "rm_all"], ["read"]],
    ["web", ["web_?"]],
  ],
  triggers: [["escalate", [{ globs: ["pay*"] }]]],
});

describe("counting", () => {
  const bytes = compilePolicy(policy).bytes;
  const kinds = ["file_a", "rm_x", "x_all", "pay_1", "nothing", "", "web_😀", "web_\ud800", "file_\ufffd"];

  test.each(["js", "wasm"] as const)("%s: names of every kind, over the edges of slices", (evaluator) => {
    const engine = openEngine(bytes, { evaluator });
    // Slices of 8,192 names: the first is plain ASCII, the others are not.
    const names = Array.from({ length: 20_000 }, (_, i) => (i < 9000 ? kinds[i % 5] : kinds[i % kinds.length]));
    const { counts, count } = engine.decideBatch(names);
    const causes = new Map<string, number>();
    for (const name of names) causes.set(engine.decide(name).cause, (causes.get(engine.decide(name).cause) ?? 0) + 1);
    const packed = packNames(names);
    for (let time = 0; time < 2; time++) {
      const counted = engine.countBatch(packed);
      expect([counted.count, counted.counts]).toEqual([count, counts]);
      const told = new Map<string, number>();
      for (const { decision, count } of counted.tally) told.set(decision.cause, (told.get(decision.cause) ?? 0) + count);
      expect(told).toEqual(causes);
    }
    const ids = Uint32Array.from({ length: 50_003 }, (_, i) => (i * 31) % kinds.length);
    expect(engine.countIds(ids, kinds).counts).toEqual(engine.decideBatch(Array.from(ids, (id) => kinds[id])).counts);
  });

  test.each(["js", "wasm"] as const)("%s: an id that no name has is refused, wherever it stands", (evaluator) => {
    const engine = openEngine(bytes, { evaluator });
    for (const length of [1, 4, 5, 16_384, 40_001]) {
      for (const at of [0, length - 1]) {
        const ids = new Uint32Array(length);
        ids[at] = kinds.length;
        expect(() => engine.countIds(ids, kinds)).toThrow(RangeError);
        ids[at] = 0xffffffff;
        expect(() => engine.countIds(ids, packNames(kinds))).toThrow(RangeError);
      }
    }
    expect(() => engine.countIds(new Uint32Array(1), [])).toThrow(RangeError);
    expect(engine.countIds(new Uint32Array(0), [])).toMatchObject({ count: 0, counts: { pass: 0, warn: 0, fail: 0 } });
    expect(engine.countIds(new Uint32Array(7), kinds).tally).toEqual([{ decision: engine.decide("file_a"), count: 7 }]);
  });

  test("a session sees the calls in their order", () => {
    const limited = tinyPolicy({
      capabilities: [["files", ["file_*"]]],
      triggers: [["deny", [{ globs: [], tests: [{ count: "tool_count", comparison: ">", value: 2 }] }]]],
    });
    const engine = openEngine(compilePolicy(limited).bytes);
    const session = engine.openSession();
    expect(engine.countIds(new Uint32Array(5), ["file_a"], { session }).counts).toEqual({ pass: 2, warn: 0, fail: 3 });
    expect(session.toolCount).toBe(5);
  });

  test("only counts were asked for, so no name has a decision", () => {
    const counted = openEngine(bytes).countBatch(packNames(kinds)) as { at?: (index: number) => unknown };
    expect(() => counted.at?.(0)).toThrow(RangeError);
  });
});
