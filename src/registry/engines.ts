import type { FaultReport } from "../engine/engine.js";
import { cardsKeptMax, engineBytesMax, enginesMax, sessionTransactionsMax, transactionsKeptMax } from "../limits.js";
import type { Card } from "../policy/model.js";
import type { Change } from "../store/changes.js";
import type { Store, StoredTransaction } from "../store/store.js";
import { parseCard } from "../syntax/card.js";
import { type ActivePolicy, openLayers, type StoredLayers } from "./active-policy.js";
import { FirstSeen } from "./first-seen.js";
import { InlinePolicies } from "./inline-policies.js";
import { type Keeping, Kept } from "./kept.js";
import { Lru } from "./lru.js";
import { SessionCounts } from "./session-counts.js";
import type { ServiceFault, Surroundings } from "./surroundings.js";

/** What an engine takes beside its artifact, which it holds once and as tables: lookups of names, mostly. */
const engineOverheadBytes = 256 * 1024;

/** A card as it is judged by. */
export interface KeptCard {
  readonly card: Card;
  readonly version: number;
}

export interface EngineCounts {
  /** Agents and orgs whose policy in force is in memory; those without one of their own share their org's engine. */
  readonly engines: number;
  readonly hits: number;
  readonly misses: number;
  readonly reloads: number;
  readonly reloadsFailed: number;
  /** Seconds for which the most outdated policy in use is known to be so; 0 while everything is current. */
  readonly policyAgeS: number;
  /** Allowed because of an internal error (F1). */
  readonly faultsAllowed: number;
  readonly faults: number;
  readonly sightingsPending: number;
  readonly sightingsLost: number;
}

/**
 * Everything that judging keeps in memory: compiled engines, cards, guardrails, sessions, first sightings. One per process; each has
 * a bound. Follows the store's changes.
 */
export interface EngineCache {
  /** The policy in force for an agent, or the org's own; undefined for none. @throws StoreUnavailable when nothing is kept of it */
  policyOf(org: string, agent: string | undefined): ActivePolicy | undefined | Promise<ActivePolicy | undefined>;
  cardOf(org: string, agent: string): KeptCard | undefined | Promise<KeptCard | undefined>;
  transaction(org: string, id: string): StoredTransaction | undefined | Promise<StoredTransaction | undefined>;
  /** Those that bind a session; of more than `sessionTransactionsMax`, one more. */
  transactionsOfSession(
    org: string,
    agent: string,
    session: string,
  ): readonly StoredTransaction[] | Promise<readonly StoredTransaction[]>;
  readonly inline: InlinePolicies;
  readonly sessions: SessionCounts;
  readonly firstSeen: FirstSeen;
  /** What a fault of an engine is told to. */
  readonly onFault: (fault: FaultReport) => void;
  /** What this process has just changed, before the store's feed tells it: whoever published is judged by it from then on. */
  changed(change: Omit<Change, "seq">): void;
  counts(): EngineCounts;
  /** Resolves when every sighting so far is stored or given up. */
  flush(): Promise<void>;
  /** Flushes, and follows no changes any more. */
  close(): Promise<void>;
}

export type EngineCacheOptions = Pick<Surroundings, "store" | "clock" | "elapsed" | "later" | "warn" | "aside" | "pause"> & {
  readonly enginesMax?: number | undefined;
  readonly engineBytesMax?: number | undefined;
};

export function openEngineCache(options: EngineCacheOptions): EngineCache {
  return new Engines(options);
}

/** No name holds NUL: ids are checked, and the last part of a key may be anything. */
const keyOf = (...parts: readonly string[]): string => parts.join("\u0000");

function outdate(all: { entries(): Iterable<[string, { outdate(): void }]> }, begins: string): void {
  for (const [key, kept] of all.entries()) if (key.startsWith(begins)) kept.outdate();
}

class Engines implements EngineCache {
  readonly inline: InlinePolicies;
  readonly sessions: SessionCounts;
  readonly firstSeen: FirstSeen;
  readonly #store: Store;
  readonly #policies: Lru<string, Kept<ActivePolicy | undefined>>;
  readonly #cards = new Lru<string, Kept<KeptCard | undefined>>(cardsKeptMax);
  readonly #transactions = new Lru<string, Kept<StoredTransaction | undefined>>(transactionsKeptMax);
  readonly #bySession = new Lru<string, Kept<readonly StoredTransaction[]>>(transactionsKeptMax);
  readonly #keeping: Keeping;
  readonly #effects: Pick<Surroundings, "aside" | "pause">;
  readonly #stop: () => void;
  readonly #warn: (fault: ServiceFault) => void;
  #hits = 0;
  #misses = 0;
  #reloads = 0;
  #reloadsFailed = 0;
  #faults = 0;
  #faultsAllowed = 0;

  constructor(options: EngineCacheOptions) {
    const { store, elapsed, warn } = options;
    this.#store = store;
    this.#warn = warn;
    this.#policies = new Lru(options.enginesMax ?? enginesMax, options.engineBytesMax ?? engineBytesMax);
    this.#keeping = { elapsed, healthy: () => store.changes.healthy, failed: (error) => this.#failed(error) };
    this.#effects = options;
    this.inline = new InlinePolicies(this.#effects, this.onFault);
    this.sessions = new SessionCounts(elapsed);
    this.firstSeen = new FirstSeen(options);
    this.#stop = store.changes.listen((changes) => this.#told(changes));
  }

  readonly onFault = ({ tool, error, decision }: FaultReport): void => {
    this.#faults++;
    if (decision.action !== "allow") return;
    this.#faultsAllowed++;
    const why = error instanceof Error ? error.message : String(error);
    this.#warn({
      kind: "allowed_by_fault",
      message: `a call of ${JSON.stringify(tool.slice(0, 200))} could not be judged: ${why}`,
    });
  };

  policyOf(org: string, agent: string | undefined): ActivePolicy | undefined | Promise<ActivePolicy | undefined> {
    const key = agent === undefined ? org : keyOf(org, agent);
    let kept = this.#policies.get(key);
    if (kept === undefined) {
      this.#misses++;
      kept = new Kept((last) => this.#load(org, agent, key, last), this.#keeping);
      this.#policies.set(key, kept, 1);
    } else this.#hits++;
    return kept.get();
  }

  /** Agents without a policy of their own share the org's engine. */
  async #load(
    org: string,
    agent: string | undefined,
    key: string,
    last: ActivePolicy | undefined,
  ): Promise<ActivePolicy | undefined> {
    this.#reloads++;
    const layers = await this.#layers(org, agent);
    if (layers.agent === undefined && layers.org !== undefined && agent !== undefined) {
      const shared = await this.#orgPolicy(org, layers.org.version);
      this.#policies.weigh(key, 1);
      if (shared !== undefined) return shared;
    }
    const top = layers.agent ?? layers.org;
    if (top === undefined) {
      this.#policies.weigh(key, 1);
      return undefined;
    }
    const isLast =
      last?.policyId === top.policyId && last.version === top.version && last.orgVersion === (layers.org?.version ?? null);
    const policy = isLast ? last : await openLayers(this.#effects, layers, this.onFault);
    this.#policies.weigh(key, policy.artifact.bytes.length * 2 + engineOverheadBytes);
    return policy;
  }

  async #layers(org: string, agent: string | undefined): Promise<StoredLayers> {
    if (agent !== undefined) return this.#store.policies.layers(org, agent);
    const own = await this.#store.policies.active({ org });
    return own === undefined ? {} : { org: own };
  }

  /** The org's own engine, if it is of this version already: else somebody has just published another one. */
  async #orgPolicy(org: string, version: number): Promise<ActivePolicy | undefined> {
    const policy = await this.policyOf(org, undefined);
    return policy?.version === version ? policy : undefined;
  }

  cardOf(org: string, agent: string): KeptCard | undefined | Promise<KeptCard | undefined> {
    const key = keyOf(org, agent);
    return this.#keptIn(this.#cards, key, async (last) => {
      const stored = await this.#store.cards.get(org, agent);
      if (stored === undefined) return undefined;
      // The same object: engines keep what they worked out about a card by it.
      if (last?.version === stored.version) return last;
      const { value, diagnostics } = parseCard(stored.source, { file: `card/${agent}` });
      if (value === undefined) throw new TypeError(`a stored card does not parse: ${diagnostics[0]?.message}`);
      return { card: value, version: stored.version };
    }).get();
  }

  transaction(org: string, id: string): StoredTransaction | undefined | Promise<StoredTransaction | undefined> {
    return this.#keptIn(this.#transactions, keyOf(org, id), () => this.#store.transactions.get(org, id)).get();
  }

  transactionsOfSession(
    org: string,
    agent: string,
    session: string,
  ): readonly StoredTransaction[] | Promise<readonly StoredTransaction[]> {
    const load = () => this.#store.transactions.ofSession(org, agent, session, sessionTransactionsMax + 1);
    return this.#keptIn(this.#bySession, keyOf(org, agent, session), load).get();
  }

  #keptIn<T>(all: Lru<string, Kept<T>>, key: string, load: (last: T | undefined) => Promise<T>): Kept<T> {
    let kept = all.get(key);
    if (kept === undefined) {
      kept = new Kept(load, this.#keeping);
      all.set(key, kept);
    }
    return kept;
  }

  #told(changes: readonly Change[] | undefined): void {
    if (changes === undefined) {
      for (const all of [this.#policies, this.#cards, this.#transactions, this.#bySession]) outdate(all, "");
      return;
    }
    for (const change of changes) this.changed(change);
  }

  changed({ kind, org, agent, id }: Omit<Change, "seq">): void {
    if (kind === "policy" && agent !== undefined) this.#policies.peek(keyOf(org, agent))?.outdate();
    else if (kind === "policy") {
      this.#policies.peek(org)?.outdate();
      outdate(this.#policies, keyOf(org, ""));
    } else if (kind === "card" && agent !== undefined) this.#cards.peek(keyOf(org, agent))?.outdate();
    else if (kind === "transaction") {
      if (id !== undefined) this.#transactions.peek(keyOf(org, id))?.outdate();
      outdate(this.#bySession, agent === undefined ? keyOf(org, "") : keyOf(org, agent, ""));
    }
  }

  #failed(error: unknown): void {
    this.#reloadsFailed++;
    this.#warn({ kind: "reload_failed", message: error instanceof Error ? error.message : String(error) });
  }

  counts(): EngineCounts {
    let ageMs = 0;
    let engines = 0;
    for (const kept of this.#policies.values()) {
      engines++;
      ageMs = Math.max(ageMs, kept.outdatedForMs);
    }
    const { pending, lost } = this.firstSeen;
    return {
      engines,
      hits: this.#hits,
      misses: this.#misses,
      reloads: this.#reloads,
      reloadsFailed: this.#reloadsFailed,
      policyAgeS: ageMs / 1000,
      faults: this.#faults,
      faultsAllowed: this.#faultsAllowed,
      sightingsPending: pending,
      sightingsLost: lost,
    };
  }

  flush(): Promise<void> {
    return this.firstSeen.flush();
  }

  close(): Promise<void> {
    this.#stop();
    return this.flush();
  }
}
