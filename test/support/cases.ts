import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Parsed } from "../../src/diagnostics/diagnostic.js";
import type { Context, Guardrail, Session, Sightings } from "../../src/engine/result.js";
import type { Card, Policy } from "../../src/policy/model.js";
import { parseCard } from "../../src/syntax/card.js";
import { parsePolicy } from "../../src/syntax/policy.js";

/** Mappings are Maps: names such as `0` and `__proto__` keep their order and their meaning. */
export type Fields = ReadonlyMap<string, unknown>;

/** One case of test/cases or test/regressions; the format is described in test/cases/README.md. */
export interface Case {
  readonly id: string;
  readonly file: string;
  readonly rules: readonly string[];
  readonly negative: boolean;
  readonly fields: Fields;
}

/** Reads every case file of a folder, in order of their names. */
export function readCases(folder: string): Case[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  return files.sort().flatMap((file) => {
    const content = parse(readFileSync(join(folder, file), "utf8"), { mapAsMap: true, maxAliasCount: 0 }) as Fields;
    return (content.get("cases") as Fields[]).map((fields) => ({
      id: String(fields.get("id")),
      file,
      rules: fields.get("rules") as string[],
      negative: fields.get("negative") === true,
      fields,
    }));
  });
}

/** The calls of a case: texts, `{text, times}`, `{units}`, or what is no text at all. */
export function callsOf(list: unknown): unknown[] {
  return (list as unknown[]).map((entry) => {
    if (!(entry instanceof Map)) return entry;
    if (entry.has("units")) return String.fromCharCode(...(entry.get("units") as number[]));
    return String(entry.get("text")).repeat(Number(entry.get("times") ?? 1));
  });
}

/** JSON of a parsed YAML value, keys in the order written. */
function toJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toJson).join(",")}]`;
  if (!(value instanceof Map)) return JSON.stringify(value);
  return `{${Array.from(value, ([key, item]) => `${JSON.stringify(String(key))}:${toJson(item)}`).join(",")}}`;
}

const requiredDefaults: Fields = new Map<string, unknown>([
  ["unmapped_tool_action", "allow"],
  ["unmapped_severity", "medium"],
  ["fail_open", false],
]);

/** The text of a policy: as given, as bytes, or a partial structure with the missing sections filled. */
export function policyText(given: unknown, id: string, scope: "org" | "agent"): string | Uint8Array {
  if (!(given instanceof Map)) return String(given);
  if (given.has("bytes")) return Uint8Array.from(given.get("bytes") as number[]);
  const meta = new Map<string, unknown>(Object.entries({ schema_version: "1.0", name: id, scope }));
  const sections = new Map<string, unknown>([["meta", meta], ["capability_mappings", new Map()], ["forbidden", []], ...given]);
  sections.set("defaults", new Map<string, unknown>([...requiredDefaults, ...((given.get("defaults") as Fields) ?? [])]));
  return toJson(sections);
}

function needed<T>(what: string, parsed: Parsed<T>): T {
  if (parsed.value === undefined)
    throw new Error(`${what}: ${parsed.diagnostics.map((d) => `${d.code} ${d.message}`).join("; ")}`);
  return parsed.value;
}

export function layersOf({ id, fields }: Case): { org?: Policy; agent?: Policy } {
  const layers: { org?: Policy; agent?: Policy } = {};
  for (const layer of ["org", "agent"] as const) {
    if (!fields.has(layer)) continue;
    const text = policyText(fields.get(layer), id, layer);
    layers[layer] = needed(`${layer} of ${id}`, parsePolicy(text, { file: `${layer}.yaml` }));
  }
  return layers;
}

function cardOf(given: unknown): Card | undefined {
  if (given === undefined) return undefined;
  if (!(given instanceof Map)) return needed("card", parseCard(String(given), { file: "card.yaml" }));
  return { boundedActions: given.get("bounded") as string[], forbiddenActions: (given.get("forbidden") as string[]) ?? [] };
}

const msOf = (time: unknown) => (time === undefined ? undefined : Date.parse(String(time)));

function sightingsOf(context: Fields): Sightings | undefined {
  const seen = (context.get("first_seen") as ReadonlyMap<string, string>) ?? new Map<string, string>();
  const store = context.get("store") ?? (context.has("first_seen") ? "healthy" : "none");
  if (store === "none") return undefined;
  const down = () => {
    throw new Error("the store is down");
  };
  return { firstSeenMs: store === "down" ? down : (tool) => msOf(seen.get(tool)) };
}

function guardrailOf(given: unknown): Guardrail | null | undefined {
  if (!(given instanceof Map)) return given as null | undefined;
  const [tools, allowedCapabilities] = [given.get("tools"), given.get("allowed_capabilities")] as (string[] | undefined)[];
  return {
    id: String(given.get("id")),
    expiresAtMs: msOf(given.get("expires")) as number,
    ...(tools ? { tools } : {}),
    ...(allowedCapabilities ? { allowedCapabilities } : {}),
  };
}

/** The counts at which a case's session begins. */
export function countsOf({ fields }: Case): Session | undefined {
  const session = (fields.get("context") as Fields | undefined)?.get("session") as ReadonlyMap<string, number> | undefined;
  if (session === undefined) return undefined;
  return {
    toolCount: session.get("tool_count") ?? 0,
    unmappedOrgCount: session.get("unmapped_org_count") ?? 0,
    unmappedCount: session.get("unmapped_count") ?? 0,
    violationCount: session.get("violation_count") ?? 0,
  };
}

/** The context of a case without its session. A key that the case leaves out is absent. */
export function contextOf({ fields }: Case): Context {
  const given = (fields.get("context") as Fields | undefined) ?? new Map<string, unknown>();
  const all: Context = {
    kind: given.get("kind") as Context["kind"],
    card: cardOf(fields.get("card")),
    nowMs: msOf(given.get("now")),
    sightings: sightingsOf(given),
    guardrail: guardrailOf(given.get("guardrail")),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
