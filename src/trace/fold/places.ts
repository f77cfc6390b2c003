import { placesMax } from "../../limits.js";
import { roomFor } from "./columns.js";

/** A call as it is remembered: `sequence` is its position among all calls of the inputs. */
export interface StoredPlace {
  readonly sequence: number;
  readonly input: number;
  readonly line: number;
  /** NaN when not recorded. */
  readonly timeMs: number;
  readonly subagent: boolean;
}

/** The first `placesMax` calls of each owner; owners are numbered densely and are told of their calls in order. */
export class Places {
  private kept = new Uint8Array(64);
  private sequence = new Float64Array(64 * placesMax);
  private input = new Uint32Array(64 * placesMax);
  private line = new Uint32Array(64 * placesMax);
  private timeMs = new Float64Array(64 * placesMax);
  private subagent = new Uint8Array(64 * placesMax);

  reserve(owners: number): void {
    if (owners <= this.kept.length) return;
    this.kept = roomFor(this.kept, owners);
    const room = this.kept.length * placesMax;
    this.sequence = roomFor(this.sequence, room);
    this.input = roomFor(this.input, room);
    this.line = roomFor(this.line, room);
    this.timeMs = roomFor(this.timeMs, room);
    this.subagent = roomFor(this.subagent, room);
  }

  /** There must be room for the owner; calls beyond the first ones are passed over. */
  add(owner: number, sequence: number, input: number, line: number, timeMs: number, subagent: number): void {
    if (this.kept[owner] === placesMax) return;
    const at = owner * placesMax + this.kept[owner]++;
    this.sequence[at] = sequence;
    this.input[at] = input;
    this.line[at] = line;
    this.timeMs[at] = timeMs;
    this.subagent[at] = subagent;
  }

  /** In the order of the calls. */
  of(owner: number): StoredPlace[] {
    return Array.from({ length: this.kept[owner] ?? 0 }, (_, i) => {
      const at = owner * placesMax + i;
      const { sequence, input, line, timeMs, subagent } = this;
      return {
        sequence: sequence[at],
        input: input[at],
        line: line[at],
        timeMs: timeMs[at],
        subagent: subagent[at] === 1,
      };
    });
  }
}

/** The first places of several lists. */
export function firstPlaces(lists: Iterable<readonly StoredPlace[]>): StoredPlace[] {
  return [...lists].flat().sort(bySequence).slice(0, placesMax);
}

function bySequence(a: StoredPlace, b: StoredPlace): number {
  return a.sequence - b.sequence;
}
