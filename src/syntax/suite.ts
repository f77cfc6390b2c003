import type { Parsed, Span } from "../diagnostics/diagnostic.js";
import { quoteText } from "../diagnostics/escape.js";
import { Findings } from "../diagnostics/findings.js";
import { policyBytesMax, suiteCallsMax, suiteCasesMax, suiteNotRulesMax, suiteSessionCallsMax } from "../limits.js";
import type { Located } from "../policy/model.js";
import type { Circumstances, Expectation, Suite, SuiteCase, SuiteContext } from "../policy/suite.js";
import { dateMs } from "./date.js";
import { readDocument } from "./document.js";
import { Fields } from "./fields.js";
import {
  child,
  type DocumentNode,
  keySpan,
  type MappingNode,
  type PathStep,
  pathText,
  type SourceDocument,
  textOf,
} from "./node.js";
import { checkShape } from "./schema.js";
import { decodeSource } from "./source.js";
import { ExpectationReader } from "./suite-expectation.js";

/**
 * Reads a file of policy tests, YAML or JSON. Never throws: every problem is a diagnostic with its place, and a file with any
 * error is rejected whole. Linear in the text, times the depth of its groups.
 */
export function parseSuite(source: string | Uint8Array, options: { file: string }): Parsed<Suite> {
  const decoded = decodeSource(source, { file: options.file, bytesMax: policyBytesMax });
  if (decoded.value === undefined) return { diagnostics: decoded.diagnostics };
  const findings = new Findings();
  const document = readDocument(decoded.value, findings);
  if (document === undefined) return { diagnostics: findings.list() };
  checkShape("suite", document, findings);
  const suite = new SuiteReader(document, findings).suite();
  return findings.hasErrors ? { diagnostics: findings.list() } : { value: suite, diagnostics: findings.list() };
}

/** What an entry is told by the groups around it. */
interface Surroundings {
  readonly groups: readonly string[];
  readonly circumstances: Circumstances;
}

/** What makes an entry a case or a group, and the keys that then have no meaning. */
const entryKinds = [
  { key: "tools", strangers: [] },
  { key: "session", strangers: [] },
  { key: "tests", strangers: ["name", "expect"] },
] as const;

class SuiteReader {
  readonly #fields: Fields;
  readonly #expectations: ExpectationReader;
  readonly #cases: SuiteCase[] = [];
  readonly #titles = new Map<string, Span>();
  #caseCount = 0;
  #callCount = 0;
  #notRuleCount = 0;
  /** Cases with a time. */
  #clockedCount = 0;

  constructor(
    readonly document: SourceDocument,
    readonly findings: Findings,
  ) {
    this.#fields = new Fields(document.source, findings);
    this.#expectations = new ExpectationReader(this.#fields);
  }

  suite(): Suite {
    const { root, source } = this.document;
    const context = textOf(child(root, "context")) as SuiteContext | undefined;
    const circumstances = this.#circumstances(root, [], {}, false);
    this.#entries(child(root, "tests"), ["tests"], { groups: [], circumstances });
    if (root.kind === "mapping") this.#clocked(root, [], 0);
    return {
      file: source.file,
      ...this.#located("policy", child(root, "policy"), ["policy"]),
      ...this.#located("org", child(root, "org"), ["org"]),
      ...this.#located("card", child(root, "card"), ["card"]),
      ...(context !== undefined && { context }),
      cases: this.#cases,
    };
  }

  #entries(list: DocumentNode | undefined, path: readonly PathStep[], around: Surroundings): void {
    if (list?.kind !== "list") return;
    for (const [i, entry] of list.items.entries()) {
      if (entry.kind === "mapping") this.#entry(entry, [...path, i], around);
      if (this.#caseCount > suiteCasesMax || this.#callCount > suiteCallsMax) return;
    }
  }

  #entry(node: MappingNode, path: readonly PathStep[], around: Surroundings): void {
    const kinds = entryKinds.filter(({ key }) => node.entries.has(key));
    const [kind] = kinds;
    if (kind === undefined || kinds.length > 1) {
      const found = kinds.length === 0 ? "none of them" : kinds.map(({ key }) => `\`${key}\``).join(" and ");
      const message = `${quoteText(pathText(path))} must have one of \`tools\`, \`session\` and \`tests\`, and has ${found}`;
      this.findings.add("suite_entry_kind", { message, path: pathText(path), span: this.#head(node) });
      return;
    }
    for (const key of kind.strangers) {
      const stranger = node.entries.get(key);
      if (stranger === undefined) continue;
      const fix = key === "name" ? "call it `group`" : `put \`${key}\` into the cases of the group`;
      const message = `\`${key}\` has no meaning in a group`;
      this.findings.add("suite_entry_kind", {
        message,
        path: pathText([...path, key]),
        span: keySpan(this.document.source, stranger),
        fix,
      });
    }
    const group = this.#fields.name(child(node, "group"), [...path, "group"], "the name of the group");
    const inner: Surroundings = {
      groups: group === undefined ? around.groups : [...around.groups, group],
      circumstances: this.#circumstances(node, path, around.circumstances, true),
    };
    const before = this.#clockedCount;
    if (inner.circumstances.nowMs !== undefined && kind.key !== "tests") this.#clockedCount++;
    if (kind.key === "tests") this.#group(node, path, inner);
    else this.#case(node, kind.key, path, inner);
    this.#clocked(node, path, before);
  }

  /** The schema refers to itself here, and is checked one level at a time. */
  #group(node: MappingNode, path: readonly PathStep[], around: Surroundings): void {
    if (!node.entries.has("group")) this.#missing("group", node, path);
    const tests = node.entries.get("tests");
    if (tests === undefined) return;
    const root = { ...node, entries: new Map([["tests", tests]]) };
    checkShape("suite", { source: this.document.source, root }, this.findings, path);
    this.#entries(tests.value, [...path, "tests"], around);
  }

  #case(node: MappingNode, kind: SuiteCase["kind"], path: readonly PathStep[], { groups, circumstances }: Surroundings): void {
    if (++this.#caseCount === suiteCasesMax + 1) this.#tooMany(`the file has more than ${suiteCasesMax} cases`, node);
    const list = child(node, kind);
    const calls: Located<string>[] = [];
    for (const item of list?.kind === "list" ? list.items : []) {
      const value = textOf(item);
      if (value !== undefined) calls.push({ value, span: this.#fields.span(item) });
    }
    const before = this.#callCount;
    this.#callCount += calls.length;
    if (before <= suiteCallsMax && this.#callCount > suiteCallsMax) {
      this.#tooMany(`the cases have more than ${suiteCallsMax} calls`, node);
    }
    if (kind === "session" && calls.length > suiteSessionCallsMax) {
      this.#tooMany(`the session has more than ${suiteSessionCallsMax} calls`, node);
    }
    const name = this.#fields.name(child(node, "name"), [...path, "name"], "the name of the case");
    const nameEntry = node.entries.get("name");
    if (nameEntry === undefined) this.#missing("name", node, path);
    const expectNode = child(node, "expect");
    if (expectNode === undefined) this.#missing("expect", node, path);
    const expected = expectNode && this.#expected(expectNode, kind, calls.length, [...path, "expect"]);
    if (name === undefined || nameEntry === undefined || expected === undefined) return;
    const notRules = this.#notRuleCount;
    for (const each of expected) this.#notRuleCount += each?.notRules?.length ?? 0;
    if (notRules <= suiteNotRulesMax && this.#notRuleCount > suiteNotRulesMax) {
      this.#tooMany(`the calls have more than ${suiteNotRulesMax} rules under \`not_rule\``, node);
    }
    const span = this.#fields.span(nameEntry.value);
    this.#once([...groups, name], span);
    this.#cases.push({ name, groups, kind, calls, expected, circumstances, span });
  }

  #expected(
    node: DocumentNode,
    kind: SuiteCase["kind"],
    calls: number,
    path: readonly PathStep[],
  ): readonly (Expectation | undefined)[] | undefined {
    if (node.kind !== "list") {
      const one = this.#expectations.read(node, path);
      if (one === undefined) return undefined;
      return Array.from({ length: calls }, (_, i) => (kind === "tools" || i === calls - 1 ? one : undefined));
    }
    const span = this.#fields.span(node);
    if (kind === "tools" || node.items.length !== calls) {
      const message =
        kind === "tools"
          ? "a list of expectations belongs to a `session`, not to `tools`"
          : `the session has ${calls} calls and the list ${node.items.length} expectations`;
      this.findings.add("suite_expect_count", { message, path: pathText(path), span });
      return undefined;
    }
    const all = node.items.map((item, i) => (textOf(item) === "any" ? undefined : this.#expectations.read(item, [...path, i])));
    if (node.items.every((item) => textOf(item) === "any")) {
      this.findings.add("suite_expects_nothing", { message: "every call of the session is `any`", path: pathText(path), span });
    }
    return all;
  }

  /** Equal circumstances stay the same object. */
  #circumstances(node: DocumentNode, path: readonly PathStep[], outer: Circumstances, inner: boolean): Circumstances {
    const now = this.#time(child(node, "now"), [...path, "now"]);
    const seen = child(node, "first_seen");
    const firstSeenMs = seen?.kind === "mapping" ? this.#firstSeen(seen, [...path, "first_seen"], outer.firstSeenMs) : undefined;
    const context = inner ? (textOf(child(node, "context")) as SuiteContext | undefined) : undefined;
    const card = inner ? this.#located("card", child(node, "card"), [...path, "card"]) : {};
    const own: Circumstances = {
      ...card,
      ...(context !== undefined && { context }),
      ...(now !== undefined && { nowMs: now }),
      ...(firstSeenMs !== undefined && { firstSeenMs }),
    };
    return Object.keys(own).length === 0 ? outer : { ...outer, ...own };
  }

  /** First sightings that no case below them has a time for; a `now` that cannot be read was reported. */
  #clocked(node: MappingNode, path: readonly PathStep[], before: number): void {
    const seen = child(node, "first_seen");
    if (seen === undefined || this.#clockedCount > before || node.entries.has("now")) return;
    const message = "there is no `now`, so no tool has a grace period";
    const at = [...path, "first_seen"];
    this.findings.add("suite_first_seen_without_now", { message, path: pathText(at), span: this.#fields.span(seen) });
  }

  #firstSeen(
    node: MappingNode,
    path: readonly PathStep[],
    outer: ReadonlyMap<string, number> | undefined,
  ): ReadonlyMap<string, number> {
    const seen = new Map(outer);
    for (const { key, value } of node.entries.values()) {
      const ms = this.#time(value, [...path, key]);
      if (ms !== undefined) seen.set(key, ms);
    }
    return seen;
  }

  #time(node: DocumentNode | undefined, path: readonly PathStep[]): number | undefined {
    const text = textOf(node);
    if (node === undefined || text === undefined) return undefined;
    const ms = dateMs(text);
    if (ms !== undefined) return ms;
    const message = `${quoteText(text)} is not a time`;
    this.findings.add("suite_time", { message, path: pathText(path), span: this.#fields.span(node) });
    return undefined;
  }

  #located<K extends string>(key: K, node: DocumentNode | undefined, path: readonly PathStep[]): { [P in K]?: Located<string> } {
    const value = this.#fields.name(node, path, `the path of \`${key}\``);
    const found = value === undefined || node === undefined ? {} : { [key]: { value, span: this.#fields.span(node) } };
    return found as { [P in K]?: Located<string> };
  }

  #once(title: readonly string[], span: Span): void {
    const key = JSON.stringify(title);
    const earlier = this.#titles.get(key);
    if (earlier === undefined) this.#titles.set(key, span);
    else {
      const message = `the case ${quoteText(title.join(" > "))} stands in line ${earlier.line} already`;
      this.findings.add("suite_duplicate_name", { message, span });
    }
  }

  #missing(key: string, node: MappingNode, path: readonly PathStep[]): void {
    const message = `${quoteText(pathText(path))} lacks the key \`${key}\``;
    this.findings.add("missing_key", { message, path: pathText(path), span: this.#head(node), fix: `add \`${key}:\`` });
  }

  #tooMany(message: string, node: MappingNode): void {
    this.findings.add("suite_too_many_cases", { message, path: "tests", span: this.#head(node) });
  }

  /** The first line of an entry. */
  #head({ start, end }: MappingNode): Span {
    const { source } = this.document;
    const lineEnd = source.text.indexOf("\n", start);
    return source.span(start, lineEnd === -1 ? end : Math.min(end, lineEnd));
  }
}
