import { floorOf } from "../analysis/floor.js";
import { recompiledBytesMin } from "../limits.js";
import type { Policy } from "../policy/model.js";
import { findingShape, type StoredText, storedPolicy } from "./documents.js";
import type { FindingShape } from "./shapes.js";
import { checkFloor, compiledArtifact, mergeLayers } from "./verify.js";

/** What was found of an agent's active policy under the new policy of its org. */
export interface CheckedAgent {
  readonly findings: readonly FindingShape[];
  readonly isProven: boolean;
}

/** @throws RegistryFailure `validation_error` for layers that do not merge, or whose artifact is not loaded */
export function checkAgent(asked: {
  readonly org: StoredText;
  readonly agent: StoredText;
  /** Whether there is time for it. */
  readonly provesFloor: boolean;
}): CheckedAgent {
  const org = storedPolicy(asked.org);
  const agent = storedPolicy(asked.agent);
  const { merged, warnings } = mergeLayers({ org, agent });
  if (asked.org.source.length + asked.agent.source.length > recompiledBytesMin) compiledArtifact(merged);
  return { findings: warnings.map(findingShape), isProven: asked.provesFloor && isProven(org, agent) };
}

/** False where it takes more than the budget of an exploration: an org's floor is not given up for that. */
function isProven(org: Policy, agent: Policy): boolean {
  const report = floorOf(org, agent);
  checkFloor({ ...report, undecided: [] });
  return report.holds;
}
