import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import { escapeText } from "../../diagnostics/escape.js";
import type { Policy, Severity } from "../../policy/model.js";
import type { Paint } from "../paint.js";
import { count, lines, quoted } from "./words.js";

/** Worst first, the order in which people read them. */
const severityOrder: readonly Severity[] = ["critical", "high", "medium", "low"];

/** One checked policy file. */
export interface ValidatedFile {
  readonly file: string;
  /** Absent when the file is invalid. */
  readonly policy?: Policy;
  readonly diagnostics: readonly Diagnostic[];
}

/** A tick line per section of each valid file; a cross line per invalid one (its problems go to stderr). */
export function validatedText(files: readonly ValidatedFile[], paint: Paint): string {
  return files.map((f) => (f.policy === undefined ? invalidText(f, paint) : validText(f, f.policy, paint))).join("\n");
}

function validText(file: ValidatedFile, policy: Policy, paint: Paint): string {
  const tick = paint.pass("✓");
  const warnings = file.diagnostics.filter((d) => d.level === "warning").length;
  const result = warnings === 0 ? "valid" : `valid, ${count(warnings, "warning")}`;
  return lines(
    paint.strong(escapeText(file.file)),
    summaryOf(policy).map(([section, text]) => `  ${tick} ${section}: ${text}`),
    `  ${paint.pass(result)}`,
  );
}

function invalidText(file: ValidatedFile, paint: Paint): string {
  const errors = file.diagnostics.filter((d) => d.level === "error");
  return lines(
    paint.strong(escapeText(file.file)),
    errors.slice(0, 50).map((d) => `  ${paint.fail("✗")} ${d.path === "" ? "" : `${escapeText(d.path)}: `}${d.message}`),
    `  ${paint.fail(count(errors.length, "error"))}`,
  );
}

/** What the policy says, section by section. */
export function summaryOf(policy: Policy): [section: string, text: string][] {
  const globs = policy.capabilities.reduce((sum, c) => sum + c.tools.length, 0);
  const { defaults } = policy;
  const bySeverity = severityOrder
    .map((severity) => [severity, policy.forbidden.filter((r) => r.severity === severity).length] as const)
    .filter(([, n]) => n > 0)
    .map(([severity, n]) => `${n} ${severity}`);
  const forbidden = count(policy.forbidden.length, "rule");
  const mode = defaults.enforcementMode ?? "warn (default)";
  const grace = `${defaults.gracePeriodHours ?? 24} h${defaults.gracePeriodHours === undefined ? " (default)" : ""}`;
  return [
    ["schema version", policy.meta.schemaVersion],
    ["meta", `${quoted(policy.meta.name)}, scope ${policy.meta.scope}`],
    [
      "capability_mappings",
      `${count(policy.capabilities.length, "capability", "capabilities")}, ${count(globs, "tool pattern")}`,
    ],
    ["forbidden", bySeverity.length === 0 ? forbidden : `${forbidden} (${bySeverity.join(", ")})`],
    ["escalation_triggers", count(policy.triggers.length, "trigger")],
    [
      "defaults",
      `unmapped ${defaults.unmappedToolAction} (${defaults.unmappedSeverity}), enforcement ${mode}, grace ${grace}, fail_open ${defaults.failOpen}`,
    ],
  ];
}
