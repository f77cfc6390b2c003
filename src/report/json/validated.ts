import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { Policy } from "../../policy/model.js";
import { diagnosticJson } from "./diagnostic.js";

/** `smoltbot policy validate --format json`: every file, its problems, and what a valid one contains. */
export function validatedJson(
  files: readonly { readonly file: string; readonly policy?: Policy; readonly diagnostics: readonly Diagnostic[] }[],
): object {
  return {
    schema: "smoltbot.validate/1",
    valid: files.every((f) => f.policy !== undefined),
    files: files.map(({ file, policy, diagnostics }) => ({
      file,
      valid: policy !== undefined,
      diagnostics: diagnostics.map(diagnosticJson),
      summary: policy === undefined ? null : summaryJson(policy),
    })),
  };
}

function summaryJson(policy: Policy): object {
  return {
    schema_version: policy.meta.schemaVersion,
    name: policy.meta.name,
    scope: policy.meta.scope,
    capabilities: policy.capabilities.length,
    tool_patterns: policy.capabilities.reduce((sum, c) => sum + c.tools.length, 0),
    forbidden: policy.forbidden.length,
    escalation_triggers: policy.triggers.length,
    unmapped_tool_action: policy.defaults.unmappedToolAction,
    enforcement_mode: policy.defaults.enforcementMode ?? "warn",
  };
}
