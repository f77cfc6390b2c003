import { rateWindowsMax } from "../limits.js";
import { Lru } from "../registry/lru.js";

interface Window {
  startMs: number;
  used: number;
}

/**
 * Fixed windows of a minute, each begun by its first request: of `limit` all are allowed and the next is not. Times only grow
 * (`elapsed`), so that a clock which is set means nothing.
 */
export class RateWindows {
  readonly #windows = new Lru<string, Window>(rateWindowsMax);

  constructor(
    private readonly elapsed: () => number,
    private readonly windowMs = 60_000,
  ) {}

  /** Counts a request. 0: allowed; else the seconds after which one will be. A limit of 0 allows all. */
  take(key: string, limit: number): number {
    if (limit === 0) return 0;
    const now = this.elapsed();
    const window = this.#open(key, now);
    if (window === undefined) {
      this.#windows.set(key, { startMs: now, used: 1 });
      return 0;
    }
    if (window.used >= limit) return this.#rest(window, now);
    window.used++;
    return 0;
  }

  /** The same without counting. */
  blocked(key: string, limit: number): number {
    if (limit === 0) return 0;
    const now = this.elapsed();
    const window = this.#open(key, now);
    return window === undefined || window.used < limit ? 0 : this.#rest(window, now);
  }

  #open(key: string, now: number): Window | undefined {
    const window = this.#windows.get(key);
    return window === undefined || now - window.startMs >= this.windowMs ? undefined : window;
  }

  #rest(window: Window, now: number): number {
    return Math.max(1, Math.ceil((window.startMs + this.windowMs - now) / 1000));
  }
}

/** Who is counted where nobody has a key: an IPv4 address, or the network that one IPv6 customer gets. */
export function addressKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("%")[0]!.split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  while (tail !== undefined && groups.length + after.length < 8) groups.push("0");
  return `${[...groups, ...after].slice(0, 4).join(":")}::/64`;
}
