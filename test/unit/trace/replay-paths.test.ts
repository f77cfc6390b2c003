import { describe, expect, it } from "vitest";
import type { CallConsumer } from "../../../src/trace/consumer.js";
import { replayReport } from "../../../src/trace/fold/answer.js";
import { type FoldOptions, ReplayFold } from "../../../src/trace/fold/fold.js";
import { replay } from "../../../src/trace/replay.js";
import type { ReplayEngine } from "../../../src/trace/replay-engine.js";
import type { ReplayReport } from "../../../src/trace/replay-report.js";
import { TraceSetBuilder } from "../../../src/trace/trace-set.js";
import { callByCall, hour, sketched, start, tell, toldInputs } from "../../support/replays.js";

const reading = { inputs: toldInputs, diagnostics: [] };

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
  return replay(engine, builder.finish(toldInputs, []), options);
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
  it.each([1, 2, 3, 4, 5, 6])("seed %i", (seed) => {
    const telling = (consumer: CallConsumer) => tell(seed, consumer);
    for (const [now, then] of pairs) {
      for (const filter of filters) {
        const options = { ...filter, against: then === undefined ? undefined : policies[then] };
        const wanted = ofSet(policies[now]!, options, telling);
        const kept = folded(policies[now]!, options, telling);
        expect(kept.report).toEqual(wanted);
        expect(kept.readings).toBe(1);
        const streamed = folded(policies[now]!, { ...options, bufferedCallsMax: seed % 2 === 0 ? 1 : 40 }, telling);
        expect(streamed.report).toEqual(wanted);
        readAgain += streamed.readings - 1;
      }
    }
  });

  it("and the inputs were read again where that was needed", () => {
    expect(readAgain).toBeGreaterThan(50);
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
