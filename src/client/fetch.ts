/** As much of `fetch` as is used, so that every host's own type of it fits. */
export type FetchFunction = FetchHolder["fetch"];

/** A method, not a function type: hosts type what they are given more narrowly than it is used. */
interface FetchHolder {
  fetch(address: string, request: FetchRequest): Promise<FetchResponse>;
}

export interface FetchRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array>;
  /** Streams are sent while nothing is answered yet. */
  readonly duplex?: "half";
  readonly redirect: "manual";
  readonly signal: AbortSignal;
}

export interface FetchResponse {
  readonly status: number;
  readonly ok: boolean;
  readonly type?: string;
  readonly headers: { get(name: string): string | null };
  readonly body: FetchBody | null;
  text(): Promise<string>;
}

export interface FetchBody {
  getReader(): FetchReader;
}

export interface FetchReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<unknown>;
}
