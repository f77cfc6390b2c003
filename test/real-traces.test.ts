import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readTraces } from "../src/trace/read.js";
import type { TraceSet } from "../src/trace/trace-set.js";

/** Recorded runs that are shared beside the project and never part of it. */
const folder = fileURLToPath(new URL("../../shared/data/", import.meta.url));

interface Counts {
  traces: number;
  tool_calls: number;
  distinct_tools: number;
  histogram: Record<string, number>;
  main_calls?: number;
  subagent_calls?: number;
  main_histogram?: Record<string, number>;
  bad_lines?: number;
}

function histogram(set: TraceSet, wanted: (call: number) => boolean = () => true): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i < set.calls.length; i++) {
    const name = set.names[set.calls.tool[i]!]!;
    if (wanted(i)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

if (!existsSync(folder)) {
  describe("real traces", () => {
    it("are not beside this checkout, so their counts are not compared", () => {
      console.warn("../shared/data is absent: exact counts of recorded traces were not compared");
      expect(existsSync(folder)).toBe(false);
    });
  });
} else {
  const expected = JSON.parse(readFileSync(`${folder}normalised/expected-counts.json`, "utf8")) as {
    files: Record<string, Counts>;
  };
  const wanted = Object.entries(expected.files).filter(
    ([file]) => file.startsWith("claude-code/") || file.startsWith("ap-trace-derived/"),
  );

  describe("real traces give exactly the expected counts", () => {
    it("covers every file of the two formats", () => {
      expect(wanted.length).toBe(27);
    });

    it.each(wanted)("%s", async (file, counts) => {
      const set = await readTraces([folder + file]);
      const isMain = (call: number) => set.calls.subagent[call] === 0;
      expect(set.traces.length).toBe(counts.traces);
      expect(set.calls.length).toBe(counts.tool_calls);
      expect(set.names.length).toBe(counts.distinct_tools);
      expect(histogram(set)).toEqual(new Map(Object.entries(counts.histogram)));
      expect(set.badLines).toBe(counts.bad_lines ?? 0);
      expect(set.diagnostics.length).toBe(counts.bad_lines ?? 0);
      if (counts.main_histogram !== undefined) {
        expect(histogram(set, isMain)).toEqual(new Map(Object.entries(counts.main_histogram)));
        expect(set.calls.subagent.reduce((sum, flag) => sum + flag, 0)).toBe(counts.subagent_calls);
      }
      expect(set.calls.timeMs.every((time) => Number.isFinite(time))).toBe(true);
    });

    it("all claude-code files together are the sum of each", async () => {
      const set = await readTraces([`${folder}claude-code`]);
      expect([set.traces.length, set.calls.length, set.names.length, set.badLines]).toEqual([25, 1800, 33, 1]);
    });

    it("both exports of the same AP-Traces count each call once", async () => {
      const set = await readTraces([`${folder}ap-trace-derived`]);
      const alone = expected.files["ap-trace-derived/ap-traces.jsonl.gz"]!;
      expect([set.traces.length, set.calls.length]).toEqual([alone.traces, alone.tool_calls]);
    });
  });
}
