import { decodeUtf8, indexOfBytes, markerOf } from "../bytes.js";
import { isRefusal, OpenCalls, textOf } from "../decided.js";
import { asList, asObject, asText, firstRecords, type JsonObject, recordsIn } from "../json.js";
import type { CallRecord, InputMeta, Probe, RawRecord, RecordReader, TraceFormat, TraceSink } from "../reader.js";
import { Sieve, sieveFlags } from "../sieve.js";
import { parseTime } from "../time.js";
import { callOfBlock } from "./message-turns.js";

/**
 * Claude Code session transcripts and `claude -p --output-format stream-json`. Calls are `tool_use`,
 * `server_tool_use` and `mcp_tool_use` blocks of assistant records and of `agent_progress` records; a trace is a session, over all files that carry its id.
 */
export const claudeCode: TraceFormat = {
  id: "claude-code",
  title: "Claude Code transcript",
  detect,
  open: (input, sink) => new TranscriptReader(input, sink),
};

/** Records without a message, by type. They prove the format but never a trace. */
const otherTypes: ReadonlySet<unknown> = new Set(["progress", "system", "summary", "queue-operation", "pr-link", "result"]);

function detect(probe: Probe): number {
  let score = 0;
  for (const record of firstRecords(probe.records)) {
    score = Math.max(score, scoreOf(record));
    if (score === 1) break;
  }
  return score;
}

function scoreOf(record: JsonObject): number {
  const session = asText(record["sessionId"]) ?? asText(record["session_id"]);
  if (record["type"] === "assistant" || record["type"] === "user") {
    const message = asObject(record["message"]);
    return message !== undefined && Object.hasOwn(message, "content") ? (session === undefined ? 0.7 : 1) : 0;
  }
  if (record["type"] === "file-history-snapshot" && Object.hasOwn(record, "snapshot")) return 0.8;
  if (record["type"] === "summary" && Object.hasOwn(record, "leafUuid")) return 0.8;
  return session !== undefined && otherTypes.has(record["type"]) ? 0.8 : 0;
}

/** Ends the name of every kind of block that is a call. */
const kindEnd = markerOf('tool_use"');
const sessionMarkers = [markerOf('"sessionId"'), markerOf('"session_id"')];
const twoRecords = markerOf('}{"');
/** Printable ASCII that needs no escape. */
const plainText = /^[ !#-[\]-~]+$/;
const asciiEscape = markerOf("\\u00");

/** Tools that ask the user something: to refuse them is an answer, not a decision about what agents may do. */
const questions: ReadonlySet<string> = new Set(["ExitPlanMode", "AskUserQuestion"]);

const callKinds: ReadonlySet<unknown> = new Set(["tool_use", "server_tool_use", "mcp_tool_use"]);

class TranscriptReader implements RecordReader {
  /** Sessions the sink knows from this input. */
  private readonly known = new Set<string>();
  private latest: string | undefined;
  /** The latest session if its text stands in a line just as it is, else empty. */
  private plainSession = "";
  private readonly sieve = Sieve.shared();
  /** Where decisions are wanted: calls whose results are still to come. */
  private readonly open = new OpenCalls();

  constructor(
    private readonly input: InputMeta,
    private readonly sink: TraceSink,
  ) {}

  push(raw: RawRecord): void {
    if (this.sink.decisions !== true && this.canSkip(raw.bytes)) return;
    const value = raw.parse();
    if (value === undefined) return;
    const records = recordsIn(value);
    if (records.length === 0) this.sink.bad(raw.line, "a transcript record is a JSON object");
    for (const record of records) this.read(record, raw.line);
  }

  end(): void {}

  private read(record: JsonObject, line: number): void {
    const type = record["type"];
    if (type === "assistant" || type === "user") {
      const message = asObject(record["message"]);
      if (message === undefined) {
        this.sink.bad(line, `a record of type \`${type}\` needs a \`message\``);
        return;
      }
      const session = this.sessionOf(record);
      this.know(session, record);
      if (type === "assistant") this.readContent(message, record, session, line, isSubagent(record));
      else if (this.sink.decisions === true) this.readResults(message, session);
    } else if (type === "progress") {
      const progress = asObject(record["data"]);
      if (progress?.["type"] !== "agent_progress") return;
      const message = asObject(asObject(progress["message"])?.["message"]);
      if (message !== undefined) this.readContent(message, record, this.sessionOf(record), line, true);
    }
  }

  private readContent(message: JsonObject, record: JsonObject, session: string, line: number, subagent: boolean): void {
    const { content } = message;
    if (content !== undefined && typeof content !== "string" && asList(content) === undefined) {
      this.sink.bad(line, "the `content` of a message is text or a list");
      return;
    }
    for (const item of asList(content) ?? []) {
      const block = asObject(item);
      // Only these kinds: lines without one of them are not parsed.
      const found = block !== undefined && callKinds.has(block["type"]) ? callOfBlock(block) : undefined;
      if (found === undefined) continue;
      this.know(session, record);
      const call: CallRecord = {
        trace: session,
        callId: found.id,
        tool: found.tool,
        server: found.server,
        args: found.args,
        timeMs: parseTime(record["timestamp"]),
        subagent,
        line,
      };
      this.sink.call(call);
      if (this.sink.decisions === true && !questions.has(call.tool)) this.open.add(call);
    }
  }

  private readResults(message: JsonObject, session: string): void {
    for (const item of asList(message["content"]) ?? []) {
      const block = asObject(item);
      const id = block?.["type"] === "tool_result" ? asText(block["tool_use_id"]) : undefined;
      const call = id === undefined ? undefined : this.open.take(session, id);
      if (call === undefined || block?.["is_error"] !== true) continue;
      if (isRefusal(textOf(block["content"]))) this.sink.call({ ...call, decision: "denied" });
    }
  }

  /** A record that lost its session id belongs to the latest session of the input, or to the input itself. */
  private sessionOf(record: JsonObject): string {
    return asText(record["sessionId"]) ?? asText(record["session_id"]) ?? this.latest ?? this.input.name;
  }

  private know(session: string, record: JsonObject): void {
    if (this.known.has(session)) return;
    this.known.add(session);
    this.latest = session;
    this.plainSession = plainText.test(session) ? session : "";
    this.sink.trace(session, { timeMs: parseTime(record["timestamp"]) });
  }

  /**
   * Whether a line can tell us nothing: it cannot hold a call, and every session it names is known. Exact on well-formed
   * lines; of corrupt ones it may skip some that a full parse would report, none that could hold a readable call.
   */
  private canSkip(bytes: Uint8Array): boolean {
    if (bytes[0] !== 0x7b || bytes[bytes.length - 1] !== 0x7d) return false;
    const flags = this.sieve?.look(bytes, this.plainSession);
    if (flags !== undefined && (flags & sieveFlags.otherSession) === 0) return flags === sieveFlags.sameSession;
    if (mayHoldCall(bytes)) return false;
    const named = sessionMarkers.map((marker) => this.namesOnlyKnown(bytes, marker));
    if (named.includes(false) || !named.includes(true)) return false;
    return indexOfBytes(bytes, twoRecords) === -1 && !spellsLetters(bytes);
  }

  /** undefined: the key does not occur. A key inside quoted text has its quotes escaped and is not seen. */
  private namesOnlyKnown(bytes: Uint8Array, key: Uint8Array): boolean | undefined {
    let seen: boolean | undefined;
    for (let at = indexOfBytes(bytes, key); at !== -1; at = indexOfBytes(bytes, key, at)) {
      at += key.length;
      if (bytes[at] !== 0x3a || bytes[at + 1] !== 0x22) return false;
      const end = bytes.indexOf(0x22, at + 2);
      if (end === -1 || !this.known.has(decodeUtf8(bytes, at + 2, end))) return false;
      seen = true;
    }
    return seen;
  }
}

function isSubagent(record: JsonObject): boolean {
  return (
    record["isSidechain"] === true ||
    asText(record["agentId"]) !== undefined ||
    asText(record["parent_tool_use_id"]) !== undefined
  );
}

/** Usage counts have a key `server_tool_use` in every record of an assistant; as a value it is the kind of a block. */
function mayHoldCall(bytes: Uint8Array): boolean {
  for (let at = indexOfBytes(bytes, kindEnd); at !== -1; at = indexOfBytes(bytes, kindEnd, at)) {
    at += kindEnd.length;
    if (bytes[at] !== 0x3a) return true;
  }
  return false;
}

/** An ASCII letter or underscore written as `\u00XX` could spell a marker that a byte search misses. */
function spellsLetters(bytes: Uint8Array): boolean {
  for (let at = indexOfBytes(bytes, asciiEscape); at !== -1; at = indexOfBytes(bytes, asciiEscape, at + 4)) {
    const high = bytes[at + 4]!;
    if (high >= 0x34 && high <= 0x37) return true;
  }
  return false;
}
