import type { Parsed } from "../diagnostics/diagnostic.js";
import { quoteText } from "../diagnostics/escape.js";
import { Findings } from "../diagnostics/findings.js";
import { policyBytesMax } from "../limits.js";
import type { Card } from "../policy/model.js";
import { dateMs } from "./date.js";
import { readDocument } from "./document.js";
import { Fields } from "./fields.js";
import { child, type DocumentNode, type SourceDocument, textOf } from "./node.js";
import { checkShape } from "./schema.js";
import { decodeSource } from "./source.js";

/**
 * Reads an alignment card, YAML or JSON, classic or unified (semantics C2). Where both forms are present only actions in
 * both are bounded, and an action forbidden in either is forbidden. `nowMs` (epoch milliseconds) decides whether the
 * card has expired; without it nobody asks. Never throws.
 */
export function parseCard(source: string | Uint8Array, options: { file: string; nowMs?: number }): Parsed<Card> {
  const decoded = decodeSource(source, { file: options.file, bytesMax: policyBytesMax });
  if (decoded.value === undefined) return { diagnostics: decoded.diagnostics };
  const findings = new Findings();
  const document = readDocument(decoded.value, findings);
  if (document === undefined) return { diagnostics: findings.list() };
  checkShape("card", document, findings);
  const card = new CardReader(document, findings).card(options.nowMs);
  return findings.hasErrors ? { diagnostics: findings.list() } : { value: card, diagnostics: findings.list() };
}

interface Envelope {
  readonly name: string;
  readonly node: DocumentNode;
  readonly bounded: ReadonlyMap<string, DocumentNode>;
  readonly forbidden: ReadonlyMap<string, DocumentNode>;
}

class CardReader {
  readonly #fields: Fields;

  constructor(
    readonly document: SourceDocument,
    readonly findings: Findings,
  ) {
    this.#fields = new Fields(document.source, findings);
  }

  card(nowMs: number | undefined): Card {
    const { root } = this.document;
    const envelopes = ["autonomy_envelope", "autonomy"].flatMap((name) => this.#envelope(name, child(root, name)));
    if (envelopes.length === 0 && root.kind === "mapping") {
      const message = "the card has neither `autonomy_envelope` nor `autonomy`";
      this.findings.add("card_without_actions", { message, span: this.document.source.span(root.start, root.start) });
    }
    const bounded = this.#bounded(envelopes);
    const forbidden = new Map(envelopes.flatMap((envelope) => [...envelope.forbidden]));
    const granted = new Set(bounded);
    for (const [action, node] of forbidden) {
      if (!granted.has(action)) continue;
      const message = `the action ${quoteText(action)} is both bounded and forbidden; the ban wins`;
      this.findings.add("card_action_contradiction", { message, span: this.#fields.span(node) });
    }
    const cardId = textOf(child(root, "card_id"));
    const agentId = textOf(child(root, "agent_id"));
    const expiresAtMs = this.#expiry(child(root, "expires_at"), nowMs);
    return {
      ...(cardId === undefined ? {} : { cardId }),
      ...(agentId === undefined ? {} : { agentId }),
      boundedActions: bounded,
      forbiddenActions: [...forbidden.keys()],
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    };
  }

  #envelope(name: string, node: DocumentNode | undefined): readonly Envelope[] {
    if (node === undefined) return [];
    const bounded = this.#actions(child(node, "bounded_actions"), [name, "bounded_actions"]);
    const forbidden = this.#actions(child(node, "forbidden_actions"), [name, "forbidden_actions"]);
    return [{ name, node, bounded, forbidden }];
  }

  /** Distinct actions in the order of the card. */
  #actions(node: DocumentNode | undefined, path: readonly string[]): ReadonlyMap<string, DocumentNode> {
    const actions = new Map<string, DocumentNode>();
    if (node?.kind !== "list") return actions;
    for (const [i, item] of node.items.entries()) {
      const action = this.#fields.name(item, [...path, i], "the action");
      if (action !== undefined && !actions.has(action)) actions.set(action, item);
    }
    return actions;
  }

  #bounded([first, second]: readonly Envelope[]): readonly string[] {
    if (first === undefined) return [];
    const actions = [...first.bounded.keys()];
    if (second === undefined) return actions;
    const common = actions.filter((action) => second.bounded.has(action));
    const differing = [
      ...actions.filter((action) => !second.bounded.has(action)),
      ...[...second.bounded.keys()].filter((action) => !first.bounded.has(action)),
    ];
    if (differing.length > 0) {
      const listed = differing
        .slice(0, 3)
        .map((action) => quoteText(action, 40))
        .join(", ");
      const message = `\`autonomy_envelope\` and \`autonomy\` differ in ${listed}${differing.length > 3 ? ", ..." : ""}; only actions in both are granted`;
      const list = child(second.node, "bounded_actions") ?? second.node;
      this.findings.add("card_envelopes_differ", { message, span: this.document.source.span(list.start, list.start) });
    }
    return common;
  }

  #expiry(node: DocumentNode | undefined, nowMs: number | undefined): number | undefined {
    const text = textOf(node);
    if (node === undefined || text === undefined) return undefined;
    const expiresAtMs = dateMs(text);
    const span = this.#fields.span(node);
    if (expiresAtMs === undefined) {
      this.findings.add("card_date", { message: `${quoteText(text)} is not a date`, path: "expires_at", span });
    } else if (nowMs !== undefined && expiresAtMs <= nowMs) {
      this.findings.add("card_expired", { message: `the card expired at ${quoteText(text)}`, path: "expires_at", span });
    }
    return expiresAtMs;
  }
}
