import type { PolicyInput, TransactionDocument, TransactionList } from "../registry/shapes.js";
import { segment } from "./address.js";
import { asked, type PageOptions, pageQuery, posted } from "./request.js";
import type { CallOptions, Transport } from "./transport.js";

export interface TransactionRequest {
  readonly agentId: string;
  readonly description: string;
  readonly actionType: string;
  readonly tools?: readonly string[] | undefined;
  readonly allowedCapabilities?: readonly string[] | undefined;
  readonly durationHours?: number | undefined;
  readonly sessionId?: string | undefined;
  readonly policy?: PolicyInput | string | undefined;
}

export class TransactionOperations {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** A guardrail: it only narrows what the agent's policy allows, for a while. */
  async create(request: TransactionRequest, options: CallOptions = {}): Promise<TransactionDocument> {
    const { agentId, description, actionType, tools, allowedCapabilities, durationHours, sessionId, policy } = request;
    const body = {
      agent_id: agentId,
      description,
      action_type: actionType,
      tools,
      allowed_capabilities: allowedCapabilities,
      duration_hours: durationHours,
      session_id: sessionId,
      policy,
    };
    return this.#transport.json(posted("/v1/transactions", body, false), options);
  }

  async get(id: string, options: CallOptions = {}): Promise<TransactionDocument> {
    return this.#transport.json(asked(`/v1/transactions/${segment(id)}`), options);
  }

  async list(options: PageOptions & { readonly agentId?: string | undefined } = {}): Promise<TransactionList> {
    const query = pageQuery(options, [["agent_id", options.agentId]]);
    return this.#transport.json(asked("/v1/transactions", query), options);
  }

  async end(id: string, options: CallOptions = {}): Promise<void> {
    return this.#transport.none({ method: "DELETE", path: `/v1/transactions/${segment(id)}`, safe: true }, options);
  }
}
