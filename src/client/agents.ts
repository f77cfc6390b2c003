import type {
  AgentList,
  CardDocument,
  HistoryPage,
  PolicyDocument,
  PublishedPolicy,
  ResolvedPolicy,
  ToolList,
} from "../registry/shapes.js";
import { segment } from "./address.js";
import {
  type DocumentText,
  OwnedPolicy,
  type PolicySource,
  type PublishOptions,
  type Removal,
  type Versioned,
} from "./owned-policy.js";
import { asked, documentOf, type PageOptions, pageQuery, precondition, timeText } from "./request.js";
import type { CallOptions, Transport } from "./transport.js";

/** What agents and orgs have in common. */
class PolicyOwners {
  readonly #transport: Transport;
  readonly #prefix: string;

  constructor(transport: Transport, prefix: string) {
    this.#transport = transport;
    this.#prefix = prefix;
  }

  /** Validated, compiled, proved not to weaken the org's policy, and only then active. */
  async setPolicy(id: string, policy: PolicySource, options?: PublishOptions): Promise<PublishedPolicy> {
    return this.#of(id).put(policy, options);
  }

  async getPolicy(id: string, options?: Versioned): Promise<PolicyDocument> {
    return this.#of(id).get(options);
  }

  /** As it was published, comments included. */
  async getPolicyText(id: string, options?: Versioned): Promise<DocumentText> {
    return this.#of(id).text(options);
  }

  async deletePolicy(id: string, options?: Removal): Promise<void> {
    return this.#of(id).remove(options);
  }

  async policyHistory(id: string, options?: PageOptions): Promise<HistoryPage> {
    return this.#of(id).history(options);
  }

  async rollbackPolicy(id: string, version: number, options?: PublishOptions): Promise<PublishedPolicy> {
    return this.#of(id).rollback(version, options);
  }

  #of(id: string): OwnedPolicy {
    return new OwnedPolicy(this.#transport, `${this.#prefix}/${segment(id)}/policy`);
  }
}

export class OrgOperations extends PolicyOwners {
  constructor(transport: Transport) {
    super(transport, "/v1/orgs");
  }
}

export class AgentOperations extends PolicyOwners {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    super(transport, "/v1/agents");
    this.#transport = transport;
  }

  /** The policy in force: the org's and the agent's, merged, with the layer of each field. */
  async getResolvedPolicy(id: string, options: CallOptions = {}): Promise<ResolvedPolicy> {
    return this.#transport.json(asked(`/v1/agents/${segment(id)}/policy/resolved`), options);
  }

  async getCard(id: string, options: CallOptions = {}): Promise<CardDocument> {
    return this.#transport.json(asked(`/v1/agents/${segment(id)}/card`), options);
  }

  async setCard(
    id: string,
    card: object | string | Uint8Array,
    options: CallOptions & Pick<PublishOptions, "ifVersion" | "mediaType"> = {},
  ): Promise<CardDocument> {
    const { body, type } = documentOf(card, options.mediaType);
    const headers = { "content-type": type, ...precondition(options.ifVersion) };
    const safe = options.ifVersion !== undefined;
    return this.#transport.json({ method: "PUT", path: `/v1/agents/${segment(id)}/card`, headers, body, safe }, options);
  }

  /** The tools an agent was seen to use, and since when. */
  async listTools(id: string, options: PageOptions = {}): Promise<ToolList> {
    return this.#transport.json(asked(`/v1/agents/${segment(id)}/tools`, pageQuery(options)), options);
  }

  async list(options: PageOptions = {}): Promise<AgentList> {
    return this.#transport.json(asked("/v1/agents", pageQuery(options)), options);
  }

  /** Stored calls as lines of JSON (docs/traces.md, `events`). */
  runs(
    id: string,
    options: CallOptions & {
      readonly since?: Date | string | undefined;
      readonly until?: Date | string | undefined;
      readonly traces?: number | undefined;
    } = {},
  ): AsyncGenerator<Uint8Array> {
    const query = pageQuery({}, [
      ["since", timeText(options.since)],
      ["until", timeText(options.until)],
      ["traces", options.traces?.toString()],
    ]);
    const path = `/v1/agents/${segment(id)}/runs`;
    return this.#transport.pieces({ method: "GET", path, query, safe: true }, options, "application/x-ndjson");
  }
}
