import { type Code, diagnostic } from "../../diagnostics/codes.js";
import { quoteText } from "../../diagnostics/escape.js";
import { traceBlobBytesMax } from "../../limits.js";
import { joinBytes } from "../bytes.js";
import type { IntakeSink } from "../delivery.js";
import { lineSpan } from "../findings.js";
import { blobFormats, detectBlob, formats, laneFormats } from "../formats/registry.js";
import { Intake, type IntakeOptions, type IntakeSummary, noTraceOf, type Refusal } from "../intake.js";
import { LaneKeeper } from "../lane-keeper.js";
import type { BlobFormat, BlobSource, FieldNames, TraceSink } from "../reader.js";
import { isWrapper } from "../unwrap.js";
import { blobOf, withFile } from "./file-bytes.js";
import { openPlain, type PlainBytes } from "./plain-bytes.js";
import { codeOf, unreadable } from "./walk.js";
import { ZstdDamage } from "./zstd.js";

/** How inputs are read, whatever they are and on whatever thread. Plain values: it crosses threads. */
export interface ReadConfig {
  /** Id of the only format that is looked for. */
  readonly format: string | undefined;
  readonly fields: FieldNames | undefined;
  readonly unwrap: boolean;
  /** Readers tell what was decided about calls; fast lanes know nothing of that. */
  readonly decisions?: boolean | undefined;
  /** 32 random bits of this run. */
  readonly seed: number;
}

/** One input that is read from its first byte to its last. */
export interface SourceTask {
  /** Label for people. */
  readonly name: string;
  /** Of a plain file, so that formats read by position need not hold it. */
  readonly path?: string | undefined;
  /** Found in a folder, not named: what is no trace is left out without a finding of its own. */
  readonly found: boolean;
}

export interface SourceResult extends IntakeSummary {
  readonly refusal: Refusal | undefined;
  readonly sawTrace: boolean;
  /** The bytes ended early or were corrupt, and that has been reported. */
  readonly damaged: boolean;
}

const blobHeadBytes = 4096;

/**
 * Reads one input into a sink. Never rejects: what cannot be read is reported to the sink. `stopped` is asked at the end:
 * what was stopped in the middle of a record is not damaged. `keeper`: numbers the lanes of a thread.
 */
export async function readSource(
  chunks: AsyncIterable<Uint8Array>,
  task: SourceTask,
  config: ReadConfig,
  sink: IntakeSink,
  stopped: () => boolean,
  keeper?: LaneKeeper,
): Promise<SourceResult> {
  const intake = new Intake(sink, { name: task.name, found: task.found, ...intakeOptions(config, keeper) });
  let damaged = false;
  try {
    const plain = await openPlain(chunks, blobHeadBytes);
    const blob = detectBlob(plain.head.subarray(0, blobHeadBytes), task.name, only(blobFormats, config.format));
    if (blob !== undefined) return await readBlob(blob, plain, task, config, sink, stopped);
    for await (const chunk of plain.chunks) {
      intake.push(chunk);
      if (intake.refusal !== undefined) break;
    }
  } catch (error) {
    damaged = true;
    sink.note(brokenOff(task.name, error));
  }
  const summary = intake.end(damaged || stopped());
  return { ...summary, refusal: intake.refusal, sawTrace: intake.sawTrace, damaged };
}

/** `keeper`: keeps lanes from one range of an input to the next. */
export function intakeOptions(
  { format, fields, seed, unwrap, decisions }: ReadConfig,
  keeper: LaneKeeper = new LaneKeeper(),
): Omit<IntakeOptions, "name"> {
  const lanes = { formats: laneFormats, keeper, seed, asRecord: unwrap ? isWrapper : undefined };
  return { candidates: only(formats, format), fields, lanes: decisions ? undefined : lanes, decisions };
}

function only<F extends { readonly id: string }>(all: readonly F[], id: string | undefined): readonly F[] {
  return id === undefined ? all : all.filter((format) => format.id === id);
}

async function readBlob(
  format: BlobFormat,
  plain: PlainBytes,
  task: SourceTask,
  config: ReadConfig,
  sink: IntakeSink,
  stopped: () => boolean,
): Promise<SourceResult> {
  const reading = new BlobReading(format, task.name, sink, stopped);
  const read = (blob: BlobSource) => {
    const source: BlobSource = {
      byteLength: blob.byteLength,
      slice: (from, to) => (stopped() ? Promise.reject(new Error("stopped")) : blob.slice(from, to)),
    };
    return format.read(source, { name: task.name, fields: config.fields }, reading).catch((error: unknown) => {
      if (!stopped()) throw error;
    });
  };
  if (plain.compression === undefined && task.path !== undefined) {
    await plain.chunks[Symbol.asyncIterator]().return?.();
    await withFile(task.path, read);
    return reading.result(task.found);
  }
  const bytes = await allBytes(plain.chunks);
  if (bytes === undefined) {
    const most = traceBlobBytesMax / (1024 * 1024);
    reading.refuse("trace_too_large", `has more than ${most} MiB of ${format.title} data that does not lie in a plain file`);
  } else await read(blobOf(bytes));
  return reading.result(task.found);
}

async function allBytes(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > traceBlobBytesMax) return undefined;
    parts.push(chunk);
  }
  return joinBytes(parts, length);
}

/** The sink of one blob, with its counts. */
class BlobReading implements TraceSink {
  private sawTrace = false;
  private damaged = false;
  private records = 0;
  private badLines = 0;

  constructor(
    private readonly format: BlobFormat,
    private readonly name: string,
    private readonly sink: IntakeSink,
    private readonly stopped: () => boolean,
  ) {}

  trace: TraceSink["trace"] = (key, seen) => {
    this.sawTrace = true;
    this.sink.trace(this.format.id, key, seen);
  };

  call: TraceSink["call"] = (call) => {
    this.sawTrace = true;
    this.records++;
    this.sink.call(this.format.id, call);
  };

  bad: TraceSink["bad"] = (line, message) => {
    if (this.stopped()) return;
    this.badLines++;
    this.sink.bad("trace_bad_record", line, "record", `was skipped: ${message}`);
  };

  // What goes wrong because reading was stopped is nobody's fault.
  note: TraceSink["note"] = (finding) => {
    if (this.stopped()) return;
    this.damaged ||= finding.level === "error";
    this.sink.note(finding);
  };

  refuse(code: Code, what: string): void {
    this.note(diagnostic(code, { message: `${quoteText(this.name, 200)} ${what}`, span: lineSpan(this.name, 1) }));
  }

  result(found: boolean): SourceResult {
    const { sawTrace, damaged, records, badLines } = this;
    if (!sawTrace && !damaged && !found && !this.stopped()) {
      this.sink.note(diagnostic("trace_none", { message: noTraceOf(this.format), span: lineSpan(this.name, 1) }));
    }
    return { format: this.format.id, records, badLines, lines: 0, refusal: undefined, sawTrace, damaged };
  }
}

function brokenOff(name: string, error: unknown): ReturnType<typeof diagnostic> {
  const shown = quoteText(name, 200);
  const span = lineSpan(name, 1);
  if (error instanceof ZstdDamage) {
    return diagnostic("trace_zstd_damaged", { message: `the Zstandard data of ${shown} ${error.message}`, span });
  }
  const code = codeOf(error);
  if (code.startsWith("Z_") || code === "ERR_BUFFER_TOO_LARGE") {
    return diagnostic("trace_gzip_damaged", { message: `the gzip data of ${shown} is cut or corrupt`, span });
  }
  const { code: finding, message } = unreadable(name, error);
  return diagnostic(finding, { message });
}
