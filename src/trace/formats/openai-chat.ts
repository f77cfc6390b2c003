import type { TraceFormat } from "../reader.js";
import { scoreOfKind } from "./message-kinds.js";
import { MessageLogReader } from "./message-log.js";

/**
 * Messages of the OpenAI chat API and of the many that speak it: conversations, training data, request logs, completions
 * and their streams. Calls are `tool_calls` (functions and custom tools) and the older `function_call`.
 */
export const openaiChat: TraceFormat = {
  id: "openai-chat",
  title: "OpenAI chat messages",
  detect: (probe) => scoreOfKind("chat", probe),
  open: (input, sink) => new MessageLogReader(input, sink),
};
