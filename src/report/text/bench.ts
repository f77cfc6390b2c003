import type { BenchReport, BenchRow, BenchWay, BenchWorkload } from "../../cli/bench/bench-report.js";
import { escapeText } from "../../diagnostics/escape.js";
import type { Paint } from "../paint.js";
import { count, lines, pad, widest } from "./words.js";

const ways: Record<BenchWay, string> = {
  single_js: "one by one, JavaScript",
  single_wasm: "one by one, WASM",
  batch_js: "packed batches, JavaScript",
  batch_wasm: "packed batches, WASM",
  ids_js: "ids of a dictionary, JavaScript",
  ids_wasm: "ids of a dictionary, WASM",
  linear_regexp: "every rule as a RegExp, in order",
};

/** What a policy costs: compiling, opening, and calls by every way, each next to the linear evaluation. */
export function benchText(report: BenchReport, paint: Paint): string {
  const { compile, open, evaluators, linear } = report;
  const { dfa } = compile;
  const lanes = Object.entries(compile.lanes).filter(([, globs]) => globs > 0);
  const stages = compile.milliseconds.filter(({ stage }) => stage !== "total");
  const total = compile.milliseconds.find(({ stage }) => stage === "total")?.ms ?? 0;
  return lines(
    `${paint.strong(escapeText(report.policy))}  ${paint.faint(report.digest)}`,
    `  globs      ${compile.globs.toLocaleString("en-US")}${lanes.length === 0 ? "" : ` (${lanes.map(([lane, n]) => `${n.toLocaleString("en-US")} ${lane}`).join(", ")})`}`,
    `  automaton  ${dfa === undefined ? "none" : count(dfa.states, "state")}, ${count(compile.rows, "row")}`,
    `  artifact   ${count(compile.artifactBytes, "byte")}`,
    `  compile    ${ms(report.compileWarmMs)}; the first time ${ms(total)} (${stages.map((stage) => `${stage.stage} ${ms(stage.ms)}`).join(", ")})`,
    `  open       ${ms(open.warmMs)}; the first time ${ms(open.firstMs)}`,
    `  evaluator  ${evaluators.single} for single checks, ${evaluators.bulk} for batches${evaluators.wasmUnavailable === undefined ? "" : ` (no WASM: ${escapeText(evaluators.wasmUnavailable)})`}`,
    report.workloads.flatMap((workload) => ["", ...workloadLines(workload, paint)]),
    "",
    paint.faint(
      `${report.rounds} interleaved rounds, ${report.seconds.toFixed(1)} s in all; times are medians and depend on the machine, the last column on little else`,
    ),
    linear.loops === 0
      ? undefined
      : paint.faint(
          `${count(linear.loops, "glob")} with more stars than a RegExp can be trusted with ${linear.loops === 1 ? "was" : "were"} matched by a plain loop instead`,
        ),
  );
}

function workloadLines(workload: BenchWorkload, paint: Paint): string[] {
  const { rows, compared, distinct, leftOut } = workload;
  if (rows.length === 0) return [`${paint.strong(titleOf(workload))}: nothing to measure`];
  const names = widest(rows.map(({ way }) => ways[way]));
  const cells = rows.map((row) => [nanoseconds(row.ns.median), perSecond(row), times(row.timesFaster)] as const);
  const columns = [0, 1, 2].map((c) =>
    widest(
      cells.map((line) => line[c] as string),
      9,
    ),
  );
  const line = (first: string, rest: readonly string[]) =>
    `  ${pad(first, names)}${rest.map((text, c) => `  ${text.padStart(columns[c] as number)}`).join("")}`;
  const notes: string[] = [];
  if (compared < distinct) {
    notes.push(
      `the RegExps were asked for ${compared.toLocaleString("en-US")} of the ${count(distinct, "name")}, for lack of time`,
    );
  }
  if (leftOut > 0) notes.push(`${count(leftOut, "call")} left out: names too long for a RegExp, or more calls than are needed`);
  return [
    paint.strong(titleOf(workload)),
    paint.faint(line("", ["a call", "calls/s", "vs RegExp"])),
    ...rows.map(({ way }, i) => line(ways[way], cells[i] as readonly string[])),
    ...notes.map((note) => `  ${paint.faint(note)}`),
  ];
}

function titleOf({ id, origin, calls, distinct }: BenchWorkload): string {
  if (id === "new_names") return "Names never seen before";
  const what = `${count(calls, "call")} of ${count(distinct, "tool")}`;
  return origin === "recorded"
    ? `Your traces: ${what}, in their order`
    : `Calls that repeat: ${what}, made from the policy's globs`;
}

function perSecond({ ns }: BenchRow): string {
  const rate = 1e9 / ns.median;
  if (rate >= 1e9) return `${(rate / 1e9).toFixed(2)} G`;
  return rate >= 1e6 ? `${(rate / 1e6).toFixed(1)} M` : rate >= 1e3 ? `${(rate / 1e3).toFixed(1)} k` : rate.toFixed(1);
}

function nanoseconds(ns: number): string {
  if (ns < 1e3) return `${ns.toFixed(ns < 10 ? 2 : 1)} ns`;
  return ns < 1e6 ? `${(ns / 1e3).toFixed(1)} us` : `${(ns / 1e6).toFixed(1)} ms`;
}

function times(value: number): string {
  return `${value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toFixed(value >= 10 ? 1 : 2)}x`;
}

function ms(value: number): string {
  return `${value.toFixed(value < 1 ? 2 : 1)} ms`;
}
