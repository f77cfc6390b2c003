import { AgentOperations, OrgOperations } from "./agents.js";
import { AuditOperations, KeyOperations } from "./keys.js";
import { PolicyOperations } from "./questions.js";
import { TeamOperations } from "./teams.js";
import { TraceOperations } from "./traces.js";
import { TransactionOperations } from "./transactions.js";
import { type ClientOptions, Transport } from "./transport.js";

/**
 * A server of the registry, typed. Runs wherever `fetch` does: Node, browsers, Workers. Arguments are camelCase, answers are the documented JSON as it
 * is (docs/rest.md). Refusals are `SmoltbotError`s by code; what was not answered is a `ConnectionError`.
 */
export class SmoltbotClient {
  readonly agents: AgentOperations;
  readonly orgs: OrgOperations;
  readonly policies: PolicyOperations;
  readonly teams: TeamOperations;
  readonly transactions: TransactionOperations;
  readonly traces: TraceOperations;
  readonly keys: KeyOperations;
  readonly audit: AuditOperations;

  /** @throws TypeError for an address or a key that cannot be used */
  constructor(options: ClientOptions) {
    const transport = new Transport(options);
    this.agents = new AgentOperations(transport);
    this.orgs = new OrgOperations(transport);
    this.policies = new PolicyOperations(transport);
    this.teams = new TeamOperations(transport);
    this.transactions = new TransactionOperations(transport);
    this.traces = new TraceOperations(transport);
    this.keys = new KeyOperations(transport);
    this.audit = new AuditOperations(transport);
  }
}
