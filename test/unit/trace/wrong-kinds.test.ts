import { describe, expect, it } from "vitest";
import { formats } from "../../../src/trace/formats/registry.js";
import { scaled } from "../../support/scale.js";
import { traceSamples } from "../../support/trace-samples.js";
import { readWith, scoreOf } from "../../support/trace-sink.js";
import { chance, lines } from "../../support/traces.js";

const deep = JSON.parse(`${"[".repeat(3000)}${"]".repeat(3000)}`);
const oddities: readonly unknown[] = [
  null,
  true,
  -1,
  1e300,
  "",
  "\u0000",
  "\ud800",
  "__proto__",
  [],
  [null],
  {},
  { name: 1 },
  deep,
];

/** A copy with one or a few of its values replaced, or its keys renamed. */
function altered(value: unknown, next: (n: number) => number): unknown {
  if (next(12) === 0) return oddities[next(oddities.length)];
  if (Array.isArray(value)) return value.map((each) => altered(each, next));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => [next(40) === 0 ? "__proto__" : key, altered(each, next)] as const);
  const copy = {};
  for (const [key, each] of entries) Object.defineProperty(copy, key, { value: each, enumerable: true, configurable: true });
  return copy;
}

const samples = Object.entries(traceSamples);
const everyRecord = samples.flatMap(([, records]) => records);

describe("values of the wrong kind, anywhere in a record", () => {
  it.each(formats.map((format) => [format.id, format] as const))(
    "neither throw nor give calls without a name: %s",
    (_, format) => {
      const next = chance(11);
      for (let round = 0; round < scaled(25); round++) {
        const records = everyRecord.map((record) => altered(record, next) as object);
        const content = lines(...records.map((record) => JSON.stringify(record) ?? "null"));
        expect(scoreOf(format, content)).toBeGreaterThanOrEqual(0);
        const { calls, traces } = readWith(format, content);
        for (const call of calls) {
          expect(typeof call.tool).toBe("string");
          expect(traces.has(call.trace)).toBe(true);
          expect(call.timeMs === undefined || Number.isFinite(call.timeMs)).toBe(true);
          call.args?.();
        }
      }
    },
  );

  it.each(samples)("and unharmed, %s claims its own records, surest of all", (id, records) => {
    const content = lines(...records.map((record) => JSON.stringify(record)));
    const scores = formats.map((format) => [format.id, scoreOf(format, content)] as const).sort((a, b) => b[1] - a[1]);
    expect(scores[0]![0]).toBe(id);
    expect(scores[1]![1]).toBeLessThan(scores[0]![1]);
  });
});
