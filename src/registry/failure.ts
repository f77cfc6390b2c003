/** The documented codes of REST answers, and some that HTTP needs beside them. The SDK and the command line show the same. */
export const registryCodes = {
  invalid_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  precondition_failed: 412,
  payload_too_large: 413,
  unsupported_media_type: 415,
  validation_error: 422,
  rate_limited: 429,
  internal_error: 500,
  unavailable: 503,
} as const;

export type RegistryCode = keyof typeof registryCodes;

/** One thing that is wrong, as `validate` would say it. */
export interface FailureDetail {
  /** `defaults.fail_open`, `body.tools[3]`, or empty for the whole. */
  readonly path: string;
  readonly message: string;
  /** Of the catalogue (docs/errors.md), where it has one. */
  readonly code?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly fix?: string | undefined;
}

/** An operation was refused. What is not one of these is a fault of this program and answered `internal_error`. */
export class RegistryFailure extends Error {
  override readonly name = "RegistryFailure";
  readonly code: RegistryCode;
  readonly details: readonly FailureDetail[];
  readonly retryAfterS: number | undefined;

  constructor(code: RegistryCode, message: string, more: { details?: readonly FailureDetail[]; retryAfterS?: number } = {}) {
    super(message);
    this.code = code;
    this.details = more.details ?? [];
    this.retryAfterS = more.retryAfterS;
  }

  get status(): number {
    return registryCodes[this.code];
  }
}
