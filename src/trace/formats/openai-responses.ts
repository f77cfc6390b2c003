import type { TraceFormat } from "../reader.js";
import { scoreOfKind } from "./message-kinds.js";
import { MessageLogReader } from "./message-log.js";

/**
 * Items, answers, request logs and event streams of the OpenAI Responses API. Calls are the items whose type ends in
 * `_call`; built-in tools count under their documented name (`web_search_call` is a call of `web_search`).
 */
export const openaiResponses: TraceFormat = {
  id: "openai-responses",
  title: "OpenAI Responses",
  detect: (probe) => scoreOfKind("responses", probe),
  open: (input, sink) => new MessageLogReader(input, sink),
};
