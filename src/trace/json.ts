/** Careful looks into parsed records of which nothing is known. */

export type JsonObject = { readonly [key: string]: unknown };

export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

export function asList(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

/** A string with at least one character; ids and keys are never empty. */
export function asText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** JSON text as its value, undefined when it is not JSON; what is not text stays as it is. */
export function parsedJson(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** A tool name as the sink takes it: what is not a string counts as the empty, invalid name (semantics G2). */
export function asToolName(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The first objects of some records, for detection. */
export function firstRecords(records: readonly unknown[], countMax = 64): readonly JsonObject[] {
  return records.slice(0, countMax).flatMap((value) => recordsIn(Array.isArray(value) ? value.slice(0, countMax) : value));
}

/** The objects of a record: itself, or the elements of a list of objects. */
export function recordsIn(value: unknown): readonly JsonObject[] {
  const list = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  return list.map(asObject).filter((record) => record !== undefined);
}
