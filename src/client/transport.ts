import { ConnectionError, type ErrorDetail, errorOf, RequestTimeoutError, type SmoltbotError } from "./errors.js";

export interface ClientOptions {
  /** Where the server is, such as `https://policies.example.com`; a path is kept. */
  readonly baseUrl: string;
  /** Sent as a bearer token, to this origin only. Absent: the server must be open (loopback, no keys). */
  readonly apiKey?: string | undefined;
  /** Default: the global one. */
  readonly fetch?: typeof fetch | undefined;
  /** Of one try, its answer included. Default 30,000; historical evaluations of much may need more. */
  readonly timeoutMs?: number | undefined;
  /** Tries after the first, where repeating is safe. Default 3. */
  readonly retries?: number | undefined;
  /** All tries and pauses together. Default 60,000. */
  readonly totalMs?: number | undefined;
  /** Allows a key over plain http to a host that is not this machine. */
  readonly allowInsecure?: boolean | undefined;
}

/** Of one call. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

export interface Outgoing {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** Below the base, each segment encoded: `/v1/agents/a/policy`. */
  readonly path: string;
  readonly query?: ReadonlyMap<string, string>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
  /**
   * Repeating it changes nothing more: then it is also tried again when no answer came. Otherwise only when the server says that
   * it did nothing (429, 503).
   */
  readonly safe: boolean;
}

const firstPauseMs = 200;
const longestPauseMs = 10_000;
/** Of an error's text: a proxy may answer a page. */
const errorTextMax = 64 * 1024;

/** One fetch with time-outs and retries, and errors by the documented codes. Holds the key where nothing prints it. */
export class Transport {
  readonly #apiKey: string | undefined;
  readonly #base: URL;
  readonly #fetch: typeof fetch;
  readonly #timeoutMs: number;
  readonly #retries: number;
  readonly #totalMs: number;

  /** @throws TypeError for a base that is no http(s) address, a key that cannot be in a header, or a key over plain http to afar */
  constructor(options: ClientOptions) {
    this.#base = baseOf(options.baseUrl);
    this.#apiKey = options.apiKey;
    if (options.apiKey !== undefined && !/^[\x21-\x7e]+$/.test(options.apiKey)) throw new TypeError("apiKey is not a key");
    const open = options.apiKey !== undefined && this.#base.protocol === "http:" && !isLoopback(this.#base.hostname);
    if (open && options.allowInsecure !== true) {
      throw new TypeError("the key would travel unencrypted: use https, or set allowInsecure");
    }
    const { fetch: own } = options;
    // Called as a plain function: browsers refuse `fetch` with another `this`.
    this.#fetch = own ?? ((input, init) => fetch(input, init));
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#retries = options.retries ?? 3;
    this.#totalMs = options.totalMs ?? 60_000;
  }

  get origin(): string {
    return this.#base.origin;
  }

  /** @throws SmoltbotError, ConnectionError, or the reason of `signal` */
  async json<T>(request: Outgoing, options: CallOptions = {}): Promise<T> {
    const { text } = await this.text(request, options, "application/json");
    if (text === "") return undefined as T;
    try {
      return JSON.parse(text) as T;
    } catch {
      throw new ConnectionError("the answer is no JSON: is this the address of the server?");
    }
  }

  /** The answer as text, with its headers. */
  async text(request: Outgoing, options: CallOptions, accept: string): Promise<{ text: string; headers: Headers }> {
    return this.#tried(request, options, accept, async (response) => ({
      text: await response.text(),
      headers: response.headers,
    }));
  }

  /** The answer in pieces, as they come; the time-out is that of its head. */
  async *pieces(request: Outgoing, options: CallOptions, accept: string): AsyncGenerator<Uint8Array> {
    const body = await this.#tried(request, options, accept, async (response) => response.body, true);
    if (body === null) return;
    const reader = body.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read().catch((error: unknown) => {
          throw options.signal?.aborted === true ? options.signal.reason : connectionError(error);
        });
        if (done) return;
        yield value;
      }
    } finally {
      await reader.cancel().catch(() => {});
    }
  }

  async #tried<T>(
    request: Outgoing,
    options: CallOptions,
    accept: string,
    take: (response: Response) => Promise<T>,
    streamed = false,
  ): Promise<T> {
    const startedMs = Date.now();
    for (let tries = 0; ; tries++) {
      options.signal?.throwIfAborted();
      let failure: unknown;
      let pauseMs = jitter(tries);
      try {
        const outcome = await this.#once(request, options, accept, take, streamed);
        if (!(outcome instanceof Refused)) return outcome;
        failure = outcome.error;
        const { status, retryAfterMs } = outcome.error;
        const didNothing = status === 429 || status === 503;
        if (!didNothing && !(request.safe && (status === 502 || status === 504))) throw outcome.error;
        if (retryAfterMs !== undefined) pauseMs = Math.max(pauseMs, retryAfterMs);
      } catch (error) {
        if (!(error instanceof ConnectionError) || !request.safe) throw error;
        failure = error;
      }
      // A stream has been read: it cannot be sent again.
      const once = request.body instanceof ReadableStream;
      if (once || tries >= this.#retries || Date.now() - startedMs + pauseMs > this.#totalMs) throw failure;
      await pause(pauseMs, options.signal);
    }
  }

  async #once<T>(
    request: Outgoing,
    options: CallOptions,
    accept: string,
    take: (response: Response) => Promise<T>,
    streamed: boolean,
  ): Promise<T | Refused> {
    const url = new URL(this.#base);
    url.pathname = `${url.pathname.replace(/\/$/, "")}${request.path}`;
    for (const [name, value] of request.query ?? []) url.searchParams.set(name, value);
    const stop = new AbortController();
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
    const timer = setTimeout(() => stop.abort(new RequestTimeoutError(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const forward = () => stop.abort(options.signal?.reason);
    options.signal?.addEventListener("abort", forward, { once: true });
    let handedOver = false;
    try {
      const response = await this.#fetch(url, {
        method: request.method,
        headers: {
          accept,
          ...request.headers,
          ...(this.#apiKey !== undefined && { authorization: `Bearer ${this.#apiKey}` }),
        },
        ...(request.body !== undefined && { body: request.body }),
        ...(request.body instanceof ReadableStream && { duplex: "half" }),
        // A redirect could lead the key elsewhere.
        redirect: "manual",
        signal: stop.signal,
      } as RequestInit);
      if (response.type === "opaqueredirect" || (response.status >= 300 && response.status < 400 && response.status !== 304)) {
        throw new ConnectionError("the server answers with a redirect: use the address that it leads to as baseUrl");
      }
      if (!response.ok) return new Refused(await refusal(response));
      const taken = await take(response);
      handedOver = streamed;
      return taken;
    } catch (error) {
      if (stop.signal.aborted) throw stop.signal.reason;
      throw error instanceof ConnectionError ? error : connectionError(error);
    } finally {
      clearTimeout(timer);
      // A streamed answer goes on, and the caller may still stop it.
      if (!handedOver) options.signal?.removeEventListener("abort", forward);
    }
  }
}

class Refused {
  constructor(readonly error: SmoltbotError) {}
}

function baseOf(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new TypeError("baseUrl is no address: it looks like https://policies.example.com");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") throw new TypeError("baseUrl has to begin with http:// or https://");
  if (url.username !== "" || url.password !== "") throw new TypeError("baseUrl holds a password: use apiKey");
  url.search = "";
  url.hash = "";
  return url;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** Full jitter over an exponential bound: clients that failed together do not come back together. */
function jitter(tries: number): number {
  return Math.random() * Math.min(longestPauseMs, firstPauseMs * 2 ** tries);
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((done, fail) => {
    const stop = () => {
      clearTimeout(timer);
      fail(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      done();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** What fetch throws tells the cause beside, and never the headers that were sent. */
function connectionError(error: unknown): ConnectionError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as { code?: unknown } | undefined)?.code;
  const why = typeof code === "string" ? code : cause instanceof Error ? cause.message : "unknown";
  return new ConnectionError(`no answer from the server: ${why}`, { cause: error });
}

async function refusal(response: Response): Promise<SmoltbotError> {
  const body = errorBody((await response.text()).slice(0, errorTextMax));
  const message = typeof body["message"] === "string" ? body["message"] : `the server answered ${response.status}`;
  return errorOf(message, {
    status: response.status,
    code: typeof body["error"] === "string" ? body["error"] : "unknown",
    details: Array.isArray(body["details"]) ? (body["details"] as ErrorDetail[]) : [],
    requestId: typeof body["request_id"] === "string" ? body["request_id"] : undefined,
    retryAfterMs: retryAfter(response.headers.get("retry-after")),
  });
}

function errorBody(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Seconds or a date. */
function retryAfter(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000;
  const untilMs = Date.parse(text);
  return Number.isNaN(untilMs) ? undefined : Math.max(0, untilMs - Date.now());
}
