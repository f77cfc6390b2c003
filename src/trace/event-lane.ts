import { laneNameBitsMax, traceLineBytesMax } from "../limits.js";
import { decodeUtf8, joinBytes, lineFeed, trimBlanks } from "./bytes.js";
import { EventRules, eventKeys, events, traceOf } from "./formats/events.js";
import type { Lane, LaneBad, LaneBatch, LaneFormat, LaneOptions, LaneSink, LaneTrace } from "./lane.js";
import type { CallRecord, InputMeta, TraceSeen } from "./reader.js";
import { type DictionaryName, type DictionarySizes, Scanner, scanStatus } from "./scanner.js";

/** Plain events as JSON lines, through the WASM scanner. */
export const eventLane: LaneFormat = {
  id: events.id,
  open: (input, sink, options) => {
    const asksTools = options.asRecord !== undefined;
    const scanner = Scanner.open({ keys: eventKeys(input.fields), seed: options.seed, sizes: firstSizes, asksTools });
    return scanner === undefined ? undefined : new EventLane(scanner, input, sink, options);
  },
};

/** Less free space than this, and the line is put together outside. */
const spaceBytesMin = 64 * 1024;
/** Small, because most inputs are: emptying them takes some microseconds. */
const firstSizes: DictionarySizes = { tools: 8, agents: 6, traces: 10 };

class EventLane implements Lane {
  /** Bytes of an unfinished line, at the start of the text. */
  private held = 0;
  /** Parts of a line that is longer than the text, or undefined. */
  private long: Uint8Array[] | undefined;
  private longLength = 0;
  private sizes = firstSizes;
  private rules: EventRules;
  /** Ids of names that came with lines the scanner did not read, in this generation. */
  private slowTools = new Map<string, number>();
  private slowTraces = new Map<string, number>();
  private slowToolNames = new Map<number, string>();
  private slowTraceNames = new Map<number, LaneTrace>();
  /** Texts of agents by id; they are few and asked for often. */
  private agents: string[] = [];
  private toolsGiven = 0;
  private tracesGiven = 0;
  private linesGiven: number;
  private slowRecords = 0;
  private newGeneration = false;
  private bad: LaneBad[] = [];

  constructor(
    private readonly scanner: Scanner,
    private readonly input: InputMeta,
    private readonly sink: LaneSink,
    private readonly options: LaneOptions,
  ) {
    this.linesGiven = (options.firstLine ?? 1) - 1;
    scanner.wasm.lines.value = this.linesGiven;
    this.rules = this.newRules();
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const space = this.space();
      const part = chunk.subarray(at, at + space.length);
      space.set(part);
      this.filled(part.length);
      at += part.length;
    }
  }

  space(): Uint8Array {
    const { textStart, textEnd } = this.scanner;
    return this.scanner.bytes(textStart + this.held, textEnd);
  }

  filled(byteLength: number): void {
    const { textStart } = this.scanner;
    const end = textStart + this.held + byteLength;
    let from = textStart;
    if (this.long !== undefined) {
      const after = this.endLong(from, end);
      if (after === undefined) return;
      from = after;
    }
    const fresh = this.scanner.bytes(Math.max(from, textStart + this.held), end);
    const last = fresh.lastIndexOf(lineFeed);
    this.held = end - from;
    if (last !== -1) {
      const rest = fresh.byteOffset + last + 1;
      this.scan(from, rest, false);
      this.held = end - rest;
      from = rest;
    }
    if (this.held > this.scanner.textEnd - textStart - spaceBytesMin) this.startLong(from, end);
    else if (from > textStart) this.moveToStart(from, end);
  }

  end(): void {
    const { textStart } = this.scanner;
    if (this.long !== undefined) this.finishLong(true);
    else if (this.held > 0) {
      const end = textStart + this.held;
      this.scanner.bytes(end, end + 1)[0] = lineFeed;
      this.scan(textStart, end + 1, true);
    }
    this.held = 0;
    this.flush();
    this.scanner.close();
  }

  /** Whole lines. `last`: the line end was put there by us. */
  private scan(from: number, end: number, last: boolean): void {
    const { wasm } = this.scanner;
    let at = from;
    while (at < end) {
      const status = wasm.scan(at, end);
      if (status === scanStatus.done) return;
      at = wasm.lineStart.value;
      if (status === scanStatus.slow) {
        const lineEnd = wasm.lineEnd.value;
        this.readSlow(trimBlanks(this.scanner.bytes(at, lineEnd)), last && lineEnd + 1 === end);
        at = lineEnd + 1;
      } else if (status === scanStatus.full) this.flush();
      else if (status === scanStatus.names) this.startGeneration();
      else this.judgeTool(wasm.newTool.value);
    }
  }

  private judgeTool(id: number): void {
    this.scanner.judgeTool(id, this.options.asRecord?.(this.toolName(id)) === true);
  }

  private moveToStart(from: number, end: number): void {
    this.scanner.bytes(this.scanner.textStart, end).copyWithin(0, from - this.scanner.textStart);
  }

  private startLong(from: number, end: number): void {
    this.long = [this.scanner.bytes(from, end).slice()];
    this.longLength = end - from;
    this.held = 0;
  }

  /** Adds to the long line; the address behind its end, when that is here. */
  private endLong(from: number, end: number): number | undefined {
    const bytes = this.scanner.bytes(from, end);
    const newline = bytes.indexOf(lineFeed);
    const part = newline === -1 ? bytes : bytes.subarray(0, newline);
    this.longLength += part.length;
    // Of a line that is too long only its end is looked for.
    if (this.longLength > traceLineBytesMax) this.long = [];
    else this.long?.push(part.slice());
    if (newline === -1) return undefined;
    this.finishLong(false);
    return from + newline + 1;
  }

  private finishLong(cut: boolean): void {
    const { lines } = this.scanner.wasm;
    const parts = this.long ?? [];
    const length = this.longLength;
    this.long = undefined;
    this.longLength = 0;
    lines.value++;
    if (length > traceLineBytesMax) this.bad.push({ line: this.line, kind: "long", message: "" });
    else {
      const bytes = trimBlanks(joinBytes(parts, length));
      if (bytes.length > 0) this.readSlow(bytes, cut);
    }
  }

  /** Number of the line that was scanned last. */
  private get line(): number {
    return this.scanner.wasm.lines.value >>> 0;
  }

  /** A line the scanner is not sure of, by the rules of the record reader. */
  private readSlow(bytes: Uint8Array, cut: boolean): void {
    this.slowRecords++;
    let value: unknown;
    try {
      value = JSON.parse(decodeUtf8(bytes));
    } catch {
      this.bad.push({ line: this.line, kind: cut ? "cut" : "line", message: "" });
      return;
    }
    this.rules.read(value, this.line);
  }

  private newRules(): EventRules {
    return new EventRules(this.input, {
      trace: (key, seen) => this.takeTrace(key, seen),
      call: (call) => this.takeCall(call),
      bad: (line, message) => this.bad.push({ line, kind: "record", message }),
    });
  }

  private takeTrace(key: string, seen: TraceSeen): void {
    if (this.scanner.wasm.hasRoom() === 0) this.flush();
    const trace = this.slowTraces.get(key) ?? this.addTrace(key, seen);
    if (seen.timeMs !== undefined) this.scanner.wasm.appendSeen(trace, seen.timeMs);
  }

  private takeCall(call: CallRecord): void {
    if (call.callId !== undefined || this.options.asRecord?.(call.tool) === true) {
      // Lines alone are no reason for a batch: they can be said later.
      if (this.hasFindings()) this.flush();
      this.sink.call(call);
      return;
    }
    if (this.scanner.wasm.hasRoom() === 0) this.flush();
    let tool = this.toolId(call.tool);
    const trace = this.slowTraces.get(call.trace) ?? this.addTrace(call.trace, { agent: call.agent });
    // Making room for the trace may have ended the generation that the tool was of.
    if (!this.slowTools.has(call.tool)) tool = this.toolId(call.tool);
    this.scanner.wasm.append(trace, tool, call.timeMs ?? Number.NaN, call.line);
  }

  private toolId(name: string): number {
    const known = this.slowTools.get(name);
    if (known !== undefined) return known;
    const id = this.reserved("tools");
    this.slowTools.set(name, id);
    this.slowToolNames.set(id, name);
    return id;
  }

  private addTrace(key: string, seen: TraceSeen): number {
    const id = this.reserved("traces");
    this.slowTraces.set(key, id);
    this.slowTraceNames.set(id, { key, agent: seen.agent, id: seen.id });
    return id;
  }

  private reserved(name: "tools" | "traces"): number {
    const id = this.scanner.reserve(name);
    if (id !== undefined) return id;
    this.startGeneration();
    return this.scanner.reserve(name)!;
  }

  /** Gives out what there is and forgets all names; until the cap is reached, there is room for more. */
  private startGeneration(): void {
    this.flush();
    const more = (name: DictionaryName) => {
      const bits = this.sizes[name];
      return this.scanner.count(name) * 2 > 2 ** bits ? Math.min(bits + 3, laneNameBitsMax) : bits;
    };
    this.sizes = { tools: more("tools"), agents: more("agents"), traces: more("traces") };
    this.scanner.startGeneration(this.sizes);
    this.slowTools = new Map();
    this.slowTraces = new Map();
    this.slowToolNames = new Map();
    this.slowTraceNames = new Map();
    this.agents = [];
    this.rules = this.newRules();
    this.toolsGiven = 0;
    this.tracesGiven = 0;
    this.newGeneration = true;
  }

  private hasFindings(): boolean {
    const { wasm } = this.scanner;
    const isNew = this.scanner.count("tools") > this.toolsGiven || this.scanner.count("traces") > this.tracesGiven;
    return isNew || wasm.rows.value > 0 || wasm.seenRows.value > 0 || this.bad.length > 0;
  }

  flush(): void {
    const { scanner, bad } = this;
    const { wasm } = scanner;
    const length = wasm.rows.value;
    const records = wasm.records.value + this.slowRecords;
    const lines = this.line - this.linesGiven;
    if (lines === 0 && !this.hasFindings()) return;
    this.linesGiven += lines;
    this.slowRecords = 0;
    this.bad = [];
    const batch: LaneBatch = {
      newGeneration: this.newGeneration,
      length,
      trace: scanner.ids(wasm.traceColumn.value, length),
      tool: scanner.ids(wasm.toolColumn.value, length),
      timeMs: scanner.times(wasm.timeColumn.value, length),
      line: scanner.ids(wasm.lineColumn.value, length),
      newTools: this.newTools(),
      newTraces: this.newTraces(),
      seen: this.seen(),
      bad,
      lines,
      records,
    };
    this.newGeneration = false;
    wasm.emptyColumns();
    this.sink.batch(batch);
  }

  private newTools(): readonly string[] {
    const names: string[] = [];
    const count = this.scanner.count("tools");
    for (let id = this.toolsGiven; id < count; id++) names.push(this.toolName(id));
    this.toolsGiven = count;
    return names;
  }

  private toolName(id: number): string {
    const text = this.scanner.text("tools", id);
    return text === undefined ? (this.slowToolNames.get(id) ?? "") : decodeUtf8(text.bytes);
  }

  private newTraces(): readonly LaneTrace[] {
    const traces: LaneTrace[] = [];
    const count = this.scanner.count("traces");
    for (let id = this.tracesGiven; id < count; id++) traces.push(this.traceName(id));
    this.tracesGiven = count;
    return traces;
  }

  private traceName(id: number): LaneTrace {
    const text = this.scanner.text("traces", id);
    if (text === undefined) return this.slowTraceNames.get(id)!;
    const agent = text.owner === 0 ? undefined : this.agentName(text.owner - 1);
    const session = text.bytes.length === 0 ? undefined : decodeUtf8(text.bytes);
    return { ...traceOf(agent, session, this.input.name), agent };
  }

  private agentName(id: number): string {
    this.agents[id] ??= decodeUtf8(this.scanner.text("agents", id)!.bytes);
    return this.agents[id];
  }

  private seen(): LaneBatch["seen"] {
    const { wasm } = this.scanner;
    const count = wasm.seenRows.value;
    const traces = this.scanner.ids(wasm.seenTraces.value, count);
    const times = this.scanner.times(wasm.seenTimes.value, count);
    return Array.from(traces, (trace, i) => ({ trace, timeMs: times[i]! }));
  }
}
