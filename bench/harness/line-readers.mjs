import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";

/**
 * Ways to bring JSON lines of tool calls to counts, all of which find the same: `{ calls: Map tool -> calls, traces, lastMs }`.
 * Modules are loaded by those who need them: what one reader does to the code of another would be measured, too.
 */
const load = (file) => import(new URL(`../../build/${file}`, import.meta.url).href);

const chunkBytes = 1 << 20;

/** Only reads: what no reader can be faster than. */
export function readBytes(path) {
  const chunk = Buffer.alloc(chunkBytes / 2);
  eachChunk(
    path,
    () => chunk,
    () => {},
  );
}

/** The program that everybody writes: chunks, lines, `JSON.parse`, maps. The usual keys of this file, nothing more. */
export function parseLines(path) {
  const calls = new Map();
  const traces = new Map();
  let lastMs = 0;
  const buffer = Buffer.alloc(chunkBytes);
  let held = 0;
  const take = (bytes) => {
    const end = held + bytes;
    let start = 0;
    for (let at = buffer.indexOf(10, start); at !== -1 && at < end; at = buffer.indexOf(10, start)) {
      const record = JSON.parse(buffer.utf8Slice(start, at));
      start = at + 1;
      calls.set(record.tool_name, (calls.get(record.tool_name) ?? 0) + 1);
      const { agent_id: agent, session_id: session } = record;
      const trace = agent === undefined ? session : `${agent}\0${session}`;
      traces.set(trace, (traces.get(trace) ?? 0) + 1);
      const ms = Date.parse(record.timestamp);
      if (ms > lastMs) lastMs = ms;
    }
    buffer.copyWithin(0, start, end);
    held = end - start;
  };
  eachChunk(path, () => buffer.subarray(held), take);
  return { calls, traces: traces.size, lastMs };
}

/** A plain reader of Claude Code transcripts: every line parsed, calls with the same id counted once. */
export function parseTranscripts(folder) {
  const seen = new Set();
  const tools = new Map();
  eachLine(folder, (record) => {
    const message = record.type === "progress" ? record.data?.message?.message : record.message;
    if (!Array.isArray(message?.content) || record.type === "user") return;
    for (const block of message.content) {
      const key = block.type === "tool_use" ? `${record.sessionId}\0${block.id}\0${block.name}` : undefined;
      if (key === undefined || seen.has(key)) continue;
      seen.add(key);
      tools.set(block.name, (tools.get(block.name) ?? 0) + 1);
    }
  });
  return seen.size;
}

/** A plain reader of OTLP/JSON lines: every line parsed, spans that run a tool without a span above that runs one. */
export function parseSpans(folder) {
  const spans = new Map();
  const tools = new Map();
  eachLine(folder, ({ resourceSpans }) => {
    for (const { scopeSpans } of resourceSpans ?? []) {
      for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
        const attributes = new Map(span.attributes.map(({ key, value }) => [key, value.stringValue]));
        const tool = attributes.get("gen_ai.operation.name") === "execute_tool" ? attributes.get("gen_ai.tool.name") : undefined;
        spans.set(`${span.traceId}${span.spanId}`, { tool, parent: `${span.traceId}${span.parentSpanId}` });
      }
    }
  });
  let calls = 0;
  for (const { tool, parent } of spans.values()) {
    let above = spans.get(parent);
    while (above !== undefined && above.tool === undefined) above = spans.get(above.parent);
    if (tool === undefined || above !== undefined) continue;
    tools.set(tool, (tools.get(tool) ?? 0) + 1);
    calls++;
  }
  return calls;
}

function eachLine(folder, take) {
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, name));
    for (let start = 0; start < bytes.length; ) {
      const newline = bytes.indexOf(10, start);
      const end = newline === -1 ? bytes.length : newline;
      let record;
      try {
        record = JSON.parse(bytes.utf8Slice(start, end));
      } catch {
        // One recorded line is damaged.
      }
      if (record !== undefined) take(record);
      start = end + 1;
    }
  }
}

/** Our own record reader, which the fast lane has to agree with. */
export async function readRecords(path) {
  const { LineFramer } = await load("trace/framing.js");
  const { events } = await load("trace/formats/events.js");
  const calls = new Map();
  const traces = new Set();
  let lastMs = 0;
  const sink = {
    trace: (key) => traces.add(key),
    call: ({ tool, timeMs }) => {
      calls.set(tool, (calls.get(tool) ?? 0) + 1);
      if (timeMs > lastMs) lastMs = timeMs;
    },
    bad: refuse,
  };
  const reader = events.open({ name: path }, sink);
  const record = (bytes, line) =>
    reader.push({ bytes, line, parse: () => JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).utf8Slice()) });
  const framer = new LineFramer({ record, tooLong: refuse });
  let chunk;
  const space = () => {
    // The framer keeps what is not a whole line yet.
    chunk = Buffer.allocUnsafeSlow(chunkBytes);
    return chunk;
  };
  eachChunk(path, space, (bytes) => framer.push(chunk.subarray(0, bytes)));
  framer.end();
  return { calls, traces: traces.size, lastMs };
}

/** The fast lane on this thread, every column looked at. */
export async function readLane(path) {
  const { eventLane } = await load("trace/event-lane.js");
  const names = new Map();
  const keys = new Map();
  const counts = new Uint32Array(1 << 16);
  const callsOf = new Uint32Array(1 << 22);
  let tools = [];
  let traces = [];
  let lastMs = 0;
  const batch = ({ newGeneration, newTools, newTraces, length, tool, trace, timeMs, bad }) => {
    if (bad.length > 0) refuse();
    if (newGeneration) [tools, traces] = [[], []];
    for (const name of newTools) tools.push(idOf(names, name));
    for (const { key } of newTraces) traces.push(idOf(keys, key));
    for (let i = 0; i < length; i++) {
      counts[tools[tool[i]]]++;
      callsOf[traces[trace[i]]]++;
      if (timeMs[i] > lastMs) lastMs = timeMs[i];
    }
  };
  const lane = eventLane.open({ name: path }, { batch, call: refuse }, { seed: 1 });
  eachChunk(
    path,
    () => lane.space(),
    (bytes) => lane.filled(bytes),
  );
  lane.end();
  return { calls: new Map([...names].map(([name, id]) => [name, counts[id]])), traces: keys.size, lastMs };
}

/** All of `policy test --limit 0` but the printing: formats detected, calls judged, rules and traces counted, grace by time. */
export async function openReplay(policy, threads) {
  const { replayInputs } = await load("trace/io/replay-inputs.js");
  const { openReplayEngine } = await load("cli/open-policy.js");
  const engine = openReplayEngine(policy);
  const workers = threads === 0 ? undefined : { url: new URL("../../build/trace-worker.js", import.meta.url), count: threads };
  return async (path) => {
    const { diagnostics, summary } = await replayInputs(engine, [path], { workers });
    const error = diagnostics.find(({ level, code }) => level === "error" && code !== "trace_bad_line");
    if (error !== undefined) throw new Error(error.message);
    return { verdicts: summary.callVerdicts, traces: summary.traces, lastMs: summary.lastMs };
  };
}

function eachChunk(path, space, filled) {
  const file = openSync(path, "r");
  try {
    for (;;) {
      const into = space();
      const bytes = readSync(file, into, 0, into.length);
      if (bytes === 0) return;
      filled(bytes);
    }
  } finally {
    closeSync(file);
  }
}

function idOf(ids, name) {
  let id = ids.get(name);
  if (id === undefined) {
    id = ids.size;
    ids.set(name, id);
  }
  return id;
}

function refuse() {
  throw new Error("a line of the workload is not a plain call");
}
