import type { Expectation } from "../store/store.js";
import { RegistryFailure } from "./failure.js";

export const whatever: Expectation = { kind: "any" };

/** To fail before the work rather than after it; the store asks again in its transaction. */
export function checkExpectation(expected: Expectation, active: number | undefined): void {
  if (!isMet(expected, active)) throw expectationFailure(expected, active);
}

function isMet(expected: Expectation, active: number | undefined): boolean {
  switch (expected.kind) {
    case "any":
      return true;
    case "absent":
      return active === undefined;
    case "present":
      return active !== undefined;
    case "version":
      return active !== undefined && expected.versions.includes(active);
  }
}

/** `precondition_failed` for who asked for a version, `conflict` for who did not. */
export function expectationFailure(expected: Expectation, active: number | undefined): RegistryFailure {
  const is = active === undefined ? "nothing is active" : `version ${active} is active`;
  if (expected.kind === "any") return new RegistryFailure("conflict", `${is} now; look at it and try again`);
  return new RegistryFailure("precondition_failed", `${is}, which is not what was expected`);
}
