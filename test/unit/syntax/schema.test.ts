import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Findings } from "../../../src/diagnostics/findings.js";
import { readDocument } from "../../../src/syntax/document.js";
import { plainValue } from "../../../src/syntax/node.js";
import { parsePolicy } from "../../../src/syntax/policy.js";
import { initTemplate } from "../../../src/syntax/print.js";
import { Source } from "../../../src/syntax/source.js";
import { validPolicy } from "../../support/policy-text.js";

const folder = join(import.meta.dirname, "../../../src/syntax/schemas");
const load = (name: string) => JSON.parse(readFileSync(join(folder, `${name}.schema.json`), "utf8"));
const published = new Ajv({ strict: true, strictTypes: false }).compile(load("policy"));

function accepts(text: string): boolean {
  const document = readDocument(new Source(text, "p.yaml"), new Findings());
  if (document === undefined) throw new Error("no document");
  // As an editor would see it: plain objects.
  return published(JSON.parse(JSON.stringify(plainValue(document.root))));
}

describe("the published schema", () => {
  it("accepts the template and a valid policy, as the engine does", () => {
    for (const text of [initTemplate({ scope: "org", name: "a" }), initTemplate({ scope: "agent", name: "a" }), validPolicy]) {
      expect(accepts(text), JSON.stringify(published.errors)).toBe(true);
    }
  });

  it("refuses nothing that the engine takes", () => {
    const lines = validPolicy.split("\n");
    const words = fc.constantFrom(
      "org",
      "low",
      "deny",
      "[]",
      "{}",
      "null",
      "1",
      '"1.0"',
      "[a]",
      "tool_count > 1",
      "''",
      "enforce",
      "true",
      "8761",
      "-1",
    );
    const change = fc.oneof(
      fc.nat(lines.length - 2).map((i) => lines.filter((_, j) => j !== i)),
      fc
        .tuple(fc.nat(lines.length - 2), words)
        .map(([i, word]) => lines.map((line, j) => (j === i ? line.replace(/:.*/, `: ${word}`) : line))),
    );
    let taken = 0;
    fc.assert(
      fc.property(change, (changed) => {
        const text = changed.join("\n");
        if (parsePolicy(text, { file: "p.yaml" }).value === undefined) return;
        taken++;
        expect(accepts(text), text).toBe(true);
      }),
      { numRuns: 1000 },
    );
    expect(taken).toBeGreaterThan(10);
  });

  it("describes every section and every choice for editors", () => {
    const schema = load("policy");
    for (const [name, section] of Object.entries<{ description?: string; $ref?: string }>(schema.properties)) {
      const target = section.$ref === undefined ? section : schema.definitions[section.$ref.split("/").at(-1)!];
      expect(target.description, name).toBeTruthy();
    }
  });
});
