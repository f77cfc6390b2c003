import { findingsListedMax, topFailingMax, tracesListedMax } from "../../limits.js";
import type { CallPlace, TraceFinding, TraceReport } from "../replay-report.js";
import type { Folded } from "./fold.js";
import { actionOrder, verdictOrder } from "./outcomes.js";
import { pairCount, pairNumber, pairWords } from "./pair-table.js";
import { firstPlaces, type StoredPlace } from "./places.js";
import { dropped, subagentCalls, traceWords, worstAction, worstBefore } from "./tally.js";
import { findingKey, type ViewFinding } from "./views.js";

/** Names of inputs by their position; a place becomes one that people can open. */
export function placeOf(inputs: readonly { readonly name: string }[], place: StoredPlace): CallPlace {
  const { input, line, timeMs, subagent } = place;
  return { input: inputs[input]?.name ?? "", line, timeMs: Number.isNaN(timeMs) ? undefined : timeMs, subagent };
}

/** What was found in one trace, before it is put together. */
interface Found {
  readonly outcome: number;
  readonly calls: number;
  readonly places: readonly StoredPlace[];
}

/** Position in `verdictOrder`; -1: no call of it was judged. */
export function verdictOf(counts: Uint32Array, trace: number): number {
  const at = trace * traceWords;
  for (let verdict = verdictOrder.length - 1; verdict >= 0; verdict--) if (counts[at + verdict] > 0) return verdict;
  return -1;
}

/** The traces of a report, made only where they are listed: the worst ones, and of those the ones with findings kept. */
export class TraceReports {
  private readonly found = new Map<number, Found[]>();
  readonly listed: readonly number[];
  readonly failing: readonly number[];
  readonly detailsDropped: number;
  /** Listed without their findings. */
  private readonly bare: ReadonlySet<number>;

  constructor(
    private readonly folded: Folded,
    private readonly inputs: readonly { readonly name: string }[],
    private readonly compares: boolean,
    listedMax = tracesListedMax,
    findingsMax = findingsListedMax,
  ) {
    const { selection, tally } = folded;
    const rank = (trace: number) =>
      verdictOf(tally.ofTrace, trace) * 2 + (tally.ofTrace[trace * traceWords + dropped] === 1 ? 0 : 1);
    this.listed = listable(selection.traces, rank, listedMax);
    this.failing = mostFailing(selection.traces, tally.ofTrace);
    const { cells } = tally.findings;
    // The traces that fail most first, then as they are listed, the latest first.
    const order = [...new Set([...this.failing, ...[...this.listed].reverse().sort((a, b) => rank(b) - rank(a))])];
    this.bare = beyond(order, findingsIn(cells), findingsMax);
    this.detailsDropped =
      selection.traces.reduce((sum, trace) => sum + (tally.ofTrace[trace * traceWords + dropped] ?? 0), 0) +
      [...this.bare].filter((trace) => tally.ofTrace[trace * traceWords + dropped] !== 1).length;
    const wanted = new Set(order.filter((trace) => !this.bare.has(trace)));
    for (let at = 0; at < cells.length; at += pairWords) {
      const trace = cells[at] - 1;
      if (trace === -1 || !wanted.has(trace)) continue;
      const one = {
        outcome: cells[at + 1],
        calls: cells[at + pairCount],
        places: tally.findingPlaces.of(cells[at + pairNumber]),
      };
      const others = this.found.get(trace);
      if (others === undefined) this.found.set(trace, [one]);
      else others.push(one);
    }
  }

  report(trace: number): TraceReport {
    const { known, tally } = this.folded;
    const { traces, agents } = known;
    const at = trace * traceWords;
    const [pass, warn, fail, subagents] = [0, 1, 2, subagentCalls].map((word) => tally.ofTrace[at + word] ?? 0);
    const verdict = verdictOf(tally.ofTrace, trace);
    const skipped = verdict === -1;
    return {
      id: traces.ids[trace],
      format: traces.formats.names[traces.format[trace]],
      agent: agents[traces.agent[trace]],
      input: this.inputs[traces.input[trace]]?.name ?? "",
      firstMs: traces.firstOf(trace),
      lastMs: traces.lastOf(trace),
      calls: pass + warn + fail,
      subagentCalls: subagents,
      callVerdicts: { pass, warn, fail },
      verdict: skipped ? "skipped" : verdictOrder[verdict],
      action: skipped ? "allow" : actionOrder[tally.ofTrace[at + worstAction]],
      verdictBefore: !this.compares ? undefined : skipped ? "skipped" : verdictOrder[tally.ofTrace[at + worstBefore]],
      findings: tally.ofTrace[at + dropped] === 1 || this.bare.has(trace) ? [] : this.findings(trace),
    };
  }

  private findings(trace: number): TraceFinding[] {
    const merged = new Map<string, { finding: ViewFinding; found: Found[]; order: number }>();
    for (const found of (this.found.get(trace) ?? []).sort((a, b) => a.places[0].sequence - b.places[0].sequence)) {
      const { tool, says } = this.folded.tally.outcomes.view(found.outcome);
      for (const said of says.findings) {
        const finding = said.tool === "" ? { ...said, tool: this.folded.known.tools.names[tool] } : said;
        const key = findingKey(finding);
        const known = merged.get(key);
        if (known === undefined) merged.set(key, { finding, found: [found], order: merged.size });
        else known.found.push(found);
      }
    }
    const level = ({ finding }: { finding: ViewFinding }) => (finding.level === "violation" ? 0 : 1);
    return [...merged.values()]
      .sort((a, b) => level(a) - level(b) || a.order - b.order)
      .map(({ finding, found }) => ({
        ...finding,
        graceExpiresAtMs: finding.graceExpiresAtMs === undefined ? undefined : this.expiryMs(trace, found[0].outcome),
        calls: found.reduce((sum, { calls }) => sum + calls, 0),
        places: firstPlaces(found.map(({ places }) => places)).map((place) => placeOf(this.inputs, place)),
      }));
  }

  private expiryMs(trace: number, outcome: number): number | undefined {
    const { known, tally } = this.folded;
    const { tool } = tally.outcomes.view(outcome);
    const pair = known.sightings.find(known.traces.agent[trace], tool);
    return pair === undefined ? undefined : tally.outcomes.now.expiryMs(tool, known.sightings.firstMs[pair]);
  }
}

function findingsIn(cells: Uint32Array): Map<number, number> {
  const counts = new Map<number, number>();
  for (let at = 0; at < cells.length; at += pairWords) {
    if (cells[at] !== 0) counts.set(cells[at] - 1, (counts.get(cells[at] - 1) ?? 0) + 1);
  }
  return counts;
}

/** The traces whose findings are too many, with those of the traces before them. */
function beyond(order: readonly number[], counts: ReadonlyMap<number, number>, max: number): ReadonlySet<number> {
  const left = new Set<number>();
  let sum = 0;
  for (const trace of order) {
    const count = counts.get(trace) ?? 0;
    if (sum + count > max) left.add(trace);
    else sum += count;
  }
  return left;
}

/** At most so many traces: those of the highest rank, of equal ones the latest, in the order they came in. */
function listable(traces: readonly number[], rankOf: (trace: number) => number, max: number): readonly number[] {
  if (traces.length <= max) return traces;
  const ranks = Int8Array.from(traces, rankOf);
  const chosen = new Set<number>();
  for (const rank of [...new Set(ranks)].sort((a, b) => b - a)) {
    for (let i = traces.length - 1; i >= 0 && chosen.size < max; i--) if (ranks[i] === rank) chosen.add(traces[i]);
  }
  return traces.filter((trace) => chosen.has(trace));
}

/** Most failing calls first, then most warnings, then as they came in. */
function mostFailing(traces: readonly number[], counts: Uint32Array): readonly number[] {
  const worse = (a: number, b: number) =>
    counts[b * traceWords + 2] - counts[a * traceWords + 2] || counts[b * traceWords + 1] - counts[a * traceWords + 1];
  const bad = traces.filter((trace) => verdictOf(counts, trace) > 0);
  return bad.sort(worse).slice(0, topFailingMax);
}
