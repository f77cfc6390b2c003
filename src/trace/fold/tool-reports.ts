import { newToolsMax } from "../../limits.js";
import type { CallPlace, NewTool, ToolInGrace, ToolReport } from "../replay-report.js";
import { mostUsedFirst } from "../tools.js";
import type { Folded } from "./fold.js";
import { actionOrder, verdictOrder } from "./outcomes.js";
import { PairTable, pairWords } from "./pair-table.js";
import { firstPlaces, type StoredPlace } from "./places.js";
import { finite } from "./rule-hits.js";
import type { Saying } from "./views.js";

/** Outcomes with calls, by tool. */
function outcomesByTool({ tally }: Folded): Map<number, number[]> {
  const byTool = new Map<number, number[]>();
  for (let outcome = 0; outcome < tally.outcomes.length; outcome++) {
    if (tally.calls[outcome] === 0) continue;
    const { tool } = tally.outcomes.view(outcome);
    const others = byTool.get(tool);
    if (others === undefined) byTool.set(tool, [outcome]);
    else others.push(outcome);
  }
  return byTool;
}

/** Distinct traces of each tool: pairs of a trace and an outcome, each trace once where a tool has several outcomes. */
function tracesByTool({ tally }: Folded, byTool: ReadonlyMap<number, readonly number[]>): Map<number, number> {
  const traces = new Map<number, number>();
  const met = new PairTable();
  for (const { cells } of [tally.passes, tally.findings]) {
    for (let at = 0; at < cells.length; at += pairWords) {
      if (cells[at] === 0) continue;
      const { tool } = tally.outcomes.view(cells[at + 1]);
      if ((byTool.get(tool)?.length ?? 0) > 1) {
        met.reserve(1);
        const { size } = met;
        met.place(cells[at] - 1, tool);
        if (met.size === size) continue;
      }
      traces.set(tool, (traces.get(tool) ?? 0) + 1);
    }
  }
  return traces;
}

/** Every tool with calls judged, most called first. */
export function toolReports(folded: Folded, place: (stored: StoredPlace) => CallPlace): ToolReport[] {
  const { known, tally } = folded;
  const byTool = outcomesByTool(folded);
  const traces = tracesByTool(folded, byTool);
  const reports = [...byTool].map(([tool, outcomes]) => {
    const sayings = worstFirst(folded, outcomes);
    const { verdict, action, cause, rule, capability, others } = sayings[0];
    const counts = { pass: 0, warn: 0, fail: 0 };
    let [firstMs, lastMs] = [Infinity, -Infinity];
    for (const outcome of outcomes) {
      counts[tally.outcomes.view(outcome).says.verdict] += tally.calls[outcome];
      firstMs = Math.min(firstMs, tally.firstMs[outcome]);
      lastMs = Math.max(lastMs, tally.lastMs[outcome]);
    }
    const name = known.tools.names[tool];
    return {
      tool: name,
      count: counts.pass + counts.warn + counts.fail,
      report: {
        tool: name,
        rawNames: known.rawNames[tool] ?? [],
        calls: counts.pass + counts.warn + counts.fail,
        callVerdicts: counts,
        verdict,
        action,
        cause,
        rule,
        capability,
        alsoMatches: others,
        reasons: reasonsOf(sayings),
        firstMs: finite(firstMs),
        lastMs: finite(lastMs),
        traces: traces.get(tool) ?? 0,
        places: firstPlaces(outcomes.map((outcome) => tally.places.of(outcome))).map(place),
      },
    };
  });
  return reports.sort(mostUsedFirst).map(({ report }) => report);
}

/** Views of a tool, the worst first; of equal ones the one that came first. */
function worstFirst({ tally }: Folded, outcomes: readonly number[]): Saying[] {
  const rank = (says: Saying) => verdictOrder.indexOf(says.verdict) * actionOrder.length + actionOrder.indexOf(says.action);
  return outcomes
    .map((outcome) => ({ says: tally.outcomes.view(outcome).says, first: tally.places.of(outcome)[0].sequence }))
    .sort((a, b) => rank(b.says) - rank(a.says) || a.first - b.first)
    .map(({ says }) => says);
}

function reasonsOf(sayings: readonly Saying[]): string[] {
  const findings = sayings.flatMap((says) => says.findings);
  const levels = [findings.filter(({ level }) => level === "violation"), findings.filter(({ level }) => level === "warning")];
  return [...new Set(levels.flat().map(({ reason }) => reason))];
}

/** Tools no capability maps, forbidden and invalid ones left out (E5). */
export function unmappedTools({ known, tally }: Folded): { tool: string; count: number }[] {
  const counts = new Map<number, number>();
  for (let outcome = 0; outcome < tally.outcomes.length; outcome++) {
    const { tool, says } = tally.outcomes.view(outcome);
    if (says.unmapped && tally.calls[outcome] > 0) counts.set(tool, (counts.get(tool) ?? 0) + tally.calls[outcome]);
  }
  return Array.from(counts, ([tool, count]) => ({ tool: known.tools.names[tool], count })).sort(mostUsedFirst);
}

/** Tools that only grace kept from failing, per agent. */
export function graceTools({ known, tally }: Folded): ToolInGrace[] {
  const { sightings, agents, tools } = known;
  const kept: ToolInGrace[] = [];
  for (let pair = 0; pair < sightings.length; pair++) {
    const count = tally.pairGrace[pair] ?? 0;
    if (count === 0) continue;
    const tool = sightings.tool[pair];
    const expiresAtMs = tally.outcomes.now.expiryMs(tool, sightings.firstMs[pair]);
    kept.push({ tool: tools.names[tool], agent: agents[sightings.agent[pair]], count, expiresAtMs });
  }
  return kept.sort((a, b) => mostUsedFirst(a, b) || byAgent(a.agent, b.agent));
}

function byAgent(a = "", b = ""): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** First uses of tools by agents, latest first; only of tools with calls judged. */
export function newTools({ known, tally }: Folded): NewTool[] {
  const { sightings, agents, tools } = known;
  const { firstMs } = sightings;
  const pairs: number[] = [];
  for (let pair = 0; pair < sightings.length; pair++) {
    if ((tally.pairCalls[pair] ?? 0) > 0 && firstMs[pair] !== Infinity) pairs.push(pair);
  }
  const nameOf = (pair: number) => tools.names[sightings.tool[pair]];
  const agentOf = (pair: number) => agents[sightings.agent[pair]];
  pairs.sort(
    (a, b) =>
      firstMs[b] - firstMs[a] || (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : byAgent(agentOf(a), agentOf(b))),
  );
  const { now } = tally.outcomes;
  return pairs.slice(0, newToolsMax).map((pair) => {
    const tool = sightings.tool[pair];
    const expiresAtMs = now.grace(tool) === undefined ? undefined : finite(now.expiryMs(tool, firstMs[pair]));
    return {
      tool: tools.names[tool],
      agent: agentOf(pair),
      firstMs: firstMs[pair],
      calls: tally.pairCalls[pair],
      mapped: now.views[now.plain(tool)].says.capability !== null,
      graceExpiresAtMs: expiresAtMs,
    };
  });
}
