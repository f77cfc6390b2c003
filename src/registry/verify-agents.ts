import { diagnostic } from "../diagnostics/codes.js";
import { agentFindingsMax, orgFloorBytesMax, orgFloorsMsMax, perPageMax } from "../limits.js";
import type { Owner } from "../store/store.js";
import type { CheckedAgent } from "./agent-check.js";
import { findingShape, type StoredText, textOf } from "./documents.js";
import { RegistryFailure } from "./failure.js";
import { perform } from "./perform.js";
import type { Services } from "./services.js";
import type { FindingShape } from "./shapes.js";

/**
 * An org's new policy against every active policy of its agents: that they merge and stay loadable, for all of them; that the floor
 * holds, for as many as there is time for. It holds for the others, too, by the way layers merge, and they are counted in a notice.
 * Agents that publish meanwhile are verified again by their own publish.
 *
 * @throws RegistryFailure `validation_error` that names the agent
 */
export async function verifyAgents(services: Services, policy: StoredText): Promise<FindingShape[]> {
  const check = new AgentsCheck(services, policy);
  const { org } = policy.owner;
  for (let page = 1; ; page++) {
    const { items, total } = await services.store.policies.list(org, { page, perPage: perPageMax });
    for (const { owner, sourceDigest } of items) if (owner.agent !== undefined) await check.add(owner.agent, owner, sourceDigest);
    if (page * perPageMax >= total || items.length === 0) return check.findings();
  }
}

class AgentsCheck {
  /** Agents of a fleet often have the same text. */
  readonly #bySource = new Map<string, CheckedAgent>();
  readonly #findings: FindingShape[] = [];
  #unproven = 0;
  #usedMs = 0;

  constructor(
    readonly services: Services,
    readonly org: StoredText,
  ) {}

  async add(agentId: string, owner: Owner, sourceDigest: string): Promise<void> {
    const checked = this.#bySource.get(sourceDigest) ?? (await this.#load(agentId, owner, sourceDigest));
    if (checked === undefined) return;
    if (!checked.isProven) this.#unproven++;
    for (const finding of checked.findings) {
      if (this.#findings.length < agentFindingsMax) this.#findings.push(ofAgent(agentId, finding));
    }
  }

  findings(): FindingShape[] {
    if (this.#unproven === 0) return this.#findings;
    const agents = this.#unproven === 1 ? "1 agent" : `${this.#unproven} agents`;
    const message = `the floor holds by the way layers merge, and it was not proven name by name, which takes longer, for ${agents}`;
    return [...this.#findings, findingShape(diagnostic("floor_not_proven", { message }))];
  }

  async #load(agentId: string, owner: Owner, sourceDigest: string): Promise<CheckedAgent | undefined> {
    const { store, elapsed, pause } = this.services;
    const stored = await store.policies.active(owner);
    if (stored === undefined) return undefined;
    await pause();
    const began = elapsed();
    const checked = await namingAgent(agentId, this.#check(textOf(stored)));
    this.#usedMs += elapsed() - began;
    if (stored.sourceDigest === sourceDigest) this.#bySource.set(sourceDigest, checked);
    return checked;
  }

  #check(agent: StoredText): Promise<CheckedAgent> {
    const { org } = this;
    const units = org.source.length + agent.source.length;
    const provesFloor = units <= orgFloorBytesMax && this.#usedMs < orgFloorsMsMax;
    return perform(this.services, "checkAgent", { org, agent, provesFloor }, units);
  }
}

async function namingAgent<T>(agentId: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof RegistryFailure)) throw error;
    const message = `with the active policy of the agent \`${agentId}\`: ${error.message}`;
    throw new RegistryFailure(error.code, message, error);
  }
}

/** Its place is in the text of the agent, not in the one that was sent. */
function ofAgent(agentId: string, { line: _line, column: _column, ...finding }: FindingShape): FindingShape {
  return { ...finding, message: `agent \`${agentId}\`: ${finding.message}` };
}
