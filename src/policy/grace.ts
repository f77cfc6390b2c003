/** When grace for one tool ends, or undefined when it has ended or cannot be given (semantics T1, T2). Epoch milliseconds. */
export function graceExpiryMs(graceMs: number, nowMs: number, firstSeenMs: number | undefined): number | undefined {
  // No record in a healthy store: first seen now. A time in the future counts as now.
  const expiryMs = Math.min(firstSeenMs ?? nowMs, nowMs) + graceMs;
  return nowMs < expiryMs ? expiryMs : undefined;
}
