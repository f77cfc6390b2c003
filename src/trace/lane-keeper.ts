import type { Lane, LaneBatch, LaneFormat, LaneOptions, LaneSink } from "./lane.js";
import type { CallRecord, InputMeta } from "./reader.js";

/** A lane that was opened before, or just now. */
export interface KeptLane {
  readonly lane: Lane;
  /** Another number for each lane of a keeper: ids of one lane mean nothing in another. */
  readonly number: number;
  /** Lines it has read before; its line numbers go on from there. */
  readonly linesBefore: number;
}

/**
 * Keeps a lane from one range of an input to the next: its names are told once, and its tables are built once. Who is done
 * with a range calls `flush` of the lane; `release` ends it.
 */
export class LaneKeeper {
  private kept: { readonly input: string; readonly format: string; readonly lane: Lane; readonly relay: Relay } | undefined;
  private opened = 0;

  open(format: LaneFormat, input: InputMeta, sink: LaneSink, options: LaneOptions): KeptLane | undefined {
    if (this.kept?.input !== input.name || this.kept.format !== format.id) {
      this.release();
      const relay = new Relay(sink);
      const lane = format.open(input, relay, options);
      if (lane === undefined) return undefined;
      this.kept = { input: input.name, format: format.id, lane, relay };
      this.opened++;
    }
    const { lane, relay } = this.kept;
    relay.target = sink;
    return { lane, number: this.opened, linesBefore: relay.lines };
  }

  /** Ends the lane; what it had not given out goes to whom it was opened for last. */
  release(): void {
    this.kept?.lane.end();
    this.kept = undefined;
  }
}

class Relay implements LaneSink {
  lines = 0;

  constructor(public target: LaneSink) {}

  batch(batch: LaneBatch): void {
    this.lines += batch.lines;
    this.target.batch(batch);
  }

  call(call: CallRecord): void {
    this.target.call(call);
  }
}
