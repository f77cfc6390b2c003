import type { NameMap } from "../name-map.js";
import type { FieldNames } from "../reader.js";

/** A path, folder or pattern; `-` for standard input; or bytes that the caller already has. */
export type TraceInput = string | { readonly name: string; readonly bytes: Uint8Array | AsyncIterable<Uint8Array> };

export interface ReadOptions {
  /** Stands behind `-`. */
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
  /** Id of a format to use without detection among the others. */
  readonly format?: string | undefined;
  readonly fields?: FieldNames | undefined;
  /** Brings names of other dialects to `mcp__server__tool`. */
  readonly names?: NameMap | undefined;
  /** Look through wrapper tools. */
  readonly unwrap?: boolean | undefined;
  /** Readers tell what was decided about calls: everything is then read record by record, on this thread. */
  readonly decisions?: boolean | undefined;
  /** Aborted: reading stops, and what was read so far is the (partial) answer. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ReadProgress) => void) | undefined;
  /** Threads beside this one; absent: everything happens here. */
  readonly workers?: WorkerOptions | undefined;
  /** Bytes of files from which on threads are used; default `threadedBytesMin`. Tests have small inputs. */
  readonly threadedBytesMin?: number | undefined;
  /** Bytes of a file of lines from which on it is read in ranges; default `rangeBytesMin`. */
  readonly rangeBytesMin?: number | undefined;
}

export interface WorkerOptions {
  /** The built `trace-worker.js`. */
  readonly url: URL;
  readonly count: number;
}

export interface ReadProgress {
  /** Of the inputs as they lie on disk (compressed bytes for compressed ones). */
  readonly bytesRead: number;
  /** Undefined while standard input is among the inputs. */
  readonly bytesTotal: number | undefined;
  readonly calls: number;
  /** Large inputs may have to be read again: 2, 3; absent the first time. */
  readonly reading?: number | undefined;
}
