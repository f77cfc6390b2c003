import { randomBytes } from "node:crypto";
import * as limits from "../../limits.js";
import type { CallConsumer } from "../consumer.js";
import { type Fed, Feeding } from "./feeding.js";
import type { ReadOptions, TraceInput } from "./options.js";
import { type Part, partsOf } from "./plan.js";
import { ThreadPool, type UnitRun } from "./pool.js";
import type { ReadConfig } from "./read-source.js";
import type { Unit } from "./thread-messages.js";
import { type WalkStep, walkInputs } from "./walk.js";

export type { Fed } from "./feeding.js";

/**
 * Reads every input and hands its calls to the consumer, in the order of the inputs, whether or not threads help. Never
 * throws for what it finds: `diagnostics` say what could not be read or understood, and one of level error is always there
 * when no trace was recognised (R1). Folders are read with everything below them, in the order of their names, each file
 * once; the content decides what is a trace. Time linear in the bytes; memory is one record, the call ids up to a cap, the
 * distinct names, and what threads found ahead of the one who counts.
 */
export async function feedTraces(inputs: readonly TraceInput[], consumer: CallConsumer, options: ReadOptions = {}): Promise<Fed> {
  const steps = await walkInputs(inputs, options.stdin);
  const { format, fields, unwrap = false, decisions = false, signal } = options;
  const workers = decisions ? undefined : options.workers;
  const random = new Uint32Array(new Uint8Array(randomBytes(12)).buffer);
  const config: ReadConfig = { format, fields, unwrap, decisions, seed: random[0]! };
  consumer.start?.([random[1]!, random[2]!]);
  const { threadedBytesMin = limits.threadedBytesMin, rangeBytesMin = limits.rangeBytesMin } = options;
  const threads = workers !== undefined && fileBytes(steps) >= threadedBytesMin ? workers.count : 0;
  const parts = partsOf(steps, config, { threads, rangeBytesMin });
  const feeding = new Feeding(consumer, options, config, totalBytes(steps));
  if (workers === undefined || threads === 0) {
    for await (const part of parts) {
      if (feeding.isOver()) break;
      await feeding.readHere(part);
    }
    return feeding.finish();
  }
  const pool = new ThreadPool(workers, config);
  const stop = () => void pool.close();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    await feedAhead(parts, feeding, pool, threads + runsQueued);
  } finally {
    signal?.removeEventListener("abort", stop);
    await pool.close();
  }
  return feeding.finish();
}

/** Runs given to the pool beyond one for each thread, so that none has to wait for the next. */
const runsQueued = 2;

/** Threads begin what comes later; it is taken strictly in order. */
async function feedAhead(parts: AsyncGenerator<Part>, feeding: Feeding, pool: ThreadPool, runsMax: number): Promise<void> {
  const ahead: { readonly part: Part; readonly run: UnitRun | undefined }[] = [];
  let more = true;
  try {
    while (!feeding.isOver()) {
      while (more && ahead.length < runsMax) {
        const next = await parts.next();
        if (next.done === true) more = false;
        else {
          const unit = unitOf(next.value);
          ahead.push({ part: next.value, run: unit && pool.start(unit) });
        }
      }
      const first = ahead.shift();
      if (first === undefined) return;
      if (first.run === undefined) await feeding.readHere(first.part);
      else await feeding.takeRun(first.part, first.run);
    }
  } finally {
    await parts.return(undefined);
  }
}

/** What a thread can do; streams belong to this one. */
function unitOf(part: Part): Unit | undefined {
  if (part.kind === "range") return { kind: "range", range: part.range };
  if (part.kind !== "file") return undefined;
  const { path, found, bytes } = part.source;
  if (bytes === undefined) return undefined;
  return { kind: "file", path, isPlainFile: true, task: { name: path, path, found } };
}

function totalBytes(steps: readonly WalkStep[]): number | undefined {
  let total = 0;
  for (const step of steps) {
    if (step.kind !== "file" && step.kind !== "stream") continue;
    if (step.bytes === undefined) return undefined;
    total += step.bytes;
  }
  return total;
}

function fileBytes(steps: readonly WalkStep[]): number {
  return steps.reduce((sum, step) => sum + (step.kind === "file" ? (step.bytes ?? 0) : 0), 0);
}
