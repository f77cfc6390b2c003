import type { BenchReport } from "../../cli/bench/bench-report.js";

/** `smoltbot policy bench --format json`. */
export function benchJson(report: BenchReport): object {
  const { compile, open, evaluators } = report;
  return {
    schema: "smoltbot.bench/1",
    policy: report.policy,
    digest: report.digest,
    compile: {
      milliseconds: compile.milliseconds.map(({ stage, ms }) => ({ stage, ms: rounded(ms) })),
      warm_ms: rounded(report.compileWarmMs),
      globs: compile.globs,
      lanes: compile.lanes,
      states: compile.dfa?.states ?? null,
      rows: compile.rows,
      artifact_bytes: compile.artifactBytes,
    },
    open: { first_ms: rounded(open.firstMs), warm_ms: rounded(open.warmMs) },
    evaluators: { single: evaluators.single, bulk: evaluators.bulk, wasm_unavailable: evaluators.wasmUnavailable ?? null },
    linear: { regexps: report.linear.regExps, loops: report.linear.loops },
    workloads: report.workloads.map(({ id, origin, calls, distinct, compared, leftOut, rows }) => ({
      id,
      origin,
      calls,
      distinct_names: distinct,
      compared_names: compared,
      calls_left_out: leftOut,
      ways: rows.map(({ way, ns, timesFaster }) => ({
        way,
        ns: { median: rounded(ns.median), low: rounded(ns.low), high: rounded(ns.high) },
        calls_per_second: Math.round(1e9 / ns.median),
        times_faster_than_linear: rounded(timesFaster),
      })),
    })),
    rounds: report.rounds,
    seconds: rounded(report.seconds),
  };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
