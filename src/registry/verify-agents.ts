import { floorOf } from "../analysis/floor.js";
import { diagnostic } from "../diagnostics/codes.js";
import { agentFindingsMax, orgFloorBytesMax, orgFloorsMsMax, perPageMax, recompiledBytesMin } from "../limits.js";
import type { Policy } from "../policy/model.js";
import type { Owner, PolicyVersion } from "../store/store.js";
import { findingShape, storedPolicy } from "./documents.js";
import { RegistryFailure } from "./failure.js";
import type { Services } from "./services.js";
import type { FindingShape } from "./shapes.js";
import { checkFloor, compiledArtifact, mergeLayers } from "./verify.js";

/** What was found of one text under the new org policy; agents of a fleet often have the same one. */
interface Checked {
  readonly findings: readonly FindingShape[];
  readonly isProven: boolean;
}

/**
 * An org's new policy against every active policy of its agents: that they merge and stay loadable, for all of them; that the floor
 * holds, for as many as there is time for. It holds for the others, too, by the way layers merge, and they are counted in a notice.
 * Agents that publish meanwhile are verified again by their own publish.
 *
 * @throws RegistryFailure `validation_error` that names the agent
 */
export async function verifyAgents(services: Services, org: string, policy: Policy, text: string): Promise<FindingShape[]> {
  const check = new AgentsCheck(services, policy, text);
  for (let page = 1; ; page++) {
    const { items, total } = await services.store.policies.list(org, { page, perPage: perPageMax });
    for (const { owner, sourceDigest } of items) if (owner.agent !== undefined) await check.add(owner.agent, owner, sourceDigest);
    if (page * perPageMax >= total || items.length === 0) return check.findings();
  }
}

class AgentsCheck {
  readonly #bySource = new Map<string, Checked>();
  readonly #findings: FindingShape[] = [];
  #unproven = 0;
  #usedMs = 0;

  constructor(
    readonly services: Services,
    readonly org: Policy,
    readonly text: string,
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

  async #load(agentId: string, owner: Owner, sourceDigest: string): Promise<Checked | undefined> {
    const { store, elapsed, pause } = this.services;
    const stored = await store.policies.active(owner);
    if (stored === undefined) return undefined;
    await pause();
    const began = elapsed();
    const checked = namingAgent(agentId, () => this.#check(stored));
    this.#usedMs += elapsed() - began;
    if (stored.sourceDigest === sourceDigest) this.#bySource.set(sourceDigest, checked);
    return checked;
  }

  #check(stored: PolicyVersion): Checked {
    const agent = storedPolicy(stored);
    const { merged, warnings } = mergeLayers({ org: this.org, agent });
    const size = this.text.length + stored.source.length;
    if (size > recompiledBytesMin) compiledArtifact(merged);
    const isProven = size <= orgFloorBytesMax && this.#usedMs < orgFloorsMsMax && this.#isProven(agent);
    return { findings: warnings.map(findingShape), isProven };
  }

  /** False where it takes more than the budget of an exploration: an org's floor is not given up for that. */
  #isProven(agent: Policy): boolean {
    const report = floorOf(this.org, agent);
    checkFloor({ ...report, undecided: [] });
    return report.holds;
  }
}

function namingAgent<T>(agentId: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RegistryFailure)) throw error;
    const message = `with the active policy of the agent \`${agentId}\`: ${error.message}`;
    throw new RegistryFailure(error.code, message, { details: error.details });
  }
}

/** Its place is in the text of the agent, not in the one that was sent. */
function ofAgent(agentId: string, { line: _line, column: _column, ...finding }: FindingShape): FindingShape {
  return { ...finding, message: `agent \`${agentId}\`: ${finding.message}` };
}
