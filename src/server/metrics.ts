import { monitorEventLoopDelay } from "node:perf_hooks";
import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** What the registry counts beside requests; the server shows it. */
export interface RegistryReadings {
  readonly engines: number;
  readonly hits: number;
  readonly misses: number;
  readonly reloads: number;
  readonly reloadsFailed: number;
  readonly policyAgeS: number;
  readonly faultsAllowed: number;
  readonly sightingsPending: number;
  readonly sightingsLost: number;
}

const durationBucketsS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const verdicts = new Set(["pass", "warn", "fail"]);

/** Numbers for Prometheus, of one server: labels are routes and statuses, never names that users choose. */
export class Metrics {
  readonly #all = new Registry();
  readonly #requests = this.#counter("smoltbot_http_requests_total", "Requests answered.", ["method", "route", "status"]);
  readonly #durations = new Histogram({
    name: "smoltbot_http_request_duration_seconds",
    help: "From the headers of a request to the end of its answer.",
    labelNames: ["method", "route"],
    buckets: durationBucketsS,
    registers: [this.#all],
  });
  readonly #evaluations = this.#counter("smoltbot_evaluations_total", "Evaluations by effective verdict.", ["verdict"]);
  readonly #rateLimited = this.#counter("smoltbot_rate_limited_total", "Requests above the limit of their class.", ["class"]);
  readonly #shed = this.#counter("smoltbot_requests_shed_total", "Requests turned away unseen because of overload.", []);
  readonly #faults = this.#counter("smoltbot_faults_total", "Faults that an operation survived.", ["kind"]);
  readonly #children = new Map<string, { answered: Counter.Internal; lasted: Histogram.Internal<string> }>();
  readonly #loopDelay = monitorEventLoopDelay({ resolution: 20 });

  constructor(sources: { readonly inFlight: () => number; readonly readings?: (() => RegistryReadings) | undefined }) {
    this.#gauge("smoltbot_requests_in_flight", "Requests that are being worked on.", sources.inFlight);
    this.#loopDelay.enable();
    this.#gauge("smoltbot_event_loop_delay_p99_seconds", "Of the event loop, since the last time this was read.", () => {
      const seconds = this.#loopDelay.percentile(99) / 1e9;
      this.#loopDelay.reset();
      return seconds;
    });
    this.#gauge("smoltbot_resident_memory_bytes", "Memory of the process.", () => process.memoryUsage.rss());
    const { readings } = sources;
    if (readings !== undefined) this.#registryReadings(readings);
  }

  #registryReadings(readings: () => RegistryReadings): void {
    this.#gauge("smoltbot_engines", "Compiled engines in memory.", () => readings().engines);
    this.#total("smoltbot_engine_cache_hits_total", "Evaluations whose engine was in memory.", () => readings().hits);
    this.#total("smoltbot_engine_cache_misses_total", "Evaluations whose engine had to be loaded.", () => readings().misses);
    this.#total("smoltbot_reload_total", "Loads of engines.", () => readings().reloads);
    this.#total("smoltbot_reload_failed_total", "Loads that failed: the last good engine stays.", () => readings().reloadsFailed);
    this.#gauge(
      "smoltbot_policy_age_seconds",
      "How long the most outdated policy in use is known to be so.",
      () => readings().policyAgeS,
    );
    this.#total(
      "smoltbot_faults_allowed_total",
      "Calls allowed because they could not be judged.",
      () => readings().faultsAllowed,
    );
    this.#gauge(
      "smoltbot_sightings_pending",
      "First sightings of tools that are not stored yet.",
      () => readings().sightingsPending,
    );
    this.#total("smoltbot_sightings_lost_total", "Those given up because the store was away.", () => readings().sightingsLost);
  }

  answered(method: string, route: string, status: number, seconds: number): void {
    const key = `${method} ${status} ${route}`;
    let child = this.#children.get(key);
    if (child === undefined) {
      child = {
        answered: this.#requests.labels(method, route, String(status)),
        lasted: this.#durations.labels(method, route),
      };
      this.#children.set(key, child);
    }
    child.answered.inc();
    child.lasted.observe(seconds);
  }

  evaluated(verdict: string): void {
    if (verdicts.has(verdict)) this.#evaluations.inc({ verdict });
  }

  rateLimited(rateClass: string): void {
    this.#rateLimited.inc({ class: rateClass });
  }

  shed(): void {
    this.#shed.inc();
  }

  fault(kind: string): void {
    this.#faults.inc({ kind });
  }

  get type(): string {
    return this.#all.contentType;
  }

  text(): Promise<string> {
    return this.#all.metrics();
  }

  close(): void {
    this.#loopDelay.disable();
  }

  #counter(name: string, help: string, labelNames: readonly string[]): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#all] });
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#all],
      collect() {
        this.set(read());
      },
    });
  }

  /** A counter that somebody else keeps. */
  #total(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.#all],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }
}
