import { decidedCallsMax } from "../limits.js";
import { CallIdentities } from "./call-identities.js";
import type { CallBatch, CallConsumer, NamedCall } from "./consumer.js";
import type { CallDecision, TraceSeen } from "./reader.js";
import { TraceSetBuilder } from "./trace-set.js";

/** A call that somebody decided about. */
export interface DecidedCall {
  /** The canonical name. */
  readonly tool: string;
  readonly decision: CallDecision;
  readonly agent: string | undefined;
  readonly timeMs: number | undefined;
}

/** Keeps all calls, and what was decided about some; each decision about a call once, however often it is told. */
export class DecidedCalls implements CallConsumer {
  readonly set = new TraceSetBuilder();
  readonly decided: DecidedCall[] = [];
  /** Beyond the most that are kept. */
  droppedDecisions = 0;
  #told = new CallIdentities();

  constructor(private readonly decidedMax = decidedCallsMax) {}

  start(key: readonly [number, number]): void {
    this.set.start(key);
    this.#told = new CallIdentities(key);
  }

  traceId(format: string, input: number, key: string, seen: TraceSeen): number {
    return this.set.traceId(format, input, key, seen);
  }

  toolId(tool: string, rawTool?: string): number {
    return this.set.toolId(tool, rawTool);
  }

  add(format: string, input: number, call: NamedCall): boolean {
    const { decision, callId, trace, scope, tool, agent, timeMs } = call;
    if (decision !== undefined) {
      const id = callId === undefined ? undefined : `${decision}\u0000${callId}`;
      if (!this.#told.isRepeated(format, { trace, scope, tool, callId: id })) {
        if (this.decided.length < this.decidedMax) this.decided.push({ tool, decision, agent, timeMs });
        else this.droppedDecisions++;
      }
    }
    return this.set.add(format, input, call);
  }

  addBatch(batch: CallBatch): void {
    this.set.addBatch(batch);
  }
}
