import { diagnostic } from "../../diagnostics/codes.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import { escapeText } from "../../diagnostics/escape.js";
import { type FailureDetail, type RegistryCode, RegistryFailure } from "../../registry/failure.js";
import { StoreUnavailable } from "../../store/failures.js";
import { CommandFailure, failure, type Sources } from "../failure.js";

const codes = {
  invalid_request: "registry_invalid_request",
  unauthorized: "registry_unauthorized",
  forbidden: "registry_forbidden",
  not_found: "registry_not_found",
  method_not_allowed: "registry_refused",
  conflict: "registry_conflict",
  precondition_failed: "registry_precondition_failed",
  payload_too_large: "registry_payload_too_large",
  unsupported_media_type: "registry_refused",
  validation_error: "registry_validation_error",
  rate_limited: "registry_rate_limited",
  internal_error: "registry_refused",
  unavailable: "registry_unavailable",
} as const satisfies Record<RegistryCode, string>;

/** What a registry refuses, as every other command says what it refuses. Anything else goes on as it is: a defect. */
export function refusal(error: unknown, file = "", sources?: Sources): unknown {
  if (error instanceof StoreUnavailable) return failure("registry_unavailable", escapeText(error.message));
  if (!(error instanceof RegistryFailure)) return error;
  const placed = error.details.filter(({ line, code }) => line !== undefined || code !== undefined);
  if (placed.length > 0 && placed.length === error.details.length)
    return new CommandFailure(
      placed.map((detail) => detailDiagnostic(detail, file)),
      sources,
    );
  const more = error.details.map(({ path, message }) => `${path === "" ? "" : `${escapeText(path)}: `}${escapeText(message)}`);
  const advice = error.details.find(({ fix }) => fix !== undefined)?.fix;
  const wait = error.retryAfterS === undefined ? undefined : `wait ${error.retryAfterS} s and try again`;
  const message = [escapeText(error.message), ...more].join("; ");
  return failure(codes[error.code], message, { fix: advice ?? wait });
}

export function isRefusal(error: unknown, ...wanted: readonly RegistryCode[]): boolean {
  return error instanceof RegistryFailure && wanted.includes(error.code);
}

function detailDiagnostic({ path, message, code, line, column, fix }: FailureDetail, file: string): Diagnostic {
  const at = line === undefined ? undefined : { file, line, column: column ?? 1, endLine: line, endColumn: (column ?? 1) + 1 };
  const whole = diagnostic("registry_validation_error", { message: escapeText(message), path, span: at, fix });
  return code === undefined ? whole : { ...whole, code };
}
