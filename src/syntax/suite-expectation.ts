import { quoteText } from "../diagnostics/escape.js";
import { suggest } from "../diagnostics/suggest.js";
import type { Located } from "../policy/model.js";
import type { Expectation } from "../policy/suite.js";
import type { Fields } from "./fields.js";
import { child, type DocumentNode, keySpan, type MappingNode, type PathStep, pathText, textOf } from "./node.js";

/**
 * The words that stand for a whole expectation, and what each is short for. `warn` is a verdict: as a decision it depends on the
 * enforcement mode, and who means that can write it out.
 */
const words = new Map<string, "verdict" | "decision" | "outcome">([
  ...["pass", "warn", "fail"].map((word) => [word, "verdict"] as const),
  ...["allow", "deny", "escalate"].map((word) => [word, "decision"] as const),
  ...[
    ...["forbidden", "invalid_tool_name", "escalation_denied", "capability_exceeded", "unmapped_denied", "escalated"],
    ...["trigger_warned", "forbidden_soft", "unmapped_in_grace", "unmapped_warned", "mapped", "unmapped_allowed"],
  ].map((word) => [word, "outcome"] as const),
]);

/** Reads what is expected of one call. Values of the wrong type or spelling were reported by the schema and are passed over. */
export class ExpectationReader {
  constructor(private readonly fields: Fields) {}

  read(node: DocumentNode, path: readonly PathStep[]): Expectation | undefined {
    if (node.kind === "mapping") return this.#whole(node, path);
    const word = textOf(node);
    if (word === undefined) return undefined;
    const span = this.fields.span(node);
    const key = words.get(word);
    if (key !== undefined) return { [key]: { value: word, span }, span };
    const meant = suggest(word, [...words.keys()]);
    const message = `${quoteText(pathText(path))} is ${quoteText(word)}, which is no verdict, decision or outcome`;
    const fix = meant === undefined ? `use one of ${[...words.keys()].join(", ")}` : `did you mean \`${meant}\`?`;
    this.fields.findings.add("unknown_value", { message, path: pathText(path), span, fix });
    return undefined;
  }

  #whole(node: MappingNode, path: readonly PathStep[]): Expectation | undefined {
    const { source, findings } = this.fields;
    const span = this.fields.span(node);
    if (node.entries.size === 0) {
      findings.add("suite_expects_nothing", { message: "the expectation is empty", path: pathText(path), span });
      return undefined;
    }
    const action = node.entries.get("action");
    if (action !== undefined && node.entries.has("decision")) {
      const message = "`action` and `decision` are the same thing";
      findings.add("suite_expect_twice", { message, path: pathText([...path, "action"]), span: keySpan(source, action) });
    }
    const text = (key: string) => this.#text(child(node, key), [...path, key]);
    const escalates = child(node, "escalates");
    const fields = {
      verdict: text("verdict"),
      decision: text("decision") ?? text("action"),
      outcome: text("outcome"),
      capability: text("capability"),
      rule: text("rule"),
      layer: text("layer"),
      severity: text("severity"),
      violations: this.#set(child(node, "violations")),
      warnings: this.#set(child(node, "warnings")),
      escalates:
        escalates?.kind === "scalar" && typeof escalates.value === "boolean"
          ? { value: escalates.value, span: this.fields.span(escalates) }
          : undefined,
      notRules: this.#notRules(child(node, "not_rule"), [...path, "not_rule"]),
    };
    const given = Object.entries(fields).filter(([, value]) => value !== undefined);
    return { ...(Object.fromEntries(given) as Omit<Expectation, "span">), span };
  }

  #text(node: DocumentNode | undefined, path: readonly PathStep[]): Located<string> | undefined {
    const value = this.fields.name(node, path, "the expectation");
    return value === undefined || node === undefined ? undefined : { value, span: this.fields.span(node) };
  }

  #set(node: DocumentNode | undefined): Located<readonly string[]> | undefined {
    if (node?.kind !== "list") return undefined;
    const value = [...new Set(node.items.flatMap((item) => textOf(item) ?? []))].sort();
    return { value, span: this.fields.span(node) };
  }

  /** An empty list would expect nothing. */
  #notRules(node: DocumentNode | undefined, path: readonly PathStep[]): readonly Located<string>[] | undefined {
    if (node === undefined) return undefined;
    if (node.kind === "list" && node.items.length === 0) {
      const message = "`not_rule` names no rule";
      this.fields.findings.add("suite_expects_nothing", { message, path: pathText(path), span: this.fields.span(node) });
    }
    const items = node.kind === "list" ? node.items : [node];
    return items.flatMap((item, i) => this.#text(item, node.kind === "list" ? [...path, i] : path) ?? []);
  }
}
