import { expect, test } from "vitest";
import { sessionUnitsKeptMax } from "../../../src/limits.js";
import { SessionCounts } from "../../../src/registry/session-counts.js";

test("sessions with long names are forgotten sooner, those that were just used last", () => {
  const counts = new SessionCounts(() => 0);
  const name = (i: number) => `${i}`.padEnd(2_000, "x");
  const [first, kept] = [counts.of("org", "a", "first"), counts.of("org", "a", "kept")];
  for (let i = 0; i < sessionUnitsKeptMax / 2_000 + 1; i++) {
    counts.of("org", "a", name(i));
    if (i % 100 === 0) counts.of("org", "a", "kept");
  }
  expect(counts.of("org", "a", "kept")).toBe(kept);
  expect(counts.of("org", "a", "first")).not.toBe(first);
});
