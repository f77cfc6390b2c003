import { quoteText } from "../../diagnostics/escape.js";
import { type Engine, openEngine } from "../../engine/engine.js";
import type { PackedNames } from "../../engine/evaluator.js";
import { packNames } from "../../engine/names.js";
import { benchCallsMax, benchNameUnitsMax } from "../../limits.js";
import type { MergedPolicy } from "../../policy/model.js";
import { failure } from "../failure.js";
import { compile } from "../open-policy.js";
import type { BenchReport, BenchRow, BenchWay, BenchWorkload } from "./bench-report.js";
import { LinearPolicy } from "./linear.js";
import { type Candidate, interleave, median, quantile, sink, type Timed, untimed } from "./rounds.js";
import { namesAround, skewedCalls } from "./synthetic-names.js";

/** Calls as traces have them: distinct names, and for every call the place of its name. */
export interface RecordedCalls {
  readonly names: readonly string[];
  readonly ids: Uint32Array;
}

/** `share`: of the whole, 0 to 1. */
export type BenchProgress = (doing: string, share: number) => void;

/** Eight times what the name cache of an engine keeps, so that a name is forgotten before it comes again. */
const newNames = 65_536;
const syntheticDistinct = 1000;
const syntheticCalls = 100_000;
/** Names of one packed batch. */
const batchNames = 8192;
const rounds = 9;

/**
 * Measures what one policy costs, in about `seconds` of measuring: compiling, opening, and calls by every way there is, each next
 * to trying all rules as regular expressions. Nothing is timed before all ways gave the same verdicts.
 * @throws CommandFailure `bench_answers_differ` when they did not
 */
export async function benchPolicy(
  policy: MergedPolicy,
  recorded: RecordedCalls | undefined,
  seconds: number,
  onProgress: BenchProgress,
): Promise<BenchReport> {
  const startedMs = performance.now();
  onProgress("compiling", 0);
  const { bytes, report: compiled } = compile(policy);
  const compileWarmMs = repeatedMs(seconds * 50, () => compile(policy).bytes.length);
  onProgress("opening", 0.05);
  const opened = performance.now();
  const engine = openEngine(bytes);
  engine.decide("");
  const firstMs = performance.now() - opened;
  const warmMs = repeatedMs(seconds * 20, () => openEngine(bytes).decide("").verdict.length);
  const { wasmUnavailable, evaluator, bulkEvaluator } = engine.info;
  const subject: Subject = {
    linear: new LinearPolicy(policy),
    engines: (["js", "wasm"] as const)
      .filter((kind) => kind === "js" || wasmUnavailable === undefined)
      .map((kind) => ({ kind, engine: openEngine(bytes, { evaluator: kind }) })),
  };
  const unseen = namesAround(policy, newNames);
  const workloads: BenchWorkload[] = [];
  const plans: readonly Plan[] = [
    { id: "new_names", origin: "synthetic", names: unseen, ids: Uint32Array.from(unseen, (_, i) => i), leftOut: 0 },
    recorded === undefined ? syntheticPlan(unseen) : recordedPlan(recorded),
  ];
  for (const [i, plan] of plans.entries()) {
    const from = 0.1 + 0.45 * i;
    const doing = plan.id === "new_names" ? "names never seen" : `${plan.origin} calls`;
    workloads.push(await runPlan(subject, plan, seconds * 0.45, (share) => onProgress(doing, from + 0.45 * share)));
  }
  return {
    policy: policy.name,
    digest: engine.info.digest,
    compile: compiled,
    compileWarmMs,
    open: { firstMs, warmMs },
    evaluators: { single: evaluator, bulk: bulkEvaluator, wasmUnavailable },
    linear: subject.linear.notes,
    workloads,
    rounds,
    seconds: (performance.now() - startedMs) / 1000,
  };
}

interface Subject {
  readonly linear: LinearPolicy;
  readonly engines: readonly { readonly kind: "js" | "wasm"; readonly engine: Engine }[];
}

interface Plan extends RecordedCalls, Pick<BenchWorkload, "id" | "origin" | "leftOut"> {}

function syntheticPlan(unseen: readonly string[]): Plan {
  const names = unseen.slice(0, syntheticDistinct);
  return { id: "calls", origin: "synthetic", names, ids: skewedCalls(names.length, syntheticCalls), leftOut: 0 };
}

/** The first calls whose names are not too long, in their order. */
function recordedPlan({ names, ids }: RecordedCalls): Plan {
  const kept = ids.filter((id) => (names[id] as string).length <= benchNameUnitsMax).subarray(0, benchCallsMax);
  return { id: "calls", origin: "recorded", names, ids: kept, leftOut: ids.length - kept.length };
}

async function runPlan(subject: Subject, plan: Plan, seconds: number, onShare: (share: number) => void): Promise<BenchWorkload> {
  const { id, origin, leftOut, ids } = plan;
  if (ids.length === 0) return { id, origin, leftOut, calls: 0, distinct: 0, compared: 0, rows: [] };
  const compared = compareVerdicts(subject, plan, seconds * 250);
  onShare(0.25);
  const timed = await interleave(candidatesOf(subject, plan, compared), rounds, seconds * 0.75, (round) =>
    onShare(0.25 + (0.75 * round) / rounds),
  );
  const distinct = new Set(ids).size;
  return { id, origin, leftOut, calls: ids.length, distinct, compared: compared.size, rows: rowsOf(timed) };
}

/** The ids of the names on which the linear evaluation was asked, as many as `budgetMs` allows, at least one. */
function compareVerdicts({ linear, engines }: Subject, { names, ids }: Plan, budgetMs: number): Set<number> {
  const packed = packNames(names as string[]);
  const batches = engines.map(({ engine }) => engine.decideBatch(packed));
  const compared = new Set<number>();
  const endMs = performance.now() + budgetMs;
  for (const id of new Set(ids)) {
    const name = names[id] as string;
    const verdicts = engines.flatMap(({ engine }, i) => [engine.decide(name).verdict, batches[i]!.at(id).verdict]);
    if (compared.size === 0 || performance.now() < endMs) {
      verdicts.push(linear.verdict(name));
      compared.add(id);
    }
    if (verdicts.some((verdict) => verdict !== verdicts[0])) {
      throw failure("bench_answers_differ", `the tool name ${quoteText(name)} gets ${[...new Set(verdicts)].join(" and ")}`);
    }
  }
  return compared;
}

function candidatesOf({ linear, engines }: Subject, plan: Plan, compared: ReadonlySet<number>): Candidate<BenchWay>[] {
  const { names, ids } = plan;
  const called = Array.from(ids, (id) => names[id] as string);
  const batches: PackedNames[] = [];
  for (let at = 0; at < called.length; at += batchNames) batches.push(packNames(called.slice(at, at + batchNames)));
  const asked = called.filter((_, i) => compared.has(ids[i] as number));
  const candidates: Candidate<BenchWay>[] = [
    { id: "linear_regexp", run: roundAbout(asked, (name) => linear.verdict(name).length) },
  ];
  for (const { kind, engine } of engines) {
    candidates.push(
      { id: `single_${kind}`, run: roundAbout(called, (name) => engine.decide(name).verdict.length) },
      { id: `batch_${kind}`, run: wholes(batches, (batch) => engine.countBatch(batch)) },
    );
    if (plan.id === "calls") candidates.push({ id: `ids_${kind}`, run: wholes([ids], () => engine.countIds(ids, names)) });
  }
  return candidates;
}

/** Names handed over at a time. */
const handedOver = 512;

/**
 * Goes round a list for ever, one name an operation. A name to be checked has just been read from a message, so its characters are
 * in the cache although the name is new: names are touched, outside the clock, some hundreds at a time.
 */
function roundAbout(names: readonly string[], each: (name: string) => number): (count: number) => number {
  let at = 0;
  return (count) => {
    let sum = 0;
    for (let done = 0; done < count; ) {
      const end = Math.min(at + handedOver, at + count - done, names.length);
      const startedMs = performance.now();
      for (let i = at; i < end; i++) sum += (names[i] as string).codePointAt(0) ?? 0;
      untimed.ms += performance.now() - startedMs;
      for (let i = at; i < end; i++) sum += each(names[i] as string);
      done += end - at;
      at = end === names.length ? 0 : end;
    }
    sink.sum += sum;
    return count;
  };
}

interface Sized {
  readonly length?: number;
  readonly count?: number;
}

/** The same with whole batches: as many as hold the operations asked for. */
function wholes<T extends Sized>(batches: readonly T[], each: (batch: T) => { readonly counts: { readonly fail: number } }) {
  let at = 0;
  return (count: number) => {
    let done = 0;
    while (done < count) {
      const batch = batches[at] as T;
      sink.sum += each(batch).counts.fail;
      done += batch.count ?? batch.length ?? 1;
      if (++at === batches.length) at = 0;
    }
    return done;
  };
}

const order: readonly BenchWay[] = ["single_js", "single_wasm", "batch_js", "batch_wasm", "ids_js", "ids_wasm", "linear_regexp"];

function rowsOf(timed: readonly Timed<BenchWay>[]): BenchRow[] {
  const linear = timed.find(({ id }) => id === "linear_regexp")?.samples ?? [];
  const rows = timed.map(({ id, samples }) => ({
    way: id,
    ns: { median: median(samples), low: quantile(samples, 0.1), high: quantile(samples, 0.9) },
    timesFaster: median(samples.map((ns, round) => (linear[round] as number) / ns)),
  }));
  return rows.sort((a, b) => order.indexOf(a.way) - order.indexOf(b.way));
}

/** The median of repetitions within a time, at least three; milliseconds. */
function repeatedMs(budgetMs: number, work: () => number): number {
  const samples: number[] = [];
  const endMs = performance.now() + budgetMs;
  while (samples.length < 3 || (samples.length < 50 && performance.now() < endMs)) {
    const started = performance.now();
    sink.sum += work();
    samples.push(performance.now() - started);
  }
  return median(samples);
}
