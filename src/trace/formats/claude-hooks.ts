import { decisionOf } from "../decided.js";
import { asObject, asText, asToolName, firstRecords, type JsonObject, recordsIn } from "../json.js";
import type { CallDecision, InputMeta, Probe, RawRecord, RecordReader, TraceFormat, TraceSink } from "../reader.js";
import { parseTime } from "../time.js";

/**
 * What a coding agent hands to its hooks, logged one record per event: Claude Code's PreToolUse and its relatives
 * (`preToolUse`, `BeforeTool`). A trace is a session. The events before and after a tool ran are one call.
 */
export const claudeHooks: TraceFormat = {
  id: "claude-hooks",
  title: "hook events of Claude Code",
  detect,
  open: (input, sink) => new HookReader(input, sink),
};

function detect(probe: Probe): number {
  let score = 0;
  for (const record of firstRecords(probe.records)) {
    if (asText(record["hook_event_name"]) !== undefined && sessionOf(record) !== undefined) return 1;
    // Some loggers keep only what a decision needs.
    const trimmed = Object.hasOwn(record, "tool_name") && Object.hasOwn(record, "tool_input");
    if (trimmed && asText(record["transcript_path"]) !== undefined) score = 0.9;
  }
  return score;
}

function sessionOf(record: JsonObject): string | undefined {
  return asText(record["session_id"]) ?? asText(record["conversation_id"]);
}

/** When an event speaks of a call: before it runs, after it ran, or in between (a question for permission). */
type Phase = "before" | "between" | "after";

function phaseOf(event: string | undefined): Phase {
  if (event === undefined || /^(?:pre|before)/i.test(event)) return "before";
  return /^(?:post|after)/i.test(event) ? "after" : "between";
}

/** Loggers write the answer of the hook into its event; newer programs have events of their own for questions and refusals. */
function decisionOfHook(record: JsonObject, event: string | undefined): CallDecision | undefined {
  const answer = asObject(record["hookSpecificOutput"]) ?? asObject(record["hook_output"]) ?? {};
  const words = [
    answer["permissionDecision"],
    ...["permissionDecision", "permission_decision", "permission", "decision"].map((key) => record[key]),
  ];
  for (const word of words) {
    const decision = decisionOf(word);
    if (decision !== undefined) return decision;
  }
  if (/^permission_?denied$/i.test(event ?? "")) return "denied";
  return /^permission_?request(?:ed)?$/i.test(event ?? "") ? "escalated" : undefined;
}

class HookReader implements RecordReader {
  /** Calls begun and not yet ended, by session and tool: what pairs events that carry no call id. */
  private readonly begun = new Map<string, number>();
  private readonly known = new Set<string>();

  constructor(
    private readonly input: InputMeta,
    private readonly sink: TraceSink,
  ) {}

  push(raw: RawRecord): void {
    const value = raw.parse();
    if (value === undefined) return;
    const records = recordsIn(value);
    if (records.length === 0) this.sink.bad(raw.line, "a hook event is a JSON object");
    for (const record of records) this.read(record, raw.line);
  }

  end(): void {}

  private read(record: JsonObject, line: number): void {
    const event = asText(record["hook_event_name"]);
    const names = Object.hasOwn(record, "tool_name");
    if (event === undefined && !names) {
      this.sink.bad(line, "a hook event needs a `hook_event_name`");
      return;
    }
    const session = sessionOf(record) ?? this.input.name;
    const timeMs = parseTime(record["timestamp"] ?? record["time"] ?? record["logged_at"]);
    if (!this.known.has(session)) {
      this.known.add(session);
      this.sink.trace(session, { timeMs });
    }
    if (!names) return;
    const tool = asToolName(record["tool_name"]);
    const callId = asText(record["tool_use_id"]);
    const decision = this.sink.decisions === true ? decisionOfHook(record, event) : undefined;
    if (!this.counts(phaseOf(event), `${session}\u0000${tool}`, callId !== undefined)) return;
    this.sink.call({
      trace: session,
      callId,
      tool,
      args: () => record["tool_input"],
      timeMs,
      subagent: asText(record["agent_id"]) !== undefined || asObject(record["agent"]) !== undefined,
      decision,
      line,
    });
  }

  /** Whether an event is a call of its own; with an id the sink tells. Logs of one kind of event count all the same. */
  private counts(phase: Phase, key: string, hasId: boolean): boolean {
    const open = this.begun.get(key) ?? 0;
    if (phase === "after") {
      if (open > 1) this.begun.set(key, open - 1);
      else this.begun.delete(key);
      return hasId || open === 0;
    }
    if (phase === "between" && open > 0) return hasId;
    this.begun.set(key, open + 1);
    return true;
  }
}
