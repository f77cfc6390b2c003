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
 * when they name none, or several: then the call stays what it is.
 */
export function innerTool(args: unknown): InnerTool | undefined {
  let inner: InnerTool | undefined;
  let given: unknown = args;
  for (let depth = 0; depth < wrapperDepthMax; depth++) {
    const fields = asObject(typeof given === "string" ? parsed(given) : given);
    const tool = fields && onlyText(fields, ["tool_name", "tool", "name"]);
    const server = fields && onlyText(fields, ["server_name", "server"]);
    if (fields === undefined || tool === undefined || tool === ambiguous || server === ambiguous) return inner;
    inner = { tool, server };
    if (!isWrapper(tool)) return inner;
    given = own(fields, "params") ?? own(fields, "arguments");
  }
  return inner;
}

const ambiguous = Symbol("ambiguous");

/** The one text under some keys. Where they differ only the wrapper knows which of them it goes by: a decoy must not win. */
function onlyText(fields: JsonObject, keys: readonly string[]): string | typeof ambiguous | undefined {
  const texts = new Set(keys.map((key) => asText(own(fields, key))).filter((text) => text !== undefined));
  const [text] = texts;
  return texts.size > 1 ? ambiguous : text;
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
