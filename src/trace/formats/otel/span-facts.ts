import { fields, plainFields } from "./attributes.js";
import { isClaudeCode, kindOf, type SpanKind, type SpanRecord, type SpanResource, toolOf } from "./span-record.js";

/**
 * What a span says of itself apart from its ids, its time, its session and the call's own values. Spans that say the same may share one
 * of these: nothing in it changes.
 */
export interface SpanFacts {
  readonly kind: SpanKind;
  /** The span makes its trace one of an agent. */
  readonly concernsAgents: boolean;
  readonly agentName: string | undefined;
  readonly agentId: string | undefined;
  readonly functionId: string | undefined;
  readonly resource: SpanResource;
  /** Called by a subagent, as the span itself says. */
  readonly delegated: boolean;
  /** Of a tool span. */
  readonly tool: ToolFacts | undefined;
}

export interface ToolFacts {
  readonly tool: string;
  readonly named: boolean;
  /** An MCP client or server span. */
  readonly isMcp: boolean;
  readonly server: string | undefined;
  /** The ids of calls are unique in the session, not only in the trace. */
  readonly scopedBySession: boolean;
}

export function factsOf(span: SpanRecord, kind: SpanKind = kindOf(span)): SpanFacts {
  const { attributes, resource } = span;
  const known = attributes.concernsAgents;
  return {
    kind,
    concernsAgents: known,
    agentName: known || kind === "agent" ? agentNameOf(span, kind) : undefined,
    agentId: known ? attributes.text(fields.agentId) : undefined,
    functionId: known ? attributes.text(fields.functionId) : undefined,
    resource,
    delegated: attributes.has(plainFields.subagentId) && isClaudeCode(span),
    tool: kind === "tool" ? toolFactsOf(span) : undefined,
  };
}

function toolFactsOf(span: SpanRecord): ToolFacts {
  const { attributes } = span;
  return {
    ...toolOf(span),
    isMcp: attributes.text(fields.mcpMethod) === "tools/call",
    server: attributes.text(fields.mcpServer),
    scopedBySession: isClaudeCode(span),
  };
}

function agentNameOf(span: SpanRecord, kind: SpanKind): string | undefined {
  const named = span.attributes.text(fields.agentName);
  if (named !== undefined || kind !== "agent") return named;
  if (span.name.startsWith("invoke_agent ")) return span.name.slice("invoke_agent ".length);
  return span.attributes.text(plainFields.entityName);
}
