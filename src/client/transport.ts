import { addressOf, baseOf, isLoopback } from "./address.js";
import { beginningOf, piecesOf, streamOf, textOf } from "./body.js";
import { ConnectionError, NotFoundError, SmoltbotError, UnexpectedAnswerError } from "./errors.js";
import type { FetchFunction, FetchRequest, FetchResponse } from "./fetch.js";
import { connectionErrorOf, refusalOf, without } from "./refusal.js";
import { pause, Stop } from "./stop.js";

export interface ClientOptions {
  /** Where the server is, such as `https://policies.example.com`; a path is kept. */
  readonly baseUrl: string;
  /** Sent as a bearer token, to this origin only. Absent: the server must be open (loopback, no keys). */
  readonly apiKey?: string | undefined;
  /** Default: the global one. */
  readonly fetch?: FetchFunction | undefined;
  /** Of one try, its answer included; of what is streamed, from piece to piece. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Tries after the first, where repeating is safe. Default 3. */
  readonly retries?: number | undefined;
  /** No try begins, or goes on, after this time; the first one has `timeoutMs` in any case. Default 60,000. */
  readonly totalMs?: number | undefined;
  /** Longer answers are refused; streams are not counted. Default 64 MiB. */
  readonly answerBytesMax?: number | undefined;
  /** Allows a key over plain http to a host that is not this machine. */
  readonly allowInsecure?: boolean | undefined;
}

/** Of one call. */
export interface CallOptions {
  /** Ends the call, its pauses and its stream. */
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

export interface Outgoing {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** Below the base, each segment encoded: `/v1/agents/a/policy`. */
  readonly path: string;
  readonly query?: ReadonlyMap<string, string>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;
  /**
   * Repeating it changes nothing more: then it is also tried again when no answer came. Otherwise only when the server says that
   * it did nothing (429, 503).
   */
  readonly safe: boolean;
}

const firstPauseMs = 200;
const longestPauseMs = 10_000;
/** What timers can count. */
const longestMs = 2 ** 31 - 1;
/** Of a refusal: a proxy may answer a page. */
const refusalBytesMax = 64 * 1024;

interface Answered {
  readonly response: FetchResponse;
  readonly stop: Stop;
}

/** One fetch with time-outs and retries, and errors by the documented codes. Holds the key where nothing prints it. */
export class Transport {
  readonly #apiKey: string | undefined;
  readonly #base: URL;
  readonly #fetch: FetchFunction;
  readonly #timeoutMs: number;
  readonly #retries: number;
  readonly #totalMs: number;
  readonly #answerBytesMax: number;

  /** @throws TypeError for a base that is no http(s) address, a key that cannot be in a header, or a key over plain http to afar */
  constructor(options: ClientOptions) {
    this.#base = baseOf(options.baseUrl);
    this.#apiKey = options.apiKey;
    if (options.apiKey !== undefined && !/^[\x21-\x7e]+$/.test(options.apiKey)) throw new TypeError("apiKey is not a key");
    const open = options.apiKey !== undefined && this.#base.protocol === "http:" && !isLoopback(this.#base.hostname);
    if (open && options.allowInsecure !== true) {
      throw new TypeError("the key would travel unencrypted: use https, or set allowInsecure");
    }
    this.#fetch = options.fetch ?? ((address, request) => fetch(address, request as RequestInit));
    this.#timeoutMs = positive("timeoutMs", options.timeoutMs, 30_000);
    this.#totalMs = positive("totalMs", options.totalMs, 60_000);
    this.#answerBytesMax = positive("answerBytesMax", options.answerBytesMax, 64 * 1024 * 1024);
    this.#retries = options.retries ?? 3;
    if (!(this.#retries >= 0)) throw new TypeError("retries has to be 0 or more");
  }

  /** @throws SmoltbotError, ConnectionError, or the reason of `signal` */
  async json<T>(request: Outgoing, options: CallOptions = {}): Promise<T> {
    const { text } = await this.text(request, options, "application/json");
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {}
    if (typeof value === "object" && value !== null) return value as T;
    throw new UnexpectedAnswerError("the answer is no JSON of this server: is baseUrl right?");
  }

  /** Takes something away. When a try that got no answer did it, the next one does not find it. */
  async none(request: Outgoing, options: CallOptions = {}): Promise<void> {
    try {
      await this.text(request, options, "application/json");
    } catch (error) {
      if (!(error instanceof NotFoundError && error.uncertain)) throw error;
    }
  }

  /** The answer as text, with its headers. */
  async text(
    request: Outgoing,
    options: CallOptions,
    accept: string,
  ): Promise<{ readonly text: string; readonly headers: FetchResponse["headers"] }> {
    return this.#tried(request, options, accept, async ({ response, stop }) => {
      const text = await textOf(response, stop, this.#answerBytesMax);
      stop.end();
      return { text, headers: response.headers };
    });
  }

  /** The answer in pieces, as they come. Tried again until it begins, not after. */
  async *pieces(request: Outgoing, options: CallOptions, accept: string): AsyncGenerator<Uint8Array> {
    const { response, stop } = await this.#tried(request, options, accept, async (answered) => answered);
    try {
      const pieces = piecesOf(response, stop);
      try {
        for (;;) {
          stop.extend();
          const { done, value } = await pieces.next().catch((error: unknown) => {
            throw this.#failure(error, stop);
          });
          if (done === true) return;
          // A reader that thinks long is no slow server.
          stop.rest();
          yield value;
        }
      } finally {
        await pieces.return(undefined);
      }
    } finally {
      stop.end();
    }
  }

  async #tried<T>(request: Outgoing, options: CallOptions, accept: string, take: (answered: Answered) => Promise<T>): Promise<T> {
    const startedMs = Date.now();
    const timeoutMs = positive("timeoutMs", options.timeoutMs, this.#timeoutMs);
    let lost = false;
    for (let tries = 0; ; tries++) {
      options.signal?.throwIfAborted();
      const leftMs = this.#totalMs - (Date.now() - startedMs);
      const stop = new Stop(options.signal, tries === 0 ? timeoutMs : Math.max(1, Math.min(timeoutMs, leftMs)));
      let failure: unknown;
      try {
        return await this.#once(request, accept, stop, lost && request.method !== "GET", take);
      } catch (error) {
        stop.end();
        failure = error;
      }
      const pauseMs = pauseBefore(failure, tries, request.safe);
      // A stream has been read: it cannot be sent again.
      const gone = isStreamed(request.body) || tries >= this.#retries;
      if (pauseMs === undefined || gone || Date.now() - startedMs + pauseMs >= this.#totalMs) throw failure;
      lost ||= !(failure instanceof SmoltbotError && failure.status === 429);
      await pause(pauseMs, options.signal);
    }
  }

  async #once<T>(
    request: Outgoing,
    accept: string,
    stop: Stop,
    uncertain: boolean,
    take: (answered: Answered) => Promise<T>,
  ): Promise<T> {
    try {
      // As a plain function: browsers refuse `fetch` with another `this`.
      const send = this.#fetch;
      const address = addressOf(this.#base, request.path, request.query);
      const response = await stop.guard(send(address, this.#sent(request, accept, stop)));
      if (response.type === "opaqueredirect" || (response.status >= 300 && response.status < 400)) {
        throw new UnexpectedAnswerError("the server answers with a redirect: use the address that it leads to as baseUrl");
      }
      if (response.ok) return await take({ response, stop });
      const text = without(this.#apiKey, await beginningOf(response, stop, refusalBytesMax));
      throw refusalOf(response, text, uncertain);
    } catch (error) {
      throw this.#failure(error, stop);
    }
  }

  #sent({ method, headers, body }: Outgoing, accept: string, stop: Stop): FetchRequest {
    return {
      method,
      headers: {
        accept,
        ...headers,
        ...(this.#apiKey !== undefined && { authorization: `Bearer ${this.#apiKey}` }),
      },
      ...(isStreamed(body) ? { body: streamOf(body, () => stop.extend()), duplex: "half" } : body !== undefined && { body }),
      // A redirect could lead the key elsewhere.
      redirect: "manual",
      signal: stop.signal,
    };
  }

  /** What is thrown for what went wrong. */
  #failure(error: unknown, stop: Stop): unknown {
    if (error instanceof SmoltbotError || error instanceof ConnectionError) return error;
    return stop.signal.aborted ? stop.signal.reason : connectionErrorOf(error, this.#apiKey);
  }
}

/** Undefined: what failed is not tried again. */
function pauseBefore(failure: unknown, tries: number, safe: boolean): number | undefined {
  const ownMs = jitter(tries);
  if (failure instanceof SmoltbotError) {
    const didNothing = failure.status === 429 || failure.status === 503;
    if (!didNothing && !(safe && (failure.status === 502 || failure.status === 504))) return undefined;
    // Beside what is asked for: all that were refused together were told the same time.
    return (failure.retryAfterMs ?? 0) + ownMs;
  }
  const again = failure instanceof ConnectionError && !(failure instanceof UnexpectedAnswerError);
  return safe && again ? ownMs : undefined;
}

/** Full jitter over an exponential bound: clients that failed together do not come back together. */
function jitter(tries: number): number {
  return Math.random() * Math.min(longestPauseMs, firstPauseMs * 2 ** tries);
}

type Streamed = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

function isStreamed(body: Outgoing["body"]): body is Streamed {
  return typeof body === "object" && (body instanceof ReadableStream || Symbol.asyncIterator in body);
}

function positive(name: string, value: number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (!(value > 0)) throw new TypeError(`${name} has to be more than 0`);
  return Math.min(value, longestMs);
}
