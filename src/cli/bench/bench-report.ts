import type { CompileReport } from "../../compiler/compile.js";

/** What `policy bench` found. Times depend on the machine and its load; ratios were taken within one round of one run. */
export interface BenchReport {
  readonly policy: string;
  /** SHA-256 of the policy's meaning, hex. */
  readonly digest: string;
  /** Of the first compilation of this process. */
  readonly compile: CompileReport;
  /** Milliseconds of a compilation once the compiler itself is warm. */
  readonly compileWarmMs: number;
  /** Milliseconds from the artifact's bytes to the first answer; with `auto`, a small policy needs no WASM for it. */
  readonly open: { readonly firstMs: number; readonly warmMs: number };
  /** Which evaluators an engine opened with `auto` takes. */
  readonly evaluators: {
    readonly single: "js" | "wasm";
    readonly bulk: "js" | "wasm";
    readonly wasmUnavailable: string | undefined;
  };
  readonly linear: LinearNotes;
  readonly workloads: readonly BenchWorkload[];
  /** Rounds of interleaved samples behind every median. */
  readonly rounds: number;
  /** All of it took. */
  readonly seconds: number;
}

/** How the policy was evaluated rule by rule, for comparison. */
export interface LinearNotes {
  /** Globs tried as anchored regular expressions. */
  readonly regExps: number;
  /** Globs with more stars than `benchStarsMax`: matched by a plain loop, because a regular expression may hang on them. */
  readonly loops: number;
}

export interface BenchWorkload {
  readonly id: "new_names" | "calls";
  /** `recorded`: of the traces given, in their order; `synthetic`: made from the policy's own globs. */
  readonly origin: "recorded" | "synthetic";
  /** Calls gone through again and again. */
  readonly calls: number;
  readonly distinct: number;
  /** Distinct names on which the linear evaluation was asked first and gave the same verdicts; only these are timed with it. */
  readonly compared: number;
  /** Recorded calls left out, because their names are longer than `benchNameUnitsMax`. */
  readonly leftOut: number;
  readonly rows: readonly BenchRow[];
}

export type BenchWay = "single_js" | "single_wasm" | "batch_js" | "batch_wasm" | "ids_js" | "ids_wasm" | "linear_regexp";

export interface BenchRow {
  readonly way: BenchWay;
  /** Nanoseconds per call: the median of the rounds, and the tenths from below and above. */
  readonly ns: { readonly median: number; readonly low: number; readonly high: number };
  /** How many times as long the linear evaluation takes; the median of the ratios within rounds. 1 for itself. */
  readonly timesFaster: number;
}
