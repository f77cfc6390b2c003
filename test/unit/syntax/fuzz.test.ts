import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCard } from "../../../src/syntax/card.js";
import { parsePolicy } from "../../../src/syntax/policy.js";
import { initTemplate } from "../../../src/syntax/print.js";
import { scaledTo } from "../../support/scale.js";

const folder = join(import.meta.dirname, "../../hostile");
const seeds = [
  Buffer.from(initTemplate({ scope: "agent", name: "a" })),
  ...readdirSync(folder).map((file) => readFileSync(join(folder, file))),
];

type Edit = readonly [at: number, kind: number, byte: number, length: number];
const edit = fc.tuple(
  fc.nat(),
  fc.nat(4),
  fc.oneof(fc.nat(255), fc.constantFrom(..."\n :-[]{}\"'&*!|>%#,?\\\t0a".split("").map((c) => c.charCodeAt(0)))),
  fc.nat(40),
);

/** Overwrites, inserts, removes, repeats or swaps bytes. */
function mutated(seed: Uint8Array, edits: readonly Edit[]): Uint8Array {
  let bytes = Buffer.from(seed);
  for (const [position, kind, byte, length] of edits) {
    const at = bytes.length === 0 ? 0 : position % bytes.length;
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    if (kind === 0) bytes = Buffer.concat([before, Buffer.from([byte]), after.subarray(1)]);
    else if (kind === 1) bytes = Buffer.concat([before, Buffer.from([byte]), after]);
    else if (kind === 2) bytes = Buffer.concat([before, after.subarray(length)]);
    else if (kind === 3) bytes = Buffer.concat([before, after.subarray(0, length), after]);
    else bytes = Buffer.concat([after.subarray(0, length), before, after.subarray(length)]);
  }
  return bytes;
}

describe("bytes that nobody wrote on purpose", () => {
  it("give a policy or an error, and never throw", () => {
    fc.assert(
      fc.property(fc.constantFrom(...seeds), fc.array(edit, { minLength: 1, maxLength: 6 }), (seed, edits) => {
        const bytes = mutated(seed, edits);
        for (const { value, diagnostics } of [parsePolicy(bytes, { file: "f" }), parseCard(bytes, { file: "f", nowMs: 0 })]) {
          expect(value === undefined).toBe(diagnostics.some((found) => found.level === "error"));
          expect(diagnostics.length).toBeLessThanOrEqual(51);
        }
      }),
      { numRuns: scaledTo(1000, 60_000) },
    );
  }, 1_800_000);
});
