import { asObject, asText, type JsonObject, parsedJson, recordsIn } from "../json.js";

/** JSON-RPC messages of one log record, with what the record says of them. */
export interface McpFrame {
  readonly messages: readonly JsonObject[];
  /** The record is not the message itself. */
  readonly wrapped: boolean;
  readonly session?: string | undefined;
  readonly server?: string | undefined;
  /** Way or hop of the message, in the words of the log. */
  readonly direction?: string | undefined;
  /** As it stands in the log. */
  readonly time?: string | number | undefined;
  /** What is wrong with a line that holds a call and cannot be read. */
  readonly fault?: string | undefined;
}

const messageKeys = ["message", "msg", "payload", "data", "body", "request", "frame", "raw", "response"];
const sessionKeys = ["session", "session_id", "sessionId", "mcp_session_id", "connection_id", "connectionId", "connection"];
const serverKeys = ["server", "server_name", "serverName", "mcp_server", "mcpServer"];
const directionKeys = ["dir", "direction"];
const timeKeys = ["timestamp", "time", "ts", "created_at"];

function isMessage(record: JsonObject): boolean {
  if (record["jsonrpc"] === "2.0") return true;
  return record["method"] === "tools/call" && asObject(record["params"]) !== undefined;
}

/** Of a record: the message it is, or those its wrapper holds, also as JSON text. Empty: it is neither. */
export function mcpFramesOf(record: JsonObject): readonly McpFrame[] {
  // A log may put what it knows right into the message.
  const isBare = isMessage(record);
  const messages = isBare ? [record] : wrappedIn(record);
  if (messages === undefined) return [];
  return [
    {
      messages,
      wrapped: !isBare,
      session: textIn(record, sessionKeys),
      server: textIn(record, serverKeys) ?? asText(asObject(record["server"])?.["name"]),
      direction: textIn(record, directionKeys),
      time: timeKeys.map((name) => record[name]).find((time) => typeof time === "string" || typeof time === "number") as
        | string
        | number
        | undefined,
    },
  ];
}

/** A wrapper may hold a call and its answer: where one key holds a call, it is that one. */
function wrappedIn(record: JsonObject): readonly JsonObject[] | undefined {
  let found: readonly JsonObject[] | undefined;
  for (const key of messageKeys) {
    const value = Object.hasOwn(record, key) ? record[key] : undefined;
    const messages = recordsIn(parsedJson(value)).filter(isMessage);
    if (messages.some((message) => message["method"] === "tools/call")) return messages;
    if (messages.length > 0) found ??= messages;
  }
  return found;
}

function textIn(record: JsonObject, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = record[key];
    if (typeof value === "number") return String(value);
    if (asText(value) !== undefined) return value as string;
  }
  return undefined;
}

const timeAtStart = /^\[?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)/;
const levels: ReadonlySet<string> = new Set(["info", "error", "warn", "warning", "debug", "trace", "notice"]);
/** What stands before a message is looked at so far: a time, a server, a level, a few words. */
const prefixLengthMax = 300;
/** Values tried on one line before it is given up. */
const startsMax = 8;

/** Of a log line: the message behind its text. undefined: the line speaks of something else. */
export function mcpFrameOfText(text: string): McpFrame | undefined {
  const found = messagesInText(text);
  const prefix = text.slice(0, Math.min(found?.start ?? prefixLengthMax, prefixLengthMax));
  const known = {
    wrapped: true,
    time: timeAtStart.exec(text)?.[1],
    server: tagsOf(prefix).find((tag) => !levels.has(tag.toLowerCase()) && !/^\d/.test(tag)),
    direction: /\bfrom (client|server)\b/i.exec(prefix)?.[1]?.toLowerCase(),
  };
  if (found !== undefined) return { ...known, messages: found.messages };
  const speaks = /"method" ?: ?"tools\/call"/.test(text) || /\bfrom client: method="?tools\/call/i.test(text);
  if (speaks) return { ...known, messages: [], fault: "it speaks of a `tools/call`, but does not hold the whole message" };
  return /\bMessage from (?:client|server): /i.test(text) ? { ...known, messages: [] } : undefined;
}

/** Short texts in square brackets. */
function tagsOf(prefix: string): readonly string[] {
  const tags: string[] = [];
  for (let open = prefix.indexOf("["); open !== -1; open = prefix.indexOf("[", open + 1)) {
    const close = prefix.indexOf("]", open);
    if (close === -1) break;
    tags.push(prefix.slice(open + 1, close));
  }
  return tags;
}

function messagesInText(text: string): { messages: readonly JsonObject[]; start: number } | undefined {
  if (!text.includes('"jsonrpc"') && !text.includes('"method"')) return undefined;
  let start = text.indexOf("{");
  for (let n = 0; start !== -1 && n < startsMax; n++) {
    const from = text[start - 1] === "[" ? start - 1 : start;
    const end = endOfValue(text, from);
    const messages = end === -1 ? [] : recordsIn(parsedJson(text.slice(from, end))).filter(isMessage);
    if (messages.length > 0) return { messages, start: from };
    start = text.indexOf("{", end === -1 ? start + 1 : end);
  }
  return undefined;
}

/** Index behind the bracketed value at `start`, or -1. Linear. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  let inString = false;
  for (let at = start; at < text.length; at++) {
    const letter = text[at];
    if (inString) {
      if (letter === "\\") at++;
      else if (letter === '"') inString = false;
    } else if (letter === '"') inString = true;
    else if (letter === "{" || letter === "[") depth++;
    else if ((letter === "}" || letter === "]") && --depth === 0) return at + 1;
  }
  return -1;
}

/** `mcp-server-<name>.log`, as Claude Desktop names its logs. */
export function serverOfFile(path: string): string | undefined {
  const name = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  return /^mcp-server-(.+?)(?:\.(?:log|jsonl?|txt|gz|zst|\d+))*$/i.exec(name)?.[1];
}
