import type { Span } from "../diagnostics/diagnostic.js";
import { quoteText } from "../diagnostics/escape.js";
import { type CommandFailure, failure } from "./failure.js";
import { readNamedFile } from "./files.js";

/**
 * Tool names of a manifest: an MCP `tools/list` result (`{tools: [{name}]}`), the whole response (`{result: {tools}}`), or
 * a list of names or of `{name}`. Names are taken as they are: the policy judges odd ones. Anything else is refused with
 * its place, so that a wrong file never passes as "no tools".
 */
export function readManifest(file: string): string[] {
  const text = new TextDecoder().decode(readNamedFile(file, "tool manifest"));
  return manifestNames(parse(text, file), file);
}

/** The same of JSON that was read already; `file` is for what is said of it. */
export function manifestNames(json: unknown, file: string): string[] {
  const list = toolList(json);
  if (!Array.isArray(list.items)) {
    throw shapeFailure(file, list.path, `expected a list of tools, found ${kindOf(list.items)}`);
  }
  return list.items.map((item: unknown, i) => {
    if (typeof item === "string") return item;
    const name = property(item, "name");
    if (typeof name === "string") return name;
    const what = isMapping(item) ? `a tool whose \`name\` is ${kindOf(name)}` : kindOf(item);
    throw shapeFailure(file, `${list.path}[${i}]`, `expected a name or {name}, found ${what}`);
  });
}

/** The names of `--tools a,b`: white space around commas is typing, an empty name a slip. */
export function splitTools(values: readonly string[]): string[] {
  return values.flatMap((value) =>
    value.split(",").map((part) => {
      const name = part.trim();
      if (name === "") throw failure("usage_blank_tool", `${quoteText(value)} holds a blank tool name`);
      return name;
    }),
  );
}

function parse(text: string, file: string): unknown {
  if (text.trim() === "") throw failure("manifest_not_json", `tool manifest ${quoteText(file, 400)} is empty`);
  try {
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (error) {
    const span = placeOf(error, text, file);
    throw failure("manifest_not_json", `tool manifest ${quoteText(file, 400)} is not JSON`, { span }, new Map([[file, text]]));
  }
}

/** V8 names the offset in words; without it the end of the text is the place. */
function placeOf(error: unknown, text: string, file: string): Span {
  const offset = Number(/at position (\d+)/.exec((error as Error).message)?.[1] ?? text.trimEnd().length);
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  const column = offset - before.lastIndexOf("\n");
  return { file, line, column, endLine: line, endColumn: column + 1 };
}

function toolList(root: unknown): { items: unknown; path: string } {
  if (Array.isArray(root)) return { items: root, path: "" };
  const tools = property(root, "tools");
  if (tools !== undefined) return { items: tools, path: "tools" };
  const inner = property(property(root, "result"), "tools");
  if (inner !== undefined) return { items: inner, path: "result.tools" };
  return { items: root, path: "" };
}

function shapeFailure(file: string, path: string, what: string): CommandFailure {
  const at = path === "" ? "" : ` at \`${path}\``;
  return failure("manifest_shape", `tool manifest ${quoteText(file, 400)}${at}: ${what}`, { path });
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Own properties only: a manifest cannot name what objects inherit. */
function property(value: unknown, key: string): unknown {
  return isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function kindOf(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return `an object with ${keysOf(value)}`;
  return typeof value === "string" ? "text" : `a ${typeof value}`;
}

function keysOf(value: object): string {
  const keys = Object.keys(value);
  if (keys.length === 0) return "no keys";
  return (
    keys
      .slice(0, 3)
      .map((key) => quoteText(key, 40))
      .join(", ") + (keys.length > 3 ? ", ..." : "")
  );
}
