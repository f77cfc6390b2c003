import { asToolName } from "../../json.js";
import { parseTime } from "../../time.js";
import { fields, KnownAttributes, plainFields } from "./attributes.js";

/** One span, whatever wrote it. Readers fill one record again and again; who takes it copies what is kept. */
export interface SpanRecord {
  /** Lower-case hex, or as the file has it; empty when absent. */
  traceId: string;
  spanId: string;
  /** Empty for a root. */
  parentSpanId: string;
  name: string;
  /** As the format writes it; looked at only when needed. */
  startTime: unknown;
  line: number;
  readonly attributes: KnownAttributes;
  /** Of the program that made the span. */
  resource: SpanResource;
}

export interface SpanResource {
  readonly service: string | undefined;
  readonly session: string | undefined;
  readonly agent: string | undefined;
}

export const noResource: SpanResource = { service: undefined, session: undefined, agent: undefined };

export function blankSpan(): SpanRecord {
  const attributes = new KnownAttributes();
  const ids = { traceId: "", spanId: "", parentSpanId: "" };
  return { ...ids, name: "", startTime: undefined, line: 0, attributes, resource: noResource };
}

/** `attributes` of a resource; the placeholder that SDKs give to services without a name is no name. */
export function resourceOf(attributes: KnownAttributes, serviceName?: string | undefined): SpanResource {
  const service = attributes.text(plainFields.service) ?? serviceName;
  return {
    service: service?.startsWith("unknown_service") === true ? undefined : service,
    session: sessionOf(attributes),
    agent: attributes.text(fields.agentName) ?? attributes.text(fields.agentId),
  };
}

export function sessionOf(attributes: KnownAttributes): string | undefined {
  return attributes.text(fields.conversation) ?? attributes.text(plainFields.session);
}

/** Below the span of an agent or a model, calls are calls of their own. */
export type SpanKind = "tool" | "agent" | "model" | "other";

const agentOperations: ReadonlySet<string> = new Set(["invoke_agent", "create_agent", "invoke_workflow"]);
const modelOperations: ReadonlySet<string> = new Set(["chat", "generate_content", "text_completion", "completion"]);
const toolKinds: ReadonlySet<string> = new Set(["tool", "tool_call", "mcp_tool_call", "tool.v2"]);

/** What the names of tool spans start with. */
const toolPrefixes = ["execute_tool ", "running tool: ", "tools/call "] as const;
const claudeCodeTool = "claude_code.tool";

export function kindOf(span: SpanRecord): SpanKind {
  const { attributes } = span;
  const operation = attributes.text(fields.operation);
  const kind = (attributes.text(fields.openInferenceKind) ?? attributes.text(fields.traceloopKind))?.toLowerCase();
  if (isResponsesJoined(span)) return "other";
  if (operation === "execute_tool" || kind === "tool" || isOtherTool(span)) return "tool";
  if (kind === "agent" || (operation !== undefined && agentOperations.has(operation))) return "agent";
  if (kind === "llm" || (operation !== undefined && modelOperations.has(operation))) return "model";
  if (kind === "workflow") return "agent";
  return attributes.has(fields.model) || attributes.has(fields.vercelOperation) ? "model" : "other";
}

/** Google's ADK adds a span for the joined responses of parallel calls, which have spans of their own. */
function isResponsesJoined({ name, attributes }: SpanRecord): boolean {
  // No tool brings both about by its own name.
  return name === "execute_tool (merged)" && attributes.text(fields.toolName) === "(merged tools)";
}

function isOtherTool(span: SpanRecord): boolean {
  const { attributes } = span;
  if (attributes.concernsAgents) {
    if (attributes.has(fields.toolMark) || attributes.text(fields.mcpMethod) === "tools/call") return true;
    if (attributes.text(fields.vercelOperation) === "ai.toolCall") return true;
    const kind = attributes.text(fields.otherKind) ?? attributes.text(fields.genkitKind);
    if (kind !== undefined && toolKinds.has(kind.toLowerCase())) return true;
  }
  return span.name === claudeCodeTool || toolPrefixes.some((prefix) => span.name.startsWith(prefix));
}

export interface ToolIdentity {
  /** As the span names it; empty when what stands there is not a string. */
  readonly tool: string;
  /** False: nothing names the tool, and `tool` is the name of the span. */
  readonly named: boolean;
}

/**
 * The tool of a tool span: the first of `gen_ai.tool.name`, `genkit:name`, `logfire.msg` after `running tool: `, the tool
 * names of Vercel AI, OpenInference and others, Claude Code's `tool_name`, `traceloop.entity.name`, and the name of the
 * span without what precedes the tool in it.
 */
export function toolOf(span: SpanRecord): ToolIdentity {
  const { attributes } = span;
  const value = attributes.first(fields.toolName) ?? attributes.first(fields.genkitName);
  if (value !== undefined && value !== "") return { tool: asToolName(value), named: true };
  const logfire = withoutPrefix(attributes.text(fields.logfireMessage) ?? "");
  if (logfire !== undefined) return { tool: logfire, named: true };
  const other = attributes.first(fields.otherToolName);
  if (other !== undefined && other !== "") return { tool: asToolName(other), named: true };
  const plain = span.name.startsWith(claudeCodeTool) ? attributes.text(plainFields.eventTool) : undefined;
  const named = plain ?? attributes.text(plainFields.entityName) ?? withoutPrefix(span.name);
  return named === undefined ? { tool: span.name, named: false } : { tool: named, named: true };
}

function withoutPrefix(name: string): string | undefined {
  const prefix = toolPrefixes.find((each) => name.startsWith(each));
  return prefix === undefined || name.length === prefix.length ? undefined : name.slice(prefix.length);
}

/** The id the model gave to the call. */
export function callIdOf(span: SpanRecord): string | undefined {
  const id = span.attributes.text(fields.callId);
  return id ?? (span.name === claudeCodeTool ? span.attributes.text(plainFields.eventCallId) : undefined);
}

export function isClaudeCode(span: SpanRecord): boolean {
  return span.name === claudeCodeTool;
}

/** What the call was given: JSON text or JSON. */
export function argumentsOf(attributes: KnownAttributes): unknown {
  return attributes.first(fields.arguments) ?? attributes.first(plainFields.arguments) ?? attributes.first(plainFields.input);
}

const nanoseconds = /^\d{19}$/;

/** Epoch milliseconds of a time in any of the ways spans have them, `[seconds, nanoseconds]` among them. */
export function spanTime(value: unknown): number | undefined {
  if (typeof value === "string" && nanoseconds.test(value)) return Number(value.slice(0, 13));
  if (Array.isArray(value) && value.length === 2) {
    const [seconds, nanos] = value as readonly unknown[];
    if (typeof seconds !== "number" || typeof nanos !== "number" || !(seconds > 0)) return undefined;
    return seconds * 1000 + Math.floor(nanos / 1e6);
  }
  // A number of this size is a multiple of 256 nanoseconds, and may stand just below the millisecond it was.
  if (typeof value === "number" && value >= 1e17 && value < 1e20) return Math.floor(value / 1e6 + 0.0003);
  return parseTime(value);
}

/** Hex ids in lower case, base64 ones as hex, `0x` and ids of zeros taken away; what is no text is the empty id. */
export function spanIdOf(value: unknown): string {
  if (typeof value !== "string" || value === "") return "";
  if (plainHex.test(value)) return zeros.test(value) ? "" : value;
  if (base64Id.test(value)) return spanIdOf(Buffer.from(value, "base64").toString("hex"));
  if (value.startsWith("0x") || value.startsWith("0X")) return spanIdOf(value.slice(2));
  return anyHex.test(value) ? spanIdOf(value.toLowerCase()) : value;
}

const plainHex = /^[0-9a-f]+$/;
const anyHex = /^[0-9a-fA-F]+$/;
const zeros = /^0+$/;
/** 16 or 8 bytes: nothing else in base64 is as long and ends like that. */
const base64Id = /^(?:[A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{11}=)$/;
