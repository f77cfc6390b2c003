import { hasErrors } from "../diagnostics/diagnostic.js";
import type { Actor, AlikeCalls } from "../store/store.js";
import { feedTraces } from "../trace/io/feed.js";
import { checkedAgent } from "./access.js";
import { failureDetail, findingShape } from "./documents.js";
import { RegistryFailure } from "./failure.js";
import type { Caller, Services } from "./services.js";
import type { IngestAnswer } from "./shapes.js";
import { TraceIntake } from "./trace-intake.js";

/** Calls of one transaction. */
const blockCalls = 2000;
/** Bytes read between two looks at whether there is a block. */
const pieceBytes = 64 * 1024;

export interface IngestOptions {
  /** For traces that name none. */
  readonly agent?: string | undefined;
  /** What people see in findings. */
  readonly name: string;
}

/**
 * Reads traces of any format into the store, block by block: what was stored before something goes wrong stays, and sending all of it
 * again changes nothing. Memory is a block, and the calls of traces that have not named their agent yet.
 */
export async function ingest(
  services: Services,
  caller: Caller,
  bytes: AsyncIterable<Uint8Array> | Uint8Array,
  { agent, name }: IngestOptions,
): Promise<IngestAnswer> {
  const own = agent === undefined ? undefined : checkedAgent(caller, agent, "agent");
  const intake = new TraceIntake(own, (id) => caller.agents === undefined || caller.agents.includes(id));
  const storing = new Storing(services, caller, intake);
  const paced = pieces(bytes, () => storing.drain(false));
  const fed = await feedTraces([{ name, bytes: paced }], intake, { decisions: true });
  await storing.drain(true);
  const { calls } = storing.sums;
  const traces = intake.takenTraces;
  const problems = [...fed.diagnostics, ...intake.findings()];
  if (traces === 0 && hasErrors(problems)) {
    const errors = problems.filter(({ level }) => level === "error");
    throw new RegistryFailure("invalid_request", errors[0]?.message ?? "there is no trace in it", {
      details: errors.map(failureDetail),
    });
  }
  return {
    traces,
    calls,
    repeated_calls: storing.sums.repeatedCalls + intake.repeatedCalls,
    skipped_records: fed.inputs.reduce((sum, { badLines }) => sum + badLines, 0) + intake.refusedTraces,
    warnings: problems.map(findingShape),
  };
}

/** Hands out small pieces, and waits for the store before the next one. */
async function* pieces(bytes: AsyncIterable<Uint8Array> | Uint8Array, drain: () => Promise<void>): AsyncGenerator<Uint8Array> {
  const chunks = bytes instanceof Uint8Array ? [bytes] : bytes;
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length; from += pieceBytes) {
      yield chunk.subarray(from, from + pieceBytes);
      await drain();
    }
  }
}

class Storing {
  readonly sums = { calls: 0, repeatedCalls: 0 };
  readonly #alike: AlikeCalls = new Map();
  #failed: { readonly error: unknown } | undefined;

  constructor(
    private readonly services: Services,
    private readonly caller: Caller,
    private readonly intake: TraceIntake,
  ) {}

  /** `all`: nothing more will come. What fails is thrown at the end, since whoever reads swallows it. */
  async drain(all: boolean): Promise<void> {
    const { store, clock, engines } = this.services;
    const { org, actor } = this.caller;
    try {
      while (this.#failed === undefined && (all || this.intake.readyCalls >= blockCalls)) {
        const block = this.intake.take(blockCalls, all);
        if (block.length === 0) break;
        const by: Actor = { actor, atMs: clock() };
        const { calls, repeatedCalls } = await store.traces.ingest(org, block, by, this.#alike);
        for (const agent of new Set(block.map((trace) => trace.agent))) engines.firstSeen.forget(org, agent);
        this.sums.calls += calls;
        this.sums.repeatedCalls += repeatedCalls;
      }
    } catch (error) {
      this.#failed ??= { error };
    }
    if (all && this.#failed !== undefined) throw this.#failed.error;
  }
}
