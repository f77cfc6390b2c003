import { escapeText, quoteText } from "../diagnostics/escape.js";
import { diagnosticsShownMax } from "../limits.js";
import { type FailureDetail, type RegistryCode, RegistryFailure, registryCodes } from "../registry/failure.js";
import { ExpectationFailed, LayerMoved, StoreUnavailable } from "../store/failures.js";

/** The request itself is no good, with a status that HTTP has and the documented codes have not. */
export class RequestRefused extends Error {
  override readonly name = "RequestRefused";

  constructor(
    readonly status: number,
    readonly code: RegistryCode,
    message: string,
  ) {
    super(message);
  }
}

/** The client went away: there is nobody to answer. */
export class ClientGone extends Error {
  override readonly name = "ClientGone";
}

/** What is answered: of a fault of ours nothing but that there was one. */
export interface Refusal {
  readonly status: number;
  readonly code: RegistryCode;
  readonly message: string;
  readonly details: readonly FailureDetail[];
  readonly retryAfterS: number | undefined;
}

/** Schema errors as ajv tells them. */
interface SchemaError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly message?: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export function refusalOf(error: unknown): Refusal {
  if (error instanceof RegistryFailure) {
    const { status, code, message, details, retryAfterS } = error;
    return status === 500 ? plain("internal_error", unexpected) : { status, code, message, details, retryAfterS };
  }
  if (error instanceof RequestRefused) return plain(error.code, error.message, error.status);
  if (error instanceof StoreUnavailable) {
    const message = "the store cannot be reached, or refuses to work: what was asked may be asked again";
    return { ...plain("unavailable", message), retryAfterS: 1 };
  }
  if (error instanceof ExpectationFailed) return plain("precondition_failed", error.message);
  if (error instanceof LayerMoved) return plain("conflict", "the org's policy changed meanwhile: try again");
  return ofFramework(error) ?? plain("internal_error", unexpected);
}

const unexpected = "the server failed unexpectedly; its log says more under this request_id";

function plain(code: RegistryCode, message: string, status: number = registryCodes[code]): Refusal {
  return { status, code, message, details: [], retryAfterS: undefined };
}

/** What fastify refuses by itself. */
function ofFramework(error: unknown): Refusal | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { validation, validationContext, statusCode, code } = error as {
    validation?: readonly SchemaError[];
    validationContext?: string;
    statusCode?: number;
    code?: unknown;
  };
  if (Array.isArray(validation)) return ofSchema(validation as SchemaError[], validationContext ?? "body");
  if (typeof code !== "string" || !code.startsWith("FST_")) return undefined;
  switch (statusCode) {
    case 400:
      return plain("invalid_request", code === "FST_ERR_BAD_URL" ? "the path is not well encoded" : "the request is malformed");
    case 404:
      return plain("not_found", "there is no such path");
    case 414:
      return plain("invalid_request", "the path is too long");
    case 413:
      return plain("payload_too_large", "the body is too large");
    case 415:
      return plain("unsupported_media_type", "the Content-Type is not one that this path takes");
    case 503:
      return { ...plain("unavailable", "the server is stopping"), retryAfterS: 1 };
    default:
      return undefined;
  }
}

function ofSchema(errors: readonly SchemaError[], context: string): Refusal {
  const root = context === "querystring" ? "query" : context;
  const details = errors.slice(0, diagnosticsShownMax).map((error) => detailOf(error, root));
  const first = details[0];
  const more = errors.length > 1 ? `, and ${errors.length - 1} more` : "";
  const message = first === undefined ? "the request does not fit its schema" : `${first.path} ${first.message}${more}`;
  return { ...plain("invalid_request", message), details };
}

function detailOf({ instancePath, keyword, message = "does not fit", params }: SchemaError, root: string): FailureDetail {
  const path = root + pointerText(instancePath);
  if (keyword === "additionalProperties") {
    return { path, message: `has a field ${quoteText(String(params["additionalProperty"]))} that is not known here` };
  }
  const allowed = params["allowedValues"];
  return { path, message: Array.isArray(allowed) ? `must be one of ${allowed.map(String).join(", ")}` : message };
}

/** `/tools/3` -> `.tools[3]`, bounded: keys are whatever was sent. */
function pointerText(pointer: string): string {
  let text = "";
  for (const part of pointer.split("/").slice(1, 33)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    text += /^\d{1,9}$/.test(key) ? `[${key}]` : `.${escapeText(key.slice(0, 80))}`;
  }
  return text;
}
