import { RequestTimeoutError } from "./errors.js";

/** What ends one try: its time, or the caller. */
export class Stop {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #timeoutMs: number;
  readonly #forward = () => this.#controller.abort(this.#caller?.reason);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(caller: AbortSignal | undefined, timeoutMs: number) {
    this.#caller = caller;
    this.#timeoutMs = timeoutMs;
    if (caller?.aborted === true) this.#forward();
    else caller?.addEventListener("abort", this.#forward, { once: true });
    this.extend();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The time starts again: something came, or went. */
  extend(): void {
    clearTimeout(this.#timer);
    const late = () => this.#controller.abort(new RequestTimeoutError(`the server took longer than ${this.#timeoutMs} ms`));
    if (!this.signal.aborted) this.#timer = setTimeout(late, this.#timeoutMs);
  }

  /** No time runs while nothing is waited for. */
  rest(): void {
    clearTimeout(this.#timer);
  }

  /** Leaves no timer and no listener behind. */
  end(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener("abort", this.#forward);
  }

  /** `work`, or why it was stopped: hosts and own fetches differ in when they notice a signal. */
  async guard<T>(work: Promise<T>): Promise<T> {
    const { signal } = this;
    let stopped: (() => void) | undefined;
    const stop = new Promise<never>((_, fail) => {
      stopped = () => fail(signal.reason);
      if (signal.aborted) stopped();
      else signal.addEventListener("abort", stopped, { once: true });
    });
    try {
      return await Promise.race([work, stop]);
    } finally {
      if (stopped !== undefined) signal.removeEventListener("abort", stopped);
    }
  }
}

export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
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
