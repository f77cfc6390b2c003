import type { Parsed, Span } from "../diagnostics/diagnostic.js";
import { quoteText } from "../diagnostics/escape.js";
import { Findings } from "../diagnostics/findings.js";
import { matchGlob } from "../glob/match.js";
import { guardedTermsMax, policyBytesMax, policyGlobsMax, rulesMax } from "../limits.js";
import type {
  Capability,
  Condition,
  Defaults,
  DefaultsField,
  EnforcementMode,
  Examples,
  ForbiddenRule,
  GlobRef,
  Located,
  Meta,
  Policy,
  Scope,
  Severity,
  Trigger,
  TriggerAction,
  UnmappedAction,
} from "../policy/model.js";
import { isConditionFault, parseCondition } from "./condition.js";
import { readDocument } from "./document.js";
import { Fields } from "./fields.js";
import {
  child,
  type DocumentNode,
  keySpan,
  type MappingEntry,
  type PathStep,
  pathText,
  type SourceDocument,
  textOf,
} from "./node.js";
import { checkShape } from "./schema.js";
import { decodeSource } from "./source.js";

/**
 * Reads and checks one policy file, YAML or JSON (semantics D1 to D8, G1, G2, E7). Never throws: every problem is a
 * diagnostic with its place, and a policy with any error is rejected whole. Linear in the text.
 */
export function parsePolicy(source: string | Uint8Array, options: { file: string }): Parsed<Policy> {
  const decoded = decodeSource(source, { file: options.file, bytesMax: policyBytesMax });
  if (decoded.value === undefined) return { diagnostics: decoded.diagnostics };
  const findings = new Findings();
  const document = readDocument(decoded.value, findings);
  if (document === undefined) return { diagnostics: findings.list() };
  return policyFromDocument(document, findings);
}

/** The same for a document that was read already. */
export function policyFromDocument(document: SourceDocument, findings: Findings): Parsed<Policy> {
  checkShape("policy", document, findings);
  const policy = new PolicyReader(document, findings).policy();
  if (findings.hasErrors || policy === undefined) return { diagnostics: findings.list() };
  return { value: policy, diagnostics: findings.list() };
}

/** Builds the policy from the nodes. What the schema refused is left out here; the caller drops the result then. */
class PolicyReader {
  readonly #fields: Fields;
  #globCount = 0;
  #guardedCount = 0;

  constructor(
    readonly document: SourceDocument,
    readonly findings: Findings,
  ) {
    this.#fields = new Fields(document.source, findings);
  }

  policy(): Policy | undefined {
    const { root, source } = this.document;
    const meta = this.#meta(child(root, "meta"));
    const capabilities = this.#capabilities(child(root, "capability_mappings"));
    const forbidden = this.#list(child(root, "forbidden"), "forbidden", (node, path) => this.#forbidden(node, path));
    const triggers = this.#list(child(root, "escalation_triggers"), "escalation_triggers", (node, path) =>
      this.#trigger(node, path),
    );
    const defaults = this.#defaults(child(root, "defaults"));
    if (meta === undefined || defaults === undefined) return undefined;
    return { meta, capabilities, forbidden, triggers, defaults, file: source.file };
  }

  #meta(node: DocumentNode | undefined): Meta | undefined {
    const name = this.#fields.name(child(node, "name"), ["meta", "name"], "the policy name");
    const description = this.#fields.text(child(node, "description"), ["meta", "description"]);
    const scopeNode = child(node, "scope");
    const scope = textOf(scopeNode);
    if (name === undefined || scopeNode === undefined || scope === undefined) return undefined;
    const scopeSpan = this.#fields.span(scopeNode);
    return { schemaVersion: "1.0", name, ...optional("description", description), scope: scope as Scope, scopeSpan };
  }

  #capabilities(node: DocumentNode | undefined): readonly Capability[] {
    if (node?.kind !== "mapping") return [];
    this.#checkCount(node.entries.size, node, "capability_mappings");
    const capabilities: Capability[] = [];
    for (const entry of node.entries.values()) {
      const capability = this.#capability(entry);
      if (capability !== undefined) capabilities.push(capability);
    }
    return capabilities;
  }

  #capability(entry: MappingEntry): Capability | undefined {
    const { key: name, value: node } = entry;
    const path = ["capability_mappings", name];
    const span = keySpan(this.document.source, entry);
    const named = this.#fields.fits(name, span, path) && this.#fields.notBlank(name, span, path, "the capability name");
    const description = this.#fields.text(child(node, "description"), [...path, "description"]);
    const tools = this.#items(child(node, "tools"), (item, i) => this.#glob(item, [...path, "tools", i]));
    const cardActions = this.#items(child(node, "card_actions"), (item, i) =>
      located(this.#fields.name(item, [...path, "card_actions", i], "the card action"), this.#fields.span(item)),
    );
    const matches = (name: string) => tools.some((tool) => matchGlob(tool.glob.text, name));
    const examples = this.#examples(child(node, "examples"), [...path, "examples"], matches);
    if (!named || node.kind !== "mapping") return undefined;
    return { name, ...optional("description", description), tools, cardActions, ...optional("examples", examples), span };
  }

  #forbidden(node: DocumentNode, path: readonly PathStep[]): ForbiddenRule | undefined {
    const pattern = this.#glob(child(node, "pattern"), [...path, "pattern"]);
    const reason = this.#fields.reason(child(node, "reason"), [...path, "reason"]);
    const severity = textOf(child(node, "severity"));
    const matches = pattern && ((name: string) => matchGlob(pattern.glob.text, name));
    const examples = this.#examples(child(node, "examples"), [...path, "examples"], matches);
    if (pattern === undefined || reason === undefined || severity === undefined) return undefined;
    return { pattern, reason, severity: severity as Severity, ...optional("examples", examples), span: this.#fields.span(node) };
  }

  #trigger(node: DocumentNode, path: readonly PathStep[]): Trigger | undefined {
    const condition = this.#condition(child(node, "condition"), [...path, "condition"]);
    const reason = this.#fields.reason(child(node, "reason"), [...path, "reason"]);
    const action = textOf(child(node, "action"));
    const examples = this.#examples(child(node, "examples"), [...path, "examples"], condition && nameTest(condition));
    if (condition === undefined || reason === undefined || action === undefined) return undefined;
    return {
      condition,
      action: action as TriggerAction,
      reason,
      ...optional("examples", examples),
      span: this.#fields.span(node),
    };
  }

  #condition(node: DocumentNode | undefined, path: readonly PathStep[]): Condition | undefined {
    const text = textOf(node);
    if (node?.kind !== "scalar" || text === undefined) return undefined;
    const parsed = parseCondition(text);
    if (isConditionFault(parsed)) {
      const { code, message, fix, start, end } = parsed;
      this.findings.add(code, { message, fix, path: pathText(path), span: this.#fields.innerSpan(node, start, end) });
      return undefined;
    }
    for (const { glob, start, end } of parsed.globs) {
      this.#countGlob(this.#fields.span(node));
      this.#fields.unusual(glob.source, this.#fields.innerSpan(node, start, end), path);
    }
    for (const { globs, tests } of parsed.condition.terms) {
      if (globs.length <= 1 && (globs.length === 0 || tests.length === 0)) continue;
      if (++this.#guardedCount !== guardedTermsMax + 1) continue;
      const message = `more than ${guardedTermsMax} alternatives join several globs, or globs and counts`;
      this.findings.add("too_many_guarded_terms", { message, path: pathText(path), span: this.#fields.span(node) });
    }
    return parsed.condition;
  }

  #defaults(node: DocumentNode | undefined): Defaults | undefined {
    if (node?.kind !== "mapping") return undefined;
    const spans = new Map<DefaultsField, Span>();
    for (const entry of node.entries.values()) spans.set(entry.key as DefaultsField, this.#fields.span(entry.value));
    const value = (field: DefaultsField) => {
      const found = child(node, field);
      return found?.kind === "scalar" ? found.value : undefined;
    };
    return {
      unmappedToolAction: value("unmapped_tool_action") as UnmappedAction,
      unmappedSeverity: value("unmapped_severity") as Severity,
      failOpen: value("fail_open") as boolean,
      ...optional("enforcementMode", value("enforcement_mode") as EnforcementMode | undefined),
      ...optional("gracePeriodHours", value("grace_period_hours") as number | undefined),
      ...optional("failOn", value("fail_on") as Severity | undefined),
      spans,
    };
  }

  #examples(
    node: DocumentNode | undefined,
    path: readonly PathStep[],
    matches: ((name: string) => boolean) | undefined,
  ): Examples | undefined {
    if (node?.kind !== "mapping") return undefined;
    const check = (key: "match" | "not_match", wanted: boolean): readonly Located<string>[] =>
      this.#items(child(node, key), (item, i) => {
        const at = [...path, key, i];
        const name = this.#fields.text(item, at);
        if (name === undefined) return undefined;
        const span = this.#fields.span(item);
        this.#fields.unusual(name, span, at);
        if (matches !== undefined && matches(name) !== wanted) {
          const message = `the rule ${wanted ? "does not match" : "matches"} its example ${quoteText(name)}`;
          this.findings.add(wanted ? "example_not_matched" : "example_matched", { message, path: pathText(at), span });
        }
        return { value: name, span };
      });
    return { match: check("match", true), notMatch: check("not_match", false) };
  }

  #glob(node: DocumentNode | undefined, path: readonly PathStep[]): GlobRef | undefined {
    if (node !== undefined) this.#countGlob(undefined, node);
    return this.#fields.glob(node, path);
  }

  #countGlob(span: Span | undefined, node?: DocumentNode): void {
    if (++this.#globCount !== policyGlobsMax + 1) return;
    const message = `the policy has more than ${policyGlobsMax} globs`;
    this.findings.add("too_many_globs", { message, span: node === undefined ? span : this.#fields.span(node) });
  }

  #list<T>(
    node: DocumentNode | undefined,
    section: string,
    read: (item: DocumentNode, path: readonly PathStep[]) => T | undefined,
  ): readonly T[] {
    if (node?.kind !== "list") return [];
    this.#checkCount(node.items.length, node, section);
    return this.#items(node, (item, i) => read(item, [section, i]));
  }

  #items<T>(node: DocumentNode | undefined, read: (item: DocumentNode, index: number) => T | undefined): readonly T[] {
    const values: T[] = [];
    if (node?.kind !== "list") return values;
    for (const [index, item] of node.items.entries()) {
      const value = read(item, index);
      if (value !== undefined) values.push(value);
    }
    return values;
  }

  #checkCount(count: number, node: DocumentNode, section: string): void {
    if (count <= rulesMax) return;
    const span = this.document.source.span(node.start, node.start);
    this.findings.add("too_many_rules", { message: `\`${section}\` has more than ${rulesMax} entries`, path: section, span });
  }
}

/** A trigger matches a name when the globs of one alternative all do; counts are no matter of the name. */
function nameTest(condition: Condition): (name: string) => boolean {
  return (name) => condition.terms.some(({ globs }) => globs.length > 0 && globs.every((glob) => matchGlob(glob.text, name)));
}

function located<T>(value: T | undefined, span: Span): Located<T> | undefined {
  return value === undefined ? undefined : { value, span };
}

/** A field that is left out when it has no value. */
function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}
