import type { Evaluation } from "../../src/engine/result.js";
import { callsOf, type Fields } from "./cases.js";

/** Compares what a case expects with an evaluation; returns what differs, one line each. Only what the case names is compared. */
export function differences(expect: Fields, actual: Evaluation): string[] {
  const found: string[] = [];
  for (const key of ["verdict", "action", "mode", "grace", "context", "card_checked"]) {
    if (expect.has(key)) found.push(...differ(key, expect.get(key), field(actual, key)));
  }
  for (const key of ["violations", "warnings", "escalations", "card_gaps"]) {
    if (expect.has(key)) found.push(...unordered(key, expect.get(key) as unknown[], field(actual, key) as unknown[]));
  }
  if (expect.has("tools")) found.push(...tools(expect.get("tools"), actual));
  for (const [key, value] of (expect.get("coverage") as Fields) ?? []) {
    const coverage = actual.coverage as unknown as Record<string, unknown>;
    const by = new Map(actual.coverage.mappedBy.map(({ action, capabilities }) => [action, capabilities]));
    found.push(...differ(`coverage.${key}`, value, key === "mapped_by" ? by : field(coverage, key)));
  }
  return found;
}

function tools(expected: unknown, actual: Evaluation): string[] {
  if (Array.isArray(expected)) return differ("tools", expected, actual.tools);
  return Array.from(expected as Fields).flatMap(([name, outcome]) => {
    const [tool] = callsOf([name]);
    const found = actual.tools.filter((o) => o.tool === tool);
    return found.length === 1 ? differ(`tools.${name}`, outcome, found[0]) : [`tools.${name}: listed ${found.length} times`];
  });
}

const camel = (key: string) => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** A field by its name in the case format. */
function field(object: object, key: string): unknown {
  const values = object as Record<string, unknown>;
  if (key === "grace_expires")
    return values.graceExpiresAtMs === undefined ? undefined : new Date(Number(values.graceExpiresAtMs)).toISOString();
  return values[camel(key)];
}

const normal = (key: string, value: unknown) => (key === "grace_expires" ? new Date(String(value)).toISOString() : value);

/** Maps are compared by the keys that are expected, lists one by one, a text against a rule is its label. */
function differ(path: string, expected: unknown, actual: unknown): string[] {
  if (expected instanceof Map) {
    if (actual instanceof Map) return sameKeys(path, expected, actual);
    if (typeof actual !== "object" || actual === null) return [line(path, expected, actual)];
    return Array.from(expected).flatMap(([key, value]) =>
      differ(`${path}.${key}`, normal(String(key), value), field(actual, String(key))),
    );
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return [line(path, expected, actual)];
    return expected.flatMap((item, i) => differ(`${path}[${i}]`, item, actual[i]));
  }
  if (typeof expected === "string" && typeof actual === "object" && actual !== null && "label" in actual) {
    return differ(`${path}.label`, expected, actual.label);
  }
  return Object.is(expected, actual) ? [] : [line(path, expected, actual)];
}

function sameKeys(path: string, expected: Fields, actual: Fields): string[] {
  if (expected.size !== actual.size) return [line(path, expected, actual)];
  return Array.from(expected).flatMap(([key, value]) => differ(`${path}.${key}`, value, actual.get(key)));
}

/** The complete list in any order: every expected entry needs an entry of its own. */
function unordered(path: string, expected: readonly unknown[], actual: readonly unknown[]): string[] {
  if (expected.length === actual.length && canPair(expected, actual)) return [];
  return [line(path, expected, actual)];
}

function canPair(expected: readonly unknown[], actual: readonly unknown[]): boolean {
  if (expected.length === 0) return true;
  return actual.some(
    (entry, i) => differ("", expected[0], entry).length === 0 && canPair(expected.slice(1), actual.toSpliced(i, 1)),
  );
}

function line(path: string, expected: unknown, actual: unknown): string {
  return `${path}: expected ${show(expected)}, got ${show(actual)}`;
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, v) => (v instanceof Map ? Object.fromEntries(v) : v)) ?? String(value);
}
