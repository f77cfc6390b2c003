import { rowExamplesMax } from "../../limits.js";
import type { CallPlace, RuleHits } from "../replay-report.js";
import type { Folded } from "./fold.js";
import { firstPlaces, type StoredPlace } from "./places.js";

interface Hits {
  calls: number;
  decided: number;
  firstMs: number;
  lastMs: number;
  readonly tools: Map<number, number>;
  readonly outcomes: number[];
}

/** Every rule of the policy with the calls it met; linear in the outcomes and in what matched each. */
export function ruleHits({ known, tally }: Folded, place: (stored: StoredPlace) => CallPlace): RuleHits[] {
  const { outcomes, calls, firstMs, lastMs, places } = tally;
  const { names } = known.tools;
  const hits = new Map<number, Hits>();
  const hitsOf = (rule: number): Hits => {
    let met = hits.get(rule);
    if (met === undefined) {
      met = { calls: 0, decided: 0, firstMs: Infinity, lastMs: -Infinity, tools: new Map(), outcomes: [] };
      hits.set(rule, met);
    }
    return met;
  };
  for (let outcome = 0; outcome < outcomes.length; outcome++) {
    if (calls[outcome] === 0) continue;
    const { tool, says } = outcomes.view(outcome);
    for (const rule of says.matched) {
      const met = hitsOf(rule);
      met.calls += calls[outcome];
      met.firstMs = Math.min(met.firstMs, firstMs[outcome]);
      met.lastMs = Math.max(met.lastMs, lastMs[outcome]);
      met.tools.set(tool, (met.tools.get(tool) ?? 0) + calls[outcome]);
      met.outcomes.push(outcome);
    }
    if (says.decided !== undefined) hitsOf(says.decided).decided += calls[outcome];
  }
  const byCalls = ([a, callsA]: [number, number], [b, callsB]: [number, number]) =>
    callsB - callsA || (names[a] < names[b] ? -1 : 1);
  return outcomes.now.rules.map((rule, number) => {
    const met = hits.get(number);
    const top = [...(met?.tools ?? [])].sort(byCalls).slice(0, rowExamplesMax);
    return {
      rule,
      calls: met?.calls ?? 0,
      decided: met?.decided ?? 0,
      tools: met?.tools.size ?? 0,
      topTools: top.map(([tool, count]) => ({ tool: names[tool], calls: count })),
      firstMs: finite(met?.firstMs),
      lastMs: finite(met?.lastMs),
      places: firstPlaces((met?.outcomes ?? []).map((outcome) => places.of(outcome))).map(place),
    };
  });
}

export function finite(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}
