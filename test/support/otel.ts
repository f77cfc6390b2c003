/** Spans as SDKs make them, in the shapes of OTLP/JSON. */

export interface SpanParts {
  readonly trace?: string;
  readonly id?: string;
  readonly parent?: string;
  readonly name?: string;
  readonly at?: number;
}

type Attributes = Readonly<Record<string, unknown>>;

/** 2026-02-01T00:00:00Z, in seconds. */
const start = 1_769_904_000;

export function hex(name: string, length: number): string {
  return Buffer.from(name.padEnd(length / 2, ".").slice(0, length / 2)).toString("hex");
}

export function anyValue(value: unknown): object {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return { kvlistValue: { values: entries(value as Attributes) } };
}

export function entries(attributes: Attributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

export function span(attributes: Attributes, { trace = "t1", id, parent, name = "span", at = 0 }: SpanParts = {}): object {
  return {
    traceId: hex(trace, 32),
    ...(id === undefined ? {} : { spanId: hex(id, 16) }),
    ...(parent === undefined ? {} : { parentSpanId: hex(parent, 16) }),
    name,
    startTimeUnixNano: `${start + at}000000000`,
    attributes: entries(attributes),
  };
}

/** A tool span of the GenAI conventions. */
export function tool(name: string, parts: SpanParts = {}, more: Attributes = {}): object {
  const attributes = { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name, ...more };
  return span(attributes, { name: `execute_tool ${name}`, ...parts });
}

export function agent(name: string, parts: SpanParts = {}): object {
  return span({ "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name }, { name: `invoke_agent ${name}`, ...parts });
}

export function chat(parts: SpanParts = {}, more: Attributes = {}): object {
  return span({ "gen_ai.operation.name": "chat", ...more }, { name: "chat model", ...parts });
}

export function request(spans: readonly object[], resource: Attributes = {}): object {
  return { resourceSpans: [{ resource: { attributes: entries(resource) }, scopeSpans: [{ scope: {}, spans }] }] };
}

export function logs(records: readonly object[], resource: Attributes = {}): object {
  return { resourceLogs: [{ resource: { attributes: entries(resource) }, scopeLogs: [{ logRecords: records }] }] };
}

export function log(attributes: Attributes, body?: unknown, more: object = {}): object {
  return {
    timeUnixNano: `${start}000000000`,
    ...(body === undefined ? {} : { body: anyValue(body) }),
    attributes: entries(attributes),
    ...more,
  };
}
