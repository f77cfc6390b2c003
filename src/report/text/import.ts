import type { ImportOutcome } from "../../cli/registry/import-traces.js";
import { escapeText } from "../../diagnostics/escape.js";
import type { Paint } from "../paint.js";
import { count, lines } from "./words.js";

export interface ImportRun {
  readonly place: string;
  readonly outcome: ImportOutcome;
  /** Why the command exits 1, in words; empty when it does not. */
  readonly reasons: readonly string[];
}

export function importText({ place, outcome, reasons }: ImportRun, paint: Paint): string {
  const { inputs, strangers, traces, calls, repeatedCalls, skippedRecords } = outcome;
  return lines(
    `${paint.pass("✓")} Stored ${count(traces, "trace")} with ${count(calls, "call")} of ${count(inputs, "input")} in ${escapeText(place)}`,
    repeatedCalls === 0 ? undefined : `  ${count(repeatedCalls, "call")} left out: stored already, or recorded twice`,
    strangers === 0 ? undefined : paint.faint(`  ${count(strangers, "file")} without traces passed over`),
    skippedRecords === 0 ? undefined : paint.warn(`  ${count(skippedRecords, "record")} could not be read and were skipped`),
    reasons.map((reason) => paint.fail(`✗ ${reason}`)),
  );
}
