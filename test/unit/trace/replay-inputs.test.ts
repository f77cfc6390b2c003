import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReadOptions, ReadProgress, TraceInput } from "../../../src/trace/io/options.js";
import { readTraces } from "../../../src/trace/io/read.js";
import { replayInputs } from "../../../src/trace/io/replay-inputs.js";
import { replay } from "../../../src/trace/replay.js";
import { sketched } from "../../support/replays.js";
import { assistant, chance, lines, step, toolUse } from "../../support/traces.js";

const now = sketched({ unmapped: "deny", graceHours: 24, more: '["mcp__*__get*", "Read"]' });
const then = sketched({ unmapped: "warn", triggers: `[{condition: "tool_matches('B*')", action: escalate, reason: ask}]` });
const inOrder = sketched({ triggers: `[{condition: "tool_count > 30", action: deny, reason: long}]` });

/** Sessions over two weeks in a shuffled order: grace of a tool is often judged before its first time is read. */
function transcript(seed: number): string {
  const next = chance(seed);
  const timestamp = () => new Date(Date.UTC(2026, 1, 1) + next(14 * 86_400_000)).toISOString();
  const names = ["Read", "Bash", "rm", "mcp__x__get_y", "mcp__x__delete", "other", "Edit"];
  return lines(
    ...Array.from({ length: 300 }, (_, i) =>
      assistant(`s${next(40)}`, [toolUse(names[next(names.length)], `t${next(280)}`)], {
        timestamp: timestamp(),
        isSidechain: i % 9 === 0,
      }),
    ),
  );
}

describe("inputs of any size", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "smoltbot-replay-"));
    for (const seed of [1, 2, 3]) writeFileSync(join(folder, `run-${seed}.jsonl`), transcript(seed));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const filters = [{}, { limit: 9 }, { sinceMs: Date.UTC(2026, 1, 5) }, { session: "s7" }, { noGrace: true }];

  it.each(filters)("are judged like a set that is all there: %j", async (filter) => {
    const set = await readTraces([folder]);
    for (const engine of [now, then, inOrder]) {
      for (const against of [undefined, then]) {
        const wanted = replay(engine, set, { ...filter, against });
        for (const bufferedCallsMax of [1, 300, undefined]) {
          const report = await replayInputs(engine, [folder], {}, { ...filter, against, bufferedCallsMax });
          expect(report).toEqual(wanted);
        }
      }
    }
  });

  it("are read again only where one reading cannot know enough", async () => {
    const readings = async (
      inputs: readonly TraceInput[],
      options: Parameters<typeof replayInputs>[3],
      read: ReadOptions = {},
    ) => {
      const seen = new Set<number>();
      const onProgress = ({ reading = 1 }: ReadProgress) => void seen.add(reading);
      await replayInputs(now, inputs, { ...read, onProgress }, options);
      return seen.size;
    };
    expect(await readings([folder], { bufferedCallsMax: 1 })).toBe(2);
    expect(await readings([folder], { bufferedCallsMax: 1, noGrace: true })).toBe(1);
    expect(await readings([folder], { bufferedCallsMax: 1, noGrace: true, limit: 3 })).toBe(2);
    expect(await readings([folder], { limit: 3 })).toBe(1);
  });

  it("of standard input are read once, and the report says when that was too little", async () => {
    const stdin = async function* () {
      for (const seed of [1, 2, 3]) yield Buffer.from(transcript(seed).repeat(20));
    };
    const report = await replayInputs(now, ["-"], { stdin: stdin() }, { bufferedCallsMax: 1 });
    expect(report.diagnostics.map(({ code }) => code)).toEqual(["trace_out_of_order"]);
    const whole = await replayInputs(now, ["-"], { stdin: stdin() });
    expect(whole.diagnostics).toEqual([]);
    expect(whole.summary.calls).toBe(report.summary.calls);
    const limited = await replayInputs(now, ["-"], { stdin: stdin() }, { bufferedCallsMax: 1, limit: 5 });
    expect([limited.diagnostics, limited.summary.traces]).toEqual([[], 5]);
  });

  it("that are stopped answer for what was read, and never for what was not judged", async () => {
    const endless = async function* (stop: AbortController) {
      yield Buffer.from(lines(step("t", ["rm"])).repeat(70));
      stop.abort();
      yield Buffer.from("\n");
      await new Promise(() => {});
    };
    const stopped = (options: Parameters<typeof replayInputs>[3]) => {
      const stop = new AbortController();
      return replayInputs(now, [{ name: "x", bytes: endless(stop) }], { signal: stop.signal }, options);
    };
    const report = await stopped({});
    expect(report.partial).toMatchObject({ bytesTotal: undefined });
    expect(report.summary).toMatchObject({ traces: 1, fail: 1 });
    const stop = new AbortController();
    const onProgress = ({ calls }: ReadProgress) => calls > 0 && stop.abort();
    const early = await replayInputs(now, [folder], { signal: stop.signal, onProgress }, { limit: 2, bufferedCallsMax: 1 });
    expect([early.traces, early.summary.calls, early.diagnostics.map(({ code }) => code)]).toEqual([
      [],
      0,
      ["trace_none_selected"],
    ]);
  });

  it("say which wrappers they hold", async () => {
    const bytes = Buffer.from(
      lines(
        assistant("s", [{ type: "tool_use", id: "1", name: "execute-tool", input: { server_name: "x", tool_name: "get_y" } }]),
      ),
    );
    const [off, on] = await Promise.all([false, true].map((unwrap) => replayInputs(now, [{ name: "a", bytes }], { unwrap })));
    expect([off!.wrappers, off!.tools[0]!.tool]).toEqual([
      { unwrapped: false, calls: 1, tools: [{ tool: "execute-tool", calls: 1 }] },
      "execute-tool",
    ]);
    expect([on!.wrappers.unwrapped, on!.tools[0]!.tool, on!.tools[0]!.rawNames]).toEqual([
      true,
      "mcp__x__get_y",
      ["execute-tool"],
    ]);
  });
});

/** Recorded runs beside the project; absent: the suite announces that it skips. */
const recorded = fileURLToPath(new URL("../../../../shared/data/", import.meta.url));

describe.skipIf(!existsSync(recorded))("recorded runs", () => {
  it.each(["claude-code", "ap-trace-derived", "otlp-derived", "codex-rollout"])(
    "of %s are judged the same on every way",
    async (name) => {
      const inputs = [recorded + name];
      const set = await readTraces(inputs);
      expect(set.calls.length).toBeGreaterThan(10);
      for (const options of [{ against: then }, { limit: 5 }, { sinceMs: set.traces[0]?.lastMs ?? 0 }]) {
        const wanted = replay(now, set, options);
        for (const bufferedCallsMax of [1, undefined]) {
          const { wrappers, ...report } = await replayInputs(now, inputs, {}, { ...options, bufferedCallsMax });
          expect({ ...report, wrappers: wanted.wrappers }).toEqual(wanted);
          expect(wrappers.unwrapped).toBe(false);
        }
      }
    },
  );
});
