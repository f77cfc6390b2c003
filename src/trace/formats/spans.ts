import { openSpanBytesMax } from "../../limits.js";
import type { TraceSink } from "../reader.js";
import { fields } from "./otel/attributes.js";
import { answersAmong, callsInFlatKeys, callsInMessages, type ProposedCall } from "./otel/proposals.js";
import { agentOf, isMerged, ownId, recordOf, sessionOfNode } from "./otel/span-calls.js";
import { factsOf, type SpanFacts } from "./otel/span-facts.js";
import { argumentsOf, callIdOf, type SpanRecord, sessionOf, spanTime } from "./otel/span-record.js";
import { SpanRows } from "./otel/span-rows.js";
import { type OpenCall, SpanTree } from "./otel/span-tree.js";

/**
 * From spans to calls, for every format of spans. A trace is a trace id. Of a trace with tool spans those are the calls;
 * of a trace without any, what the models asked for.
 *
 * A tool span below another is the same call when both name one tool (an MCP client span below the span of the tool it
 * serves), their call ids do not differ, and no span of an agent or a model stands between. Otherwise it is a call of its
 * own: what a subagent calls, or a tool that uses others, must not hide.
 *
 * A child may stand before its parent, so that a trace is decided when its input ends. Open traces are bounded by
 * `openSpanBytesMax`: beyond it the one whose latest span is the oldest is decided with what is known. A nested span that
 * comes later than that is counted by itself unless an id shows it to be known: rather one too many than one hidden.
 */
export class SpanTraces {
  /** The least recently extended first. */
  private readonly open = new Map<string, OpenTrace>();
  private latest: OpenTrace | undefined;
  private bytes = 0;
  private table = new Int32Array(64);

  constructor(
    private readonly inputName: string,
    private readonly sink: TraceSink,
    private readonly bytesMax = openSpanBytesMax,
  ) {}

  /** Takes what the record says; the record may be filled anew afterwards. */
  take(span: SpanRecord): void {
    const trace = this.traceOf(span.traceId);
    const facts = factsOf(span);
    const row = trace.rows.add(facts, sessionOf(span.attributes), span.spanId, span.parentSpanId);
    const isTool = facts.kind === "tool";
    if (isTool || facts.concernsAgents) this.concern(trace, spanTime(span.startTime));
    let bytes = spanBytes;
    if (isTool) {
      const args = argumentsOf(span.attributes);
      addCall(trace, row, callIdOf(span), args, spanTime(span.startTime), span.line);
      bytes += bytesOf(args);
    } else if (trace.calls.rows.length === 0 && facts.concernsAgents) bytes += this.propose(trace, span, row, facts);
    this.noteAgent(trace, row, facts);
    this.weigh(trace, bytes);
  }

  /** The trace that a span goes to which says no more than its facts, or makes a call. */
  traceOfCut(id: string): OpenTrace {
    return this.traceOf(id);
  }

  /** Whether the proposals of a span would be kept. */
  wantsProposals(id: string): boolean {
    return this.traceOf(id).calls.rows.length === 0;
  }

  /**
   * Takes a span without a `SpanRecord`: its row has just been added to the trace. It proposes no calls, or `wantsProposals`
   * is false.
   */
  takeRow(
    trace: OpenTrace,
    row: number,
    facts: SpanFacts,
    timeMs: number | undefined,
    callId: string | undefined,
    args: unknown,
    line: number,
  ): void {
    const isTool = facts.kind === "tool";
    if (!trace.known && (isTool || facts.concernsAgents)) this.concern(trace, timeMs);
    if (isTool) addCall(trace, row, callId, args, timeMs, line);
    this.noteAgent(trace, row, facts);
    this.weigh(trace, isTool ? spanBytes + bytesOf(args) : spanBytes);
  }

  /** The answer of a model in an event: `parentSpanId` of the record is the span the event stands in, `spanId` is empty. */
  takeAnswer(span: SpanRecord, messages: unknown): void {
    const trace = this.traceOf(span.traceId);
    this.concern(trace, spanTime(span.startTime));
    if (trace.calls.rows.length > 0) return;
    const row = trace.rows.add(factsOf(span, "other"), sessionOf(span.attributes), "", span.parentSpanId);
    const found = callsInMessages(messages);
    this.addProposals(trace, span, row, found, false);
    this.weigh(trace, found.length * spanBytes);
  }

  end(): void {
    for (const trace of this.open.values()) this.settle(trace);
    this.open.clear();
    this.latest = undefined;
    this.bytes = 0;
  }

  private traceOf(id: string): OpenTrace {
    if (this.latest?.id === id) return this.latest;
    // Spans without a trace id belong to the input; no id starts with NUL.
    const key = id === "" ? `\u0000${this.inputName}` : id;
    let trace = this.open.get(key);
    if (trace === undefined) trace = newTrace(key, id, id === "" ? this.inputName : id);
    else this.open.delete(key);
    this.open.set(key, trace);
    this.latest = trace;
    return trace;
  }

  private noteAgent(trace: OpenTrace, row: number, facts: SpanFacts): void {
    if (facts.agentName !== undefined && trace.agentRow === -1) trace.agentRow = row;
  }

  /** Returns what the calls weigh. */
  private propose(trace: OpenTrace, span: SpanRecord, row: number, facts: SpanFacts): number {
    const { attributes } = span;
    const found: ProposedCall[] = [...callsInFlatKeys(attributes.flat), ...attributes.answers.flatMap(callsInMessages)];
    if (attributes.has(fields.outputs)) found.push(...callsInMessages(attributes.first(fields.outputs)));
    if (attributes.has(fields.logfireEvents)) {
      found.push(...callsInMessages(answersAmong(attributes.first(fields.logfireEvents))));
    }
    // The span of an agent, or the outer span of Vercel AI, repeats what its steps say.
    const operation = attributes.text(fields.vercelOperation);
    const outer = facts.kind === "agent" || (operation !== undefined && !operation.includes(".do"));
    this.addProposals(trace, span, row, found, outer);
    return found.length * spanBytes;
  }

  private addProposals(
    trace: OpenTrace,
    { startTime, line }: SpanRecord,
    row: number,
    found: readonly ProposedCall[],
    outer: boolean,
  ): void {
    found.forEach((call, index) => {
      trace.proposals.push({ ...call, row, index, outer, timeMs: spanTime(startTime), line });
    });
  }

  /** Traces that have nothing to do with agents, as a collector holds many, are not made known. */
  private concern(trace: OpenTrace, timeMs: number | undefined): void {
    if (trace.known) return;
    trace.known = true;
    this.sink.trace(trace.key, { timeMs, id: trace.shownId });
  }

  private weigh(trace: OpenTrace, bytes: number): void {
    trace.bytes += bytes;
    this.bytes += bytes;
    if (this.bytes <= this.bytesMax) return;
    // Some at once: a map is slow to find its first entry when many before it are gone.
    for (const oldest of this.open.values()) {
      if (this.bytes <= this.bytesMax * 0.9) return;
      this.settle(oldest);
      this.open.delete(oldest.key);
      this.bytes -= oldest.bytes;
      if (this.latest === oldest) this.latest = undefined;
    }
  }

  private settle(trace: OpenTrace): void {
    if (!trace.known) return;
    const tree = new SpanTree(trace.rows, this.emptyTable(trace.rows.facts.length));
    const calls = callsOf(trace, tree);
    for (const call of calls) tree.inherit(call.node);
    const kept = calls.filter((call) => !isMerged(call));
    this.sink.trace(trace.key, { agent: agentOfTrace(trace, tree, kept[0]), id: trace.shownId });
    for (const call of kept) this.sink.call(recordOf(trace.key, call));
    if (calls.length === 0) this.settleProposals(trace, tree);
  }

  private settleProposals(trace: OpenTrace, tree: SpanTree): void {
    const inner = trace.proposals.filter((proposal) => !proposal.outer);
    for (const { row, tool, callId, index, timeMs, line } of inner.length > 0 ? inner : trace.proposals) {
      const node = tree.node(row);
      tree.inherit(node);
      const alias = trace.rows.alias(row);
      this.sink.call({
        trace: trace.key,
        callId: ownId(callId, tool) ?? (alias === undefined ? undefined : `${alias}\u0000${index}`),
        tool,
        timeMs,
        agent: agentOf(node),
        session: sessionOfNode(node),
        subagent: node.delegated,
        line,
      });
    }
  }

  /** All zero, a power of two of slots, at least twice as many as rows. */
  private emptyTable(rows: number): Int32Array {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(32, rows) * 2));
    if (this.table.length < slots) this.table = new Int32Array(slots);
    return this.table.subarray(0, slots).fill(0);
  }
}

/** What is kept of a span, apart from the text of its arguments: its row, its call, its ids. */
const spanBytes = 400;

export interface OpenTrace {
  readonly key: string;
  /** As spans have it. */
  readonly id: string;
  readonly shownId: string;
  readonly rows: SpanRows;
  readonly calls: CallColumns;
  readonly proposals: OpenProposal[];
  /** The first span that names an agent, or -1. */
  agentRow: number;
  known: boolean;
  bytes: number;
}

/** The calls of tool spans, one a position: an object each would be copied twice by the collector before it dies. */
interface CallColumns {
  readonly rows: number[];
  readonly ids: (string | undefined)[];
  readonly args: unknown[];
  /** NaN when absent. */
  readonly timeMs: number[];
  readonly lines: number[];
}

interface OpenProposal extends ProposedCall {
  readonly row: number;
  readonly index: number;
  /** Repeats what inner spans say, if there are any. */
  readonly outer: boolean;
  readonly timeMs: number | undefined;
  readonly line: number;
}

function newTrace(key: string, id: string, shownId: string): OpenTrace {
  const calls = { rows: [], ids: [], args: [], timeMs: [], lines: [] };
  return { key, id, shownId, rows: new SpanRows(), calls, proposals: [], agentRow: -1, known: false, bytes: 0 };
}

function addCall(
  { calls, proposals }: OpenTrace,
  row: number,
  callId: string | undefined,
  args: unknown,
  timeMs: number | undefined,
  line: number,
): void {
  calls.rows.push(row);
  calls.ids.push(callId);
  calls.args.push(args);
  calls.timeMs.push(timeMs ?? Number.NaN);
  calls.lines.push(line);
  if (proposals.length > 0) proposals.length = 0;
}

function callsOf({ rows, calls }: OpenTrace, tree: SpanTree): OpenCall[] {
  return calls.rows.map((row, i) => {
    const node = tree.node(row);
    const facts = node.facts.tool!;
    const alias = rows.alias(row);
    const timeMs = calls.timeMs[i]!;
    const call: OpenCall = {
      node,
      facts,
      tool: facts.tool,
      server: facts.server,
      callId: calls.ids[i],
      // What the span itself says: what it takes over is known later.
      scope: facts.scopedBySession ? (rows.sessions[row] ?? node.facts.resource.session) : undefined,
      aliases: alias === undefined ? [] : [alias],
      args: calls.args[i],
      timeMs: Number.isNaN(timeMs) ? undefined : timeMs,
      line: calls.lines[i]!,
    };
    node.call = call;
    return call;
  });
}

function agentOfTrace({ agentRow }: OpenTrace, tree: SpanTree, first: OpenCall | undefined): string | undefined {
  if (agentRow !== -1) {
    const node = tree.node(agentRow);
    tree.inherit(node);
    if (!node.belowTool && node.rootAgent !== undefined) return node.rootAgent;
  }
  return first === undefined ? undefined : agentOf(first.node);
}

function bytesOf(args: unknown): number {
  return typeof args === "string" ? args.length : args === undefined ? 0 : 4 * spanBytes;
}
