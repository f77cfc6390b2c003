import { randomBytes } from "node:crypto";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import { quoteText } from "../../diagnostics/escape.js";
import type { CallConsumer } from "../consumer.js";
import { Delivery } from "../delivery.js";
import { FindingLog } from "../findings.js";
import { Naming, type WrapperTally } from "../naming.js";
import type { TraceInputSummary } from "../trace-set.js";
import { fileChunks } from "./file-bytes.js";
import type { ReadOptions, TraceInput } from "./options.js";
import { type ReadConfig, readSource } from "./read-source.js";
import { type FileSource, type Group, type StreamSource, type WalkStep, walkInputs } from "./walk.js";

/** Between two calls of `onProgress`. */
const progressMs = 100;

/** What reading says beside the calls it handed to the consumer. */
export interface Fed {
  readonly inputs: readonly TraceInputSummary[];
  readonly diagnostics: readonly Diagnostic[];
  /** Set when the signal stopped it: the consumer has what was read until then. */
  readonly partial: { readonly bytesRead: number; readonly bytesTotal: number | undefined } | undefined;
  /** Calls of wrapper tools: looked through with `unwrap`, else counted as the wrappers. */
  readonly wrappers: WrapperTally;
}

/**
 * Reads every input and hands its calls to the consumer, in the order of the inputs. Never throws for what it finds:
 * `diagnostics` say what could not be read or understood, and one of level error is always there when no trace was
 * recognised (R1). Folders are read with everything below them, in the order of their names, each file once; the content
 * decides what is a trace. Time linear in the bytes; memory is one record, the call ids up to a cap, and the distinct names.
 */
export async function feedTraces(inputs: readonly TraceInput[], consumer: CallConsumer, options: ReadOptions = {}): Promise<Fed> {
  const steps = await walkInputs(inputs, options.stdin);
  const feeding = new Feeding(consumer, options, bytesOf(steps));
  for (const step of steps) await feeding.take(step);
  return feeding.finish();
}

function bytesOf(steps: readonly WalkStep[]): number | undefined {
  let total = 0;
  for (const step of steps) {
    if (step.kind !== "file" && step.kind !== "stream") continue;
    if (step.bytes === undefined) return undefined;
    total += step.bytes;
  }
  return total;
}

class Feeding {
  private readonly log = new FindingLog();
  private readonly naming: Naming;
  private readonly config: ReadConfig;
  private readonly summaries: TraceInputSummary[] = [];
  private bytesRead = 0;
  private stopped = false;
  private progressAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly consumer: CallConsumer,
    private readonly options: ReadOptions,
    private readonly bytesTotal: number | undefined,
  ) {
    const { names, format, fields, unwrap = false } = options;
    this.naming = new Naming(names, unwrap);
    this.config = { format, fields, unwrap, seed: randomBytes(4).readUInt32LE() };
  }

  async take(step: WalkStep): Promise<void> {
    this.stopped ||= this.options.signal?.aborted === true;
    if (this.stopped) return;
    if (step.kind === "finding") this.log.add(step.code, step.message);
    else if (step.kind === "groupEnd") this.endGroup(step.group);
    else await this.read(step);
  }

  finish(): Fed {
    this.reportProgress(true);
    const { bytesRead, bytesTotal } = this;
    return {
      inputs: this.summaries,
      diagnostics: this.log.finish(),
      partial: this.stopped ? { bytesRead, bytesTotal } : undefined,
      wrappers: this.naming.wrappers(),
    };
  }

  private endGroup({ label, isPattern, files, traces, strangers }: Group): void {
    this.log.strangers(label, strangers);
    if (traces > 0) return;
    if (files === 0 && isPattern) this.log.add("trace_not_found", `no file matches ${quoteText(label, 200)}`);
    else this.log.add("trace_folder_without_traces", `there is no trace below ${quoteText(label, 200)}`);
  }

  private async read(source: FileSource | StreamSource): Promise<void> {
    const { name, found, group } =
      source.kind === "file" ? { ...source, name: source.path } : { ...source, found: false, group: undefined };
    const delivery = new Delivery(this.consumer, this.naming, this.log, { index: this.summaries.length, name });
    const isPlainFile = source.kind === "file" && source.bytes !== undefined;
    const chunks = this.counted(source.kind === "file" ? fileChunks(source.path, isPlainFile) : source.chunks);
    const task = { name, found, path: isPlainFile ? name : undefined };
    const result = await readSource(chunks, task, this.config, delivery, () => this.stopped);
    const { format, records, badLines, refusal, damaged } = result;
    const { repeatedCalls } = delivery;
    if (refusal === undefined || !found || damaged) this.summaries.push({ name, format, records, badLines, repeatedCalls });
    if (group === undefined) return;
    if (damaged || refusal === "damaged" || (refusal === undefined && result.sawTrace)) group.traces++;
    else if (refusal === "unknown" || (refusal === "text" && namedLikeTrace(name))) group.strangers.push(name);
  }

  private async *counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { signal } = this.options;
    for await (const chunk of signal === undefined ? chunks : untilAborted(chunks, signal)) {
      this.bytesRead += chunk.length;
      this.reportProgress(false);
      yield chunk;
    }
    this.stopped ||= signal?.aborted === true;
  }

  private reportProgress(last: boolean): void {
    const { onProgress } = this.options;
    if (onProgress === undefined) return;
    const nowMs = performance.now();
    if (!last && nowMs - this.progressAtMs < progressMs) return;
    this.progressAtMs = nowMs;
    onProgress({ bytesRead: this.bytesRead, bytesTotal: this.bytesTotal, calls: this.naming.calls });
  }
}

/** Ends when the signal fires, also while the source has nothing to give. */
async function* untilAborted(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const source = chunks[Symbol.asyncIterator]();
  let stop = () => {};
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    while (!signal.aborted) {
      const next = await Promise.race([source.next(), aborted]);
      if (next === undefined || next.done === true) break;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    // A source that is waiting for bytes answers nobody until they come.
    const closed = source.return?.();
    if (signal.aborted) closed?.catch(() => {});
    else await closed;
  }
}

/** Names decide nothing but whether a file of a folder that is no trace is worth a word. */
function namedLikeTrace(name: string): boolean {
  const ending = [".gz", ".zst"].find((each) => name.endsWith(each)) ?? "";
  const plain = name.slice(0, name.length - ending.length);
  return plain.endsWith(".jsonl") || plain.endsWith(".json") || plain.endsWith(".ndjson");
}
