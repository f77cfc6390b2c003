import { describe, expect, test } from "vitest";
import type { LintInput } from "../../../src/analysis/lint/lint.js";
import type { LintCode } from "../../../src/analysis/lint/lint-report.js";
import { look } from "../../../src/cli/lint/look.js";
import type { Policy } from "../../../src/policy/model.js";
import { findingAt, refOf } from "../../support/lint-findings.js";

const head = 'meta: {schema_version: "1.0", name: a, scope: agent}\n';
const tail = "defaults: {unmapped_tool_action: deny, unmapped_severity: low, fail_open: false}\n";

/** Codes of the findings and, behind a bar, of what is suppressed; for every rule and glob a finding is made up. */
function codes(middle: string, code: LintCode = "dead_rule", more: { inventory?: readonly string[]; top?: string } = {}): string {
  const lint = ({ subject }: LintInput) => {
    const policy = subject.layers.agent as Policy;
    const refs = [
      ...policy.capabilities.flatMap(({ tools }, index) => tools.map((_, tool) => refOf(policy, "capability", index, tool))),
      ...policy.forbidden.map((_, index) => refOf(policy, "forbidden", index)),
    ];
    return { findings: refs.map((ref) => findingAt(policy, ref, { code, edit: "remove" })), rules: refs.length, undecided: 0 };
  };
  const looked = look(`${more.top ?? ""}${head}${middle}${tail}`, "p.yaml", { lint, wanted: () => true, ...more });
  if (!looked.valid) throw new Error(JSON.stringify(looked.diagnostics));
  const shown = looked.findings.map((finding) => `${finding.code}@${finding.span.line}`);
  return [shown.join(" "), ...looked.suppressed.map(({ finding, reason }) => `${finding.span.line} ${reason}`)].join(" | ");
}

describe("suppressed findings", () => {
  const web = "capability_mappings:\n  web:\n    tools:\n      - a\n      - b\n    card_actions: [x]\n";
  const none = "forbidden: []\n";
  test("are those of the line, of the line below, and of the whole rule", () => {
    expect(codes(web + none)).toBe("dead_rule@5 dead_rule@6");
    expect(codes(web.replace("- a\n", "- a # smoltbot-ignore dead_rule: why\n") + none)).toBe("dead_rule@6 | 5 why");
    expect(codes(web.replace("      - b", "      # smoltbot-ignore dead_rule: why\n      - b") + none)).toBe(
      "dead_rule@5 | 7 why",
    );
    expect(codes(web.replace("web:", "web: # smoltbot-ignore dead_rule: why") + none)).toBe(" | 5 why | 6 why");
    expect(codes(web.replace("  web:", "  # smoltbot-ignore dead_rule: why\n  web:") + none)).toBe(" | 6 why | 7 why");
  });
  test("are those of a rule over several lines, by a comment at its first", () => {
    const rule = (dash: string, above = "") =>
      `capability_mappings: {}\nforbidden:\n${above}  -${dash}pattern: a\n    reason: r\n    severity: low\n`;
    expect(codes(rule(" ", "  # smoltbot-ignore dead_rule: why\n"))).toBe(" | 5 why");
    expect(codes(rule("\n    ", "  # smoltbot-ignore dead_rule: why\n"))).toBe(" | 6 why");
    expect(codes(rule(" # smoltbot-ignore dead_rule: why\n    "))).toBe(" | 5 why");
    expect(codes(rule(" ").replace("severity: low", "severity: low # smoltbot-ignore dead_rule: why"))).toBe(
      "dead_rule@4 suppression_unused@6",
    );
  });
  test("are those of the file", () => {
    expect(codes(web + none, "broad_glob", { top: "# smoltbot-ignore-file broad_glob: all of it\n" })).toBe(
      " | 6 all of it | 7 all of it",
    );
  });
  test("stay when no reason is given, and when another code is named", () => {
    expect(codes(web.replace("- a\n", "- a # smoltbot-ignore dead_rule\n") + none)).toBe(
      "dead_rule@5 suppression_without_reason@5 dead_rule@6",
    );
    expect(codes(web.replace("- a\n", "- a # smoltbot-ignore broad_glob: why\n") + none)).toBe(
      "dead_rule@5 suppression_unused@5 dead_rule@6",
    );
    expect(codes(web.replace("- a\n", "- a # smoltbot-ignore dead_rle: why\n") + none)).toBe(
      "dead_rule@5 suppression_unknown_code@5 dead_rule@6",
    );
    expect(codes(web.replace("- a\n", "- a # smoltbot-ignored: why\n") + none)).toBe(
      "dead_rule@5 suppression_misplaced@5 dead_rule@6",
    );
  });
  test("are not called unused where they could not be found", () => {
    const text = web.replace("- a\n", "- a # smoltbot-ignore no_inventory_match: soon\n") + none;
    expect(codes(text)).toBe("dead_rule@5 dead_rule@6");
    expect(codes(text, "dead_rule", { inventory: ["a"] })).toBe("dead_rule@5 suppression_unused@5 dead_rule@6");
    expect(codes(text, "no_inventory_match", { inventory: ["c"] })).toBe("no_inventory_match@6 | 5 soon");
    const surprise = web.replace("- a\n", "- a # smoltbot-ignore surprising_match: meant\n") + none;
    expect(codes(surprise, "dead_rule", { inventory: ["a"] })).toBe("dead_rule@5 dead_rule@6");
    expect(codes(surprise)).toBe("dead_rule@5 suppression_unused@5 dead_rule@6");
    const actions = web.replace("- a\n", "- a # smoltbot-ignore unknown_card_action, broad_mapping_over_deny: soon\n") + none;
    expect(codes(actions)).toBe("dead_rule@5 dead_rule@6");
  });
  test("are those of this file, whatever stands in the same line of another", () => {
    const text = `${head}${web.replace("- a\n", "- a # smoltbot-ignore dead_rule: why\n")}${none}${tail}`;
    const looked = look(text, "p.yaml", {
      wanted: () => true,
      lint: ({ subject }) => {
        const finding = findingAt(subject.layers.agent!, refOf(subject.layers.agent!, "capability", 0, 1));
        return { findings: [{ ...finding, span: { ...finding.span, file: "org.yaml", line: 5 } }], rules: 1, undecided: 0 };
      },
    });
    expect([looked.findings.map(({ code }) => code), looked.suppressed]).toEqual([["dead_rule", "suppression_unused"], []]);
  });
  test("have none to take back in JSON", () => {
    const text = JSON.stringify({
      meta: { schema_version: "1.0", name: "# smoltbot-ignore-file dead_rule: x", scope: "agent" },
      capability_mappings: {},
      forbidden: [],
      defaults: { unmapped_tool_action: "deny", unmapped_severity: "low", fail_open: false },
    });
    const looked = look(text, "p.json", { lint: () => ({ findings: [], rules: 0, undecided: 0 }), wanted: () => true });
    expect([looked.valid, looked.findings, looked.suppressed]).toEqual([true, [], []]);
  });
});
