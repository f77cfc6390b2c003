import type { ImportRun } from "../text/import.js";
import { diagnosticJson } from "./diagnostic.js";

/** `smoltbot traces import --format json`. */
export function importJson({ place, outcome, reasons }: ImportRun): object {
  return {
    schema: "smoltbot.traces-import/1",
    registry: place,
    ok: reasons.length === 0,
    exit_reasons: reasons,
    inputs: outcome.inputs,
    files_passed_over: outcome.strangers,
    traces: outcome.traces,
    calls: outcome.calls,
    repeated_calls: outcome.repeatedCalls,
    skipped_records: outcome.skippedRecords,
    findings: outcome.findings.map(diagnosticJson),
  };
}
