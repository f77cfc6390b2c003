import { waitingDecisionsMax } from "../../../limits.js";
import { asText } from "../../json.js";
import type { TraceSink } from "../../reader.js";
import { parseTime } from "../../time.js";
import type { SpanTraces } from "../spans.js";
import { fields, parsedText, plainFields } from "./attributes.js";
import { argumentsOf, type SpanRecord, sessionOf, spanTime } from "./span-record.js";

/** A log record: the span record holds its ids, time and attributes. */
export interface EventRecord {
  /** Where the record names its event itself. */
  readonly eventName: string | undefined;
  readonly body: unknown;
}

/** Programs whose log events tell of tool calls. Claude Code leaves its own name out of `event.name`. */
const vendors = ["claude_code.", "codex.", "gemini_cli.", "qwen-code."] as const;
type Telling = "decision" | "result";
const tellings: ReadonlyMap<string, Telling> = new Map([
  ["tool_decision", "decision"],
  ["tool_result", "result"],
  ["tool_call", "result"],
]);

/** Events of a model's answer; what models were given before is history and no call. */
const answers: ReadonlySet<string> = new Set(["gen_ai.choice", "gen_ai.client.inference.operation.details"]);

/**
 * Log events that tell of tool calls: one call, though a decision and a result tell of it. A result takes away the decision
 * with its id; without ids, the oldest decision on that tool in that session, accepted and refused ones apart. A decision
 * that is left is a call, too: it was asked for. Beyond `waitingDecisionsMax` the oldest decisions wait no longer.
 */
export class ToolEvents {
  /** Decisions whose results are still to come, the oldest first. */
  private readonly waiting = new Map<string, Waiting[]>();
  private count = 0;

  constructor(
    private readonly inputName: string,
    private readonly sink: TraceSink,
    private readonly spans: SpanTraces,
    private readonly waitingMax = waitingDecisionsMax,
  ) {}

  /** Whether the event is one that is read here. */
  take(record: SpanRecord, event: EventRecord): boolean {
    const { attributes } = record;
    const name = event.eventName ?? attributes.text(plainFields.eventName) ?? asText(event.body);
    if (name === undefined) return false;
    if (answers.has(name)) {
      this.spans.takeAnswer(record, attributes.first(fields.outputs) ?? event.body);
      return true;
    }
    const vendor = vendors.find((each) => name.startsWith(each) || asText(event.body)?.startsWith(each) === true);
    const telling = tellings.get(vendor !== undefined && name.startsWith(vendor) ? name.slice(vendor.length) : name);
    const session = sessionOf(attributes);
    const known = vendor !== undefined || telling !== undefined;
    if (!known) return false;
    const trace = session ?? (record.traceId === "" ? `\u0000${this.inputName}` : record.traceId);
    const timeMs = spanTime(record.startTime) ?? parseTime(attributes.first(plainFields.eventTime));
    this.sink.trace(trace, { timeMs, agent: record.resource.service, id: trace.startsWith("\u0000") ? this.inputName : trace });
    if (telling !== undefined) this.tell(record, { trace, session, timeMs, telling });
    return true;
  }

  end(): void {
    for (const waiting of this.waiting.values()) for (const { emit } of waiting) emit();
    this.waiting.clear();
    this.count = 0;
  }

  private tell(record: SpanRecord, { trace, session, timeMs, telling }: Told): void {
    const { attributes, line } = record;
    const { tool, server } = namesOf(record);
    const callId = attributes.text(plainFields.eventCallId) ?? attributes.text(fields.callId);
    const sequence = attributes.first(plainFields.eventSequence);
    // The counter of the session tells a repeated export from a call that merely looks the same; it starts anew with each
    // process, hence the time.
    const isCounted = sequence !== undefined && session !== undefined && timeMs !== undefined;
    const place = isCounted ? `\u0000${String(sequence)}\u0000${timeMs}` : undefined;
    const args = argumentsOf(attributes);
    const { service } = record.resource;
    const refused = isRefused(attributes.text(plainFields.decision));
    const decision = refused && this.sink.decisions === true ? ("denied" as const) : undefined;
    const call = {
      trace,
      callId: callId ?? place,
      tool,
      server,
      args: args === undefined ? undefined : () => args,
      timeMs,
      agent: service,
      subagent: attributes.has(plainFields.subagentId),
      decision,
      line,
    };
    const emit = () => this.sink.call(call);
    // A decision may name the tool less exactly than the result, so that the name is no part of a key with an id.
    const like = `${tool}\u0000${refused}`;
    const key = `${trace}\u0000${callId ?? `\u0000${like}`}`;
    if (telling === "decision") this.wait(key, { tool, emit });
    else {
      this.matched(key, tool);
      emit();
    }
  }

  private wait(key: string, decision: Waiting): void {
    const waiting = this.waiting.get(key);
    if (waiting === undefined) this.waiting.set(key, [decision]);
    else waiting.push(decision);
    if (++this.count <= this.waitingMax) return;
    const [oldest] = this.waiting.entries();
    if (oldest === undefined) return;
    this.waiting.delete(oldest[0]);
    this.count -= oldest[1].length;
    for (const { emit } of oldest[1]) emit();
  }

  private matched(key: string, tool: string): void {
    const waiting = this.waiting.get(key);
    const at = waiting?.findIndex((decision) => isLike(decision.tool, tool)) ?? -1;
    if (waiting === undefined || at === -1) return;
    this.count--;
    if (waiting.length === 1) this.waiting.delete(key);
    else waiting.splice(at, 1);
  }
}

/** A decision that waits for its result. */
interface Waiting {
  readonly tool: string;
  readonly emit: () => void;
}

/** Whether a decision can be on the tool of a result: one of another name is a call of its own, whatever its id (R2). */
function isLike(decided: string, tool: string): boolean {
  return decided === tool || decided === "mcp_tool" || tool === "mcp_tool" || decided.endsWith(tool) || tool.endsWith(decided);
}

interface Told {
  readonly trace: string;
  readonly session: string | undefined;
  readonly timeMs: number | undefined;
  readonly telling: Telling;
}

function isRefused(decision: string | undefined): boolean {
  return decision === "reject" || decision === "denied" || decision === "abort";
}

/** MCP calls may be named `mcp_tool` only, with the real names among the parameters. */
function namesOf(record: SpanRecord): { tool: string; server: string | undefined } {
  const { attributes } = record;
  const value = attributes.first(plainFields.eventTool) ?? attributes.first(fields.toolName);
  const tool = typeof value === "string" ? value : "";
  const server = attributes.text(fields.mcpServer);
  const parameters = parsedText(attributes.first(plainFields.eventParameters));
  if (server !== undefined || typeof parameters !== "object" || parameters === null) return { tool, server };
  const { mcp_server_name: named, mcp_tool_name: inner } = parameters as Record<string, unknown>;
  if (typeof named !== "string" || typeof inner !== "string" || tool.startsWith("mcp__")) return { tool, server };
  return { tool: inner, server: named };
}
