import { describe, expect, test } from "vitest";
import { CommandFailure } from "../../../../src/cli/failure.js";
import { isRefusal, refusal } from "../../../../src/cli/registry/refusal.js";
import type { Diagnostic } from "../../../../src/diagnostics/diagnostic.js";
import { type RegistryCode, RegistryFailure, registryCodes } from "../../../../src/registry/failure.js";
import { StoreUnavailable } from "../../../../src/store/failures.js";

function said(error: unknown, file?: string): readonly Diagnostic[] {
  const refused = refusal(error, file);
  if (!(refused instanceof CommandFailure)) throw new TypeError("no refusal");
  return refused.diagnostics;
}

describe("what a registry refuses", () => {
  test.each([
    ["invalid_request", "registry_invalid_request"],
    ["unauthorized", "registry_unauthorized"],
    ["forbidden", "registry_forbidden"],
    ["not_found", "registry_not_found"],
    ["method_not_allowed", "registry_refused"],
    ["conflict", "registry_conflict"],
    ["precondition_failed", "registry_precondition_failed"],
    ["payload_too_large", "registry_payload_too_large"],
    ["unsupported_media_type", "registry_refused"],
    ["validation_error", "registry_validation_error"],
    ["rate_limited", "registry_rate_limited"],
    ["internal_error", "registry_refused"],
    ["unavailable", "registry_unavailable"],
  ] as const)("%s is shown as %s, with advice", (code, shown) => {
    expect(said(new RegistryFailure(code, "so it is"))).toEqual([
      expect.objectContaining({ code: shown, level: "error", message: "so it is", fix: expect.stringMatching(/\w{3}/) }),
    ]);
    expect(isRefusal(new RegistryFailure(code, ""), code)).toBe(true);
  });

  test("every documented code is among them", () => {
    for (const code of Object.keys(registryCodes) as RegistryCode[]) expect(said(new RegistryFailure(code, "x"))).toHaveLength(1);
  });

  test("details with places are findings of their own, with their own codes; others are said in one sentence", () => {
    const placed = new RegistryFailure("invalid_request", "the policy is not valid", {
      details: [
        {
          path: "forbidden[0].severity",
          message: "unknown `huge`",
          code: "unknown_value",
          line: 12,
          column: 15,
          fix: "use one of",
        },
        { path: "meta", message: "is missing", code: "missing_key" },
      ],
    });
    expect(said(placed, "p.yaml")).toEqual([
      {
        code: "unknown_value",
        level: "error",
        path: "forbidden[0].severity",
        message: "unknown `huge`",
        fix: "use one of",
        span: { file: "p.yaml", line: 12, column: 15, endLine: 12, endColumn: 16 },
      },
      expect.objectContaining({ code: "missing_key", path: "meta" }),
    ]);
    const plain = new RegistryFailure("validation_error", "cannot merge", {
      details: [{ path: "tools[3]", message: "too long" }],
    });
    expect(said(plain)[0]?.message).toBe("cannot merge; tools[3]: too long");
  });

  test("how long to wait is said, and nothing of an answer acts on a terminal", () => {
    expect(said(new RegistryFailure("rate_limited", "slow down", { retryAfterS: 17 }))[0]?.fix).toBe("wait 17 s and try again");
    const hostile = new RegistryFailure("conflict", "\u001b[31mred", { details: [{ path: "\u202e", message: "\u0007" }] });
    expect(said(hostile)[0]?.message).toBe("\\u{1b}[31mred; \\u{202e}: \\u{7}");
  });

  test("a store that is down is one, too; a defect stays a defect", () => {
    expect(said(new StoreUnavailable("the disk is full"))[0]).toMatchObject({
      code: "registry_unavailable",
      message: "the disk is full",
    });
    const defect = new TypeError("x");
    expect(refusal(defect)).toBe(defect);
    expect(isRefusal(defect, "not_found")).toBe(false);
  });
});
