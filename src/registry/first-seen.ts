import type { Sightings } from "../engine/result.js";
import { sightingsKeptMax, sightingsOfAgentKeptMax, sightingsPendingMax } from "../limits.js";
import type { Sighting } from "../store/store.js";
import { Lru } from "./lru.js";
import type { Surroundings } from "./surroundings.js";

/** From a sighting to the write that stores it: so many come together in one statement. */
const flushAfterMs = 200;
/** Sightings of one write. */
const blockLength = 1000;
/** How exact the last time a tool was seen is in the store. */
const lastSeenEveryMs = 60_000;
/** For how long "the store has no record" is believed; a grace period may seem that much longer. */
const absentForMs = 1000;
/** Between two tries while the store is down. */
const retryAfterMs = 1000;
/** Longer names are not kept: each is asked for. */
const nameLengthMax = 1024;

interface Seen {
  firstMs: number;
  /** The store was asked, so that nothing earlier is known. */
  asked: boolean;
  /** The last time that was handed to the store. */
  notedMs: number;
}

interface AgentTools {
  readonly seen: Map<string, Seen>;
  /** Tools without a record, and when (by the growing clock) the store said so. */
  readonly absent: Map<string, number>;
}

/** The store could not say when tools were first seen. */
export const storeDown: Sightings = {
  firstSeenMs: () => {
    throw new TypeError("the store is down");
  },
};

/**
 * When tools were first seen, per agent (T1, T2): asked of the store once, kept in memory, and written behind in blocks. While the
 * store does not answer there is no grace.
 */
export class FirstSeen {
  readonly #agents = new Lru<string, AgentTools>(Number.POSITIVE_INFINITY, sightingsKeptMax);
  /** By org, then by agent and tool. */
  #pending = new Map<string, Map<string, Sighting>>();
  #pendingCount = 0;
  #lost = 0;
  #isDown = false;
  #downMs = 0;
  #flushing: Promise<void> | undefined;
  #isTimed = false;

  constructor(private readonly options: Pick<Surroundings, "store" | "elapsed" | "later" | "warn">) {}

  get pending(): number {
    return this.#pendingCount;
  }

  /** Not stored, because the store was down for too long. */
  get lost(): number {
    return this.#lost;
  }

  /** What an evaluation of these tools has to know; at once where it is known. */
  of(org: string, agent: string, tools: readonly string[]): Sightings | Promise<Sightings> {
    const known = this.#agentTools(org, agent);
    const now = this.options.elapsed();
    if (this.#isDown && now - this.#downMs < retryAfterMs) return storeDown;
    // Taken out at once: what is kept may make room for others before it is judged by, and would seem new.
    const firstMs = new Map<string, number>();
    const unknown = tools.filter((tool) => {
      const seen = known.seen.get(tool);
      if (seen !== undefined) firstMs.set(tool, seen.firstMs);
      if (this.#isDown) return true;
      if (seen?.asked === true) return false;
      const absent = known.absent.get(tool);
      return absent === undefined || now - absent >= absentForMs;
    });
    if (unknown.length > 0) return this.#ask(org, agent, new Set(unknown), firstMs);
    return { firstSeenMs: (tool) => firstMs.get(tool) };
  }

  async #ask(org: string, agent: string, tools: ReadonlySet<string>, firstMs: Map<string, number>): Promise<Sightings> {
    const { store, elapsed } = this.options;
    try {
      const found = await store.sightings.firstSeen(org, agent, [...tools]);
      this.#isDown = false;
      const now = elapsed();
      const known = this.#agentTools(org, agent);
      for (const tool of tools) {
        const first = earliest(found.get(tool), known.seen.get(tool)?.firstMs, firstMs.get(tool));
        if (first !== undefined) firstMs.set(tool, first);
        if (tool.length > nameLengthMax) continue;
        if (first === undefined) this.#noteAbsent(known, tool, now);
        else this.#noteFirst(known, tool, { firstMs: first, notedMs: Number.NEGATIVE_INFINITY, asked: true });
      }
      this.#weigh(org, agent, known);
      return { firstSeenMs: (tool) => firstMs.get(tool) };
    } catch (error) {
      this.#fail(error);
      return storeDown;
    }
  }

  /** The agent called these tools now. The store hears of it soon. */
  record(org: string, agent: string, tools: readonly unknown[], nowMs: number): void {
    const known = this.#agentTools(org, agent);
    for (const name of tools) {
      const tool = typeof name === "string" ? name : "";
      const seen = known.seen.get(tool);
      if (seen !== undefined && Math.abs(nowMs - seen.notedMs) < lastSeenEveryMs) continue;
      if (!this.#enqueue(org, { agent, tool, firstMs: nowMs, lastMs: nowMs })) continue;
      const asked = known.absent.has(tool);
      if (tool.length <= nameLengthMax) this.#noteFirst(known, tool, { firstMs: nowMs, notedMs: nowMs, asked });
    }
    this.#weigh(org, agent, known);
  }

  /** Traces brought earlier times: what is kept of the agent is asked for again. */
  forget(org: string, agent: string): void {
    const known = this.#agents.peek(`${org}\u0000${agent}`);
    known?.absent.clear();
    // What is not stored yet is known here only.
    for (const seen of known?.seen.values() ?? []) seen.asked = false;
  }

  /** Everything recorded so far is stored, or the store is down. */
  async flush(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing;
    if (this.#pendingCount === 0) return;
    this.#flushing = this.#write().finally(() => {
      this.#flushing = undefined;
    });
    await this.#flushing;
  }

  #agentTools(org: string, agent: string): AgentTools {
    const key = `${org}\u0000${agent}`;
    let known = this.#agents.get(key);
    if (known === undefined) {
      known = { seen: new Map(), absent: new Map() };
      this.#agents.set(key, known, 1);
    }
    return known;
  }

  #weigh(org: string, agent: string, known: AgentTools): void {
    this.#agents.weigh(`${org}\u0000${agent}`, 1 + known.seen.size + known.absent.size);
  }

  #noteFirst({ seen, absent }: AgentTools, tool: string, now: Seen): void {
    absent.delete(tool);
    const before = seen.get(tool);
    if (before !== undefined) {
      before.firstMs = Math.min(before.firstMs, now.firstMs);
      if (now.notedMs !== Number.NEGATIVE_INFINITY) before.notedMs = now.notedMs;
      before.asked ||= now.asked;
      return;
    }
    if (seen.size >= sightingsOfAgentKeptMax) dropOldest(seen);
    seen.set(tool, now);
  }

  #noteAbsent({ absent }: AgentTools, tool: string, now: number): void {
    if (absent.size >= sightingsOfAgentKeptMax) dropOldest(absent);
    absent.set(tool, now);
  }

  /** False when there is no room. */
  #enqueue(org: string, sighting: Sighting): boolean {
    let ofOrg = this.#pending.get(org);
    if (ofOrg === undefined) {
      ofOrg = new Map();
      this.#pending.set(org, ofOrg);
    }
    const key = `${sighting.agent}\u0000${sighting.tool}`;
    const before = ofOrg.get(key);
    if (before === undefined && this.#pendingCount >= sightingsPendingMax) {
      if (this.#lost++ === 0) this.options.warn({ kind: "sightings_lost", message: "too many sightings wait to be stored", org });
      return false;
    }
    if (before === undefined) this.#pendingCount++;
    ofOrg.set(key, before === undefined ? sighting : joined(before, sighting));
    this.#setTimer(this.#isDown ? retryAfterMs : flushAfterMs);
    return true;
  }

  #setTimer(afterMs: number): void {
    if (this.#isTimed) return;
    this.#isTimed = true;
    this.options.later(afterMs, () => {
      this.#isTimed = false;
      void this.flush();
    });
  }

  async #write(): Promise<void> {
    const all = this.#pending;
    this.#pending = new Map();
    this.#pendingCount = 0;
    for (const [org, sightings] of all) {
      const list = [...sightings.values()];
      for (let from = 0; from < list.length; from += blockLength) {
        const block = list.slice(from, from + blockLength);
        try {
          await this.options.store.sightings.observe(org, block);
          this.#isDown = false;
        } catch (error) {
          this.#fail(error);
          for (const sighting of list.slice(from)) this.#enqueue(org, sighting);
          break;
        }
      }
    }
  }

  #fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (!this.#isDown) this.options.warn({ kind: "store_down", message: `sightings cannot be read or stored: ${message}` });
    this.#isDown = true;
    this.#downMs = this.options.elapsed();
  }
}

function joined(a: Sighting, b: Sighting): Sighting {
  return { ...a, firstMs: Math.min(a.firstMs, b.firstMs), lastMs: Math.max(a.lastMs, b.lastMs) };
}

function earliest(...times: readonly (number | undefined)[]): number | undefined {
  let first: number | undefined;
  for (const time of times) if (time !== undefined && (first === undefined || time < first)) first = time;
  return first;
}

function dropOldest(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
