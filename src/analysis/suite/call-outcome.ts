import type { Cause, Evaluation, RuleRef, ToolOutcome } from "../../engine/result.js";
import type { CallOutcome } from "./suite-report.js";

/** One evaluated call: what it got, and what its list of findings says. The evaluation is of this call alone, or of a list with it. */
export function outcomeOf(evaluation: Evaluation, tool: ToolOutcome): CallOutcome {
  const ofTool = <T extends { readonly tool: string }>(list: readonly T[]) =>
    list.filter((found) => found.tool === tool.tool || (evaluation.tools.length === 1 && found.tool === "*"));
  const violations = ofTool(evaluation.violations);
  return {
    verdict: tool.verdict,
    decision: tool.action,
    outcome: tool.cause,
    rule: tool.rule,
    capability: tool.capability,
    severity: severityOf(tool, violations),
    violations: distinct(violations.map(({ type }) => type)),
    warnings: distinct(ofTool(evaluation.warnings).map(({ type }) => type)),
    escalates: ofTool(evaluation.escalations).length > 0,
  };
}

const unmappedCauses: ReadonlySet<Cause> = new Set(["unmapped_warned", "unmapped_in_grace"]);

function severityOf({ cause, rule }: ToolOutcome, violations: Evaluation["violations"]): CallOutcome["severity"] {
  const deciding = violations.find((found) => found.type === cause && (rule === null || sameRule(found.rule, rule)));
  if (deciding !== undefined) return deciding.severity;
  return cause === "forbidden_soft" || unmappedCauses.has(cause) ? rule?.severity : undefined;
}

function sameRule(a: RuleRef, b: RuleRef): boolean {
  return a.kind === b.kind && a.layer === b.layer && a.index === b.index;
}

function distinct<T extends string>(types: readonly T[]): T[] {
  return [...new Set(types)].sort();
}

/**
 * What the specification says otherwise than the engine, in words. Rules are compared by their layer and place in it, lists
 * without their order; reasons are for people, and each side words its own.
 */
export function differences(engine: Evaluation, specification: Evaluation, tool: string): string[] {
  const [ours, theirs] = [comparable(engine, tool), comparable(specification, tool)];
  return ours.flatMap(([what, value], i) => {
    const other = theirs[i]?.[1];
    return value === other ? [] : [`${what}: the engine says ${value}, the specification ${other}`];
  });
}

function comparable(evaluation: Evaluation, tool: string): [string, string][] {
  const found = evaluation.tools.find((each) => each.tool === tool);
  if (found === undefined) return [["outcome", "nothing"]];
  const single = evaluation.tools.length === 1;
  const ofTool = <T extends { readonly tool: string }>(list: readonly T[]) =>
    list.filter((each) => each.tool === tool || (single && each.tool === "*"));
  const findings = (
    list: readonly { readonly tool: string; readonly type: string; readonly rule: RuleRef; readonly severity?: string }[],
  ) => sorted(ofTool(list).map(({ type, rule, severity }) => [type, nameOf(rule), severity ?? ""].join(" ").trim()));
  return [
    ["verdict", found.verdict],
    ["decision", found.action],
    ["outcome", found.cause],
    ["rule", found.rule === null ? "none" : nameOf(found.rule)],
    ["capability", found.capability === null ? "none" : nameOf(found.capability)],
    ["other capabilities", sorted(found.alsoMatches.map(nameOf))],
    ["forbidden rules", sorted(found.forbidden.map(nameOf))],
    ["triggers", sorted(found.triggers.map(nameOf))],
    ["violations", findings(evaluation.violations)],
    ["warnings", findings(evaluation.warnings)],
    ["escalations", sorted(ofTool(evaluation.escalations).map(({ rule }) => nameOf(rule)))],
    ["grace", evaluation.grace],
  ];
}

/** `agent forbidden 2`: no user text, so a hostile pattern cannot act in the message. */
function nameOf({ kind, layer, index }: RuleRef): string {
  return kind === "default" || kind === "name" ? kind : `${layer} ${kind} ${index}`;
}

function sorted(texts: string[]): string {
  return texts.length === 0 ? "none" : texts.sort().join(", ");
}
