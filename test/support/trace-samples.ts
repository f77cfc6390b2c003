/** A record or document of each format in a few lines, as its program writes it, without what nobody reads. */
export const traceSamples: Readonly<Record<string, readonly unknown[]>> = {
  "claude-code": [
    { type: "user", sessionId: "s", message: { role: "user", content: "x" }, timestamp: "2026-01-01T00:00:00Z" },
    { type: "assistant", sessionId: "s", message: { content: [{ type: "tool_use", id: "t", name: "Read", input: {} }] } },
  ],
  "claude-hooks": [{ session_id: "s", hook_event_name: "PreToolUse", tool_name: "Read", tool_input: {}, tool_use_id: "t" }],
  codex: [
    { timestamp: "2026-01-01T00:00:00Z", type: "session_meta", payload: { id: "s", source: { subagent: {} } } },
    { type: "response_item", payload: { type: "function_call", name: "_a", namespace: "mcp__b", call_id: "c", arguments: "{}" } },
    { session: { id: "s", timestamp: "2026-01-01T00:00:00Z" }, items: [{ type: "function_call", name: "shell" }] },
  ],
  "copilot-cli": [
    { type: "session.start", data: { sessionId: "s" }, id: "1", parentId: null },
    { type: "assistant.message", data: { toolRequests: [{ toolCallId: "c", name: "bash" }] }, id: "2", parentId: "1" },
    { type: "tool.execution_start", data: { toolCallId: "c", toolName: "bash", mcpServerName: "m", mcpToolName: "t" }, id: "3" },
  ],
  "gemini-cli": [
    { sessionId: "s", projectHash: "p", messages: [{ id: "m", type: "gemini", toolCalls: [{ id: "c", name: "a", args: {} }] }] },
    { $set: { messages: [{ id: "m", toolCalls: [{ name: "a" }] }] } },
    { history: [{ role: "model", parts: [{ functionCall: { name: "a" } }] }] },
  ],
  langfuse: [
    {
      trace: { id: "t", sessionId: "s", timestamp: "2026-01-01T00:00:00Z" },
      observations: [
        { id: "o", traceId: "t", type: "TOOL", name: "execute_tool a", startTime: "2026-01-01T00:00:00Z", metadata: "{}" },
        {
          id: "p",
          traceId: "t",
          type: "SPAN",
          name: "a",
          metadata: { attributes: { "tool.name": "a" } },
          parentObservationId: "o",
        },
        { id: "q", traceId: "t", type: "GENERATION", toolCallNames: ["a"], toolCalls: ['{"id":"c"}'] },
      ],
    },
    { data: [{ id: "o", trace_id: "t", type: "TOOL", name: "a", start_time: "2026-01-01 00:00:00" }] },
  ],
  "mcp-jsonrpc": [
    [{ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "a", arguments: {} } }],
    {
      session: "s",
      server: "m",
      dir: "in",
      timestamp: 1,
      message: { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "a" } },
    },
    { request: '{"method":"tools/call","params":{"name":"a"}}', response: { jsonrpc: "2.0", id: 1, result: {} } },
  ],
  "openai-chat": [
    {
      task_id: "t",
      messages: [{ role: "assistant", tool_calls: [{ id: "c", type: "function", function: { name: "a", arguments: "{}" } }] }],
    },
    {
      object: "chat.completion.chunk",
      id: "x",
      choices: [{ index: 0, delta: { tool_calls: [{ index: 0, id: "c", function: { name: "a" } }] } }],
    },
  ],
  "openai-responses": [
    {
      object: "response",
      id: "r",
      output: [
        { type: "function_call", name: "a", call_id: "c" },
        { type: "mcp_call", server_label: "m", name: "b" },
      ],
    },
  ],
  "anthropic-messages": [
    {
      type: "message",
      id: "m",
      role: "assistant",
      content: [
        { type: "tool_use", id: "t", name: "a" },
        { type: "mcp_tool_use", server_name: "m", name: "b" },
      ],
    },
    { model: "c", messages: [{ role: "assistant", content: [{ type: "server_tool_use", id: "t", name: "a" }] }] },
  ],
  langsmith: [
    { id: "r", trace_id: "t", run_type: "tool", name: "a", start_time: "2026-01-01", extra: { metadata: { thread_id: "x" } } },
  ],
  otlp: [
    {
      resourceSpans: [
        {
          resource: { attributes: [{ key: "service.name", value: { stringValue: "a" } }] },
          scopeSpans: [
            {
              spans: [
                {
                  traceId: "t",
                  spanId: "s",
                  parentSpanId: "p",
                  name: "execute_tool a",
                  startTimeUnixNano: "1770424063828000000",
                  attributes: [
                    { key: "gen_ai.operation.name", value: { stringValue: "execute_tool" } },
                    { key: "gen_ai.tool.name", value: { stringValue: "a" } },
                  ],
                },
              ],
            },
          ],
        },
      ],
    },
  ],
  jaeger: [
    {
      data: [
        {
          traceID: "t",
          spans: [
            { traceID: "t", spanID: "s", operationName: "x", startTime: 1, tags: [{ key: "gen_ai.tool.name", value: "a" }] },
          ],
        },
      ],
    },
  ],
  events: [
    { tool: "a", session_id: "s", timestamp: 1, call_id: "c", args: {} },
    { tools: ["a", "b"], trace_id: "t" },
  ],
};
