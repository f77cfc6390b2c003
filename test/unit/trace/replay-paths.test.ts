import { describe, expect, it } from "vitest";
import type { CallConsumer } from "../../../src/trace/consumer.js";
import { replayReport } from "../../../src/trace/fold/answer.js";
import { type FoldOptions, ReplayFold } from "../../../src/trace/fold/fold.js";
import { replay } from "../../../src/trace/replay.js";
import type { ReplayEngine } from "../../../src/trace/replay-engine.js";
import type { ReplayReport } from "../../../src/trace/replay-report.js";
import { TraceSetBuilder } from "../../../src/trace/trace-set.js";
import { callByCall, sketched } from "../../support/replays.js";
import { chance } from "../../support/traces.js";

const start = Date.UTC(2026, 1, 1);
const hour = 3_600_000;
const inputs = ["a", "b", "c"].map((name) => ({ name, format: "x", records: 0, badLines: 0, repeatedCalls: 0 }));
const reading = { inputs, diagnostics: [] };

/**
 * What readers may say in any order: traces with and without agents, named late; calls alone and in batches, repeated ones,
 * undated ones, of subagents, of other sessions. The same seed says the same each time.
 */
function tell(seed: number, consumer: CallConsumer, inTime = false): void {
  const next = chance(seed);
  const names = ["read_x", "write_a", "other", "new_one", "delete_x", "rm", "", "x\ufffd", "read_delete", "newer", "__proto__"];
  let clock = start;
  const timeOf = () => {
    clock += next(hour / 2);
    if (inTime) return clock;
    return next(8) === 0 ? Number.NaN : next(3) === 0 ? start + next(120 * hour) : clock;
  };
  const agentOf = () => (next(3) === 0 ? undefined : `agent-${next(3)}`);
  for (let step = 0; step < 160; step++) {
    const input = Math.min(2, Math.floor(step / 60));
    const format = `f${next(2)}`;
    const key = `t${next(25)}`;
    const kind = next(8);
    if (kind < 2) {
      consumer.traceId(format, input, key, {
        agent: agentOf(),
        timeMs: start + next(99) * hour,
        id: next(2) ? undefined : `id-${key}`,
      });
    } else if (kind < 4) {
      const length = next(12);
      const ids = Array.from({ length: 3 }, (_, i) => consumer.traceId(format, input, `t${(next(20) + i) % 25}`, {}));
      const tools = Array.from({ length: 4 }, () =>
        consumer.toolId(names[next(names.length)]!, next(2) ? undefined : `raw${next(9)}`),
      );
      const column = (of: () => number) => Array.from({ length }, of);
      consumer.addBatch({
        input,
        length,
        trace: Uint32Array.from(column(() => ids[next(3)]!)),
        tool: Uint32Array.from(column(() => tools[next(4)]!)),
        timeMs: Float64Array.from(column(timeOf)),
        line: Uint32Array.from(column(() => step + 1)),
      });
    } else {
      const timeMs = timeOf();
      consumer.add(format, input, {
        trace: key,
        callId: next(3) === 0 ? `c${next(12)}` : undefined,
        tool: names[next(names.length)]!,
        rawTool: next(4) === 0 ? `raw${next(9)}` : undefined,
        timeMs: Number.isNaN(timeMs) ? undefined : timeMs,
        agent: next(9) === 0 ? agentOf() : undefined,
        session: next(5) === 0 ? `t${next(6)}` : undefined,
        subagent: next(6) === 0,
        line: step + 1,
      });
    }
  }
}

function folded(engine: ReplayEngine, options: FoldOptions, telling: (consumer: CallConsumer) => void) {
  const fold = new ReplayFold(engine, options);
  telling(fold);
  let readings = 1;
  for (; fold.wantsRereading; readings++) {
    fold.rewind();
    telling(fold);
  }
  return { readings, report: replayReport(fold.finish(), reading, options.noGrace === true) };
}

function ofSet(engine: ReplayEngine, options: FoldOptions, telling: (consumer: CallConsumer) => void): ReplayReport {
  const builder = new TraceSetBuilder();
  telling(builder);
  return replay(engine, builder.finish(inputs, []), options);
}

const triggers = `[{condition: "tool_matches('write*')", action: escalate, reason: ask}, {condition: "tool_matches('new*')", action: warn, reason: look}]`;
const counting = `[{condition: "tool_matches('read*') and tool_count > 3", action: deny, reason: late}, {condition: "unmapped_tool_count >= 2 or violation_count > 1", action: warn, reason: many}]`;
const policies: Record<string, ReplayEngine> = {
  deny: sketched({ unmapped: "deny", graceHours: 24, triggers }),
  lenient: sketched({ unmapped: "allow", failOn: "high", more: '["new*", "other"]', mode: "warn" }),
  counting: sketched({ unmapped: "deny", graceHours: 30, triggers: counting }),
};
const filters: FoldOptions[] = [
  {},
  { limit: 6 },
  { agent: "agent-1" },
  { noGrace: true },
  { sinceMs: start + 30 * hour, untilMs: start + 60 * hour },
  { session: "t3" },
  { session: "id-t3", limit: 2, agent: "agent-0" },
  { card: { boundedActions: ["read"], forbiddenActions: [] } },
  { sightings: { firstSeenMs: (tool) => (tool === "newer" ? start + 5 * hour : undefined) } },
];
const pairs: [string, string | undefined][] = [
  ["deny", undefined],
  ["deny", "lenient"],
  ["lenient", "deny"],
  ["counting", undefined],
  ["lenient", "counting"],
];

describe("every way of replaying gives the same answer", () => {
  let readAgain = 0;
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])("seed %i", (seed) => {
    const telling = (consumer: CallConsumer) => tell(seed, consumer);
    for (const [now, then] of pairs) {
      for (const filter of filters) {
        const options = { ...filter, against: then === undefined ? undefined : policies[then] };
        const wanted = ofSet(policies[now]!, options, telling);
        const kept = folded(policies[now]!, options, telling);
        expect(kept.report).toEqual(wanted);
        expect(kept.readings).toBe(1);
        for (const bufferedCallsMax of [1, 40]) {
          const streamed = folded(policies[now]!, { ...options, bufferedCallsMax }, telling);
          expect(streamed.report).toEqual(wanted);
          readAgain += streamed.readings - 1;
        }
      }
    }
  });

  it("and the inputs were read again where that was needed", () => {
    expect(readAgain).toBeGreaterThan(100);
  });

  it("and nothing is read again of inputs in order of time that name their agents first", () => {
    for (let seed = 1; seed < 10; seed++) {
      const telling = (consumer: CallConsumer) => {
        for (const format of ["f0", "f1"]) {
          for (let t = 0; t < 25; t++) consumer.traceId(format, 0, `t${t}`, { agent: `agent-${t % 3}` });
        }
        tell(seed, consumer, true);
      };
      const options = { bufferedCallsMax: 1, against: policies["lenient"], readOnce: true };
      const streamed = folded(policies["deny"]!, options, telling);
      expect(streamed.readings).toBe(1);
      expect(streamed.report).toEqual(ofSet(policies["deny"]!, options, telling));
      expect(streamed.report.graceTools.length).toBeGreaterThan(0);
    }
  });

  it("and agrees with judging call by call, in the engine's own sessions", () => {
    for (const seed of [1, 2, 3]) {
      const telling = (consumer: CallConsumer) => tell(seed, consumer);
      for (const [now, then] of pairs) {
        for (const filter of filters) {
          const against = then === undefined ? undefined : policies[then];
          const fast = ofSet(policies[now]!, { ...filter, against }, telling);
          const slow = ofSet(callByCall(policies[now]!), { ...filter, against: against && callByCall(against) }, telling);
          expect({ ...fast, rules: [] }).toEqual(slow);
        }
      }
    }
  });
});

describe("inputs that can be read once", () => {
  const engine = policies["deny"]!;
  const call = (trace: string, tool: string, hours: number) => ({ trace, tool, timeMs: start + hours * hour, line: 1 });

  it("are kept where a limit needs all traces", () => {
    const telling = (consumer: CallConsumer) => tell(5, consumer);
    const options = { limit: 4, readOnce: true, bufferedCallsMax: 1 };
    expect(folded(engine, options, telling)).toEqual({ readings: 1, report: ofSet(engine, { limit: 4 }, telling) });
  });

  it("say so when grace was given too early", () => {
    const late = (consumer: CallConsumer) => {
      consumer.add("f", 0, call("t1", "unseen", 30));
      consumer.add("f", 0, call("t2", "unseen", 1));
    };
    const { report } = folded(engine, { readOnce: true, bufferedCallsMax: 1 }, (consumer) => {
      late(consumer);
      for (let i = 0; i < 5000; i++) consumer.add("f", 0, call("t3", "read", 31));
    });
    expect(report.diagnostics).toEqual([]);
    const spread = folded(engine, { readOnce: true, bufferedCallsMax: 1 }, (consumer) => {
      consumer.add("f", 0, call("t1", "unseen", 30));
      for (let i = 0; i < 5000; i++) consumer.add("f", 0, call("t3", "read", 31));
      consumer.add("f", 0, call("t2", "unseen", 1));
    });
    expect(spread.report.diagnostics.map(({ code }) => code)).toEqual(["trace_out_of_order"]);
  });

  it("say nothing when a time out of order changes no decision", () => {
    const { report } = folded(engine, { readOnce: true, bufferedCallsMax: 1 }, (consumer) => {
      consumer.add("f", 0, call("t1", "unseen", 3));
      for (let i = 0; i < 5000; i++) consumer.add("f", 0, call("t3", "read", 31));
      consumer.add("f", 0, call("t2", "unseen", 1));
    });
    expect(report.diagnostics).toEqual([]);
    expect(report.graceTools).toEqual([{ tool: "unseen", agent: undefined, count: 2, expiresAtMs: start + 25 * hour }]);
    expect(report.traces[0]!.findings[0]!.graceExpiresAtMs).toBe(start + 25 * hour);
  });
});

it("inputs that are others at the second reading are an error", () => {
  const fold = new ReplayFold(policies["deny"]!, { limit: 1, bufferedCallsMax: 1 });
  tell(1, fold);
  expect(fold.wantsRereading).toBe(true);
  fold.rewind();
  tell(1, fold);
  fold.add("f0", 2, { trace: "new", tool: "rm", line: 1 });
  expect(replayReport(fold.finish(), reading, false).diagnostics.map(({ code }) => code)).toEqual(["trace_input_changed"]);
});
