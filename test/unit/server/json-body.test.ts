import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonDepthMax } from "../../../src/limits.js";
import { RegistryFailure } from "../../../src/registry/failure.js";
import { parseJsonBody } from "../../../src/server/json-body.js";

const parse = (text: string) => parseJsonBody(new TextEncoder().encode(text));
const failure = (text: string): RegistryFailure => {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof RegistryFailure) return error;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
};

describe("JSON bodies", () => {
  test("whatever JSON.stringify writes is read as it was", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.nat(3), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent);
        expect(parse(spaced)).toEqual({ value: JSON.parse(text), text: spaced });
      }),
    );
  });

  test("a key that comes twice is found wherever it is, and only then", () => {
    const key = fc.oneof(fc.constantFrom("a", "__proto__", "0", '"', "\\", "{", ",", "\u0000", "é"), fc.string());
    const tree = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom("1", '"}"', '","', '"\\""', "null"),
        fc.array(tie("node")).map((items) => `[${items.join(",")}]`),
        fc
          .uniqueArray(fc.tuple(key, tie("node")), { selector: ([name]) => name })
          .map((entries) => `{${entries.map(([name, value]) => `${JSON.stringify(name)} : ${value}`).join(",")}}`),
      ),
    })).node as fc.Arbitrary<string>;
    fc.assert(
      fc.property(tree, key, tree, fc.boolean(), (one, name, two, escaped) => {
        expect(() => parse(one)).not.toThrow();
        const written = JSON.stringify(name);
        const again = escaped && /^[a-z]$/.test(name) ? `"\\u00${name.charCodeAt(0).toString(16)}"` : written;
        expect(failure(`{"x-${"y"}":[${one}],${written}:${two},${again}:1}`).message).toContain("twice");
        expect(() => parse(`{${written}:${two},"o":{${again}:1}}`)).not.toThrow();
      }),
    );
  });

  test("depth is bounded exactly", () => {
    for (const [open, close] of [
      ["[", "]"],
      ['{"a":', "}"],
    ] as const) {
      const nested = (depth: number) => `${open.repeat(depth)}1${close.repeat(depth)}`;
      expect(() => parse(nested(jsonDepthMax))).not.toThrow();
      expect(failure(nested(jsonDepthMax + 1)).message).toContain("nested deeper");
    }
    expect(() => parse(`[${"[],{},".repeat(1_000)}1]`)).not.toThrow();
  });

  test("places", () => {
    expect(failure('{"a":1,\n  "b":2, "a":3}').details).toMatchObject([{ line: 2, column: 10 }]);
    expect(failure('{"a":1,\n "b" 2}').details).toMatchObject([{ path: "body", line: 2 }]);
  });

  test("the time grows with the text and not faster: with its square this would not end in time", { timeout: 60_000 }, () => {
    const text = `{${Array.from({ length: 400_000 }, (_, i) => `"k${i}":{"a":"\\u0061"}`).join(",")}}`;
    const read = parse(text).value as object;
    expect(Object.keys(read)).toHaveLength(400_000);
  });
});
