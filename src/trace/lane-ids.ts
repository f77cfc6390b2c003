import type { CallConsumer } from "./consumer.js";
import type { LaneBatch } from "./lane.js";
import type { Naming } from "./naming.js";

/** What the ids of one lane mean to the consumer of all calls. */
export class LaneIds {
  private tools = new IdTable();
  private traces = new IdTable();
  private traceKeys: string[] = [];
  /** Local ids of wrappers among the tools. */
  private wrappers = new Map<number, string>();

  constructor(
    private readonly consumer: CallConsumer,
    private readonly naming: Naming,
  ) {}

  /** Takes what is new in a batch. */
  learn(format: string, input: number, batch: LaneBatch): void {
    const { consumer, naming } = this;
    if (batch.newGeneration) this.forget();
    for (const raw of batch.newTools) {
      // Calls of wrappers that are looked through come as records, and the wrapper itself may never be called.
      if (naming.isLookedThrough(raw)) {
        this.tools.add(0);
        continue;
      }
      const tool = naming.canonical(raw);
      if (naming.isCountedWrapper(raw)) this.wrappers.set(this.tools.length, raw);
      this.tools.add(consumer.toolId(tool, tool === raw ? undefined : raw));
    }
    for (const { key, ...seen } of batch.newTraces) {
      this.traces.add(consumer.traceId(format, input, key, seen));
      this.traceKeys.push(key);
    }
    for (const { trace, timeMs } of batch.seen) consumer.traceId(format, input, this.traceKeys[trace]!, { timeMs });
  }

  /** Brings the columns to the ids of the consumer, in place, and counts wrappers. */
  translate({ tool, trace }: Pick<LaneBatch, "tool" | "trace">): void {
    if (this.wrappers.size > 0) this.countWrappers(tool);
    this.tools.translate(tool);
    this.traces.translate(trace);
  }

  private forget(): void {
    this.tools = new IdTable();
    this.traces = new IdTable();
    this.traceKeys = [];
    this.wrappers = new Map();
  }

  private countWrappers(tools: Uint32Array): void {
    for (let i = 0; i < tools.length; i++) {
      const wrapper = this.wrappers.get(tools[i]!);
      if (wrapper !== undefined) this.naming.countWrapper(wrapper, 1);
    }
  }
}

/** Ids of a lane, which are positions, to ids of the consumer. */
class IdTable {
  length = 0;
  private ids = new Uint32Array(256);

  add(id: number): void {
    if (this.length === this.ids.length) {
      const wider = new Uint32Array(this.length * 2);
      wider.set(this.ids);
      this.ids = wider;
    }
    this.ids[this.length++] = id;
  }

  translate(column: Uint32Array): void {
    const { ids } = this;
    for (let i = 0; i < column.length; i++) column[i] = ids[column[i]!]!;
  }
}
