import type { Code } from "../diagnostics/codes.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Delivery, IntakeSink } from "./delivery.js";
import type { LaneBatch } from "./lane.js";
import type { LaneIds } from "./lane-ids.js";
import type { CallRecord, TraceSeen } from "./reader.js";
import { innerTool, isWrapper } from "./unwrap.js";

/** What an intake found, as plain values that cross threads: numbers in columns, every text once. */
export interface Recording {
  readonly length: number;
  /** `slots` numbers an event: its kind, then what `Recorder` writes for that kind; texts by index, -1 for none. */
  readonly fields: Int32Array;
  /** Epoch milliseconds or NaN. */
  readonly timeMs: Float64Array;
  readonly texts: readonly string[];
  readonly aliases: readonly (readonly string[])[];
  readonly notes: readonly Diagnostic[];
  /** Batches of a few calls, each an event of its own. */
  readonly batches: readonly FoundBatch[];
}

/** A batch of the fast lane with this number. */
export interface FoundBatch {
  readonly kind: "batch";
  readonly format: string;
  readonly lane: number;
  readonly batch: LaneBatch;
}

/** One message of a thread: events, or a batch of a fast lane, in the order of the input. */
export type Found = { readonly kind: "events"; readonly recording: Recording } | FoundBatch;

const slots = 14;
const none = -1;
const traceKind = 0;
const callKind = 1;
const badKind = 2;
const noteKind = 3;
const batchKind = 4;
/** Calls of a batch that is worth a message of its own. */
const batchCallsMin = 1024;
/** Events a message. */
const eventsMax = 4096;

/** The sink of an intake whose consumer lives on another thread. Looks through wrappers itself: arguments do not travel. */
export class Recorder implements IntakeSink {
  private length = 0;
  private fields = new Int32Array(eventsMax * slots);
  private timeMs = new Float64Array(eventsMax);
  private texts = new Map<string, number>();
  private aliases: (readonly string[])[] = [];
  private notes: Diagnostic[] = [];
  private batches: FoundBatch[] = [];

  constructor(
    private readonly unwrap: boolean,
    private readonly send: (found: Found) => void,
  ) {}

  trace(format: string, key: string, { id, agent, timeMs }: TraceSeen): void {
    this.put(timeMs, traceKind, this.text(format), this.text(key), this.text(id), this.text(agent));
  }

  call(format: string, call: CallRecord): void {
    const inner = this.unwrap && isWrapper(call.tool) ? innerTool(call.args?.()) : undefined;
    const aliases = call.aliases === undefined ? none : this.aliases.push(call.aliases) - 1;
    const texts = [format, call.trace, call.callId, call.scope, call.tool, call.server, call.agent, call.session];
    const innerTexts = [this.text(inner?.tool), this.text(inner?.server)];
    const subagent = call.subagent === true ? 1 : 0;
    this.put(call.timeMs, callKind, ...texts.map((text) => this.text(text)), ...innerTexts, aliases, call.line, subagent);
  }

  bad(code: Code, line: number, noun: string, what: string): void {
    this.put(undefined, badKind, this.text(code), line, this.text(noun), this.text(what));
  }

  note(finding: Diagnostic): void {
    this.put(undefined, noteKind, this.notes.push(finding) - 1);
  }

  batch(format: string, batch: LaneBatch, lane: number): void {
    const found: FoundBatch = { kind: "batch", format, lane, batch: { ...batch, bad: [] } };
    if (batch.length < batchCallsMin) {
      this.put(undefined, batchKind, this.batches.push(found) - 1);
      return;
    }
    this.flush();
    this.send(found);
  }

  /** Sends what has been put together so far. */
  flush(): void {
    const { length, aliases, notes, batches } = this;
    if (length === 0) return;
    const fields = this.fields.slice(0, length * slots);
    const timeMs = this.timeMs.slice(0, length);
    this.send({ kind: "events", recording: { length, fields, timeMs, texts: [...this.texts.keys()], aliases, notes, batches } });
    this.length = 0;
    this.texts = new Map();
    this.aliases = [];
    this.notes = [];
    this.batches = [];
  }

  private text(text: string | undefined): number {
    if (text === undefined) return none;
    let index = this.texts.get(text);
    if (index === undefined) {
      index = this.texts.size;
      this.texts.set(text, index);
    }
    return index;
  }

  private put(timeMs: number | undefined, ...fields: readonly number[]): void {
    this.fields.set(fields, this.length * slots);
    this.timeMs[this.length++] = timeMs ?? Number.NaN;
    // An event's texts are in the dictionary before it is put, so a flush stands between events.
    if (this.length === eventsMax) this.flush();
  }
}

/** Gives what a thread found to the delivery of its input, as if it had been found here. */
export class Player {
  /** Of the reading at hand. */
  private events = 0;
  private rows = 0;
  /** Of the readings before it, the one that came farthest. */
  private eventsDelivered = 0;
  private rowsDelivered = 0;
  private eventsToSkip = 0;
  private rowsToSkip = 0;

  constructor(private readonly delivery: Delivery) {}

  /** `idsOf`: of a lane of the thread that found it. */
  play(found: Found, idsOf: (lane: number) => LaneIds): void {
    if (found.kind === "batch") this.playBatch(found, idsOf(found.lane));
    else this.playEvents(found.recording, idsOf);
  }

  /** The same lines are read again from their start: what was delivered once is passed over. */
  restart(): void {
    // A reading that came less far than the one before it delivered nothing new.
    this.eventsDelivered = Math.max(this.eventsDelivered, this.events);
    this.rowsDelivered = Math.max(this.rowsDelivered, this.rows);
    this.eventsToSkip = this.eventsDelivered;
    this.rowsToSkip = this.rowsDelivered;
    this.events = 0;
    this.rows = 0;
  }

  private playBatch({ format, lane, batch }: FoundBatch, ids: LaneIds): void {
    const skipped = Math.min(this.rowsToSkip, batch.length);
    this.rowsToSkip -= skipped;
    this.rows += batch.length;
    this.delivery.batch(format, skipped === 0 ? batch : withoutFirst(batch, skipped), lane, ids);
  }

  private playEvents(recording: Recording, idsOf: (lane: number) => LaneIds): void {
    const { fields, batches } = recording;
    for (let event = 0; event < recording.length; event++) {
      // Where batches end may be another place when lines are read again, so they are passed over by their calls.
      if (fields[event * slots] === batchKind) {
        const found = batches[fields[event * slots + 1]!]!;
        this.playBatch(found, idsOf(found.lane));
        continue;
      }
      this.events++;
      if (this.eventsToSkip > 0) this.eventsToSkip--;
      else this.playEvent(recording, event);
    }
  }

  private playEvent({ fields, timeMs, texts, aliases, notes }: Recording, event: number): void {
    const at = event * slots + 1;
    const text = (slot: number) => texts[fields[at + slot]!];
    const time = Number.isNaN(timeMs[event]!) ? undefined : timeMs[event]!;
    const kind = fields[at - 1];
    if (kind === traceKind) this.delivery.trace(text(0)!, text(1)!, { id: text(2), agent: text(3), timeMs: time });
    else if (kind === badKind) this.delivery.bad(text(0) as Code, fields[at + 1]!, text(2)!, text(3)!);
    else if (kind === noteKind) this.delivery.note(notes[fields[at]!]!);
    else {
      const inner = text(8) === undefined ? undefined : { tool: text(8), server: text(9) };
      this.delivery.call(text(0)!, {
        trace: text(1)!,
        callId: text(2),
        scope: text(3),
        tool: text(4)!,
        server: text(5),
        agent: text(6),
        session: text(7),
        args: inner === undefined ? undefined : () => inner,
        aliases: aliases[fields[at + 10]!],
        timeMs: time,
        line: fields[at + 11]!,
        subagent: fields[at + 12] === 1,
      });
    }
  }
}

function withoutFirst(batch: LaneBatch, rows: number): LaneBatch {
  const { trace, tool, timeMs, line } = batch;
  return {
    ...batch,
    length: batch.length - rows,
    trace: trace.subarray(rows),
    tool: tool.subarray(rows),
    timeMs: timeMs.subarray(rows),
    line: line.subarray(rows),
  };
}
