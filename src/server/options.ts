import type { RateClass } from "./route.js";

/** Requests per minute of one credential; 0 for as many as it likes. */
export type Rates = Readonly<Record<Exclude<RateClass, "none">, number>>;

/** As documented for the hosted service. */
export const defaultRates: Rates = {
  policy_read: 60,
  policy_write: 30,
  evaluate: 60,
  policy_other: 30,
  recommend: 10,
  transactions: 30,
  ingest: 60,
};

export interface ServerOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly rates: Rates;
  /** Whether `X-Forwarded-For` of the next hop says who asks. */
  readonly trustProxy: boolean;
  /** Whose registry it is where nobody needs a key. */
  readonly org: string;
  /** Between `readyz` saying that the server stops and the end of listening: time for a balancer to hear of it. */
  readonly noticeMs: number;
  /** From there to the end of what is still in flight. */
  readonly drainMs: number;
}

export const defaultOptions: ServerOptions = {
  host: "127.0.0.1",
  port: 7400,
  rates: defaultRates,
  trustProxy: false,
  org: "default",
  noticeMs: 0,
  drainMs: 9_000,
};
