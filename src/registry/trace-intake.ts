import { diagnostic } from "../diagnostics/codes.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { quoteText } from "../diagnostics/escape.js";
import { ingestFindingsMax, ingestWaitingCallsMax } from "../limits.js";
import type { IngestedCall, IngestedTrace } from "../store/store.js";
import { CallIdentities } from "../trace/call-identities.js";
import type { CallBatch, CallConsumer, NamedCall } from "../trace/consumer.js";
import type { TraceSeen } from "../trace/reader.js";
import { isId } from "./ids.js";

type Held = { -readonly [name in keyof IngestedCall]: IngestedCall[name] };

interface OpenTrace {
  readonly id: string;
  readonly format: string;
  agent: string | undefined;
  seenMs: number | undefined;
  calls: Held[];
  /** `refused`: its agent is none that it may be stored for. */
  state: "waiting" | "ready" | "taken" | "refused";
}

/** Takes the calls of one ingestion and hands them out again in blocks, each trace with its agent. */
export class TraceIntake implements CallConsumer {
  repeatedCalls = 0;
  refusedTraces = 0;
  /** Handed out, each once. */
  takenTraces = 0;
  /** Calls that can be handed out. */
  readyCalls = 0;
  readonly #traces: OpenTrace[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #stored = new Set<OpenTrace>();
  readonly #ready = new Set<OpenTrace>();
  /** No agent so far. */
  readonly #waiting = new Set<OpenTrace>();
  #waitingCalls = 0;
  readonly #tools: string[] = [];
  readonly #toolNumbers = new Map<string, number>();
  #identities = new CallIdentities();
  /** Calls not handed out yet, for decisions that are told later. */
  readonly #known = new Map<string, Held>();
  readonly #findings: Diagnostic[] = [];
  #findingsDropped = 0;

  constructor(
    /** Of traces that name none. */
    private readonly agent: string | undefined,
    private readonly mayStore: (agent: string) => boolean,
  ) {}

  start(key: readonly [number, number]): void {
    this.#identities = new CallIdentities(key);
  }

  traceId(format: string, _input: number, key: string, seen: TraceSeen): number {
    const number = this.#numberOf(format, key, seen.id);
    const trace = this.#traces[number] as OpenTrace;
    trace.seenMs ??= seen.timeMs;
    if (seen.agent !== undefined) this.#own(trace, seen.agent);
    return number;
  }

  toolId(tool: string): number {
    let number = this.#toolNumbers.get(tool);
    if (number === undefined) {
      number = this.#tools.push(tool) - 1;
      this.#toolNumbers.set(tool, number);
    }
    return number;
  }

  add(format: string, _input: number, call: NamedCall): boolean {
    const trace = this.#traces[this.#numberOf(format, call.trace, undefined)] as OpenTrace;
    if (call.agent !== undefined) this.#own(trace, call.agent);
    const session = call.session ?? trace.id;
    const { callId, scope, tool, decision } = call;
    // What makes an id unique belongs to it in the store, which knows sessions only.
    const id = callId === undefined || scope === undefined || scope === call.session ? callId : `${scope}\u0000${callId}`;
    const known = id === undefined ? undefined : [format, call.trace, session, tool, id].join("\u0000");
    if (this.#identities.isRepeated(format, call)) {
      const first = known === undefined ? undefined : this.#known.get(known);
      if (first !== undefined) first.decision ??= decision;
      // The same call once more, only to say what was decided, is no repetition of anything that ran.
      if (decision === undefined) this.repeatedCalls++;
      return false;
    }
    const held: Held = { callId: id, session, tool, timeMs: call.timeMs, subagent: call.subagent === true, decision };
    if (known !== undefined) this.#known.set(known, held);
    this.#hold(trace, held);
    return true;
  }

  addBatch({ length, trace, tool, timeMs }: CallBatch): void {
    for (let i = 0; i < length; i++) {
      const of = this.#traces[trace[i] as number] as OpenTrace;
      const ms = timeMs[i] as number;
      this.#hold(of, {
        callId: undefined,
        session: of.id,
        tool: this.#tools[tool[i] as number] as string,
        timeMs: Number.isNaN(ms) ? undefined : ms,
        subagent: false,
        decision: undefined,
      });
    }
  }

  /** At most so many calls, and their traces. `all`: nothing more will be said of whose the rest is. */
  take(callsMax: number, all: boolean): IngestedTrace[] {
    if (all || this.#waitingCalls > ingestWaitingCallsMax) for (const trace of [...this.#waiting]) this.#settle(trace);
    const block: IngestedTrace[] = [];
    let room = callsMax;
    for (const trace of this.#ready) {
      if (room <= 0 || block.length >= callsMax) break;
      const calls = trace.calls.splice(0, room);
      room -= calls.length;
      this.readyCalls -= calls.length;
      block.push({ agent: trace.agent as string, traceId: trace.id, format: trace.format, seenMs: trace.seenMs, calls });
      if (!this.#stored.has(trace)) this.takenTraces++;
      this.#stored.add(trace);
      if (trace.calls.length > 0) continue;
      trace.state = "taken";
      this.#ready.delete(trace);
    }
    // Decisions about what is handed out come too late; blocks are large, and decisions near their calls.
    if (block.length > 0) this.#known.clear();
    return block;
  }

  findings(): readonly Diagnostic[] {
    if (this.#findingsDropped === 0) return this.#findings;
    const message = `${this.#findingsDropped} more traces were not stored`;
    return [...this.#findings, diagnostic("trace_agent_refused", { message })];
  }

  #numberOf(format: string, key: string, id: string | undefined): number {
    const full = `${format}\u0000${key}`;
    let number = this.#numbers.get(full);
    if (number === undefined) {
      const trace: OpenTrace = { id: id ?? key, format, agent: undefined, seenMs: undefined, calls: [], state: "waiting" };
      number = this.#traces.push(trace) - 1;
      this.#numbers.set(full, number);
      this.#waiting.add(trace);
    }
    return number;
  }

  #hold(trace: OpenTrace, call: Held): void {
    if (trace.state === "refused") return;
    trace.calls.push(call);
    if (trace.state === "waiting") this.#waitingCalls++;
    else {
      this.readyCalls++;
      trace.state = "ready";
      this.#ready.add(trace);
    }
  }

  /** The first agent that is named counts. */
  #own(trace: OpenTrace, agent: string): void {
    if (trace.state !== "waiting") return;
    this.#waiting.delete(trace);
    this.#waitingCalls -= trace.calls.length;
    if (!isId(agent)) this.#refuse(trace, `${quoteText(agent)} is no id: 1 to 128 of A-Z a-z 0-9 . _ -`);
    else if (!this.mayStore(agent)) this.#refuse(trace, `the key is not for the agent ${quoteText(agent)}`);
    else {
      trace.agent = agent;
      trace.state = "ready";
      this.readyCalls += trace.calls.length;
      this.#ready.add(trace);
    }
  }

  #settle(trace: OpenTrace): void {
    if (this.agent !== undefined) this.#own(trace, this.agent);
    else {
      this.#waiting.delete(trace);
      this.#waitingCalls -= trace.calls.length;
      this.#refuse(trace, "it names no agent, and none was given for it");
    }
  }

  #refuse(trace: OpenTrace, why: string): void {
    trace.state = "refused";
    trace.calls = [];
    this.refusedTraces++;
    if (this.#findings.length >= ingestFindingsMax) this.#findingsDropped++;
    else
      this.#findings.push(
        diagnostic("trace_agent_refused", { message: `the trace ${quoteText(trace.id)} was not stored: ${why}` }),
      );
  }
}
