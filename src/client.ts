/** The SDK: a typed client of the registry's REST interface, on fetch, with nothing behind it. */
export { IdError } from "./client/address.js";
export type { AgentOperations, OrgOperations } from "./client/agents.js";
export { SmoltbotClient } from "./client/client.js";
export {
  ConflictError,
  ConnectionError,
  type ErrorDetail,
  ForbiddenError,
  InvalidRequestError,
  NotFoundError,
  PreconditionFailedError,
  RateLimitedError,
  RequestTimeoutError,
  ServerError,
  SmoltbotError,
  UnauthorizedError,
  UnexpectedAnswerError,
  ValidationError,
} from "./client/errors.js";
export type { FetchFunction, FetchRequest, FetchResponse } from "./client/fetch.js";
export type { AuditOperations, KeyOperations, KeySpec } from "./client/keys.js";
export type { DocumentText, PolicySource, PublishOptions } from "./client/owned-policy.js";
export { everyItem } from "./client/paging.js";
export type { EvaluateRequest, HistoricalRequest, PolicyOperations, PolicyReference } from "./client/questions.js";
export type { ExpectedVersion, MediaType, PageOptions } from "./client/request.js";
export type { RecommendRequest, TeamOperations } from "./client/teams.js";
export type { IngestOptions, TraceOperations, TraceSource } from "./client/traces.js";
export type { TransactionOperations, TransactionRequest } from "./client/transactions.js";
export type { CallOptions, ClientOptions } from "./client/transport.js";
export type * from "./registry/shapes.js";
