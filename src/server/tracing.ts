import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { version } from "../version.generated.js";

/**
 * Spans of OpenTelemetry, for whoever has installed an SDK; without one they are nothing and cost nothing. `traceparent` of the caller
 * is their parent. No names that users choose are in them.
 */
export interface RequestSpan {
  /** Makes it the parent of what happens inside. */
  within<T>(work: () => T): T;
  end(status: number, org: string | undefined): void;
}

export function startRequestSpan(
  method: string,
  route: string,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): RequestSpan {
  const parent = headers["traceparent"] === undefined ? context.active() : propagation.extract(context.active(), headers);
  const span = trace
    .getTracer("smoltbot-policy", version)
    .startSpan(
      `${method} ${route}`,
      { kind: SpanKind.SERVER, attributes: { "http.request.method": method, "http.route": route } },
      parent,
    );
  if (!span.isRecording()) return silent;
  const inside = trace.setSpan(parent, span);
  return { within: (work) => context.with(inside, work), end: (status, org) => endSpan(span, status, org) };
}

const silent: RequestSpan = { within: (work) => work(), end() {} };

function endSpan(span: Span, status: number, org: string | undefined): void {
  span.setAttribute("http.response.status_code", status);
  if (org !== undefined) span.setAttribute("smoltbot.org", org);
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}
