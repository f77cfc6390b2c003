import { asList, asObject, asText, asToolName, firstRecords, type JsonObject, recordsIn } from "../json.js";
import type { InputMeta, Probe, RawRecord, RecordReader, TraceFormat, TraceSink } from "../reader.js";
import { parseTime } from "../time.js";

/**
 * Gemini CLI: sessions as one document `{sessionId, messages}` or as JSON lines (the session first, then messages and
 * `$set` updates), and saved checkpoints, which are contents of the Gemini API (`{role, parts}`). Logs of requests, which
 * repeat the contents before, are not read.
 */
export const geminiCli: TraceFormat = {
  id: "gemini-cli",
  title: "Gemini CLI session",
  detect,
  open: (input, sink) => new ChatReader(input, sink),
};

const messageTypes: ReadonlySet<unknown> = new Set(["user", "gemini", "info", "error", "warning"]);

function detect(probe: Probe): number {
  let score = 0;
  for (const record of firstRecords(probe.records)) score = Math.max(score, scoreOf(record));
  return score;
}

function scoreOf(record: JsonObject): number {
  if (asText(record["sessionId"]) !== undefined && asText(record["projectHash"]) !== undefined) return 1;
  if (record["type"] === "gemini" && asText(record["id"]) !== undefined) return 0.9;
  const contents = asList(record["history"]) ?? [record];
  return contents.length > 0 && contents.every((each) => isContent(asObject(each))) ? 0.7 : 0;
}

function isContent(record: JsonObject | undefined): boolean {
  return (record?.["role"] === "user" || record?.["role"] === "model") && asList(record["parts"]) !== undefined;
}

class ChatReader implements RecordReader {
  private session: string;
  private subagent = false;

  constructor(
    private readonly input: InputMeta,
    private readonly sink: TraceSink,
  ) {
    this.session = input.name;
  }

  push(raw: RawRecord): void {
    const value = raw.parse();
    if (value === undefined) return;
    const records = recordsIn(value);
    if (records.length === 0 && asList(value)?.length !== 0) this.sink.bad(raw.line, "a chat record is a JSON object");
    records.forEach((record, index) => this.read(record, index, raw.line));
  }

  end(): void {}

  private read(record: JsonObject, index: number, line: number): void {
    const session = asText(record["sessionId"]);
    if (session !== undefined && !messageTypes.has(record["type"])) {
      this.session = session;
      this.subagent = record["kind"] === "subagent";
      this.sink.trace(session, { timeMs: parseTime(record["startTime"]) });
    }
    const updated = asObject(record["$set"]);
    const messages = asList(record["messages"]) ?? asList(updated?.["messages"]);
    const contents = asList(record["history"]) ?? (isContent(record) ? [record] : undefined);
    for (const each of messages ?? [record]) this.readMessage(asObject(each) ?? {}, line);
    if (contents !== undefined) this.readContents(contents, contents.length === 1 ? index : 0, line);
  }

  /** Messages are written again as their calls go on: the id of the call, or its place in its message, tells. */
  private readMessage(message: JsonObject, line: number): void {
    const timeMs = parseTime(message["timestamp"]);
    (asList(message["toolCalls"]) ?? []).forEach((each, index) => {
      const call = asObject(each) ?? {};
      const place = asText(message["id"]) === undefined ? undefined : `${message["id"] as string}\u0000${index}`;
      this.sink.call({
        trace: this.session,
        callId: asText(call["id"]) ?? place,
        tool: asToolName(call["name"]),
        args: () => call["args"],
        timeMs: parseTime(call["timestamp"]) ?? timeMs,
        subagent: this.subagent,
        // Only who was asked and refused cancels a call.
        decision: this.sink.decisions === true && call["status"] === "cancelled" ? "denied" : undefined,
        line,
      });
    });
  }

  /** Contents have neither session nor time; a checkpoint is a trace. */
  private readContents(contents: readonly unknown[], first: number, line: number): void {
    this.sink.trace(this.session, { id: this.input.name });
    contents.forEach((each, index) => {
      (asList(asObject(each)?.["parts"]) ?? []).forEach((part, at) => {
        const call = asObject(asObject(part)?.["functionCall"]);
        if (call === undefined) return;
        this.sink.call({
          trace: this.session,
          callId: asText(call["id"]) ?? `${line}\u0000${first + index}\u0000${at}`,
          tool: asToolName(call["name"]),
          args: () => call["args"],
          line,
        });
      });
    });
  }
}
