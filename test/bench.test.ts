import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { adversary, families } from "../bench/harness/adversarial.mjs";
import { eventLines } from "../bench/harness/event-lines.mjs";
import {
  batchRows,
  classifiedRow,
  compareAnswers,
  expectedCause,
  expectedRow,
  globMatches,
  requireEqual,
  rowText,
} from "../bench/harness/oracle.mjs";
import { cycle, median, ratio } from "../bench/harness/rounds.mjs";
import { kindOf, mix, mixedGlobs, namesFor, policyOf, policyText, toolNames } from "../bench/harness/workload.mjs";
import { globRegExp, open as openRegExps } from "../bench/peers/regexp.mjs";
import { decodeArtifact } from "../src/artifact/decode.js";
import { NONE } from "../src/artifact/layout.js";
import { compilePolicy } from "../src/compiler/compile.js";
import { openEngine } from "../src/engine/engine.js";
import { openJs } from "../src/engine/js.js";
import { packNames } from "../src/engine/names.js";
import { openWasm } from "../src/engine/wasm.js";
import { mergePolicies } from "../src/policy/merge.js";
import { parsePolicy } from "../src/syntax/policy.js";

function compile(globs: readonly string[]) {
  const policy = policyOf(globs);
  const { value, diagnostics } = parsePolicy(policyText(policy), { file: "benchmark.yaml" });
  expect(diagnostics.filter(({ level }) => level === "error")).toEqual([]);
  const { value: merged } = mergePolicies({ agent: value });
  return { policy, bytes: compilePolicy(merged!).bytes };
}

const sha256 = (value: unknown) => createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);

describe("the workload", () => {
  test("is the same on every machine", () => {
    // Without the recorded names, which are not part of the project. A change here makes older records incomparable.
    expect(sha256([toolNames(500, 99), mixedGlobs(1000, 5), namesFor(mixedGlobs(100, 5), 500, 99)])).toBe("965d20884e900059");
  });
  test("differs by seed", () => {
    expect(mixedGlobs(100, 5)).not.toEqual(mixedGlobs(100, 6));
    expect(toolNames(100, 5)).not.toEqual(toolNames(100, 6));
  });
  test("lines of events stay the same, and are JSON of the length they say", () => {
    const next = eventLines({ tools: 100, sessions: 1000, seed: 1 });
    const lines = Array.from({ length: 2000 }, next);
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty("tool_name");
    expect(Math.abs(lines.join("").length / lines.length - 470)).toBeLessThan(15);
    expect(sha256(lines)).toBe("4cffb9ec5477ef9e");
  });
  test.each([10, 100, 1000, 10_000])("has %i distinct globs in the shares it states", (count) => {
    const globs = mixedGlobs(count, 5);
    expect([globs.length, new Set(globs).size]).toEqual([count, count]);
    const share = (kind: string) => (100 * globs.filter((glob) => kindOf(glob) === kind).length) / count;
    const rounding = 100 / count;
    expect(Math.abs(share("literal") - mix.literal)).toBeLessThanOrEqual(rounding);
    expect(Math.abs(share("prefix") - mix.server - mix.verb)).toBeLessThanOrEqual(2 * rounding);
    expect(Math.abs(share("stars") - mix.contains - mix.stars)).toBeLessThanOrEqual(2 * rounding);
  });
  test("uses recorded names where there are any", () => {
    const recorded = ["mcp__abacus__count_beads", "mcp__abacus__move_beads", "Grep"];
    expect(toolNames(50, 1, recorded).some((name) => recorded.includes(name))).toBe(true);
    expect(mixedGlobs(50, 1, recorded).every((glob) => !glob.startsWith("mcp__github"))).toBe(true);
  });
  test("is half forbidden, worst severity first, and half capabilities", () => {
    const { forbidden, capabilities } = policyOf(mixedGlobs(40, 5));
    expect(forbidden.map(({ severity }) => severity).join()).toMatch(/^(critical,?){5}(high,?){5}(medium,?){5}(low,?){5}$/);
    expect(capabilities.flatMap(({ tools }) => tools).length).toBe(20);
  });
});

describe("answers are equal before anything is timed", () => {
  test.each([10, 100, 1000])("%i globs", async (count) => {
    const globs = mixedGlobs(count, 5);
    const { policy, bytes } = compile(globs);
    const engine = openEngine(bytes);
    const names = namesFor(globs, count > 100 ? 300 : 1500, 99);
    const regexps = await openRegExps(policy);
    requireEqual(
      "RegExp list",
      compareAnswers(names, (name) => regexps.expected(engine.decide(name)), regexps.answer),
    );
    const oracle = (name: string) => expectedCause(policy, expectedRow(policy, name));
    requireEqual(
      "engine",
      compareAnswers(names, (name) => engine.decide(name).cause, oracle),
    );
    const causes = new Set(names.map(oracle));
    expect([...causes].sort()).toEqual(expect.arrayContaining(["mapped", "unmapped_warned"]));
    rowsEqual(policy, bytes, names);
  });
  test.each(families.map((family) => [family.name, family] as const))("%s", (_, family) => {
    const { globs, names } = adversary(family, 300, 24, [64, 128], 11);
    expect(new Set(globs).size).toBe(300);
    const { policy, bytes } = compile(globs);
    for (const [length, list] of names) {
      expect(list.filter((name) => name.length !== length)).toEqual([]);
      rowsEqual(policy, bytes, list);
    }
  });
  test("a difference is reported and stops the row", () => {
    const comparison = compareAnswers(
      ["a", "b"],
      (name) => name,
      () => "a",
    );
    expect(comparison).toMatchObject({ names: 2, count: 1, differing: [{ name: "b", ours: "b", theirs: "a" }] });
    expect(() => requireEqual("peer", comparison)).toThrow(/peer: 1 of 2 answers differ, first "b"/);
  });
});

function rowsEqual(policy: ReturnType<typeof policyOf>, bytes: Uint8Array, names: readonly string[]) {
  const artifact = decodeArtifact(bytes);
  const expected = new Map(names.map((name) => [name, rowText(expectedRow(policy, name))]));
  for (const evaluator of [openJs(artifact), openWasm(artifact, { memo: "off" }), openWasm(artifact, { memo: "on" })]) {
    const oracle = (name: string) => expected.get(name) ?? "";
    requireEqual(
      evaluator.kind,
      compareAnswers(names, (name) => classifiedRow(evaluator, name, NONE), oracle),
    );
    const rows = new Map(batchRows(evaluator, packNames(names), NONE).map((row, i) => [names[i], row]));
    requireEqual(
      `${evaluator.kind} bulk`,
      compareAnswers(names, (name) => rows.get(name) ?? "none", oracle),
    );
  }
}

describe("the instruments", () => {
  test("the oracle reads globs as written down", () => {
    const table: readonly (readonly [glob: string, name: string, matches: boolean])[] = [
      ["a*c", "abbc", true],
      ["a*c", "abb", false],
      ["a?c", "aéc", true],
      ["a?c", "ac", false],
      ["*", "", true],
      ["?", "😀", true],
      ["*a*b", "xaxbx", false],
      ["a.c", "abc", false],
    ];
    for (const [glob, name, matches] of table) {
      expect([glob, name, globMatches(glob, name)]).toEqual([glob, name, matches]);
      expect([glob, name, new RegExp(globRegExp(glob), "su").test(name)]).toEqual([glob, name, matches]);
    }
  });
  test("a ratio is the median of the ratios within rounds", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(ratio({ samples: [10, 200, 30] }, { samples: [5, 10, 10] })).toBe(3);
  });
  test("going round a list starts over at its end", () => {
    const seen: string[] = [];
    const run = cycle(["a", "b", "c"], (name) => seen.push(name));
    run(2);
    run(3);
    expect(seen).toEqual(["a", "b", "c", "a", "b"]);
  });
});
