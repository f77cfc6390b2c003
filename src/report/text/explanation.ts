import { escapeText } from "../../diagnostics/escape.js";
import type { ExplainedRule, Explanation } from "../../engine/explain.js";
import type { Decision } from "../../engine/result.js";
import type { Paint } from "../paint.js";
import { causeWords } from "./evaluation.js";
import { lines, mark, place, quoted, ruleAndPlace, ruleName, toolName } from "./words.js";

/** Why each tool gets its verdict: the deciding rule, every other match, and what would apply without each. */
export function explanationsText(explanations: readonly Explanation[], paint: Paint): string {
  return explanations.map((explanation) => explanationText(explanation, paint)).join("\n");
}

function explanationText({ tool, invalid, decision, rules }: Explanation, paint: Paint): string {
  const { verdict, action, cause } = decision;
  const deciding = rules.find((rule) => rule.decides);
  const others = rules.filter((rule) => rule !== deciding);
  return lines(
    `${mark(verdict, paint)} ${paint.strong(toolName(tool))}: ${paint[verdict](verdict)}, ${causeWords[cause]} (decision ${action})`,
    invalid ? "  The name is no valid tool name: forbidden rules and triggers still apply, mappings do not." : undefined,
    "",
    "  Decided by",
    deciding === undefined ? fallThrough(decision, paint) : ruleLines(deciding, paint),
    others.length === 0 ? ["", "  No other rule matches."] : ["", `  Also matched (${others.length})`],
    others.flatMap((rule) => ruleLines(rule, paint)),
  );
}

function fallThrough({ rule, cause }: Decision, paint: Paint): string[] {
  if (rule === null) return [`    ${causeWords[cause]}`];
  const because = rule.kind === "default" ? ["      Reason: no capability maps the tool"] : [];
  return [`    ${ruleAndPlace(rule, paint)}`, ...because];
}

function ruleLines({ rule, globs, without }: ExplainedRule, paint: Paint): string[] {
  const severity = rule.severity ?? (rule.kind === "trigger" ? rule.action : undefined);
  const [first] = globs;
  const shown = first === undefined || rule.kind === "forbidden" ? [] : globs;
  return [
    `    ${ruleName({ ...rule, ...(rule.kind === "capability" && { pattern: undefined }) })}${severity === undefined ? "" : ` (${severity})`}  ${paint.faint(place(rule))}`,
    ...shown.map(
      (glob) => `      Glob: ${quoted(glob.pattern)}  ${paint.faint(`${escapeText(glob.file)}:${glob.line}:${glob.column}`)}`,
    ),
    ...(rule.reason === undefined || rule.reason === "" ? [] : [`      Reason: ${escapeText(rule.reason)}`]),
    `      Without it: ${withoutWords(without, paint)}`,
  ];
}

function withoutWords(decision: Decision, paint: Paint): string {
  const { verdict, action, cause, rule } = decision;
  const by = rule === null ? "" : ` by ${ruleAndPlace(rule, paint)}`;
  return `${paint[verdict](verdict)}, ${causeWords[cause]} (decision ${action})${by}`;
}
