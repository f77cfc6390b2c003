import { textDigest } from "../compiler/digest.js";
import { diagnostic } from "../diagnostics/codes.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { hasErrors } from "../diagnostics/diagnostic.js";
import { quoteText } from "../diagnostics/escape.js";
import { Findings } from "../diagnostics/findings.js";
import { policyBytesMax } from "../limits.js";
import { timeJson } from "../report/json/rule.js";
import { ExpectationFailed } from "../store/failures.js";
import type { Expectation, StoredCard } from "../store/store.js";
import { parseCard } from "../syntax/card.js";
import { readDocument } from "../syntax/document.js";
import { decodeSource } from "../syntax/source.js";
import { checkedAgent } from "./access.js";
import { findingShape, orderedValue, refusedDocument } from "./documents.js";
import { checkExpectation, expectationFailure, whatever } from "./expectation.js";
import { RegistryFailure } from "./failure.js";
import type { SourceText } from "./registry.js";
import type { Caller, Services } from "./services.js";
import type { CardDocument } from "./shapes.js";

export async function getCard({ store, clock }: Services, caller: Caller, agentId: string): Promise<CardDocument> {
  const agent = checkedAgent(caller, agentId);
  const stored = await store.cards.get(caller.org, agent);
  if (stored === undefined) throw new RegistryFailure("not_found", `there is no card of the agent \`${agent}\``);
  const { value: card, diagnostics } = parseCard(stored.source, { file: cardLabel(stored), nowMs: clock() });
  return cardDocument(stored, [...diagnostics, ...otherAgent(agent, card?.agentId)]);
}

/** A new version, unless it is the same text again. An expired card is taken, with a warning (semantics C2). */
export async function putCard(
  { store, clock, engines }: Services,
  caller: Caller,
  agentId: string,
  source: SourceText,
  expected: Expectation = whatever,
): Promise<CardDocument> {
  const agent = checkedAgent(caller, agentId);
  const nowMs = clock();
  const label = cardLabel({ agent, mediaType: source.mediaType });
  const decoded = decodeSource(source.bytes, { file: label, bytesMax: policyBytesMax });
  if (decoded.value === undefined) throw refusedDocument("card", decoded.diagnostics);
  const { text } = decoded.value;
  const { value: card, diagnostics } = parseCard(text, { file: label, nowMs });
  if (card === undefined || hasErrors(diagnostics)) throw refusedDocument("card", diagnostics);
  const warnings = [...diagnostics, ...otherAgent(agent, card.agentId)];
  const present = await store.cards.get(caller.org, agent);
  checkExpectation(expected, present?.version);
  if (present?.source === text && present.mediaType === source.mediaType) return cardDocument(present, warnings);
  const draft = {
    agent,
    cardId: card.cardId,
    source: text,
    mediaType: source.mediaType,
    sourceDigest: textDigest(text),
    createdAtMs: nowMs,
    createdBy: caller.actor,
  };
  try {
    const stored = await store.cards.put(caller.org, draft, expected);
    engines.changed({ org: caller.org, agent, kind: "card", id: undefined });
    return cardDocument(stored, warnings);
  } catch (error) {
    if (error instanceof ExpectationFailed) throw expectationFailure(expected, error.active);
    throw error;
  }
}

function otherAgent(agent: string, named: string | undefined): Diagnostic[] {
  if (named === undefined || named === agent) return [];
  const message = `the card names the agent ${quoteText(named)}, and it is kept for \`${agent}\``;
  return [diagnostic("card_other_agent", { message, path: "agent_id" })];
}

function cardLabel({ agent, mediaType }: Pick<StoredCard, "agent" | "mediaType">): string {
  return `agents/${agent}/card.${mediaType}`;
}

/** `card` is made of Maps: print it with `orderedJson`. */
function cardDocument(stored: StoredCard, diagnostics: readonly Diagnostic[]): CardDocument {
  return {
    agent_id: stored.agent,
    version: stored.version,
    card: cardValue(stored),
    updated_at: timeJson(stored.createdAtMs) as string,
    updated_by: stored.createdBy,
    warnings: diagnostics.map(findingShape),
  };
}

/** @throws Error when it does not parse any more, which is a fault of this program */
function cardValue(stored: StoredCard): object {
  const decoded = decodeSource(stored.source, { file: cardLabel(stored), bytesMax: policyBytesMax });
  const document = decoded.value && readDocument(decoded.value, new Findings());
  if (document === undefined) throw new Error("a stored card does not parse");
  return orderedValue(document.root) as object;
}
