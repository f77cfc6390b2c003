/** JSON of values in which a Map stands for an object whose keys are chosen by users: they keep their order and mean nothing else. */
export function orderedJson(value: unknown, indent = ""): string {
  const deeper = `${indent}  `;
  const block = (open: string, items: readonly string[], close: string) =>
    items.length === 0 ? open + close : `${open}\n${items.map((item) => deeper + item).join(",\n")}\n${indent}${close}`;
  if (Array.isArray(value))
    return block(
      "[",
      value.map((item) => orderedJson(item ?? null, deeper)),
      "]",
    );
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = value instanceof Map ? [...(value as Map<string, unknown>)] : Object.entries(value);
  const fields = entries.filter(([, field]) => field !== undefined);
  return block(
    "{",
    fields.map(([key, field]) => `${JSON.stringify(key)}: ${orderedJson(field, deeper)}`),
    "}",
  );
}
