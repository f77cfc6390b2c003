import { traceLineBytesMax } from "../limits.js";
import { decodeUtf8, isBlank, joinBytes, lineFeed, skipBlanks, trimBlanks } from "./bytes.js";

/** `text`: nothing in it looks like JSON. */
export type Framing = "json" | "lines" | "text";

/** Where a framer puts records. `cut`: the input ended before the record did, as far as framing can tell. */
export interface FrameSink {
  record(bytes: Uint8Array, line: number, cut: boolean): void;
  tooLong(line: number): void;
}

/** Takes chunks of any size; records may span chunks. Memory is one record, at most `bytesMax`. */
export interface Framer {
  push(chunk: Uint8Array): void;
  end(): void;
}

/**
 * One record per line. Blank lines are no records; CRLF and LF both end a line; the last line may lack its end. White space
 * around a record is cut off unless it is `text`, where it may mean something.
 */
export class LineFramer implements Framer {
  private parts: Uint8Array[] = [];
  private length = 0;
  private line = 1;
  private skipping = false;

  constructor(
    private readonly sink: FrameSink,
    private readonly bytesMax = traceLineBytesMax,
    private text = false,
  ) {}

  /** Line ends so far. */
  get lines(): number {
    return this.line - 1;
  }

  /** From here on, white space around records is kept. */
  turnToText(): void {
    this.text = true;
  }

  push(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      this.keep(chunk.subarray(start, end));
      this.finish(false);
      this.line++;
      start = end + 1;
    }
    this.keep(chunk.subarray(start));
  }

  end(): void {
    this.finish(true);
  }

  private keep(part: Uint8Array): void {
    if (this.skipping || part.length === 0) return;
    if (this.length + part.length > this.bytesMax) {
      this.sink.tooLong(this.line);
      this.skipping = true;
      this.parts = [];
      this.length = 0;
      return;
    }
    this.parts.push(part);
    this.length += part.length;
  }

  private finish(cut: boolean): void {
    this.skipping = false;
    if (this.length === 0) return;
    const line = joinBytes(this.parts, this.length);
    const bytes = this.text ? withoutReturn(line) : trimBlanks(line);
    this.parts = [];
    this.length = 0;
    if (bytes.length > 0) this.sink.record(bytes, this.line, cut);
  }
}

function withoutReturn(line: Uint8Array): Uint8Array {
  return line[line.length - 1] === carriageReturn ? line.subarray(0, -1) : line;
}

const carriageReturn = 0x0d;
const quote = 0x22;
const backslash = 0x5c;

/**
 * One record per top-level JSON value, however it is laid out: a pretty-printed document, or several one after another.
 * Follows strings and brackets only; what it cuts out is parsed later. Linear.
 */
export class ValueFramer implements Framer {
  private parts: Uint8Array[] = [];
  private length = 0;
  private line = 1;
  private startLine = 1;
  private depth = 0;
  private inString = false;
  private escaped = false;
  private dropped = false;

  constructor(
    private readonly sink: FrameSink,
    private readonly bytesMax = traceLineBytesMax,
  ) {}

  push(chunk: Uint8Array): void {
    let start = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (byte === lineFeed) this.line++;
      if (this.inString) {
        this.insideString(byte);
        continue;
      }
      if (byte === quote) this.inString = this.depth > 0;
      else if (byte === 0x7b || byte === 0x5b) {
        if (this.depth++ === 0) {
          // Anything but white space between values is a record of its own, and will be reported as bad.
          this.keep(chunk.subarray(start, i));
          this.finish(false);
          start = i;
          this.startLine = this.line;
        }
      } else if ((byte === 0x7d || byte === 0x5d) && this.depth > 0 && --this.depth === 0) {
        this.keep(chunk.subarray(start, i + 1));
        this.finish(false);
        start = i + 1;
      }
    }
    this.keep(chunk.subarray(start));
  }

  end(): void {
    this.finish(this.depth > 0 || this.inString);
  }

  private insideString(byte: number): void {
    if (this.escaped) this.escaped = false;
    else if (byte === backslash) this.escaped = true;
    else if (byte === quote) this.inString = false;
  }

  private keep(part: Uint8Array): void {
    if (this.dropped || part.length === 0) return;
    if (this.length === 0) {
      const blanks = skipBlanks(part);
      if (blanks === part.length) return;
      part = part.subarray(blanks);
    }
    if (this.length + part.length > this.bytesMax) {
      this.sink.tooLong(this.startLine);
      this.dropped = true;
      return;
    }
    this.parts.push(part);
    this.length += part.length;
  }

  private finish(cut: boolean): void {
    const bytes = trimBlanks(joinBytes(this.parts, this.length));
    if (!this.dropped && bytes.length > 0) this.sink.record(bytes, this.startLine, cut);
    this.parts = [];
    this.length = 0;
    this.dropped = false;
    this.startLine = this.line;
  }
}

/** Lines looked at to tell JSON lines from a document that spans lines. */
export const linesProbed = 64;

/**
 * How the first bytes of an input are framed. One value on the first line means lines (a document on one line is one
 * record either way). A value that goes on over lines is a document, unless later lines are objects of their own from
 * the first column on and the value comes to nothing: then the first line is merely corrupt. `whole`: the input ends here.
 */
export function framingOf(head: Uint8Array, whole: boolean): Framing {
  const first = skipBlanks(head);
  const opens = head[first] === 0x7b || head[first] === 0x5b;
  let later = 0;
  let laterRecords = 0;
  let start = first;
  for (let n = 0; n < linesProbed && start < head.length; n++) {
    let end = head.indexOf(lineFeed, start);
    if (end === -1) {
      if (!whole) break;
      end = head.length;
    }
    const record = isRecord(head, start, end);
    if (n === 0 && record) return "lines";
    if (n > 0 && skipBlanks(head.subarray(start, end)) < end - start) {
      later++;
      if (record) laterRecords++;
    }
    start = end + 1;
  }
  if (!opens) return laterRecords > 0 ? "lines" : "text";
  if (laterRecords === 0 || firstValue(head).kind === "valid") return "json";
  return laterRecords * 2 > later || firstValue(head).kind === "broken" ? "lines" : "json";
}

/**
 * Whether a head that begins like a document may be a log: what its first bracket opens is no value (`[2026-01-01] started`),
 * or text goes on behind it on the line (`[17] started`).
 */
export function beginsLikeLog(head: Uint8Array): boolean {
  const first = firstValue(head);
  if (first.kind !== "valid") return first.kind === "broken";
  let at = first.end;
  while (head[at] === 0x20 || head[at] === 0x09) at++;
  const next = head[at];
  return next !== undefined && !isBlank(next) && next !== 0x7b && next !== 0x5b && next !== 0x2c;
}

/** The first lines as text, for detection; the last of them only when it is `whole`. */
export function textLines(head: Uint8Array, whole: boolean): readonly string[] {
  const found: string[] = [];
  const sink = {
    record: (bytes: Uint8Array, _: number, cut: boolean) => {
      if (found.length < linesProbed && (whole || !cut)) found.push(decodeUtf8(bytes));
    },
    tooLong: () => {},
  };
  const framer = new LineFramer(sink, head.length, true);
  framer.push(head);
  framer.end();
  return found;
}

interface FirstValue {
  readonly kind: "valid" | "broken" | "open";
  /** Behind its last byte. */
  readonly end: number;
}

/** Whether the first bracketed value of the head ends there, and is JSON. */
function firstValue(head: Uint8Array): FirstValue {
  let found: FirstValue | undefined;
  const framer = new ValueFramer({
    record: (bytes, _, cut) => {
      const kind = cut ? "open" : isRecord(bytes, 0, bytes.length) ? "valid" : "broken";
      found ??= { kind, end: skipBlanks(head) + bytes.length };
    },
    tooLong: () => {},
  });
  framer.push(head);
  framer.end();
  return found ?? { kind: "open", end: head.length };
}

function isRecord(head: Uint8Array, start: number, end: number): boolean {
  if (head[start] !== 0x7b && head[start] !== 0x5b) return false;
  try {
    JSON.parse(decodeUtf8(head, start, end));
    return true;
  } catch {
    return false;
  }
}
