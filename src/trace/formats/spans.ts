import { openSpanBytesMax, toolAncestorsMax } from "../../limits.js";
import type { CallRecord, TraceSink } from "../reader.js";
import { fields, plainFields } from "./otel/attributes.js";
import { answersAmong, callsInFlatKeys, callsInMessages, type ProposedCall } from "./otel/proposals.js";
import {
  argumentsOf,
  callIdOf,
  isClaudeCode,
  kindOf,
  type SpanKind,
  type SpanRecord,
  type SpanResource,
  sessionOf,
  spanTime,
  toolOf,
} from "./otel/span-record.js";

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

  constructor(
    private readonly inputName: string,
    private readonly sink: TraceSink,
    private readonly bytesMax = openSpanBytesMax,
  ) {}

  /** Takes what the record says; the record may be filled anew afterwards. */
  take(span: SpanRecord): void {
    const trace = this.traceOf(span.traceId);
    const kind = kindOf(span);
    const node = nodeOf(span, kind);
    let bytes = spanBytes;
    if (kind === "tool" || span.attributes.concernsAgents) this.concern(trace, span);
    if (kind === "tool") {
      const call = callOf(span, node);
      trace.calls.push(call);
      trace.proposals.length = 0;
      bytes += bytesOf(call.args);
    } else if (trace.calls.length === 0 && span.attributes.concernsAgents) bytes += this.propose(trace, span, node);
    if (node.agentName !== undefined && trace.agentNode === undefined) trace.agentNode = node;
    // A span that comes again is taken for the first one; its call is told apart from that one's by the ids it carries.
    if (span.spanId !== "" && !trace.nodes.has(span.spanId)) trace.nodes.set(span.spanId, node);
    this.weigh(trace, bytes);
  }

  /** The answer of a model in an event: `parentSpanId` of the record is the span the event stands in, `spanId` is empty. */
  takeAnswer(span: SpanRecord, messages: unknown): void {
    const trace = this.traceOf(span.traceId);
    this.concern(trace, span);
    if (trace.calls.length > 0) return;
    const node = nodeOf(span, "other");
    const found = callsInMessages(messages);
    this.addProposals(trace, span, node, found, false);
    this.weigh(trace, found.length * spanBytes);
  }

  end(): void {
    for (const trace of this.open.values()) this.settle(trace);
    this.open.clear();
    this.latest = undefined;
    this.bytes = 0;
  }

  private traceOf(id: string): OpenTrace {
    // Spans without a trace id belong to the input; no id starts with NUL.
    const key = id === "" ? `\u0000${this.inputName}` : id;
    if (this.latest?.key === key) return this.latest;
    let trace = this.open.get(key);
    if (trace === undefined) {
      trace = {
        key,
        id: id === "" ? this.inputName : id,
        nodes: new Map(),
        calls: [],
        proposals: [],
        agentNode: undefined,
        known: false,
        bytes: 0,
      };
    } else this.open.delete(key);
    this.open.set(key, trace);
    this.latest = trace;
    return trace;
  }

  /** Returns what the calls weigh. */
  private propose(trace: OpenTrace, span: SpanRecord, node: SpanNode): number {
    const { attributes } = span;
    const found: ProposedCall[] = [...callsInFlatKeys(attributes.flat), ...attributes.answers.flatMap(callsInMessages)];
    if (attributes.has(fields.outputs)) found.push(...callsInMessages(attributes.first(fields.outputs)));
    if (attributes.has(fields.logfireEvents)) {
      found.push(...callsInMessages(answersAmong(attributes.first(fields.logfireEvents))));
    }
    // The span of an agent, or the outer span of Vercel AI, repeats what its steps say.
    const operation = attributes.text(fields.vercelOperation);
    const outer = node.kind === "agent" || (operation !== undefined && !operation.includes(".do"));
    this.addProposals(trace, span, node, found, outer);
    return found.length * spanBytes;
  }

  private addProposals(
    trace: OpenTrace,
    { startTime, line }: SpanRecord,
    node: SpanNode,
    found: readonly ProposedCall[],
    outer: boolean,
  ): void {
    found.forEach((call, index) => {
      trace.proposals.push({ ...call, node, index, outer, timeMs: spanTime(startTime), line });
    });
  }

  /** Traces that have nothing to do with agents, as a collector holds many, are not made known. */
  private concern(trace: OpenTrace, span: SpanRecord): void {
    if (trace.known) return;
    trace.known = true;
    this.sink.trace(trace.key, { timeMs: spanTime(span.startTime), id: trace.id });
  }

  private weigh(trace: OpenTrace, bytes: number): void {
    trace.bytes += bytes;
    this.bytes += bytes;
    while (this.bytes > this.bytesMax) {
      const [oldest] = this.open.values();
      if (oldest === undefined) return;
      this.settle(oldest);
      this.open.delete(oldest.key);
      this.bytes -= oldest.bytes;
      if (this.latest === oldest) this.latest = undefined;
    }
  }

  private settle(trace: OpenTrace): void {
    if (!trace.known) return;
    for (const call of trace.calls) inherit(trace, call.node);
    const kept = trace.calls.filter((call) => !isMerged(call));
    if (trace.agentNode !== undefined) inherit(trace, trace.agentNode);
    const named = trace.agentNode?.belowTool === false ? trace.agentNode.rootAgent : undefined;
    const agent = named ?? (kept[0] === undefined ? undefined : agentOf(kept[0].node));
    this.sink.trace(trace.key, { agent, id: trace.id });
    for (const call of kept) this.sink.call(recordOf(trace, call));
    if (trace.calls.length === 0) this.settleProposals(trace);
  }

  private settleProposals(trace: OpenTrace): void {
    const inner = trace.proposals.filter((proposal) => !proposal.outer);
    for (const { node, tool, callId, index, timeMs, line } of inner.length > 0 ? inner : trace.proposals) {
      inherit(trace, node);
      const place = node.spanId === "" ? undefined : `\u0000${node.spanId}\u0000${index}`;
      this.sink.call({
        trace: trace.key,
        callId: callId ?? place,
        tool,
        timeMs,
        agent: agentOf(node),
        session: sessionOfNode(node),
        subagent: node.delegated,
        line,
      });
    }
  }
}

/** What is kept of a span, apart from the text of its arguments: the node, its entry, its ids. */
const spanBytes = 400;

interface OpenTrace {
  readonly key: string;
  readonly id: string;
  readonly nodes: Map<string, SpanNode>;
  readonly calls: OpenCall[];
  readonly proposals: OpenProposal[];
  /** The first span that names an agent. */
  agentNode: SpanNode | undefined;
  known: boolean;
  bytes: number;
}

/** A span in its trace. What it takes over from its ancestors is filled in when the trace is decided. */
interface SpanNode {
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly kind: SpanKind;
  readonly call: OpenCall | undefined;
  state: "new" | "entered" | "done";
  /** The nearest ancestor that is no `other` span. */
  above: SpanNode | undefined;
  agentName: string | undefined;
  agentId: string | undefined;
  functionId: string | undefined;
  /** The outermost name of an agent. */
  rootAgent: string | undefined;
  session: string | undefined;
  readonly resource: SpanResource;
  /** Below a tool span. */
  belowTool: boolean;
  /** Below the span of an agent or model that is itself below a tool span. */
  delegated: boolean;
}

interface OpenCall {
  readonly node: SpanNode;
  tool: string;
  readonly named: boolean;
  readonly callId: string | undefined;
  /** An MCP client or server span. */
  readonly isMcp: boolean;
  server: string | undefined;
  readonly args: unknown;
  readonly timeMs: number | undefined;
  /** Set where the ids of calls are unique in the session, not only in the trace. */
  readonly scope: string | undefined;
  readonly line: number;
  /** Span ids of the same call. */
  readonly aliases: string[];
}

interface OpenProposal extends ProposedCall {
  readonly node: SpanNode;
  readonly index: number;
  /** Repeats what inner spans say, if there are any. */
  readonly outer: boolean;
  readonly timeMs: number | undefined;
  readonly line: number;
}

function nodeOf(span: SpanRecord, kind: SpanKind): SpanNode & { call: OpenCall | undefined } {
  const { attributes } = span;
  const known = attributes.concernsAgents;
  return {
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    kind,
    call: undefined,
    state: "new",
    above: undefined,
    agentName: known || kind === "agent" ? agentNameOf(span, kind) : undefined,
    agentId: known ? attributes.text(fields.agentId) : undefined,
    functionId: known ? attributes.text(fields.functionId) : undefined,
    rootAgent: undefined,
    session: sessionOf(attributes),
    resource: span.resource,
    belowTool: false,
    delegated: attributes.has(plainFields.subagentId) && isClaudeCode(span),
  };
}

function agentNameOf(span: SpanRecord, kind: SpanKind): string | undefined {
  const named = span.attributes.text(fields.agentName);
  if (named !== undefined || kind !== "agent") return named;
  if (span.name.startsWith("invoke_agent ")) return span.name.slice("invoke_agent ".length);
  return span.attributes.text(plainFields.entityName);
}

function callOf(span: SpanRecord, node: SpanNode & { call: OpenCall | undefined }): OpenCall {
  const { attributes } = span;
  const { tool, named } = toolOf(span);
  const call = {
    node,
    tool,
    named,
    callId: callIdOf(span),
    isMcp: attributes.text(fields.mcpMethod) === "tools/call",
    server: attributes.text(fields.mcpServer),
    args: argumentsOf(attributes),
    timeMs: spanTime(span.startTime),
    scope: isClaudeCode(span) ? sessionOfNode(node) : undefined,
    line: span.line,
    aliases: span.spanId === "" ? [] : [`\u0000${span.spanId}`],
  };
  node.call = call;
  return call;
}

function bytesOf(args: unknown): number {
  return typeof args === "string" ? args.length : args === undefined ? 0 : 4 * spanBytes;
}

/** Gives a span what its ancestors say. Every span is visited once; a cycle of parents is cut where it was entered. */
function inherit(trace: OpenTrace, node: SpanNode): void {
  const path: SpanNode[] = [];
  let at: SpanNode | undefined = node;
  while (at !== undefined && at.state === "new") {
    at.state = "entered";
    path.push(at);
    at = at.parentSpanId === "" ? undefined : trace.nodes.get(at.parentSpanId);
  }
  let parent = at?.state === "done" ? at : undefined;
  for (let i = path.length - 1; i >= 0; i--) {
    const each = path[i]!;
    if (parent !== undefined) take(each, parent);
    each.rootAgent ??= each.agentName;
    each.state = "done";
    parent = each;
  }
}

function take(node: SpanNode, parent: SpanNode): void {
  node.above = parent.kind === "other" ? parent.above : parent;
  node.agentName ??= parent.agentName;
  node.agentId ??= parent.agentId;
  node.functionId ??= parent.functionId;
  node.rootAgent = parent.rootAgent;
  node.session ??= parent.session;
  node.belowTool = parent.belowTool || parent.kind === "tool";
  node.delegated ||= parent.delegated || (parent.belowTool && (parent.kind === "agent" || parent.kind === "model"));
}

/** Whether the call is one with that of a tool span above, which then gets what only this one knows. */
function isMerged(inner: OpenCall): boolean {
  let above = inner.node.above;
  for (let steps = 0; above?.kind === "tool" && steps < toolAncestorsMax; steps++) {
    const outer = above.call!;
    if (isSameCall(inner, outer)) {
      if (outer.tool === "") outer.tool = inner.tool;
      if (!outer.tool.startsWith("mcp__")) outer.server ??= inner.server;
      if (outer.aliases.length < toolAncestorsMax) outer.aliases.push(...inner.aliases);
      return true;
    }
    above = above.above;
  }
  return false;
}

function isSameCall(inner: OpenCall, outer: OpenCall): boolean {
  const bothIds = inner.callId !== undefined && outer.callId !== undefined;
  if (bothIds && inner.callId !== outer.callId) return false;
  if (inner.tool === outer.tool || inner.tool === "" || outer.tool === "") return true;
  if (bothIds && !inner.named) return true;
  return (inner.isMcp || outer.isMcp) && (endsWithName(outer.tool, inner.tool) || endsWithName(inner.tool, outer.tool));
}

const separators = "_-./:";

/** Whether a name is another one behind the name of a server. */
function endsWithName(long: string, short: string): boolean {
  return long.length > short.length && long.endsWith(short) && separators.includes(long[long.length - short.length - 1]!);
}

function agentOf(node: SpanNode): string | undefined {
  return node.agentName ?? node.agentId ?? node.functionId ?? node.resource.agent ?? node.resource.service;
}

function sessionOfNode(node: SpanNode): string | undefined {
  return node.session ?? node.resource.session;
}

function recordOf(trace: OpenTrace, call: OpenCall): CallRecord {
  const { node, args, callId } = call;
  const ids = callId === undefined ? call.aliases : [callId, ...call.aliases];
  return {
    trace: trace.key,
    callId: ids[0],
    aliases: ids.length > 1 ? ids.slice(1) : undefined,
    scope: call.scope,
    tool: call.tool,
    server: call.server,
    args: args === undefined ? undefined : () => args,
    timeMs: call.timeMs,
    agent: agentOf(node),
    session: sessionOfNode(node),
    subagent: node.delegated,
    line: call.line,
  };
}
