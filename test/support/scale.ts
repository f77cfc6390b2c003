/** How much the random suites do: 1 by default, 20 with SMOLTBOT_DEEP=1, little for mutants (SMOLTBOT_SCALE=0.04). */
export const scale = Number(process.env.SMOLTBOT_SCALE ?? (process.env.SMOLTBOT_DEEP === "1" ? 20 : 1));

/** A number of rounds at the present scale, at least one. */
export function scaled(count: number): number {
  return Math.max(1, Math.round(count * scale));
}
