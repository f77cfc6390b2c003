import { diagnostic } from "../../diagnostics/codes.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import { quoteText } from "../../diagnostics/escape.js";
import type { CallConsumer } from "../consumer.js";
import { Delivery } from "../delivery.js";
import { FindingLog, lineSpan } from "../findings.js";
import { formats } from "../formats/registry.js";
import { noTraceOf } from "../intake.js";
import { LaneIds } from "../lane-ids.js";
import { Naming, type WrapperTally } from "../naming.js";
import { Player } from "../recording.js";
import type { TraceInputSummary } from "../trace-set.js";
import { fileChunks } from "./file-bytes.js";
import type { ReadOptions } from "./options.js";
import type { Part } from "./plan.js";
import type { UnitRun } from "./pool.js";
import { readRange } from "./read-range.js";
import { type ReadConfig, readSource, type SourceResult } from "./read-source.js";
import type { UnitResult } from "./thread-messages.js";
import { untilAborted } from "./until-aborted.js";
import type { Group } from "./walk.js";

/** Between two calls of `onProgress`. */
const progressMs = 100;

/** What reading says beside the calls it handed to the consumer. */
export interface Fed {
  readonly inputs: readonly TraceInputSummary[];
  readonly diagnostics: readonly Diagnostic[];
  /** Set when it was stopped early: the consumer has what was read until then. */
  readonly partial: { readonly bytesRead: number; readonly bytesTotal: number | undefined } | undefined;
  /** Calls of wrapper tools: looked through with `unwrap`, else counted as the wrappers. */
  readonly wrappers: WrapperTally;
}

type InputPart = Exclude<Part, { kind: "step" }>;

/** An input of which some ranges have been taken. */
interface OpenInput {
  readonly part: InputPart;
  format: string | undefined;
  records: number;
  badLines: number;
  repeatedCalls: number;
  lines: number;
  sawTrace: boolean;
  damaged: boolean;
}

/** Takes the parts of all inputs in order, read here or by threads, and keeps account. */
export class Feeding {
  private readonly log = new FindingLog();
  private readonly naming: Naming;
  private readonly summaries: TraceInputSummary[] = [];
  private readonly laneIds = new Map<number, { readonly lane: number; readonly ids: LaneIds }>();
  private ranges: OpenInput | undefined;
  private bytesRead = 0;
  /** Sizes of the inputs that are done. */
  private bytesDone = 0;
  private stopped = false;
  private progressAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly consumer: CallConsumer,
    private readonly options: ReadOptions,
    private readonly config: ReadConfig,
    private readonly bytesTotal: number | undefined,
  ) {
    this.naming = new Naming(options.names, config.unwrap);
  }

  /** Whether the rest is not wanted. */
  isOver(): boolean {
    this.stopped ||= this.options.signal?.aborted === true;
    return this.stopped;
  }

  /** Reads a part on this thread. */
  async readHere(part: Part): Promise<void> {
    if (part.kind === "step") {
      if (part.step.kind === "groupEnd") this.endGroup(part.step.group);
      else this.log.add(part.step.code, part.step.message);
      return;
    }
    const delivery = this.deliveryOf(part);
    if (part.kind === "range") {
      const result = await readRange(part.range, this.config, delivery, async (bytes) => {
        this.countBytes(bytes);
        // Signals are heard between two turns of the event loop only.
        await new Promise<void>((resolve) => setImmediate(resolve));
        return this.isOver();
      });
      this.endUnit(part, result, delivery);
      return;
    }
    const isPlainFile = part.kind === "file" && part.source.bytes !== undefined;
    const chunks = part.kind === "file" ? fileChunks(part.source.path, isPlainFile) : part.source.chunks;
    const task = { name: nameOf(part), found: isFound(part), path: isPlainFile ? nameOf(part) : undefined };
    const result = await readSource(this.counted(chunks), task, this.config, delivery, () => this.isOver());
    this.endUnit(part, result, delivery);
  }

  /** Takes what a thread finds in a part. */
  async takeRun(part: Part, run: UnitRun): Promise<void> {
    if (part.kind === "step") return;
    const delivery = this.deliveryOf(part);
    const player = new Player(delivery);
    let bytes = 0;
    for (;;) {
      const event = await run.next();
      if (event === undefined) {
        this.stopped = true;
        this.endUnit(part, cutShort(delivery), delivery);
        return;
      }
      if (event.kind === "failed") {
        this.stopped = true;
        this.fail(nameOf(part), event.message);
        this.endUnit(part, { ...cutShort(delivery), damaged: true }, delivery);
        return;
      }
      if (event.kind === "restarted") player.restart();
      else {
        // A unit that is read again is not counted twice.
        this.countBytes(Math.max(0, event.bytes - bytes));
        bytes = Math.max(bytes, event.bytes);
      }
      if (event.kind === "found") player.play(event.found, (lane) => this.idsOf(run.thread, lane));
      else if (event.kind === "done") {
        this.endUnit(part, event.result, delivery);
        return;
      }
    }
  }

  finish(): Fed {
    // Stopped between two ranges of an input: what was taken of it has to belong to one.
    if (this.ranges !== undefined) this.endRanges(this.ranges);
    this.reportProgress(true);
    const { bytesRead, bytesTotal } = this;
    return {
      inputs: this.summaries,
      diagnostics: this.log.finish(),
      partial: this.stopped ? { bytesRead, bytesTotal } : undefined,
      wrappers: this.naming.wrappers(),
    };
  }

  /** A thread has one lane at a time. */
  private idsOf(thread: number, lane: number): LaneIds {
    let known = this.laneIds.get(thread);
    if (known?.lane !== lane) {
      known = { lane, ids: new LaneIds(this.consumer, this.naming) };
      this.laneIds.set(thread, known);
    }
    return known.ids;
  }

  private deliveryOf(part: InputPart): Delivery {
    const input = { index: this.summaries.length, name: nameOf(part) };
    return new Delivery(this.consumer, this.naming, this.log, input, this.ranges?.lines);
  }

  private endUnit(part: InputPart, result: UnitResult, { repeatedCalls }: Delivery): void {
    if (part.kind !== "range") {
      this.endInput(part, { refusal: undefined, ...result }, repeatedCalls);
      return;
    }
    const blank = { records: 0, badLines: 0, repeatedCalls: 0, lines: 0, sawTrace: false, damaged: false };
    this.ranges ??= { part, format: result.format, ...blank };
    const { ranges } = this;
    ranges.records += result.records;
    ranges.badLines += result.badLines;
    ranges.repeatedCalls += repeatedCalls;
    ranges.lines += result.lines;
    ranges.sawTrace ||= result.sawTrace;
    ranges.damaged ||= result.damaged;
    if (part.isLast || this.stopped) this.endRanges(ranges);
  }

  private endRanges(ranges: OpenInput): void {
    this.ranges = undefined;
    const { part, format: id, sawTrace, damaged } = ranges;
    if (!sawTrace && !damaged && !this.stopped && !isFound(part)) {
      const format = formats.find((each) => each.id === id);
      this.log.add("trace_none", noTraceOf(format), lineSpan(nameOf(part), 1));
    }
    this.endInput(part, { ...ranges, refusal: undefined }, ranges.repeatedCalls);
  }

  private endInput(part: InputPart, result: SourceResult, repeatedCalls: number): void {
    const name = nameOf(part);
    const { format, records, badLines, refusal, damaged } = result;
    // What is passed over, as of inputs that are no trace, is done with, too.
    if (part.source.bytes !== undefined && !this.stopped) this.bytesDone += part.source.bytes;
    this.bytesRead = Math.max(this.bytesRead, this.bytesDone);
    if (refusal === undefined || !isFound(part) || damaged) {
      this.summaries.push({ name, format, records, badLines, repeatedCalls });
    }
    const group = part.kind === "stream" ? undefined : part.source.group;
    if (group === undefined) return;
    if (damaged || refusal === "damaged" || (refusal === undefined && result.sawTrace)) group.traces++;
    else if (refusal === "unknown" || (refusal === "text" && namedLikeTrace(name))) group.strangers.push(name);
  }

  private endGroup({ label, isPattern, files, traces, strangers }: Group): void {
    this.log.strangers(label, strangers);
    if (traces > 0) return;
    if (files === 0 && isPattern) this.log.add("trace_not_found", `no file matches ${quoteText(label, 200)}`);
    else this.log.add("trace_folder_without_traces", `there is no trace below ${quoteText(label, 200)}`);
  }

  private fail(name: string, reason: string): void {
    const message = `a thread that read ${quoteText(name, 200)} died twice (${quoteText(reason, 200)})`;
    this.log.note(diagnostic("trace_worker_failed", { message }));
  }

  private async *counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { signal } = this.options;
    for await (const chunk of signal === undefined ? chunks : untilAborted(chunks, signal)) {
      this.countBytes(chunk.length);
      yield chunk;
    }
  }

  private countBytes(bytes: number): void {
    this.bytesRead += bytes;
    this.reportProgress(false);
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

/** What is known of a unit that did not come to its end. */
function cutShort({ delivered }: Delivery): SourceResult {
  const { format, calls, badLines } = delivered;
  return { format, records: calls, badLines, lines: 0, refusal: undefined, sawTrace: calls > 0, damaged: false };
}

function nameOf(part: InputPart): string {
  return part.kind === "stream" ? part.source.name : part.source.path;
}

function isFound(part: InputPart): boolean {
  return part.kind !== "stream" && part.source.found;
}

/** Names decide nothing but whether a file of a folder that is no trace is worth a word. */
function namedLikeTrace(name: string): boolean {
  const ending = [".gz", ".zst"].find((each) => name.endsWith(each)) ?? "";
  const plain = name.slice(0, name.length - ending.length);
  return plain.endsWith(".jsonl") || plain.endsWith(".json") || plain.endsWith(".ndjson");
}
