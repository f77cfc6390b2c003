import type { Verdict } from "../../engine/result.js";
import type { CallPlace, ChangeCell, ChangedTool, DecisionChanges, VerdictCounts } from "../replay-report.js";
import { mostUsedFirst } from "../tools.js";
import type { Folded } from "./fold.js";
import { verdictOrder } from "./outcomes.js";
import { firstPlaces, type StoredPlace } from "./places.js";
import { traceWords, worstBefore } from "./tally.js";
import { verdictOf } from "./trace-reports.js";
import type { View } from "./views.js";

/** From the change that matters most: less strict before stricter. */
const cellOrder: readonly (readonly [Verdict, Verdict])[] = [
  ["fail", "pass"],
  ["fail", "warn"],
  ["warn", "pass"],
  ["pass", "warn"],
  ["warn", "fail"],
  ["pass", "fail"],
];

type Matrix = Record<Verdict, { -readonly [verdict in keyof VerdictCounts]: number }>;

function emptyMatrix(): Matrix {
  const row = () => ({ pass: 0, warn: 0, fail: 0 });
  return { pass: row(), warn: row(), fail: row() };
}

/** What another policy makes of the same calls; undefined without one. Linear in the outcomes and the traces. */
export function decisionChanges(folded: Folded, place: (stored: StoredPlace) => CallPlace): DecisionChanges | undefined {
  const { tally, selection } = folded;
  const { outcomes } = tally;
  if (outcomes.then === undefined) return undefined;
  const calls = emptyMatrix();
  const traces = emptyMatrix();
  const cells = new Map<string, number[]>();
  for (let outcome = 0; outcome < outcomes.length; outcome++) {
    if (tally.calls[outcome] === 0) continue;
    const from = (outcomes.viewBefore(outcome) as View).says.verdict;
    const to = outcomes.view(outcome).says.verdict;
    calls[from][to] += tally.calls[outcome];
    const key = `${from} ${to}`;
    const others = cells.get(key);
    if (others === undefined) cells.set(key, [outcome]);
    else others.push(outcome);
  }
  for (const trace of selection.traces) {
    const verdict = verdictOf(tally.ofTrace, trace);
    const before = tally.ofTrace[trace * traceWords + worstBefore];
    if (verdict !== -1) traces[verdictOrder[before]][verdictOrder[verdict]]++;
  }
  return {
    old: outcomes.then.whole.policy,
    calls,
    traces,
    cells: cellOrder.flatMap(([from, to]) => {
      const inCell = cells.get(`${from} ${to}`);
      return inCell === undefined ? [] : [cell(folded, from, to, inCell, place)];
    }),
  };
}

function cell(
  folded: Folded,
  from: Verdict,
  to: Verdict,
  inCell: readonly number[],
  place: (stored: StoredPlace) => CallPlace,
): ChangeCell {
  const { known, tally } = folded;
  const byTool = new Map<number, number[]>();
  for (const outcome of inCell) {
    const { tool } = tally.outcomes.view(outcome);
    const others = byTool.get(tool);
    if (others === undefined) byTool.set(tool, [outcome]);
    else others.push(outcome);
  }
  const tools = Array.from(byTool, ([tool, outcomes]) => {
    const first = (outcome: number) => tally.places.of(outcome)[0].sequence;
    const [most] = [...outcomes].sort((a, b) => tally.calls[b] - tally.calls[a] || first(a) - first(b));
    const count = outcomes.reduce((sum, outcome) => sum + tally.calls[outcome], 0);
    return {
      tool: known.tools.names[tool],
      count,
      changed: {
        tool: known.tools.names[tool],
        calls: count,
        before: side(tally.outcomes.viewBefore(most) as View),
        after: side(tally.outcomes.view(most)),
        places: firstPlaces(outcomes.map((outcome) => tally.places.of(outcome))).map(place),
      },
    };
  });
  return {
    from,
    to,
    weaker: verdictOrder.indexOf(to) < verdictOrder.indexOf(from),
    calls: tools.reduce((sum, { count }) => sum + count, 0),
    tools: tools.sort(mostUsedFirst).map(({ changed }) => changed),
  };
}

function side({ says: { cause, rule, findings } }: View): ChangedTool["before"] {
  return { cause, rule, reason: findings[0]?.reason ?? rule?.reason };
}
