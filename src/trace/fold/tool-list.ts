import type { Evaluation, Session, ToolOutcome } from "../../engine/result.js";
import type { ReplayEngine } from "../replay-engine.js";
import { mostUsedFirst, type ToolList } from "../tools.js";
import type { Folded } from "./fold.js";
import { finite } from "./rule-hits.js";

const counts: Session = { toolCount: 0, unmappedOrgCount: 0, unmappedCount: 0, violationCount: 0 };
const nothing = { verdict: "pass", action: "allow", cause: "mapped", rule: null, capability: null } as const;

/** Judges nothing: a fold under it only counts which tools were used. */
export const noPolicy: ReplayEngine = {
  hasCountTriggers: false,
  evaluate: (tools) => ({ ...blank, tools: tools.map((tool): ToolOutcome => ({ ...blankOutcome, tool: String(tool) })) }),
  openSession: () => counts,
};

const blankOutcome = { ...nothing, calls: 1, alsoMatches: [], forbidden: [], triggers: [] };

const blank: Evaluation = {
  verdict: "pass",
  action: "allow",
  mode: "off",
  tools: [],
  violations: [],
  warnings: [],
  escalations: [],
  cardGaps: [],
  coverage: { totalCardActions: 0, mappedCardActions: [], unmappedCardActions: [], coveragePct: 0, mappedBy: [] },
  context: "observer",
  cardChecked: false,
  grace: "disabled",
  policy: { name: "", digest: "", sources: [] },
};

/** The tools of the calls a fold looked at, most used first. Linear in the tools. */
export function toolList({ known, tally, selection }: Folded, badLines: number): ToolList {
  const tools = [];
  let calls = 0;
  for (let outcome = 0; outcome < tally.outcomes.length; outcome++) {
    const count = tally.calls[outcome];
    if (count === 0) continue;
    calls += count;
    const tool = known.tools.names[tally.outcomes.view(outcome).tool];
    tools.push({ tool, count, firstMs: finite(tally.firstMs[outcome]), lastMs: finite(tally.lastMs[outcome]) });
  }
  return { traces: selection.traces.length, calls, badLines, tools: tools.sort(mostUsedFirst) };
}
