import { type Diagnostic, hasErrors } from "../diagnostics/diagnostic.js";
import type { Policy } from "../policy/model.js";
import { parsePolicy } from "../syntax/policy.js";

/** A policy that may be used, or none: a value beside errors is dropped, an invalid policy is rejected whole (semantics D1). */
export function parsePolicyFile(
  bytes: Uint8Array | string,
  file: string,
): { policy?: Policy; diagnostics: readonly Diagnostic[] } {
  const { value, diagnostics } = parsePolicy(bytes, { file });
  return value === undefined || hasErrors(diagnostics) ? { diagnostics } : { policy: value, diagnostics };
}

/** The text that caret lines are cut from; bytes that are no UTF-8 show as replacement characters there. */
export function decodedText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
