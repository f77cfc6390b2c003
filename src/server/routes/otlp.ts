import type { RegistryFailure } from "../../registry/failure.js";
import type { IngestAnswer } from "../../registry/shapes.js";
import type { Answer } from "../route.js";

/** How the sender of traces expects to be answered. */
export type Dialect = "ours" | "otlp-json" | "otlp-protobuf";

const headBytesMax = 4096;

/**
 * OTLP's path is `/v1/traces`, and so is ours: protobuf is OTLP, and so is JSON that begins with `resourceSpans`. Looks at the first
 * bytes and gives back a stream with all of them.
 */
export async function dialectOf(
  contentType: string | undefined,
  bytes: AsyncIterable<Uint8Array>,
): Promise<{ readonly dialect: Dialect; readonly bytes: AsyncIterable<Uint8Array> }> {
  const type = (contentType ?? "").split(";")[0]?.trim().toLowerCase();
  if (type === "application/x-protobuf" || type === "application/protobuf") return { dialect: "otlp-protobuf", bytes };
  if (type !== "application/json") return { dialect: "ours", bytes };
  const iterator = bytes[Symbol.asyncIterator]();
  const kept: Uint8Array[] = [];
  let head = "";
  const decoder = new TextDecoder();
  while (head.length < headBytesMax && !decided(head)) {
    const next = await iterator.next();
    if (next.done === true) break;
    kept.push(next.value);
    head += decoder.decode(next.value.subarray(0, headBytesMax), { stream: true });
  }
  return { dialect: beginsOtlp(head) ? "otlp-json" : "ours", bytes: rest(kept, iterator) };
}

const otlpBeginning = /^[\s\uFEFF]*\{\s*"resource_?[sS]pans"\s*:/;

function beginsOtlp(head: string): boolean {
  return otlpBeginning.test(head);
}

/** The first key has ended, or there is none. */
function decided(head: string): boolean {
  const start = head.trimStart();
  return start !== "" && (start[0] !== "{" || start.includes(":"));
}

async function* rest(kept: readonly Uint8Array[], iterator: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  let ended = false;
  try {
    yield* kept;
    for (;;) {
      const next = await iterator.next();
      if (next.done === true) break;
      yield next.value;
    }
    ended = true;
  } finally {
    if (!ended) await iterator.return?.();
  }
}

/** ExportTraceServiceResponse; the JSON one carries our own counts beside, which its readers ignore. */
export function exported(dialect: Dialect, answer: IngestAnswer): Answer {
  if (dialect === "ours") return { status: 200, body: { json: answer } };
  const skipped = answer.skipped_records;
  const why = skipped === 0 ? "" : (answer.warnings[0]?.message ?? "records that cannot be read were skipped");
  if (dialect === "otlp-json") {
    const partialSuccess = skipped === 0 ? undefined : { rejectedSpans: String(skipped), errorMessage: why };
    return { status: 200, body: { json: { ...(partialSuccess && { partialSuccess }), ...answer } } };
  }
  const partial = skipped === 0 ? [] : [...field(1, varint(skipped), 0), ...lengthField(2, why)];
  return protobuf(200, skipped === 0 ? [] : lengthBytes(1, partial));
}

/** `google.rpc.Status`, as OTLP wants refusals in the encoding of the request. */
export function refused(failure: RegistryFailure): Answer {
  const details = failure.details.map(({ path, message }) => `; ${path}: ${message}`).join("");
  const answer = protobuf(failure.status, [
    ...field(1, varint(rpcCodes.get(failure.status) ?? unknownCode), 0),
    ...lengthField(2, failure.message + details),
  ]);
  if (failure.retryAfterS === undefined) return answer;
  return { ...answer, headers: { "retry-after": String(failure.retryAfterS) } };
}

const unknownCode = 2;
const rpcCodes: ReadonlyMap<number, number> = new Map([
  [400, 3],
  [403, 7],
  [404, 5],
  [413, 3],
  [415, 3],
  [422, 3],
  [429, 8],
  [503, 14],
]);

function protobuf(status: number, bytes: readonly number[]): Answer {
  return { status, body: { stream: once(Uint8Array.from(bytes)), type: "application/x-protobuf" } };
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

function field(number: number, content: readonly number[], wireType: number): number[] {
  return [(number << 3) | wireType, ...content];
}

function lengthField(number: number, text: string): number[] {
  return lengthBytes(number, [...new TextEncoder().encode(text)]);
}

function lengthBytes(number: number, content: readonly number[]): number[] {
  return field(number, [...varint(content.length), ...content], 2);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}
