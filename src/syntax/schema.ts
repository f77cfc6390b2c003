import type { Span } from "../diagnostics/diagnostic.js";
import { quoteText } from "../diagnostics/escape.js";
import type { Findings } from "../diagnostics/findings.js";
import { suggest } from "../diagnostics/suggest.js";
import {
  type DocumentNode,
  describe,
  keySpan,
  type MappingEntry,
  nodeSpan,
  type PathStep,
  pathText,
  plainValue,
  type SourceDocument,
} from "./node.js";
import * as compiled from "./validators.generated.js";

/** The published schemas, by the name of their file. */
export type SchemaName = "policy" | "card" | "suite";

/**
 * Checks keys, types, choices and ranges against a published schema and reports every difference with its place.
 * Blank and overlong texts are left to the caller, who knows what the text is for (semantics D1, D4, D6, D7). `above` is the
 * path of the root where that is a part of a document: a schema that refers to itself is followed level by level.
 */
export function checkShape(
  name: SchemaName,
  document: SourceDocument,
  findings: Findings,
  above: readonly PathStep[] = [],
): void {
  const validate = compiled[name];
  if (validate(plainValue(document.root))) return;
  const table = compiled.properties[name];
  const errors = validate.errors ?? [];
  for (const [i, error] of errors.entries()) {
    if (findings.isFull) {
      findings.countErrors(errors.length - i);
      break;
    }
    const place = locate(document, error.instancePath);
    report({ document, place, above, table, findings }, error);
  }
  validate.errors = null;
}

interface Place {
  readonly node: DocumentNode;
  /** The entry whose value the node is, if it stands in a mapping. */
  readonly entry?: MappingEntry | undefined;
  readonly steps: readonly PathStep[];
}

interface Context {
  readonly document: SourceDocument;
  readonly place: Place;
  readonly above: readonly PathStep[];
  readonly table: compiled.PropertyTable;
  readonly findings: Findings;
}

/** Follows a JSON pointer. */
function locate(document: SourceDocument, pointer: string): Place {
  let node = document.root;
  let entry: MappingEntry | undefined;
  const steps: PathStep[] = [];
  for (const part of pointer.split("/").slice(1)) {
    if (node.kind === "mapping") {
      const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
      entry = node.entries.get(key);
      if (entry === undefined) break;
      node = entry.value;
      steps.push(key);
    } else if (node.kind === "list") {
      const item = node.items[Number(part)];
      if (item === undefined) break;
      entry = undefined;
      node = item;
      steps.push(Number(part));
    }
  }
  return { node, entry, steps };
}

/** The path of a place as the reader of the whole document counts it. */
function pathOf({ above, place }: Context, ...more: readonly PathStep[]): string {
  return pathText([...above, ...place.steps, ...more]);
}

function report(context: Context, error: compiled.SchemaError): void {
  const { document, place, findings } = context;
  const { params } = error;
  const path = pathOf(context);
  const span = nodeSpan(document.source, place.node);
  const subject = path === "" ? "the document" : quoteText(path);
  switch (error.keyword) {
    case "additionalProperties":
      reportUnknownKey(context, String(params["additionalProperty"]));
      return;
    case "required": {
      const key = String(params["missingProperty"]);
      findings.add("missing_key", {
        message: `${subject} lacks the key \`${key}\``,
        path,
        span: headSpan(context),
        fix: `add \`${key}:\``,
      });
      return;
    }
    case "type":
      reportType(context, params["type"], subject, span);
      return;
    case "enum":
      reportChoice(context, params["allowedValues"] as readonly string[], subject, span);
      return;
    case "const":
      reportVersion(context, path, span);
      return;
    case "minItems":
      findings.add("list_too_short", { message: `${subject} needs at least one entry`, path, span });
      return;
    case "minimum":
    case "maximum": {
      const bound = error.keyword === "minimum" ? "least" : "most";
      findings.add("number_out_of_range", { message: `${subject} must be at ${bound} ${params["limit"]}`, path, span });
      return;
    }
    case "minLength":
    case "maxLength":
      return;
    default:
      findings.add("wrong_type", { message: `${subject} is not of the form that is expected here`, path, span });
  }
}

/** Where a mapping begins: the key it belongs to, or its first line. */
function headSpan({ document, place }: Context): Span {
  const { source } = document;
  if (place.entry !== undefined) return keySpan(source, place.entry);
  const { start, end } = place.node;
  const lineEnd = source.text.indexOf("\n", start);
  return source.span(start, lineEnd === -1 ? end : Math.min(end, lineEnd));
}

function reportUnknownKey(context: Context, key: string): void {
  const { document, place, table, findings } = context;
  const entry = place.node.kind === "mapping" ? place.node.entries.get(key) : undefined;
  const span = entry === undefined ? nodeSpan(document.source, place.node) : keySpan(document.source, entry);
  const known = table[patternOf(table, place.steps)] ?? [];
  const meant = suggest(key, known);
  const elsewhere = meant === undefined ? homeOf(table, key) : undefined;
  let fix = `remove it; known here are ${known.map((name) => `\`${name}\``).join(", ")}`;
  if (elsewhere !== undefined) fix = `move it to ${elsewhere}`;
  if (meant !== undefined) fix = `did you mean \`${meant}\`?`;
  const path = pathOf(context);
  const where = path === "" ? "at the top level" : `in ${quoteText(path)}`;
  findings.add("unknown_key", {
    message: `unknown key ${quoteText(key)} ${where}`,
    path: pathOf(context, key),
    span,
    fix,
  });
}

/** The place in the table that a path stands for: a key the schema names there, else any key. */
function patternOf(table: compiled.PropertyTable, steps: readonly PathStep[]): string {
  let place = "";
  for (const step of steps) {
    const named = `${place}/${step}`;
    place = typeof step === "string" && named in table ? named : `${place}/*`;
  }
  return place;
}

/** A key that is known at exactly one other place was most likely put on the wrong level. */
function homeOf(table: compiled.PropertyTable, key: string): string | undefined {
  const homes = Object.entries(table).filter(([, keys]) => keys.includes(key));
  if (homes.length !== 1) return undefined;
  const place = homes[0]![0];
  return place === "" ? "the top level" : `\`${place.slice(1).replaceAll("/*", "[]").replaceAll("/", ".")}\``;
}

const typeNames: ReadonlyMap<string, string> = new Map([
  ["object", "a mapping"],
  ["array", "a list"],
  ["string", "text"],
  ["number", "a number"],
  ["boolean", "true or false"],
]);

function reportType(context: Context, type: unknown, subject: string, span: Span): void {
  const { document, place, findings } = context;
  const wanted = (Array.isArray(type) ? type : [type]).filter((name) => name !== "null");
  const expected = wanted.map((name) => typeNames.get(String(name)) ?? String(name)).join(" or ");
  const found = describe(document.source, place.node);
  const { node } = place;
  let fix = `write ${expected}`;
  if (wanted.includes("string") && node.kind === "scalar" && node.plain && node.end > node.start) {
    fix = `put it into quotes: ${quoteText(`"${document.source.text.slice(node.start, node.end)}"`, 60)}`;
  } else if (node.kind === "scalar" && node.value === null) {
    if (wanted.includes("array")) fix = "write `[]` for an empty list";
    if (wanted.includes("object")) fix = "write `{}` for an empty mapping";
  } else if (wanted.includes("array") && node.kind === "scalar") fix = "write a list: one line with `- ` for each entry";
  findings.add("wrong_type", {
    message: `${subject} must be ${expected}, found ${found}`,
    path: pathOf(context),
    span: node.end > node.start || place.entry === undefined ? span : keySpan(document.source, place.entry),
    fix,
  });
}

function reportChoice(context: Context, allowed: readonly string[], subject: string, span: Span): void {
  const { document, place, findings } = context;
  const { node } = place;
  const text = node.kind === "scalar" && typeof node.value === "string" ? node.value : undefined;
  const meant = text === undefined ? undefined : suggest(text, allowed);
  const found = text === undefined ? describe(document.source, node) : quoteText(text);
  const choices = allowed.map((word) => `\`${word}\``).join(", ");
  findings.add("unknown_value", {
    message: `${subject} must be one of ${choices}, found ${found}`,
    path: pathOf(context),
    span: node.end > node.start || place.entry === undefined ? span : keySpan(document.source, place.entry),
    fix: meant === undefined ? `use one of ${choices}` : `did you mean \`${meant}\`?`,
  });
}

function reportVersion({ document, place, findings }: Context, path: string, span: Span): void {
  const { node } = place;
  if (node.kind === "scalar" && node.value === 1) {
    findings.add("schema_version_unquoted", { message: 'the schema version is a number, it must be the text "1.0"', path, span });
    return;
  }
  const found =
    node.kind === "scalar" && typeof node.value === "string" ? quoteText(node.value) : describe(document.source, node);
  findings.add("schema_version_unknown", { message: `the schema version must be the text "1.0", found ${found}`, path, span });
}
