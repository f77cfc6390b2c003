import { statSync } from "node:fs";
import { quoteText } from "../diagnostics/escape.js";
import { artifactBytesMax } from "../limits.js";
import type { ReadOptions } from "../trace/io/options.js";
import { failure } from "./failure.js";
import { readNamedFile } from "./files.js";
import type { Terminal } from "./terminal.js";
import { manifestNames } from "./tool-manifest.js";

/** The tools there are, or were seen, by name. */
export interface Inventory {
  /** Distinct, in code unit order. */
  readonly names: readonly string[];
  /** Where each name was met first, for people. */
  readonly sources: ReadonlyMap<string, string>;
  /** Some of the sources could be read only in part. */
  readonly damaged: boolean;
}

export const inventoryHelp =
  "tools that exist: the answer of tools/list, a file of names (one a line), or traces; `server=file` puts mcp__server__ before bare names; may be given again";

/**
 * Reads what `--inventory` names: an answer of `tools/list` or a list of names as JSON; text with one name a line, where a tab
 * ends the name and `#` begins a comment line; else traces, in any format that is read elsewhere. Which it is, is told by the content.
 * @throws CommandFailure for sources that cannot be read, and for those without a single name: nothing matches nothing.
 */
export async function readInventory(
  sources: readonly string[],
  reading: () => Promise<ReadOptions>,
  terminal: Terminal,
): Promise<Inventory> {
  const found = new Map<string, string>();
  let damaged = false;
  for (const source of sources) {
    const { path, prefix } = locate(source);
    let names = listedNames(path);
    if (names === undefined) {
      const { usedTools } = await import("./used-tools.js");
      const used = await usedTools([path], undefined, await reading(), terminal);
      damaged ||= used.damaged;
      names = used.usage.tools.map(({ tool }) => tool);
    }
    if (names.length === 0) throw failure("inventory_empty", `${quoteText(path, 400)} names no tool`);
    for (const bare of names) {
      const name = bare.startsWith("mcp__") ? bare : prefix + bare;
      if (!found.has(name)) found.set(name, path);
    }
  }
  return { names: [...found.keys()].sort(), sources: found, damaged };
}

/** `server=file`, unless there is a file of that whole name. */
function locate(source: string): { path: string; prefix: string } {
  const at = source.indexOf("=");
  if (at < 1 || statSync(source, { throwIfNoEntry: false }) !== undefined) return { path: source, prefix: "" };
  const server = source.slice(0, at);
  if (!/^[\w.-]+$/.test(server)) return { path: source, prefix: "" };
  return { path: source.slice(at + 1), prefix: `mcp__${server}__` };
}

/** The names of a list, or undefined for what must be traces: folders, patterns, pipes, large files, other content. */
function listedNames(path: string): readonly string[] | undefined {
  if (path === "-") return undefined;
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile() || found.size > artifactBytesMax) return undefined;
  const text = new TextDecoder().decode(readNamedFile(path, "inventory")).replace(/^\ufeff/, "");
  if (text.trim() === "") throw failure("inventory_empty", `${quoteText(path, 400)} is empty`);
  const json = parsed(text);
  if (json !== undefined) return isManifest(json) ? manifestNames(json, path) : undefined;
  const lines = text
    .split(/\r?\n/)
    .map((line) => (line.split("\t", 1)[0] as string).trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  return lines.every((line) => !/[\s,{}"']/.test(line)) ? lines : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const answerKeys: ReadonlySet<string> = new Set(["tools", "nextCursor", "_meta", "jsonrpc", "id", "result"]);
const toolKeys: ReadonlySet<string> = new Set([
  "name",
  "title",
  "description",
  "inputSchema",
  "input_schema",
  "outputSchema",
  "annotations",
  "icons",
  "execution",
  "_meta",
]);

/** Recorded runs have `tools` and `name`, too, beside much else. */
function isManifest(json: unknown): boolean {
  if (Array.isArray(json)) return json.every((item) => typeof item === "string" || hasOnly(item, toolKeys, "name"));
  return hasOnly(json, answerKeys, "tools") || hasOnly(json, answerKeys, "result");
}

function hasOnly(value: unknown, keys: ReadonlySet<string>, needed: string): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const own = Object.keys(value);
  return own.includes(needed) && own.every((key) => keys.has(key));
}
