import type { TraceFormat } from "../reader.js";
import { scoreOfKind } from "./message-kinds.js";
import { MessageLogReader } from "./message-log.js";

/**
 * Messages, request logs, batch results and event streams of the Anthropic Messages API. Calls are `tool_use`,
 * `server_tool_use` and `mcp_tool_use` blocks.
 */
export const anthropicMessages: TraceFormat = {
  id: "anthropic-messages",
  title: "Anthropic Messages",
  detect: (probe) => scoreOfKind("anthropic", probe),
  open: (input, sink) => new MessageLogReader(input, sink),
};
