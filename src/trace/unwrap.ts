import { wrapperDepthMax } from "../limits.js";
import { asObject, asText, type JsonObject } from "./json.js";

/** Tools whose arguments name the tool that really runs, by the last part of their names. */
const wrapperTools: ReadonlySet<string> = new Set(["execute-tool", "execute_tool", "call_tool", "use_mcp_tool", "mcp_call_tool"]);

/** The tool a wrapper runs, as its arguments name it. */
export interface InnerTool {
  readonly tool: string;
  readonly server: string | undefined;
}

/** Whether a name is that of a wrapper, alone or behind a server (`mcp__gateway__execute-tool`). */
export function isWrapper(tool: string): boolean {
  const at = tool.lastIndexOf("__");
  return wrapperTools.has(at === -1 ? tool : tool.slice(at + 2));
}

/**
 * The tool inside a call of a wrapper, through wrappers inside wrappers. Arguments are an object or JSON text. Undefined
 * when they name none: then the call stays what it is.
 */
export function innerTool(args: unknown): InnerTool | undefined {
  let inner: InnerTool | undefined;
  let given: unknown = args;
  for (let depth = 0; depth < wrapperDepthMax; depth++) {
    const fields = asObject(typeof given === "string" ? parsed(given) : given);
    const tool = fields && firstText(fields, ["tool_name", "tool", "name"]);
    if (fields === undefined || tool === undefined) return inner;
    inner = { tool, server: firstText(fields, ["server_name", "server"]) };
    if (!isWrapper(tool)) return inner;
    given = own(fields, "params") ?? own(fields, "arguments");
  }
  return inner;
}

function firstText(fields: JsonObject, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const text = asText(own(fields, key));
    if (text !== undefined) return text;
  }
  return undefined;
}

function own(fields: JsonObject, key: string): unknown {
  return Object.hasOwn(fields, key) ? fields[key] : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
