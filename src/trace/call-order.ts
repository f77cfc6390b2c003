import type { CallTable } from "./trace-set.js";

/** Calls and how many sessions and inputs they are of; a `TraceSet` is one. */
export interface SessionCalls {
  readonly calls: Pick<CallTable, "length" | "session" | "timeMs" | "input">;
  readonly sessions: number;
  readonly inputs: { readonly length: number };
}

/**
 * All calls, session by session, each in call order: by time, and by their place in the inputs where times are equal. A
 * call without a time stands right after the call before it in its input. Linear when the inputs are in order already.
 */
export function callsInOrder(set: SessionCalls): Uint32Array {
  const { session, length } = set.calls;
  const time = effectiveTimes(set);
  const starts = new Uint32Array(set.sessions + 1);
  for (let call = 0; call < length; call++) starts[session[call]! + 1]!++;
  for (let i = 0; i < set.sessions; i++) starts[i + 1]! += starts[i]!;
  const order = new Uint32Array(length);
  const next = starts.slice();
  for (let call = 0; call < length; call++) order[next[session[call]!]!++] = call;
  for (let i = 0; i < set.sessions; i++) {
    const calls = order.subarray(starts[i]!, starts[i + 1]!);
    if (calls.every((call, at) => at === 0 || time[calls[at - 1]!]! <= time[call]!)) continue;
    calls.sort((a, b) => (time[a]! < time[b]! ? -1 : time[a]! > time[b]! ? 1 : a - b));
  }
  return order;
}

function effectiveTimes({ calls, inputs }: SessionCalls): Float64Array {
  const { session, timeMs, input, length } = calls;
  const times = new Float64Array(length);
  const latest = new Map<number, number>();
  for (let call = 0; call < length; call++) {
    const key = session[call]! * inputs.length + input[call]!;
    const time = Number.isNaN(timeMs[call]!) ? (latest.get(key) ?? -Infinity) : timeMs[call]!;
    latest.set(key, time);
    times[call] = time;
  }
  return times;
}
