import type { IngestAnswer, TraceList } from "../registry/shapes.js";
import { asked, type PageOptions, pageQuery } from "./request.js";
import type { CallOptions, Outgoing, Transport } from "./transport.js";

/** A text, bytes, a file of a page, a stream of bytes; or an object, which is sent as JSON. */
export type TraceSource = string | Uint8Array | Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | object;

export interface IngestOptions extends CallOptions {
  /** Of traces that name none. */
  readonly agentId?: string | undefined;
  /** Default: JSON for an object; otherwise the format is told by what is sent. */
  readonly contentType?: string | undefined;
}

export class TraceOperations {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Traces of any format that `policy test` reads. Sending the same again changes nothing, so all but streams are tried again. */
  async ingest(traces: TraceSource, options: IngestOptions = {}): Promise<IngestAnswer> {
    const { body, type } = bodyOf(traces);
    const headers = { "content-type": options.contentType ?? type };
    const query = pageQuery({}, [["agent_id", options.agentId]]);
    return this.#transport.json({ method: "POST", path: "/v1/traces", query, headers, body, safe: true }, options);
  }

  async list(options: PageOptions & { readonly agentId?: string | undefined } = {}): Promise<TraceList> {
    const query = pageQuery(options, [["agent_id", options.agentId]]);
    return this.#transport.json(asked("/v1/traces", query), options);
  }
}

function bodyOf(traces: TraceSource): { readonly body: NonNullable<Outgoing["body"]>; readonly type: string } {
  const type = "application/octet-stream";
  if (typeof traces === "string") return { body: traces, type };
  if (traces instanceof Uint8Array) return { body: new Uint8Array(traces), type };
  if (traces instanceof Blob || traces instanceof ReadableStream || isIterable(traces)) return { body: traces, type };
  return { body: JSON.stringify(traces), type: "application/json" };
}

function isIterable(value: object): value is AsyncIterable<Uint8Array> {
  return Symbol.asyncIterator in value;
}
