import type { Diagnostic } from "../../diagnostics/diagnostic.js";

/** A diagnostic as every machine output writes it; the place is null where there is none. */
export function diagnosticJson(d: Diagnostic): object {
  return {
    code: d.code,
    level: d.level,
    path: d.path,
    message: d.message,
    fix: d.fix,
    file: d.span?.file ?? null,
    line: d.span?.line ?? null,
    column: d.span?.column ?? null,
    end_line: d.span?.endLine ?? null,
    end_column: d.span?.endColumn ?? null,
  };
}

/** What a machine reads when a command could not work with its input: never an empty stdout, never a partial result. */
export function failureJson(diagnostics: readonly Diagnostic[]): object {
  return { schema: "smoltbot.error/1", errors: diagnostics.map(diagnosticJson) };
}
