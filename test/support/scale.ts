/** How much the random suites do: 0.4 by default, so that nobody waits; 3 in pipelines, 20 with SMOLTBOT_DEEP=1, little for mutants (SMOLTBOT_SCALE=0.04). */
export const scale = Number(process.env.SMOLTBOT_SCALE ?? (process.env.SMOLTBOT_DEEP === "1" ? 20 : 0.4));

/** The same with a least number where the search is a deep one on its own (`npm run check:deep`), which a claim rests on. */
export function scaledTo(count: number, deepMin: number): number {
  return scale >= 20 ? Math.max(deepMin, scaled(count)) : scaled(count);
}

/** A number of rounds at the present scale, at least one. */
export function scaled(count: number): number {
  return Math.max(1, Math.round(count * scale));
}
