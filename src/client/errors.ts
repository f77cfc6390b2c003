/** What a server said is wrong, one thing a line. */
export interface ErrorDetail {
  readonly path: string;
  readonly message: string;
  readonly code?: string;
  readonly line?: number;
  readonly column?: number;
  readonly fix?: string;
}

export interface ErrorFacts {
  readonly status: number;
  readonly code: string;
  readonly details?: readonly ErrorDetail[];
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly uncertain?: boolean | undefined;
}

/** Every refusal of the server. `code` is the documented one (docs/rest.md); the API key is in none of its fields. */
export class SmoltbotError extends Error {
  override readonly name: string = "SmoltbotError";
  readonly status: number;
  readonly code: string;
  readonly details: readonly ErrorDetail[];
  /** To find the request in the server's log. */
  readonly requestId: string | undefined;
  /** How long the server asks to wait. */
  readonly retryAfterMs: number | undefined;
  /** An earlier try of the same write was not answered: what is refused now may have been done then. */
  readonly uncertain: boolean;

  constructor(message: string, facts: ErrorFacts) {
    super(message);
    this.status = facts.status;
    this.code = facts.code;
    this.details = facts.details ?? [];
    this.requestId = facts.requestId;
    this.retryAfterMs = facts.retryAfterMs;
    this.uncertain = facts.uncertain ?? false;
  }
}

/** 400: the request or the document in it breaks the format. */
export class InvalidRequestError extends SmoltbotError {
  override readonly name = "InvalidRequestError";
}
/** 401: no key, or one that is malformed, unknown, expired or revoked. */
export class UnauthorizedError extends SmoltbotError {
  override readonly name = "UnauthorizedError";
}
/** 403: the key may not do this. */
export class ForbiddenError extends SmoltbotError {
  override readonly name = "ForbiddenError";
}
/** 404, also for what belongs to another org. */
export class NotFoundError extends SmoltbotError {
  override readonly name = "NotFoundError";
}
/** 409: somebody else wrote at the same time. */
export class ConflictError extends SmoltbotError {
  override readonly name = "ConflictError";
}
/** 412: the active version is not the one in `ifVersion`. */
export class PreconditionFailedError extends SmoltbotError {
  override readonly name = "PreconditionFailedError";
}
/** 422: well-formed, and yet it cannot be: the wrong scope, a merge that cannot be made. */
export class ValidationError extends SmoltbotError {
  override readonly name = "ValidationError";
}
/** 429, after the retries. */
export class RateLimitedError extends SmoltbotError {
  override readonly name = "RateLimitedError";
}
/** 5xx, after the retries. */
export class ServerError extends SmoltbotError {
  override readonly name = "ServerError";
}

/** No answer came, or one that is no answer of this server. Whether a write happened is not known. */
export class ConnectionError extends Error {
  override readonly name: string = "ConnectionError";
}
/** An answer that this server does not give, such as a page or a redirect. It is not asked again. */
export class UnexpectedAnswerError extends ConnectionError {
  override readonly name = "UnexpectedAnswerError";
}
/** `timeoutMs` passed. */
export class RequestTimeoutError extends ConnectionError {
  override readonly name = "RequestTimeoutError";
}

type ErrorClass = new (message: string, facts: ErrorFacts) => SmoltbotError;

const byCode: ReadonlyMap<string, ErrorClass> = new Map<string, ErrorClass>([
  ["invalid_request", InvalidRequestError],
  ["unauthorized", UnauthorizedError],
  ["forbidden", ForbiddenError],
  ["not_found", NotFoundError],
  ["conflict", ConflictError],
  ["precondition_failed", PreconditionFailedError],
  ["validation_error", ValidationError],
  ["rate_limited", RateLimitedError],
]);

/** What proxies refuse in the server's place. A 404 of theirs says nothing about what is stored. */
const byStatus: ReadonlyMap<number, ErrorClass> = new Map<number, ErrorClass>([
  [401, UnauthorizedError],
  [403, ForbiddenError],
  [429, RateLimitedError],
]);

/** The class that belongs to a code; `ServerError` for other codes of status 500 and up. */
export function errorOf(message: string, facts: ErrorFacts): SmoltbotError {
  const other = facts.status >= 500 ? ServerError : (byStatus.get(facts.status) ?? SmoltbotError);
  return new (byCode.get(facts.code) ?? other)(message, facts);
}
