import type { Strictness } from "../../src/analysis/recommend/draft.js";
import { openPolicy } from "../../src/cli/open-policy.js";
import { makeRecommendation, type Recommendation } from "../../src/cli/recommend/recommendation.js";
import { mergePolicies } from "../../src/policy/merge.js";
import type { Policy } from "../../src/policy/model.js";
import { parsePolicy } from "../../src/syntax/policy.js";
import type { DecidedTraces } from "../../src/trace/io/read-decided.js";
import type { CallTable, TraceSet } from "../../src/trace/trace-set.js";

/** The calls of some traces. Names of the others stay out, so that a half cannot know what only the other one saw. */
export function withTraces(set: TraceSet, keep: (trace: number) => boolean): TraceSet {
  const rows: number[] = [];
  for (let i = 0; i < set.calls.length; i++) if (keep(set.calls.trace[i]!)) rows.push(i);
  const names: string[] = [];
  const ids = new Map<number, number>();
  const tool = Uint32Array.from(rows, (row) => {
    const old = set.calls.tool[row]!;
    if (!ids.has(old)) {
      ids.set(old, names.length);
      names.push(set.names[old]!);
    }
    return ids.get(old)!;
  });
  const { trace, timeMs, line, input, session, subagent } = set.calls;
  const column = (from: Uint32Array) => Uint32Array.from(rows, (row) => from[row]!);
  const calls: CallTable = {
    length: rows.length,
    trace: column(trace),
    tool,
    timeMs: Float64Array.from(rows, (row) => timeMs[row]!),
    line: column(line),
    input: column(input),
    session: column(session),
    subagent: Uint8Array.from(rows, (row) => subagent[row]!),
  };
  return { ...set, names, rawNames: names.map(() => []), calls };
}

/** Halves of the traces with calls: by time where all have one, else every other. */
export function halves(set: TraceSet): readonly [TraceSet, TraceSet] {
  const traces = set.traces.map((trace, index) => ({ trace, index })).filter(({ trace }) => trace.calls > 0);
  const dated = traces.every(({ trace }) => trace.firstMs !== undefined);
  if (dated) traces.sort((a, b) => a.trace.firstMs! - b.trace.firstMs! || a.index - b.index);
  const first = new Set(traces.filter((_, i) => (dated ? i < traces.length / 2 : i % 2 === 0)).map(({ index }) => index));
  return [withTraces(set, (trace) => first.has(trace)), withTraces(set, (trace) => !first.has(trace))];
}

export interface HeldBack {
  readonly recommendation: Recommendation;
  /** Names of the universe that the draft maps and lets through. */
  readonly mapped: readonly string[];
  /** Of those, the share that the second half used; and the share that either half used. */
  readonly precision: number;
  readonly precisionOfAll: number;
  /** Of the tools, and of the calls, of the second half the share that the draft maps and lets through. */
  readonly recall: number;
  readonly recallOfCalls: number;
  /** Tools of the second half that the first half had, the most that a draft of names can find. */
  readonly seenBefore: number;
}

/** Learns from the first half and measures on the second. `universe`: names of tools that exist elsewhere. */
export function measureHeldBack(
  { set, decided }: Pick<DecidedTraces, "set" | "decided">,
  strictness: Strictness,
  universe: readonly string[],
  more: { readonly existing?: Policy; readonly inventory?: readonly string[] } = {},
): HeldBack {
  const [first, second] = halves(set);
  // Nothing that was decided later may be learned from.
  const lastMs = first.calls.timeMs.reduce((last, timeMs) => Math.max(last, timeMs), Number.NEGATIVE_INFINITY);
  const recommendation = makeRecommendation({
    set: first,
    decided: decided.filter(({ timeMs }) => timeMs !== undefined && timeMs <= lastMs),
    window: { agent: undefined, days: 0, untilMs: undefined },
    request: {
      name: "held-back",
      strictness,
      card: undefined,
      existing: more.existing,
      org: undefined,
      inventory: more.inventory ?? [],
    },
  });
  const draft = parsePolicy(recommendation.yaml, { file: "draft.yaml" }).value;
  const { value } = mergePolicies({ agent: draft });
  if (value === undefined) throw new Error("the draft does not merge");
  const { engine } = openPolicy(value);
  const admits = new Map<string, boolean>();
  for (const name of [...new Set([...universe, ...set.names])]) {
    const { verdict, capability } = engine.evaluate([name]).tools[0]!;
    admits.set(name, capability !== null && verdict !== "fail");
  }
  const mapped = [...admits].filter(([, admitted]) => admitted).map(([name]) => name);
  const used = new Set(second.names);
  const before = new Set(first.names);
  const share = (part: number, whole: number) => (whole === 0 ? 1 : part / whole);
  let calls = 0;
  for (const tool of second.calls.tool) if (admits.get(second.names[tool]!)) calls++;
  return {
    recommendation,
    mapped,
    precision: share(mapped.filter((name) => used.has(name)).length, mapped.length),
    precisionOfAll: share(mapped.filter((name) => used.has(name) || before.has(name)).length, mapped.length),
    recall: share([...used].filter((name) => admits.get(name)).length, used.size),
    recallOfCalls: share(calls, second.calls.length),
    seenBefore: share([...used].filter((name) => before.has(name)).length, used.size),
  };
}
