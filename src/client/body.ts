import { UnexpectedAnswerError } from "./errors.js";
import type { FetchResponse } from "./fetch.js";
import type { Stop } from "./stop.js";

/** The pieces of an answer as they come. Ends the answer when it is left early. */
export async function* piecesOf({ body }: FetchResponse, stop: Stop): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await stop.guard(reader.read());
      if (done) break;
      if (value !== undefined) yield value;
    }
    ended = true;
  } finally {
    // Not waited for: what hangs would hang here, too.
    if (!ended) reader.cancel().catch(() => {});
  }
}

/** Of a refusal: as much as is looked at. */
export async function beginningOf(response: FetchResponse, stop: Stop, bytesMax: number): Promise<string> {
  if (!isStream(response)) return (await stop.guard(response.text())).slice(0, bytesMax);
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  for await (const piece of piecesOf(response, stop)) {
    text += decoder.decode(piece.subarray(0, bytesMax - bytes), { stream: true });
    bytes += piece.length;
    if (bytes >= bytesMax) break;
  }
  return text;
}

/** @throws UnexpectedAnswerError for more than `bytesMax` */
export async function textOf(response: FetchResponse, stop: Stop, bytesMax: number): Promise<string> {
  if (!isStream(response)) return stop.guard(response.text());
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let bytes = 0;
  for await (const piece of piecesOf(response, stop)) {
    bytes += piece.length;
    if (bytes > bytesMax) throw new UnexpectedAnswerError(`the answer is longer than answerBytesMax, ${bytesMax} bytes`);
    parts.push(decoder.decode(piece, { stream: true }));
  }
  parts.push(decoder.decode());
  return parts.join("");
}

/** Some own fetches give texts only. */
function isStream({ body }: FetchResponse): boolean {
  return body === null || typeof body?.getReader === "function";
}

/** A source as a stream of fetch; each piece that is taken says so. */
export function streamOf(
  source: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>,
  taken: () => void,
): ReadableStream<Uint8Array> {
  const next = source instanceof ReadableStream ? readerOf(source) : iteratorOf(source);
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: async (controller) => {
      for (;;) {
        const { done, value } = await next.read();
        taken();
        if (done === true || value === undefined) return controller.close();
        // Without any bytes it would not be asked again.
        if (value.length > 0) return controller.enqueue(value as Uint8Array<ArrayBuffer>);
      }
    },
    cancel: async () => void (await next.cancel()),
  });
}

interface Source {
  read(): Promise<{ readonly done?: boolean | undefined; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<unknown>;
}

function readerOf(stream: ReadableStream<Uint8Array>): Source {
  const reader = stream.getReader();
  return { read: () => reader.read(), cancel: () => reader.cancel() };
}

function iteratorOf(source: AsyncIterable<Uint8Array>): Source {
  const iterator = source[Symbol.asyncIterator]();
  return { read: () => iterator.next(), cancel: async () => iterator.return?.() };
}
