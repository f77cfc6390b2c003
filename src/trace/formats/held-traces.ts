import { heldBytesMax, heldCallsMax } from "../../limits.js";
import type { CallRecord, TraceSink } from "../reader.js";
import { isUnique } from "./conversations.js";
import type { Complaint, FoundCall } from "./found-call.js";
import { turnsOf } from "./response-items.js";

/** A call of a run log. Its session and agent may be told by another record, before or after it. */
export interface HeldCall extends Omit<CallRecord, "trace"> {
  /** Only said by a model; the tool run that carried it out may be recorded, too. */
  readonly isProposal?: boolean | undefined;
  /** The run or span it was made in. */
  readonly parent?: string | undefined;
}

export interface HeldTrace {
  readonly key: string;
  session: string | undefined;
  /** Whether tool runs are recorded in it, now or before a part of it was settled. */
  hasRuns: boolean;
  /** Names of the calls by which one agent hands on to another in it. */
  readonly handoffs: Set<string>;
  readonly calls: HeldCall[];
  /** Parents and agents of spans, where a format has them. */
  readonly spans: Map<string, HeldSpan>;
}

export interface HeldSpan {
  readonly parent: string | undefined;
  readonly agent: string | undefined;
}

interface Entry extends HeldTrace {
  readonly ids: Set<string>;
  bytes: number;
}

/**
 * Calls of traces whose records come in any order, until the input ends. Bounded: beyond `heldCallsMax` calls or
 * `heldBytesMax` bytes the traces that began first are settled with what is known by then.
 */
export class HeldTraces {
  private readonly open = new Map<string, Entry>();
  /** Settled traces that have tool runs, so that a late proposal does not count. */
  private readonly settledWithRuns = new Set<string>();
  private latest: Entry | undefined;
  private calls = 0;
  private bytes = 0;

  constructor(
    private readonly sink: TraceSink,
    /** The calls of a trace that count. */
    private readonly choose: (trace: HeldTrace) => readonly HeldCall[] = withoutRepeatedProposals,
    private readonly callsMax = heldCallsMax,
  ) {}

  of(key: string): HeldTrace {
    let trace = this.open.get(key);
    if (trace === undefined) {
      const hasRuns = this.settledWithRuns.has(key);
      trace = { key, session: undefined, hasRuns, handoffs: new Set(), calls: [], spans: new Map(), ids: new Set(), bytes: 0 };
      this.open.set(key, trace);
    }
    this.latest = trace;
    return trace;
  }

  hold(key: string, call: HeldCall): void {
    const trace = this.of(key) as Entry;
    if (call.isProposal !== true) trace.hasRuns = true;
    const id = call.callId === undefined ? undefined : JSON.stringify([call.callId, call.server, call.tool]);
    if (id !== undefined && trace.ids.has(id)) return;
    if (id !== undefined) trace.ids.add(id);
    trace.calls.push(call);
    this.calls++;
  }

  /** Said after each record: what it weighed. */
  weigh(bytes: number): void {
    if (this.latest === undefined) return;
    this.latest.bytes += bytes;
    this.bytes += bytes;
    if (this.calls <= this.callsMax && this.bytes <= heldBytesMax) return;
    // Some at once: a map is slow to find its first entry when many before it are gone.
    for (const trace of this.open.values()) {
      if (this.calls <= this.callsMax * 0.9 && this.bytes <= heldBytesMax * 0.9) break;
      this.settle(trace);
    }
  }

  end(): void {
    for (const trace of this.open.values()) this.settle(trace);
  }

  private settle(trace: Entry): void {
    this.open.delete(trace.key);
    if (this.latest === trace) this.latest = undefined;
    this.calls -= trace.calls.length;
    this.bytes -= trace.bytes;
    if (trace.hasRuns && this.settledWithRuns.size < heldCallsMax) this.settledWithRuns.add(trace.key);
    for (const { isProposal: _, parent, ...call } of this.choose(trace)) {
      const session = call.session ?? trace.session;
      this.sink.call({ ...call, trace: trace.key, session, agent: call.agent ?? agentOf(trace, parent) });
    }
  }
}

/** Model calls count only where no tool run is recorded: else they are the same calls, said before they were made. */
export function withoutRepeatedProposals(trace: HeldTrace): readonly HeldCall[] {
  return trace.hasRuns ? trace.calls.filter((call) => call.isProposal !== true) : trace.calls;
}

/** The calls in what a model answered in one run, with what tells them apart when their ids may come again. */
export function proposalsOf(
  answer: readonly unknown[],
  run: string | undefined,
  complain: Complaint,
): readonly { readonly call: FoundCall; readonly callId: string | undefined }[] {
  return turnsOf(answer, complain)
    .flatMap(({ calls }) => calls)
    .map((call, index) => {
      const place = run === undefined ? undefined : `${run}:${index}`;
      return { call, callId: call.id !== undefined && isUnique(call.id, call.tool) ? call.id : place };
    });
}

/** Spans are nested a few levels deep; more is a circle. */
const ancestorsMax = 256;

/** The agent of the nearest span above that is one of an agent. */
function agentOf(trace: HeldTrace, parent: string | undefined): string | undefined {
  let id = parent;
  for (let depth = 0; id !== undefined && depth < ancestorsMax; depth++) {
    const span = trace.spans.get(id);
    if (span?.agent !== undefined) return span.agent;
    id = span?.parent;
  }
  return undefined;
}
