import { describe, expect, test } from "vitest";
import { gateReasons } from "../../../src/cli/gate.js";
import type { Evaluation, Violation } from "../../../src/engine/result.js";
import type { Severity } from "../../../src/policy/model.js";

function evaluation(verdict: Evaluation["verdict"], severities: readonly Severity[] = [], coveragePct = 0) {
  const violations = severities.map((severity) => ({ severity }) as Violation);
  return { verdict, violations, coverage: { coveragePct } as Evaluation["coverage"] };
}

describe("the gate", () => {
  test("without options the verdict decides, and only fail shuts it", () => {
    expect(gateReasons(evaluation("pass"), {})).toEqual([]);
    expect(gateReasons(evaluation("warn"), {})).toEqual([]);
    expect(gateReasons(evaluation("fail", ["low"]), {})).toEqual(["the verdict is fail"]);
  });
  test("fail-on lets weaker violations through, and no stronger ones", () => {
    expect(gateReasons(evaluation("fail", ["medium", "low"]), { failOn: "high" })).toEqual([]);
    expect(gateReasons(evaluation("fail", ["low", "high"]), { failOn: "high" })).toEqual(["a violation is high or worse"]);
    expect(gateReasons(evaluation("fail", ["critical"]), { failOn: "high" })).toHaveLength(1);
  });
  test("strict counts what fail-on lets through, as it counts warnings", () => {
    const options = { strict: true, failOn: "high" } as const;
    expect(gateReasons(evaluation("fail", ["low"]), options)).toEqual([
      "there are violations below --fail-on, and --strict counts them",
    ]);
    expect(gateReasons(evaluation("fail", ["low", "high"]), options)).toEqual(["a violation is high or worse"]);
  });
  test("strict counts warnings, coverage has its own threshold, and reasons add up", () => {
    expect(gateReasons(evaluation("warn", [], 89.99), { strict: true, minCoverage: 90 })).toEqual([
      "there are warnings, and --strict counts them",
      "coverage 89.99% is below the required 90%",
    ]);
    expect(gateReasons(evaluation("pass", [], 90), { strict: true, minCoverage: 90 })).toEqual([]);
  });
});
