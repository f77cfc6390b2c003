/** A JSON Schema, in what draft-07 and 2020-12 share. */
export type Schema = Readonly<Record<string, unknown>>;

type Fields = Readonly<Record<string, Schema>>;

/** An object with these fields and no others. */
export function closed(description: string, required: Fields, optional: Fields = {}): Schema {
  return { ...open(description, required, optional), additionalProperties: false };
}

/** An object in which other fields may stand beside these. */
export function open(description: string, required: Fields, optional: Fields = {}): Schema {
  return {
    ...(description !== "" && { description }),
    type: "object",
    required: Object.keys(required),
    properties: { ...required, ...optional },
  };
}

export function list(items: Schema, description?: string): Schema {
  return { ...(description !== undefined && description !== "" && { description }), type: "array", items };
}

export function oneOf(values: readonly unknown[], description?: string): Schema {
  return { ...(description !== undefined && description !== "" && { description }), enum: values };
}

export function nullable(schema: Schema): Schema {
  return typeof schema["type"] === "string" && !("enum" in schema)
    ? { ...schema, type: [schema["type"], "null"] }
    : { anyOf: [schema, { type: "null" }] };
}

export function text(description?: string): Schema {
  return { ...(description !== undefined && description !== "" && { description }), type: "string" };
}

export function whole(description?: string, minimum = 0): Schema {
  return { ...(description !== undefined && description !== "" && { description }), type: "integer", minimum };
}

/** One of `components/schemas`. */
export function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

export const flag: Schema = { type: "boolean" };
export const time: Schema = {
  description: "ISO 8601, UTC.",
  type: "string",
  pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{3})?Z$",
};
export const id: Schema = {
  type: "string",
  pattern: "^[A-Za-z0-9._-]+$",
  minLength: 1,
  maxLength: 128,
  not: { enum: [".", ".."] },
};
export const digest: Schema = {
  description: "SHA-256 of what it means, hex.",
  type: "string",
  pattern: "^[0-9a-f]{64}$",
};
export const severity = oneOf(["low", "medium", "high", "critical"]);
export const verdict = oneOf(["pass", "warn", "fail"]);
export const decision = oneOf(["allow", "warn", "deny", "escalate"]);
export const toolName = text("The name exactly as it was recorded; escape it before showing it.");

/** A page of a list, under its name. */
export function page(description: string, name: string, items: Schema, more: Fields = {}): Schema {
  return closed(description, {
    [name]: list(items),
    ...more,
    total: whole("Of all pages."),
    page: whole("", 1),
    per_page: { type: "integer", minimum: 1, maximum: 100 },
  });
}
