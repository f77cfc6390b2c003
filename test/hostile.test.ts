import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { renderDiagnostics } from "../src/diagnostics/render.js";
import { diagnosticsShownMax } from "../src/limits.js";
import { parseCard } from "../src/syntax/card.js";
import { parsePolicy } from "../src/syntax/policy.js";
import { hostileFiles } from "./support/hostile-files.js";
import { hostileTexts } from "./support/hostile-texts.js";

const folder = join(import.meta.dirname, "hostile");
const prototypeBefore = JSON.stringify(Reflect.ownKeys(Object.prototype).map(String));

function codesOf(source: string | Uint8Array, file: string): readonly string[] {
  const { value, diagnostics } = parsePolicy(source, { file });
  const findings = diagnostics.filter((found) => found.code !== "more_problems");
  expect(findings.length).toBeLessThanOrEqual(diagnosticsShownMax);
  expect(value === undefined).toBe(diagnostics.some((found) => found.level === "error"));
  for (const found of findings) {
    expect(found.span?.file, found.code).toBe(file);
    expect(found.fix).not.toBe("");
  }
  const text = typeof source === "string" ? source : new TextDecoder().decode(source);
  expect(renderDiagnostics(diagnostics, { sources: new Map([[file, text]]), color: false }).length).toBeLessThan(64_000);
  return [...new Set(diagnostics.map((found) => found.code))].sort();
}

describe("hostile texts", () => {
  it("has every file listed, and at least 60 cases", () => {
    const files = readdirSync(folder).filter((file) => file !== ".gitattributes");
    expect(files.sort()).toEqual(Object.keys(hostileFiles).sort());
    expect(files.length + hostileTexts.length).toBeGreaterThanOrEqual(60);
  });

  it.each(Object.entries(hostileFiles))("%s gives %j", (file, codes) => {
    expect(codesOf(readFileSync(join(folder, file)), file)).toEqual(codes);
  });

  it.each(hostileTexts)("$name gives $codes", ({ text, codes }) => {
    expect(codesOf(text(), "made.yaml")).toEqual(codes);
  });

  it.each(Object.keys(hostileFiles))("%s is no card either, or an incomplete one, and nothing is thrown", (file) => {
    const { value, diagnostics } = parseCard(readFileSync(join(folder, file)), { file });
    expect(value).toBeUndefined();
    expect(diagnostics.some((found) => found.level === "error")).toBe(true);
  });
});

afterAll(() => {
  expect(JSON.stringify(Reflect.ownKeys(Object.prototype).map(String))).toBe(prototypeBefore);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});
