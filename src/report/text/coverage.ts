import { escapeText } from "../../diagnostics/escape.js";
import type { Coverage } from "../../engine/result.js";
import type { Paint } from "../paint.js";

/** `Coverage: 85% (17/20 card actions mapped)`, and the actions nothing maps. */
export function coverageLines(coverage: Coverage, paint: Paint): string[] {
  const mapped = coverage.mappedCardActions.length;
  const line = `Coverage: ${coverage.coveragePct}% (${mapped}/${coverage.totalCardActions} card actions mapped)`;
  if (coverage.unmappedCardActions.length === 0) return [line];
  return [line, paint.faint(`  not mapped: ${coverage.unmappedCardActions.map(escapeText).join(", ")}`)];
}
