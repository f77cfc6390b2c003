import { escapeText } from "../diagnostics/escape.js";
import { suggest } from "../diagnostics/suggest.js";
import { RegistryFailure } from "../registry/failure.js";
import { isId } from "../registry/ids.js";
import type { Parameter, Route } from "./route.js";

/** Ids that stand in paths of files and in logs, not only in the store. */
const idNames = new Set(["agent_id", "org_id", "team_id"]);

/** The names and values of a query, each at most once. @throws RegistryFailure `invalid_request` */
export function parseQuery(text: string, route: Route): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  if (text === "") return values;
  const known = (route.parameters ?? []).filter((parameter) => parameter.in === "query").map(({ name }) => name);
  for (const [name, value] of new URLSearchParams(text)) {
    if (!known.includes(name)) throw unknown(name, known);
    if (values.has(name)) throw refused(`query.${name}`, "is given twice");
    values.set(name, value);
  }
  return values;
}

function unknown(name: string, known: readonly string[]): RegistryFailure {
  const meant = suggest(name, known);
  const hint =
    meant !== undefined
      ? `did you mean ${meant}?`
      : known.length === 0
        ? "this path takes none"
        : `there are ${known.join(", ")}`;
  return refused(`query.${escapeText(name.slice(0, 80))}`, `is not known here: ${hint}`);
}

function refused(path: string, message: string): RegistryFailure {
  return new RegistryFailure("invalid_request", `${path} ${message}`, { details: [{ path, message }] });
}

/** @throws RegistryFailure `invalid_request` */
export function checkIds(params: Readonly<Record<string, string>>): void {
  for (const name in params) {
    if (idNames.has(name) && !isId(params[name])) throw refused(name, "is no id: 1 to 128 of A-Z a-z 0-9 . _ -");
  }
}

/** One schema for all parameters of a place, for values as `typed` makes them. */
export function parametersSchema(route: Route, place: Parameter["in"]): object | undefined {
  const all = (route.parameters ?? []).filter((parameter) => parameter.in === place);
  if (all.length === 0) return undefined;
  const properties = Object.fromEntries(all.map(({ name, schema }) => [place === "header" ? name.toLowerCase() : name, schema]));
  const required = all.filter((parameter) => parameter.required === true && place !== "path").map(({ name }) => name);
  return { type: "object", properties, ...(required.length === 0 ? {} : { required }) };
}

/** Values of a query as their schemas want them: a number that is written as one becomes one, and nothing else does. */
export function typed(values: ReadonlyMap<string, string>, route: Route): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [name, value] of values) {
    const type = (route.parameters?.find((parameter) => parameter.name === name)?.schema as { type?: unknown } | undefined)?.type;
    if (type === "integer" || type === "number") found[name] = /^-?\d{1,15}$/.test(value) ? Number(value) : value;
    else if (type === "boolean") found[name] = value === "true" ? true : value === "false" ? false : value;
    else found[name] = value;
  }
  return found;
}
