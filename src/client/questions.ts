import type {
  ContextName,
  DiffAnswer,
  EvaluateAnswer,
  ExplainAnswer,
  HistoricalAnswer,
  LintAnswer,
  PolicyInput,
  PolicyList,
  ValidateAnswer,
} from "../registry/shapes.js";
import { asked, type PageOptions, pageQuery, posted, timeText } from "./request.js";
import type { CallOptions, Transport } from "./transport.js";

/** A policy in a question: inline (over the org's policy where an agent is named), or the active one. */
export interface PolicyReference {
  readonly agentId?: string | undefined;
  readonly policy?: PolicyInput | string | undefined;
  readonly version?: number | undefined;
}

export interface EvaluateRequest {
  readonly agentId?: string | undefined;
  readonly policy?: PolicyInput | string | undefined;
  readonly tools: readonly string[];
  /** Default `cicd`: a dry run. In `gateway` the tools count as called. */
  readonly context?: ContextName | undefined;
  readonly transactionId?: string | undefined;
  readonly sessionId?: string | undefined;
}

export interface HistoricalRequest {
  readonly agentId: string;
  readonly timeRange: { readonly start: Date | string; readonly end: Date | string };
  readonly policy?: PolicyInput | string | undefined;
  readonly context?: ContextName | undefined;
  readonly limit?: number | undefined;
}

export class PolicyOperations {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async evaluate(request: EvaluateRequest, options: CallOptions = {}): Promise<EvaluateAnswer> {
    const { agentId, policy, tools, context, transactionId, sessionId } = request;
    const body = { agent_id: agentId, policy, tools, context, transaction_id: transactionId, session_id: sessionId };
    // In a session every call counts, so it is not asked twice.
    return this.#transport.json(posted("/v1/policies/evaluate", body, sessionId === undefined), options);
  }

  async evaluateHistorical(request: HistoricalRequest, options: CallOptions = {}): Promise<HistoricalAnswer> {
    const { agentId, timeRange, policy, context, limit } = request;
    const range = { start: timeText(timeRange.start), end: timeText(timeRange.end) };
    const body = { agent_id: agentId, time_range: range, policy, context, limit };
    return this.#transport.json(posted("/v1/policies/evaluate/historical", body, true), options);
  }

  async validate(
    request: { readonly policy: PolicyInput | string; readonly agentId?: string | undefined },
    options: CallOptions = {},
  ): Promise<ValidateAnswer> {
    return this.#ask("validate", { policy: request.policy, agent_id: request.agentId }, options);
  }

  async diff(
    request: { readonly old: PolicyReference; readonly new: PolicyReference },
    options: CallOptions = {},
  ): Promise<DiffAnswer> {
    return this.#ask("diff", { old: referenceOf(request.old), new: referenceOf(request.new) }, options);
  }

  async lint(request: PolicyReference, options: CallOptions = {}): Promise<LintAnswer> {
    return this.#ask("lint", referenceOf(request), options);
  }

  async explain(
    request: PolicyReference & { readonly tools: readonly string[] },
    options: CallOptions = {},
  ): Promise<ExplainAnswer> {
    return this.#ask("explain", { ...referenceOf(request), tools: request.tools }, options);
  }

  /** The active policies of the org. */
  async list(options: PageOptions = {}): Promise<PolicyList> {
    return this.#transport.json(asked("/v1/policies", pageQuery(options)), options);
  }

  async #ask<T>(question: string, body: object, options: CallOptions): Promise<T> {
    return this.#transport.json(posted(`/v1/policies/${question}`, body, true), options);
  }
}

function referenceOf({ agentId, policy, version }: PolicyReference): object {
  return { agent_id: agentId, policy, version };
}
