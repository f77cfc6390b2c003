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
  /** Ids of calls, which hardly ever come twice, one behind the other: one text travels faster than thousands. */
  readonly ids: string;
  readonly idEnds: Int32Array;
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
  /** The text that stood in the same place of the call before: most do again. */
  private readonly lastTexts: (string | undefined)[] = new Array(slots).fill(undefined);
  private readonly lastIndexes = new Int32Array(slots).fill(none);
  private ids: string[] = [];
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
    const { aliases } = call;
    const { fields } = this;
    const at = this.length * slots;
    fields[at] = callKind;
    fields[at + 1] = this.usualText(1, format);
    fields[at + 2] = this.usualText(2, call.trace);
    fields[at + 3] = call.callId === undefined ? none : this.ids.push(call.callId) - 1;
    fields[at + 4] = this.usualText(4, call.scope);
    fields[at + 5] = this.usualText(5, call.tool);
    fields[at + 6] = this.usualText(6, call.server);
    fields[at + 7] = this.usualText(7, call.agent);
    fields[at + 8] = this.usualText(8, call.session);
    fields[at + 9] = this.text(inner?.tool);
    fields[at + 10] = this.text(inner?.server);
    fields[at + 11] = aliases === undefined ? none : this.ids.length;
    for (let i = 0; aliases !== undefined && i < aliases.length; i++) this.ids.push(aliases[i]!);
    fields[at + 12] = call.line;
    fields[at + 13] = ((aliases?.length ?? 0) << 1) | (call.subagent === true ? 1 : 0);
    this.timed(call.timeMs);
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
    const { length, notes, batches } = this;
    if (length === 0) return;
    const fields = this.fields.slice(0, length * slots);
    const timeMs = this.timeMs.slice(0, length);
    const texts = [...this.texts.keys()];
    const recording = { length, fields, timeMs, texts, ids: this.ids.join(""), idEnds: endsOf(this.ids), notes, batches };
    this.send({ kind: "events", recording });
    this.length = 0;
    this.texts = new Map();
    this.lastTexts.fill(undefined);
    this.ids = [];
    this.notes = [];
    this.batches = [];
  }

  private usualText(slot: number, text: string | undefined): number {
    if (text === undefined) return none;
    if (this.lastTexts[slot] !== text) {
      this.lastTexts[slot] = text;
      this.lastIndexes[slot] = this.text(text);
    }
    return this.lastIndexes[slot]!;
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
    this.timed(timeMs);
  }

  /** Ends an event. */
  private timed(timeMs: number | undefined): void {
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

  private playEvent(recording: Recording, event: number): void {
    const { fields, timeMs, texts, notes } = recording;
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
        callId: idAt(recording, fields[at + 2]!),
        scope: text(3),
        tool: text(4)!,
        server: text(5),
        agent: text(6),
        session: text(7),
        args: inner === undefined ? undefined : () => inner,
        aliases: fields[at + 10] === none ? undefined : idsAt(recording, fields[at + 10]!, fields[at + 12]! >> 1),
        timeMs: time,
        line: fields[at + 11]!,
        subagent: (fields[at + 12]! & 1) === 1,
      });
    }
  }
}

/** Where each text ends when all stand one behind the other. */
function endsOf(texts: readonly string[]): Int32Array {
  const ends = new Int32Array(texts.length);
  let end = 0;
  for (let i = 0; i < texts.length; i++) {
    end += texts[i]!.length;
    ends[i] = end;
  }
  return ends;
}

function idAt({ ids, idEnds }: Recording, index: number): string | undefined {
  return index === none ? undefined : ids.slice(index === 0 ? 0 : idEnds[index - 1], idEnds[index]);
}

function idsAt(recording: Recording, from: number, count: number): readonly string[] {
  const found: string[] = [];
  for (let i = 0; i < count; i++) found.push(idAt(recording, from + i)!);
  return found;
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
