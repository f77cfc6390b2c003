import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { LinearPolicy, regExpSource } from "../../../src/cli/bench/linear.js";
import { interleave, median, quantile } from "../../../src/cli/bench/rounds.js";
import { namesAround, skewedCalls } from "../../../src/cli/bench/synthetic-names.js";
import { compilePolicy } from "../../../src/compiler/compile.js";
import { openEngine } from "../../../src/engine/engine.js";
import { type Glob, parseGlob } from "../../../src/glob/parse.js";
import { mergePolicies } from "../../../src/policy/merge.js";
import { layersOf } from "../../support/cases.js";
import { expectRefused, folderOf, root, schemaFaults, smoltbot } from "../../support/command.js";
import { caseOf } from "../../support/found-case.js";
import { randomName, randomPolicy } from "../../support/generate.js";
import { Random } from "../../support/random.js";
import { defaultSeed } from "../../support/seed.js";
import { tinyPolicy } from "../../support/tiny-policy.js";

const example = join(root, "examples", "support-agent");
const glob = (text: string) => parseGlob(text) as Glob;

describe("the linear evaluation", () => {
  test("says what the engine says, count triggers and odd names included", () => {
    const random = new Random(Number(process.env.SMOLTBOT_SEED ?? defaultSeed));
    const seen = new Map<string, number>();
    for (let round = 0; round < 150; round++) {
      const generated = randomPolicy(random, { globs: random.pick([1, 3, 8, 20]), counts: random.chance(0.5) });
      const merged = mergePolicies(layersOf(caseOf(generated))).value!;
      const engine = openEngine(compilePolicy(merged).bytes);
      const linear = new LinearPolicy(merged);
      for (const name of ["", "\ud800", "a\ufffd", ...random.times(60, () => randomName(random, generated.globs))]) {
        const { verdict } = engine.decide(name);
        expect(linear.verdict(name), `${JSON.stringify(name)}, round ${round}`).toBe(verdict);
        seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
      }
    }
    for (const verdict of ["pass", "warn", "fail"]) expect(seen.get(verdict)).toBeGreaterThan(50);
  });

  test("text that would mean something in a regular expression is text", () => {
    for (const text of ["a.b", "(", "[a-z]+", "a|b", "$^", "\\d", "a/b", "{2}", "-", "é😀", "\n", "\u2028"]) {
      const pattern = new RegExp(regExpSource(glob(text)), "su");
      expect([text, pattern.test(text), pattern.test(`${text}x`), pattern.test("")]).toEqual([text, true, false, false]);
    }
    expect(new RegExp(regExpSource(glob("a?*")), "su").test("a😀\n")).toBe(true);
    expect(new RegExp(regExpSource(glob("a?")), "su").test("a")).toBe(false);
  });

  test("a glob with many stars is no regular expression, and does not hang", () => {
    const policy = tinyPolicy({ forbidden: [["*a*a*a*a*a*a*a*a*b"]], capabilities: [["all", ["*"]]] });
    const linear = new LinearPolicy(policy);
    expect(linear.notes).toEqual({ regExps: 1, loops: 1 });
    expect([linear.verdict("a".repeat(256)), linear.verdict(`${"a".repeat(255)}b`)]).toEqual(["pass", "fail"]);
  });
});

describe("names and rounds", () => {
  test("names are distinct, equal for equal policies, and meet the policy", () => {
    const policy = tinyPolicy({ forbidden: [["mcp__admin__*"]], capabilities: [["files", ["file_??", `${"x".repeat(250)}*`]]] });
    const names = namesAround(policy, 5000);
    expect([names.length, new Set(names).size, names.every((name) => name.length <= 256)]).toEqual([5000, 5000, true]);
    expect(namesAround(policy, 5000)).toEqual(names);
    expect(names.filter((name) => name.startsWith("mcp__admin__")).length).toBeGreaterThan(500);
    expect(names.filter((name) => /^file_[a-z]{2}$/.test(name)).length).toBeGreaterThan(100);
    expect(namesAround(tinyPolicy({}), 10)).toHaveLength(10);
  });

  test("some names are called more often than others, and all ids are names", () => {
    const ids = skewedCalls(100, 10_000);
    const first = ids.filter((id) => id < 10).length;
    expect([ids.length, Math.max(...ids) < 100, first > 4000]).toEqual([10_000, true, true]);
  });

  test("every candidate gets as many samples as there are rounds, of at least one operation", async () => {
    const asked = new Map([
      ["a", 0],
      ["b", 0],
    ]);
    const candidates = ["a", "b"].map((id) => ({
      id,
      run(count: number) {
        asked.set(id, (asked.get(id) as number) + count);
        return count;
      },
    }));
    const rounds: number[] = [];
    const timed = await interleave(candidates, 3, 0.004, (round) => rounds.push(round));
    expect(timed.map(({ id, samples }) => [id, samples.length])).toEqual([
      ["a", 3],
      ["b", 3],
    ]);
    expect(rounds).toEqual([0, 1, 2]);
    expect([...asked.values()].every((count) => count >= 4)).toBe(true);
  });

  test("medians and quantiles", () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), quantile([0, 10], 0.1), quantile([5], 0.9)]).toEqual([2, 2.5, 1, 5]);
  });
});

describe("policy bench", () => {
  const seconds = ["--seconds", "0.05"];

  test("on recorded calls: json keeps its schema, and counts are those of the traces", { timeout: 60_000 }, async () => {
    const args = ["policy", "bench", "policy.yaml", "--traces", "traces", "--format", "json", ...seconds];
    const ran = await smoltbot(args, { cwd: example });
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
    expect(schemaFaults("bench", ran.stdout)).toEqual([]);
    const report = JSON.parse(ran.stdout);
    const listed = await smoltbot(["traces", "list", "--traces", "traces", "--format", "json"], { cwd: example });
    const [unseen, calls] = report.workloads;
    expect([calls.origin, calls.calls]).toEqual(["recorded", JSON.parse(listed.stdout).calls]);
    expect([unseen.origin, unseen.distinct_names, unseen.compared_names > 0]).toEqual(["synthetic", 65_536, true]);
    const ways = ["single_js", "single_wasm", "batch_js", "batch_wasm"];
    expect(unseen.ways.map(({ way }: { way: string }) => way)).toEqual([...ways, "linear_regexp"]);
    expect(calls.ways.map(({ way }: { way: string }) => way)).toEqual([...ways, "ids_js", "ids_wasm", "linear_regexp"]);
    for (const { ways } of report.workloads) {
      expect(ways.at(-1).times_faster_than_linear).toBe(1);
      for (const { ns } of ways) expect(ns.low <= ns.median && ns.median <= ns.high).toBe(true);
    }
  });

  test("without traces: text that names every way", { timeout: 60_000 }, async () => {
    const { status, stdout } = await smoltbot(["policy", "bench", "policy.yaml", ...seconds], { cwd: example });
    expect(status).toBe(0);
    for (const part of [
      "compile ",
      "artifact ",
      "open ",
      "Names never seen before",
      "made from the policy's globs",
      "vs RegExp",
    ]) {
      expect(stdout).toContain(part);
    }
    expect(stdout).not.toMatch(/NaN|undefined|Infinity/);
  });

  test("answers that differ end it before anything is timed", { timeout: 60_000 }, async () => {
    const lie = vi.spyOn(LinearPolicy.prototype, "verdict").mockReturnValue("pass");
    try {
      const ran = await smoltbot(["policy", "bench", "policy.yaml", ...seconds], { cwd: example });
      expectRefused(ran, "bench_answers_differ", "the tool name `");
    } finally {
      lie.mockRestore();
    }
  });

  test.each(["0", "-1", "x", "", "1e9"])("--seconds %j is refused", async (value) => {
    const ran = await smoltbot(["policy", "bench", "policy.yaml", `--seconds=${value}`], { cwd: folderOf() });
    expect([ran.status, ran.stdout]).toEqual([1, ""]);
    expect(ran.stderr).toContain("Give seconds");
  });
});
