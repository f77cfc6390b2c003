import { parentPort, workerData } from "node:worker_threads";
import { LaneKeeper } from "../lane-keeper.js";
import { type Found, Recorder } from "../recording.js";
import { fileChunks } from "./file-bytes.js";
import { readRange } from "./read-range.js";
import { readSource } from "./read-source.js";
import {
  type FromThread,
  messagesAheadMax,
  progressBytes,
  type ThreadStart,
  type ToThread,
  type Unit,
  type UnitResult,
} from "./thread-messages.js";

/**
 * A thread that reads: one unit at a time, everything it finds as messages in order. It waits when too many of them were not
 * taken, so that it never runs far ahead of who counts. Its only import from outside is the start; it has no other state.
 */
const { config } = workerData as ThreadStart;
const port = parentPort;
if (port === null) throw new Error("this module is the body of a thread");

const keeper = new LaneKeeper();
let ahead = 0;
let onTaken: (() => void) | undefined;

port.on("message", (message: ToThread) => {
  if (message.kind === "taken") {
    ahead -= message.messages;
    onTaken?.();
  } else {
    // What was left of the unit before is not announced any more.
    ahead = 0;
    void work(message.unit);
  }
});

async function work(unit: Unit): Promise<void> {
  let bytes = 0;
  let told = 0;
  const send = (found: Found) => post({ kind: "found", found, bytes }, transferable(found));
  const recorder = new Recorder(config.unwrap, send);
  const afterChunk = async (length: number): Promise<boolean> => {
    bytes += length;
    if (bytes - told >= progressBytes) {
      told = bytes;
      post({ kind: "bytes", bytes }, []);
    }
    while (ahead >= messagesAheadMax) await new Promise<void>((resolve) => (onTaken = resolve));
    return false;
  };
  const result = await read(unit, recorder, afterChunk);
  recorder.flush();
  post({ kind: "done", result, bytes }, []);
}

function read(unit: Unit, recorder: Recorder, afterChunk: (bytes: number) => Promise<boolean>): Promise<UnitResult> {
  if (unit.kind === "range") return readRange(unit.range, config, recorder, afterChunk, keeper);
  async function* counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      await afterChunk(chunk.length);
      yield chunk;
    }
  }
  return readSource(counted(fileChunks(unit.path, unit.isPlainFile)), unit.task, config, recorder, () => false, keeper);
}

function post(message: FromThread, transfer: readonly ArrayBuffer[]): void {
  ahead++;
  port?.postMessage(message, transfer);
}

function transferable(found: Found): readonly ArrayBuffer[] {
  const columns =
    found.kind === "batch"
      ? [found.batch.trace, found.batch.tool, found.batch.timeMs, found.batch.line]
      : [found.recording.fields, found.recording.timeMs];
  return columns.map(({ buffer }) => buffer as ArrayBuffer);
}
