import { StoreUnavailable } from "../store/failures.js";
import type { Expectation, Store } from "../store/store.js";
import { getTeam, listAgents, listTeams, putTeam, removeTeam } from "./agents.js";
import { audit } from "./audit.js";
import { getCard, putCard } from "./cards.js";
import { type EngineCacheOptions, openEngineCache } from "./engines.js";
import { evaluate } from "./evaluate.js";
import { RegistryFailure } from "./failure.js";
import { evaluateHistorical } from "./historical.js";
import { checkedId } from "./ids.js";
import { type IngestOptions, ingest } from "./ingest.js";
import { createKey, type KeyRequest, listKeys, revokeKey } from "./keys.js";
import { getPolicy, getPolicySource, history, list, removePolicy } from "./policies.js";
import { publish, rollback } from "./publish.js";
import { diff, explain, lint, validate } from "./questions.js";
import { recommend } from "./recommend.js";
import type { Paging, PolicyOwner, PublishOptions, Registry, SourceText, StoredRuns } from "./registry.js";
import { getResolvedPolicy } from "./resolved.js";
import { runs } from "./runs.js";
import type { Caller, Effects, ServiceFault, Services } from "./services.js";
import type {
  DiffRequest,
  EvaluateRequest,
  ExplainRequest,
  HistoricalRequest,
  PolicyReference,
  RecommendRequest,
  TransactionRequest,
  ValidateRequest,
} from "./shapes.js";
import { listTools, listTraces } from "./tools.js";
import { createTransaction, endTransaction, getTransaction, listTransactions } from "./transactions.js";

export interface RegistryOptions extends Effects {
  readonly store: Store;
  /** For people: a path or an address. */
  readonly place: string;
  /** Told of faults that an operation survives, such as a call that was allowed by fault (F1). */
  readonly warn?: ((fault: ServiceFault) => void) | undefined;
  readonly cache?: Pick<EngineCacheOptions, "enginesMax" | "engineBytesMax"> | undefined;
}

/** A registry for any number of callers. */
export interface RegistryService {
  readonly services: Services;
  /** On behalf of a caller. Cheap, and good for any number of requests. @throws RegistryFailure for an org that is no id */
  as(caller: Caller): Registry;
  /** Stores what is still to be stored, and closes the store. */
  close(): Promise<void>;
}

export function openRegistry({ place, warn = () => {}, cache, ...given }: RegistryOptions): RegistryService {
  const { store, clock, elapsed, later, aside, pause } = given;
  const engines = openEngineCache({ store, clock, elapsed, later, aside, pause, warn, ...cache });
  const services: Services = { ...given, engines, warn };
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= engines.close().finally(() => store.close());
    return closing;
  };
  return {
    services,
    as: (caller) => new CallersRegistry(services, { ...caller, org: checkedId(caller.org, "org_id") }, place, close),
    close,
  };
}

/** Every operation with its caller; what a store cannot do is refused in the words of the interface. */
class CallersRegistry implements Registry {
  readonly #services: Services;
  readonly #caller: Caller;

  constructor(
    services: Services,
    caller: Caller,
    readonly place: string,
    readonly close: () => Promise<void>,
  ) {
    this.#services = services;
    this.#caller = caller;
  }

  get org(): string {
    return this.#caller.org;
  }

  getPolicy(owner: PolicyOwner, version?: number) {
    return told(getPolicy(this.#services, this.#caller, owner, version));
  }
  getPolicySource(owner: PolicyOwner, version?: number) {
    return told(getPolicySource(this.#services, this.#caller, owner, version));
  }
  getResolvedPolicy(agent: string) {
    return told(getResolvedPolicy(this.#services, this.#caller, agent));
  }
  publish(owner: PolicyOwner, source: SourceText, options?: PublishOptions) {
    return told(publish(this.#services, this.#caller, owner, source, options));
  }
  rollback(owner: PolicyOwner, version: number, options?: PublishOptions) {
    return told(rollback(this.#services, this.#caller, owner, version, options));
  }
  removePolicy(owner: PolicyOwner, expected?: Expectation) {
    return told(removePolicy(this.#services, this.#caller, owner, expected));
  }
  history(owner: PolicyOwner, paging?: Paging) {
    return told(history(this.#services, this.#caller, owner, paging));
  }
  list(paging?: Paging) {
    return told(list(this.#services, this.#caller, paging));
  }

  evaluate(request: EvaluateRequest) {
    return told(evaluate(this.#services, this.#caller, request));
  }

  evaluateHistorical(request: HistoricalRequest, signal?: AbortSignal) {
    return told(evaluateHistorical(this.#services, this.#caller, request, signal));
  }
  validate(request: ValidateRequest) {
    return told(validate(this.#services, this.#caller, request));
  }
  diff(request: DiffRequest) {
    return told(diff(this.#services, this.#caller, request));
  }
  lint(request: PolicyReference) {
    return told(lint(this.#services, this.#caller, request));
  }
  explain(request: ExplainRequest) {
    return told(explain(this.#services, this.#caller, request));
  }
  recommend(request: RecommendRequest) {
    return told(recommend(this.#services, this.#caller, request));
  }

  ingest(bytes: AsyncIterable<Uint8Array> | Uint8Array, options: IngestOptions) {
    return told(ingest(this.#services, this.#caller, bytes, options));
  }
  listTraces(agent: string | undefined, paging?: Paging) {
    return told(listTraces(this.#services, this.#caller, agent, paging));
  }
  async *runs(request: StoredRuns) {
    try {
      yield* runs(this.#services, this.#caller, request);
    } catch (error) {
      throw failureOf(error);
    }
  }
  listTools(agent: string, paging?: Paging) {
    return told(listTools(this.#services, this.#caller, agent, paging));
  }

  createTransaction(request: TransactionRequest) {
    return told(createTransaction(this.#services, this.#caller, request));
  }
  getTransaction(id: string) {
    return told(getTransaction(this.#services, this.#caller, id));
  }
  endTransaction(id: string) {
    return told(endTransaction(this.#services, this.#caller, id));
  }
  listTransactions(agent: string | undefined, paging?: Paging) {
    return told(listTransactions(this.#services, this.#caller, agent, paging));
  }

  listAgents(paging?: Paging) {
    return told(listAgents(this.#services, this.#caller, paging));
  }
  putTeam(team: string, agents: readonly string[]) {
    return told(putTeam(this.#services, this.#caller, team, agents));
  }
  getTeam(team: string) {
    return told(getTeam(this.#services, this.#caller, team));
  }
  removeTeam(team: string) {
    return told(removeTeam(this.#services, this.#caller, team));
  }
  listTeams(paging?: Paging) {
    return told(listTeams(this.#services, this.#caller, paging));
  }

  getCard(agent: string) {
    return told(getCard(this.#services, this.#caller, agent));
  }
  putCard(agent: string, source: SourceText, expected?: Expectation) {
    return told(putCard(this.#services, this.#caller, agent, source, expected));
  }

  createKey(request: KeyRequest) {
    return told(createKey(this.#services, this.#caller, request));
  }
  listKeys(paging?: Paging) {
    return told(listKeys(this.#services, this.#caller, paging));
  }
  revokeKey(id: string) {
    return told(revokeKey(this.#services, this.#caller, id));
  }
  audit(paging?: Paging) {
    return told(audit(this.#services, this.#caller, paging));
  }
}

/** A store that cannot be reached is no fault of the program: the caller may try again. */
function told<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    throw failureOf(error);
  });
}

function failureOf(error: unknown): unknown {
  if (!(error instanceof StoreUnavailable)) return error;
  const failure = new RegistryFailure("unavailable", error.message, { retryAfterS: 1 });
  failure.cause = error;
  return failure;
}
