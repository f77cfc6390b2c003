import { diagnostic } from "../../diagnostics/codes.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { Sightings } from "../../engine/result.js";
import { firstSightingsMax } from "../../limits.js";
import { isId } from "../../registry/ids.js";
import type { Registry, StoredRuns } from "../../registry/registry.js";
import type { TraceInput } from "../../trace/io/options.js";
import { CommandFailure, failure } from "../failure.js";
import { warn } from "../load-policy.js";
import type { Settings } from "../settings.js";
import type { Terminal } from "../terminal.js";
import { activeLayers, storedCard } from "./layers.js";
import { openNamedRegistry } from "./open.js";
import { placeToAsk } from "./place.js";
import { isRefusal, refusal } from "./refusal.js";

/** Rows of one answer, as many as there may be. */
const rowsMax = 100;

/** Nothing is known of first sightings: no grace, and the answer says so (T2). */
const unknown: Sightings = {
  firstSeenMs() {
    throw new Error("the store of first sightings could not be read");
  },
};

/**
 * What the registry knows of one agent, for commands that judge its calls: when it first used its tools, its recorded calls, its
 * active policy. A registry that fails does not end such a command unless it is all the command has.
 */
export class AgentRecords {
  private constructor(
    readonly agent: string,
    private readonly registry: Registry | undefined,
    private fault: unknown,
    private readonly terminal: Terminal,
  ) {}

  /** Undefined where no agent is known or no registry is there: then everything is as without one. */
  static async open(agent: string | undefined, terminal: Terminal): Promise<AgentRecords | undefined> {
    if (agent === undefined || !isId(agent)) return undefined;
    const place = placeToAsk();
    if (place === undefined) return undefined;
    try {
      return new AgentRecords(agent, await openNamedRegistry(place, "existing"), undefined, terminal);
    } catch (error) {
      const refused = refusal(error);
      if (refused instanceof CommandFailure && refused.diagnostics[0]?.code === "registry_missing") return undefined;
      return new AgentRecords(agent, undefined, refused, terminal);
    }
  }

  /** First-seen times of the agent's tools. */
  async sightings(): Promise<Sightings> {
    try {
      return await this.#known(this.#opened());
    } catch (error) {
      this.#say(refusal(error));
      return unknown;
    }
  }

  async #known(registry: Registry): Promise<Sightings> {
    const firstMs = new Map<string, number>();
    for (let page = 1, more = true; more; page++) {
      const { tools, total } = await registry.listTools(this.agent, { page, perPage: rowsMax }).catch((error: unknown) => {
        // An agent that never did anything is healthy, and new to everything.
        if (isRefusal(error, "not_found")) return { tools: [], total: 0 };
        throw error;
      });
      if (total > firstSightingsMax) return unknown;
      for (const { tool, first_seen_at } of tools) firstMs.set(tool, Date.parse(first_seen_at));
      more = tools.length > 0 && page * rowsMax < total;
    }
    return { firstSeenMs: (tool) => firstMs.get(tool) };
  }

  /** @throws CommandFailure when the registry cannot be asked */
  async hasRuns(): Promise<boolean> {
    return this.#asked(async (registry) => (await registry.listTraces(this.agent, { page: 1, perPage: 1 })).total > 0, false);
  }

  /** The recorded calls as an input like any other. */
  runs(range: Omit<StoredRuns, "agent"> = {}): TraceInput {
    return { name: `registry, agent ${this.agent}`, bytes: this.#opened().runs({ agent: this.agent, ...range }) };
  }

  /** Settings that name no policy get the active one of the agent, and its card. @throws CommandFailure when nothing is active */
  async completed(settings: Settings): Promise<Settings> {
    if (settings.policy !== undefined || settings.org !== undefined) return settings;
    const layers = await this.#asked((registry) => activeLayers(registry, { agent: this.agent }), undefined);
    const { org, agent } = layers ?? {};
    if (org === undefined && agent === undefined) {
      const fix = "give the policy file, or publish one for this agent";
      throw failure("registry_not_found", `no policy was named, and none is active for agent ${this.agent}`, { fix });
    }
    if (layers?.orgHidden === true) {
      const fix = "use a key for the whole org, or name the policy and `--org` as files";
      const message = "the org's policy cannot be read with this key, so the agent's is judged without it";
      warn([diagnostic("registry_forbidden", { message, level: "warning", fix })], new Map(), this.terminal);
    }
    const card = await this.#asked((registry) => storedCard(registry, this.agent), undefined);
    return { ...settings, stored: { org, agent, card } };
  }

  async close(): Promise<void> {
    await this.registry?.close();
  }

  async #asked<T>(question: (registry: Registry) => Promise<T>, absent: T): Promise<T> {
    try {
      return await question(this.#opened());
    } catch (error) {
      if (isRefusal(error, "not_found")) return absent;
      throw refusal(error);
    }
  }

  #opened(): Registry {
    if (this.registry === undefined) throw this.fault;
    return this.registry;
  }

  /** Once, beside the result. @throws what is no refusal */
  #say(fault: unknown): void {
    if (!(fault instanceof CommandFailure)) throw fault;
    const fix = "without it no tool has a grace period; unset the agent or the registry to judge without them";
    const mild = fault.diagnostics.map((each): Diagnostic => ({ ...each, level: "warning", fix }));
    warn(mild, new Map(), this.terminal);
  }
}

/** Runs work with the records of an agent, and lets go of them. */
export async function withRecords<T>(
  agent: string | undefined,
  terminal: Terminal,
  work: (records: AgentRecords | undefined) => Promise<T>,
): Promise<T> {
  const records = await AgentRecords.open(agent, terminal);
  try {
    return await work(records);
  } finally {
    await records?.close();
  }
}
