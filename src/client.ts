/** The SDK: a typed client of the registry's REST interface, on fetch, with nothing behind it. */
export {
  type EvaluateRequest,
  everyItem,
  type HistoricalRequest,
  type PolicyReference,
  SmoltbotClient,
} from "./client/client.js";
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
  ValidationError,
} from "./client/errors.js";
export type { DocumentText, PageOptions, PolicySource, PublishOptions } from "./client/owned-policy.js";
export type { CallOptions, ClientOptions } from "./client/transport.js";
export type * from "./registry/shapes.js";
