import { closeSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { diagnostic } from "../../diagnostics/codes.js";
import { quoteText } from "../../diagnostics/escape.js";
import type { IntakeSink } from "../delivery.js";
import { blobFormats, detectBlob, formats } from "../formats/registry.js";
import { Intake, type IntakeSummary } from "../intake.js";
import type { LaneKeeper } from "../lane-keeper.js";
import { chunkBytes, fileChunks } from "./file-bytes.js";
import { compressionOf } from "./plain-bytes.js";
import { intakeOptions, type ReadConfig } from "./read-source.js";
import { unreadable } from "./walk.js";

/** Whole lines of a plain file of one format, which keeps nothing from one line to the next. Plain values. */
export interface LineRange {
  readonly path: string;
  readonly format: string;
  readonly from: number;
  /** Undefined: to the end, wherever that is by then. */
  readonly to: number | undefined;
}

export interface RangeResult extends IntakeSummary {
  readonly sawTrace: boolean;
  /** It could not be read to its end, and that has been reported. */
  readonly damaged: boolean;
}

/**
 * Reads a range into a sink, straight into the memory of the fast lane where there is one. `afterChunk` is told the bytes
 * read; true: stop. Never rejects but for what `afterChunk` does. A `keeper` spares the next range of the input a new lane.
 */
export async function readRange(
  range: LineRange,
  config: ReadConfig,
  sink: IntakeSink,
  afterChunk: (bytes: number) => Promise<boolean>,
  keeper?: LaneKeeper,
): Promise<RangeResult> {
  const known = formats.find(({ id }) => id === range.format);
  const intake = new Intake(sink, { name: range.path, known, goesOn: range.to !== undefined, ...intakeOptions(config, keeper) });
  let damaged = false;
  let stopped = false;
  let file: number | undefined;
  try {
    file = openSync(range.path, "r");
  } catch (error) {
    damaged = true;
    const { code, message } = unreadable(range.path, error);
    sink.note(diagnostic(code, { message }));
  }
  try {
    for (let at = range.from; file !== undefined && !stopped && (range.to === undefined || at < range.to); ) {
      const bytes = readPart(intake, file, at, range.to);
      if (bytes === 0) {
        damaged = range.to !== undefined;
        break;
      }
      at += bytes;
      stopped = await afterChunk(bytes);
    }
    if (damaged && file !== undefined) {
      sink.note(diagnostic("trace_unreadable", { message: `${quoteText(range.path, 200)} became shorter while it was read` }));
    }
  } catch (error) {
    damaged = true;
    const { code, message } = unreadable(range.path, error);
    sink.note(diagnostic(code, { message }));
  } finally {
    if (file !== undefined) closeSync(file);
  }
  return { ...intake.end(damaged || stopped), sawTrace: intake.sawTrace, damaged };
}

/** About a chunk; what is small enough to stay in the cache between reading and scanning. */
function readPart(intake: Intake, file: number, from: number, to = Number.POSITIVE_INFINITY): number {
  const lane = intake.directLane;
  if (lane === undefined) {
    const chunk = Buffer.allocUnsafeSlow(Math.min(chunkBytes, to - from));
    const bytes = readSync(file, chunk, 0, chunk.length, from);
    intake.push(chunk.subarray(0, bytes));
    return bytes;
  }
  let total = 0;
  while (total < chunkBytes && from + total < to) {
    const space = lane.space();
    const bytes = readSync(file, space, 0, Math.min(space.length, to - from - total), from + total);
    if (bytes === 0) break;
    lane.filled(bytes);
    total += bytes;
  }
  return total;
}

/** Bytes looked at before a file is read as a whole: its lines are long, or it is none of ours. */
const probeBytesMax = 8 * 1024 * 1024;
const bomBytes = 3;

/** The format and first byte of a plain file whose lines may be read apart; undefined for all others. */
export async function probeLines(
  path: string,
  config: ReadConfig,
): Promise<{ readonly format: string; readonly from: number } | undefined> {
  const nowhere: IntakeSink = { trace() {}, call() {}, batch() {}, bad() {}, note() {} };
  const intake = new Intake(nowhere, { name: path, ...intakeOptions(config), lanes: undefined });
  let bytes = 0;
  let from = 0;
  try {
    for await (const chunk of fileChunks(path, true)) {
      if (bytes === 0) {
        if (compressionOf(chunk) !== undefined || detectBlob(chunk.subarray(0, 4096), path, blobFormats) !== undefined) break;
        from = chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf ? bomBytes : 0;
      }
      intake.push(chunk);
      bytes += chunk.length;
      if (intake.detected !== undefined || intake.refusal !== undefined || bytes >= probeBytesMax) break;
    }
  } catch {
    // Whoever reads the file says what is wrong with it.
    return undefined;
  }
  const { detected } = intake;
  if (detected === undefined || intake.refusal !== undefined) return undefined;
  const { format, framing } = detected;
  return framing === "lines" && format.splittable === true ? { format: format.id, from } : undefined;
}

/** Cuts a file at line ends into ranges of about `rangeBytes`; the last one is open. Reads little around each cut. */
export async function* lineRanges(
  path: string,
  format: string,
  from: number,
  bytes: number,
  rangeBytes: number,
): AsyncGenerator<LineRange> {
  const file = await open(path);
  try {
    const piece = Buffer.alloc(64 * 1024);
    let start = from;
    while (start + rangeBytes < bytes) {
      let cut: number | undefined;
      for (let at = start + rangeBytes; cut === undefined && at < bytes; at += piece.length) {
        const { bytesRead } = await file.read(piece, 0, piece.length, at);
        const end = piece.subarray(0, bytesRead).indexOf(0x0a);
        if (end !== -1) cut = at + end + 1;
        else if (bytesRead === 0) break;
      }
      if (cut === undefined || cut >= bytes) break;
      yield { path, format, from: start, to: cut };
      start = cut;
    }
    yield { path, format, from: start, to: undefined };
  } finally {
    await file.close();
  }
}
