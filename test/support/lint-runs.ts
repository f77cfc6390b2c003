import { codeTexts } from "../../src/cli/lint/code-texts.js";
import { type LintSetup, look } from "../../src/cli/lint/look.js";
import type { LintRun } from "../../src/report/lint-run.js";
import { unifiedDiff } from "../../src/report/text/unified-diff.js";
import { hostileNames } from "./extreme-reports.js";
import { findingAt, refOf } from "./lint-findings.js";

export const lintedText = `# smoltbot-ignore-file broad_glob: all of it is meant
meta: {schema_version: "1.0", name: support, scope: agent}
capability_mappings:
  web:
    tools:
      - "mcp__browser__*"
      - "mcp__browser__open"
    card_actions: [web_fetch]
forbidden:
  - pattern: "mcp__admin__*"
    reason: "people do that"
    severity: high
  - pattern: "mcp__admin__drop" # smoltbot-ignore shadowed_rule: the wider one may go
    reason: "never"
    severity: high
  - pattern: "MCP__Pay__*"
    reason: "ask first"
    severity: low
defaults: {unmapped_tool_action: deny, unmapped_severity: low, fail_open: false}
`;

/** Two files as they are after lint: one with findings of every severity, one that is invalid. */
export function ordinaryRun(more: Partial<LintRun> = {}): LintRun {
  const lint: LintSetup["lint"] = ({ subject }) => {
    const policy = subject.layers.agent!;
    const wide = { rule: refOf(policy, "forbidden", 0), role: "forbids these names" };
    const findings = [
      findingAt(policy, refOf(policy, "capability", 0, 0), { code: "broad_glob", witnesses: ["mcp__browser__a"] }),
      findingAt(policy, refOf(policy, "capability", 0, 1), { edit: "remove", witnesses: ["mcp__browser__open"] }),
      findingAt(policy, wide.rule, { code: "forbidden_overlap", message: "some names of `mcp__admin__*` are mapped" }),
      findingAt(policy, refOf(policy, "forbidden", 1), { code: "shadowed_rule", edit: "remove", related: [wide] }),
      findingAt(policy, refOf(policy, "forbidden", 2), { code: "case_only_miss", edit: { glob: "mcp__pay__*" } }),
    ];
    return { findings, rules: 4, undecided: 0 };
  };
  const linted = look(lintedText, "policies/support.yaml", { lint, wanted: () => true });
  const broken = look("meta: {}\n", "policies/broken.yaml", { lint, wanted: () => true });
  return {
    files: [linted, broken],
    failOn: "error",
    exitReasons: ["1 error found"],
    codes: codeTexts,
    version: "0.1.0",
    ...more,
  };
}

/** A run whose every text is hostile: file names, names of tools, reasons, rules. */
export function hostileRun(): LintRun {
  const text = lintedText.replace("the wider one may go", "<img src=x> @everyone \u202e `pwned` | https://evil.example");
  const lint: LintSetup["lint"] = ({ subject }) => {
    const policy = subject.layers.agent!;
    const rule = refOf(policy, "forbidden", 1);
    const findings = hostileNames.map((name) => {
      const odd = { ...rule, label: name, pattern: name, file: name === "" ? "p.yaml" : name };
      return {
        ...findingAt(policy, rule, { witnesses: [...hostileNames], related: [{ rule: odd, role: name }] }),
        message: `\`${name}\` decides nothing`,
        fix: `remove \`${name}\``,
        path: name,
      };
    });
    const suppressed = findingAt(policy, rule, { code: "shadowed_rule", witnesses: [...hostileNames] });
    return { findings: [...findings, suppressed], rules: 1, undecided: 1 };
  };
  const files = hostileNames
    .filter((name) => name !== "")
    .map((name) => {
      const linted = look(text, name, { lint, wanted: () => true });
      if (!linted.valid) return linted;
      const fix = { fixed: linted.findings.slice(0, 2), left: [], diff: unifiedDiff(text, "meta: {}\n", name), written: true };
      return { ...linted, fix };
    });
  return ordinaryRun({ files, exitReasons: [...hostileNames] });
}
