import { componentSchemas } from "../../../../src/server/routes/schemas/components.js";
import { routes } from "../../../../src/server/routes/table.js";

type Schema = Readonly<Record<string, unknown>>;

/** Which fields of the documented answers have really been answered: what never was cannot have been compared with anything. */
export class SeenSchemas {
  readonly #seen = new Set<object>();

  /** `value` has passed `schema`. */
  see(schema: object, value: unknown): void {
    const found = resolved(schema as Schema);
    if (value === null || value === undefined) return;
    this.#seen.add(schema).add(found);
    for (const branch of listOf(found["anyOf"])) if (isKind(branch, value)) this.see(branch, value);
    if (Array.isArray(value)) {
      const items = found["items"] as Schema | undefined;
      for (const item of items === undefined ? [] : value) this.see(items as Schema, item);
      return;
    }
    if (typeof value !== "object") return;
    const properties = (found["properties"] ?? {}) as Record<string, Schema>;
    for (const [name, inside] of Object.entries(value)) {
      const schema = properties[name] ?? found["additionalProperties"];
      if (typeof schema === "object" && schema !== null) this.see(schema, inside);
    }
  }

  /** Fields of answers under 400, and of errors, that no answer had. */
  unseen(): string[] {
    const missing = new Set<string>();
    const looked = new Set<object>();
    const look = (schema: Schema, path: string) => {
      const found = resolved(schema);
      const name = nameOf(schema) ?? path;
      if (!this.#seen.has(schema)) return void missing.add(path);
      if (looked.has(found)) return;
      looked.add(found);
      for (const [field, inside] of Object.entries((found["properties"] ?? {}) as Record<string, Schema>))
        look(inside, `${name}.${field}`);
      if (typeof found["items"] === "object") look(found["items"] as Schema, `${name}[]`);
      if (typeof found["additionalProperties"] === "object") look(found["additionalProperties"] as Schema, `${name}.*`);
      for (const branch of listOf(found["anyOf"])) if (branch["type"] !== "null") look(branch, name);
    };
    for (const { operation, answers } of routes) {
      for (const [status, { schema, types }] of Object.entries(answers)) {
        const isJson = (types ?? ["application/json"]).includes("application/json");
        if (schema !== undefined && isJson) look(resolved(schema as Schema), `${operation} ${status}`);
      }
    }
    return [...missing].sort();
  }
}

function nameOf(schema: Schema): string | undefined {
  const found = resolved(schema);
  return Object.entries(componentSchemas).find(([, component]) => component === found)?.[0];
}

function resolved(schema: Schema): Schema {
  const reference = schema["$ref"];
  if (typeof reference !== "string") return schema;
  return componentSchemas[reference.replace("#/components/schemas/", "")] ?? {};
}

function listOf(value: unknown): readonly Schema[] {
  return Array.isArray(value) ? (value as Schema[]) : [];
}

function isKind(schema: Schema, value: unknown): boolean {
  const { type } = resolved(schema);
  return type === undefined || type === (Array.isArray(value) ? "array" : typeof value);
}
