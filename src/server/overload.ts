import { requestsInFlightMax, turnWorkMsMax } from "../limits.js";

/**
 * Refuses work before it is looked at. One turn of the event loop takes all requests that have arrived: where their work together has
 * lasted too long, what is left of them is answered at once, so that nobody waits behind a queue that only grows. The next turn begins
 * anew, so it is over as soon as less arrives.
 */
export class Overload {
  #turnStartMs: number | undefined;
  inFlight = 0;

  constructor(
    private readonly elapsed: () => number,
    private readonly limits = { turnWorkMs: turnWorkMsMax, inFlight: requestsInFlightMax },
  ) {}

  /** Whether the request that has just arrived should be turned away. */
  refuses(): boolean {
    const now = this.elapsed();
    if (this.#turnStartMs === undefined) {
      this.#turnStartMs = now;
      setImmediate(() => {
        this.#turnStartMs = undefined;
      });
      return this.inFlight >= this.limits.inFlight;
    }
    return now - this.#turnStartMs > this.limits.turnWorkMs || this.inFlight >= this.limits.inFlight;
  }
}
