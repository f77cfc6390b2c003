import { parseGlob } from "../glob/parse.js";
import { textBytesMax, toolsPerRequestMax } from "../limits.js";
import { timeJson } from "../report/json/rule.js";
import type { StoredTransaction } from "../store/store.js";
import { checkedAgent, checkedPage } from "./access.js";
import { textsOf, unitsOf } from "./documents.js";
import { RegistryFailure } from "./failure.js";
import { randomLetters } from "./ids.js";
import { inlineText } from "./inline-policy.js";
import { perform } from "./perform.js";
import type { Paging } from "./registry.js";
import type { Caller, Services } from "./services.js";
import type { TransactionDocument, TransactionList, TransactionRequest } from "./shapes.js";

const hourMs = 3_600_000;
const hoursDefault = 1;
const hoursMax = 24;

/**
 * A guardrail for a while (M5): an agent inside of it may do less than its policy lets it. An agent without a policy has nothing to
 * narrow: `not_found`.
 */
export async function createTransaction(
  services: Services,
  caller: Caller,
  request: TransactionRequest,
): Promise<TransactionDocument> {
  const { store, clock, randomBytes, engines } = services;
  const { org, actor } = caller;
  const agent = checkedAgent(caller, request.agent_id);
  const policy = request.policy === undefined ? undefined : inlineText(request.policy);
  if (policy !== undefined) await perform(services, "inlineDocument", policy, policy.length);
  const createdAtMs = clock();
  const transaction: StoredTransaction = {
    transactionId: `txn-${randomLetters(randomBytes, 20)}`,
    agent,
    description: checkedText(request.description, "description"),
    actionType: checkedText(request.action_type, "action_type"),
    tools: request.tools && checkedGlobs(request.tools),
    allowedCapabilities: request.allowed_capabilities && checkedNames(request.allowed_capabilities),
    session: request.session_id,
    policySource: policy,
    createdAtMs,
    createdBy: actor,
    expiresAtMs: createdAtMs + checkedHours(request.duration_hours) * hourMs,
    endedAtMs: undefined,
  };
  if ((await engines.policyOf(org, agent)) === undefined) {
    throw new RegistryFailure("not_found", `no policy is in force for the agent \`${agent}\`, so that nothing can be narrowed`);
  }
  await store.transactions.create(org, transaction);
  engines.changed({ kind: "transaction", org, agent, id: transaction.transactionId });
  return documentOf(services, org, transaction);
}

export async function getTransaction(services: Services, caller: Caller, id: string): Promise<TransactionDocument> {
  return documentOf(services, caller.org, await find(services, caller, id));
}

/** Ending one that has ended changes nothing. What it bound stays bound, and is denied from now on. */
export async function endTransaction(services: Services, caller: Caller, id: string): Promise<void> {
  const { store, clock, engines } = services;
  const { org, actor } = caller;
  const { agent } = await find(services, caller, id);
  await store.transactions.end(org, id, { actor, atMs: clock() });
  engines.changed({ kind: "transaction", org, agent, id });
}

export async function listTransactions(
  services: Services,
  caller: Caller,
  agentId: string | undefined,
  paging?: Paging,
): Promise<TransactionList> {
  const { store, clock } = services;
  const agent = checkedScope(caller, agentId);
  const page = checkedPage(paging);
  const { items, total } = await store.transactions.list(caller.org, agent, page);
  const nowMs = clock();
  return { transactions: items.map((each) => fieldsOf(each, nowMs)), total, page: page.page, per_page: page.perPage };
}

/** A caller that is limited to several agents has to say which one is meant. */
export function checkedScope(caller: Caller, agent: string | undefined): string | undefined {
  if (agent !== undefined) return checkedAgent(caller, agent);
  if (caller.agents === undefined) return undefined;
  const [only, ...others] = caller.agents;
  if (only !== undefined && others.length === 0) return only;
  throw new RegistryFailure("forbidden", "this key is limited to some agents: name one of them", {
    details: [{ path: "agent_id", message: "name one of the key's agents" }],
  });
}

/** What belongs to other agents does not exist for the caller. */
async function find({ store }: Services, caller: Caller, id: string): Promise<StoredTransaction> {
  const found = await store.transactions.get(caller.org, id);
  if (found !== undefined && (caller.agents === undefined || caller.agents.includes(found.agent))) return found;
  throw new RegistryFailure("not_found", "there is no such transaction");
}

function fieldsOf(transaction: StoredTransaction, nowMs: number): Omit<TransactionDocument, "merged_policy"> {
  const { expiresAtMs, endedAtMs } = transaction;
  return {
    transaction_id: transaction.transactionId,
    agent_id: transaction.agent,
    status: endedAtMs !== undefined ? "ended" : nowMs < expiresAtMs ? "active" : "expired",
    description: transaction.description,
    action_type: transaction.actionType,
    tools: transaction.tools ?? [],
    allowed_capabilities: transaction.allowedCapabilities ?? null,
    session_id: transaction.session ?? null,
    created_at: timeJson(transaction.createdAtMs) as string,
    expires_at: timeJson(expiresAtMs) as string,
    ended_at: timeJson(endedAtMs),
  };
}

async function documentOf(services: Services, org: string, transaction: StoredTransaction): Promise<TransactionDocument> {
  const { agent, tools, allowedCapabilities, policySource } = transaction;
  const layers = await services.store.policies.layers(org, agent);
  const isNone = layers.org === undefined && layers.agent === undefined;
  const base = isNone ? {} : (await perform(services, "resolveLayers", textsOf(layers), unitsOf(layers))).document;
  const guardrail = {
    tools: tools ?? null,
    allowed_capabilities: allowedCapabilities ?? null,
    policy: policySource === undefined ? null : await perform(services, "inlineDocument", policySource, policySource.length),
  };
  return { ...fieldsOf(transaction, services.clock()), merged_policy: { ...base, guardrail } };
}

function refused(path: string, message: string): RegistryFailure {
  return new RegistryFailure("invalid_request", `${path} must be ${message}`, { details: [{ path, message }] });
}

function checkedText(text: unknown, path: string): string {
  if (typeof text === "string" && text.trim() !== "" && text.length <= textBytesMax) return text;
  throw refused(path, `text of at most ${textBytesMax} characters that is not blank`);
}

/** An empty list would not say whether nothing is allowed or everything. */
function checkedList(list: unknown, path: string): readonly unknown[] {
  if (Array.isArray(list) && list.length > 0 && list.length <= toolsPerRequestMax) return list;
  throw refused(path, `a list of 1 to ${toolsPerRequestMax}; leave it out for no such limit`);
}

function checkedGlobs(tools: unknown): readonly string[] {
  return checkedList(tools, "tools").map((tool, i) => {
    const glob = typeof tool === "string" ? parseGlob(tool) : "no text";
    if (typeof glob === "string") throw refused(`tools[${i}]`, `a glob, but it is ${glob.replaceAll("_", " ")}`);
    return glob.source;
  });
}

function checkedNames(names: unknown): readonly string[] {
  return checkedList(names, "allowed_capabilities").map((name, i) => checkedText(name, `allowed_capabilities[${i}]`));
}

function checkedHours(hours: unknown = hoursDefault): number {
  if (typeof hours === "number" && hours > 0 && hours <= hoursMax) return hours;
  throw refused("duration_hours", `more than 0 and at most ${hoursMax}`);
}
