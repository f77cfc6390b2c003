import { describe, expect, it } from "vitest";
import { requestsOpenMax } from "../../../src/limits.js";
import { claudeHooks } from "../../../src/trace/formats/claude-hooks.js";
import { codex } from "../../../src/trace/formats/codex.js";
import { copilotCli } from "../../../src/trace/formats/copilot-cli.js";
import { geminiCli } from "../../../src/trace/formats/gemini-cli.js";
import { readWith, scoreOf, toolNames } from "../../support/trace-sink.js";
import { lines } from "../../support/traces.js";

const hostileName = 'a"b\n\u001b[31m</script>';

describe("hook events", () => {
  const event = (name: string, tool: unknown, more: object = {}) => ({
    session_id: "s1",
    transcript_path: "/t.jsonl",
    cwd: "/w",
    permission_mode: "default",
    hook_event_name: name,
    tool_name: tool,
    tool_input: { a: 1 },
    ...more,
  });
  const read = (...records: (object | string)[]) => readWith(claudeHooks, lines(...records));

  it("count the events before and after a call once, by the id of the call", () => {
    const id = (tool_use_id: string) => ({ tool_use_id });
    const recorded = read(
      event("PreToolUse", "Read", id("t1")),
      event("PreToolUse", "Read", id("t2")),
      event("PermissionRequest", "Read", id("t2")),
      event("PostToolUse", "Read", { ...id("t2"), tool_response: {} }),
      event("PostToolUse", "Read", { ...id("t1"), tool_response: {} }),
    );
    expect(toolNames(recorded)).toEqual(["Read", "Read"]);
    expect(recorded.calls[0]!.args!()).toEqual({ a: 1 });
  });

  it("pair events without ids by tool, and count every call of a log that has only the events after it", () => {
    const paired = read(
      event("PreToolUse", "Read"),
      event("PreToolUse", "Read"),
      event("PermissionRequest", "Read"),
      event("PostToolUse", "Read"),
      event("PostToolUse", "Read"),
      event("PreToolUse", "Bash"),
    );
    expect(toolNames(paired)).toEqual(["Read", "Read", "Bash"]);
    const after = read(event("PostToolUse", "Read"), event("PostToolUse", "Read"), event("PermissionRequest", "Bash"));
    expect(toolNames(after)).toEqual(["Read", "Read", "Bash"]);
  });

  it("know sessions without calls, and which calls are of subagents", () => {
    const { traces, calls } = read(
      { session_id: "s0", hook_event_name: "SessionStart", source: "startup" },
      event("PreToolUse", "Read", { agent_id: "a1", tool_use_id: "t1" }),
      event("preToolUse", "Bash", { session_id: undefined, conversation_id: "cursor" }),
      event("BeforeTool", "write_file", { timestamp: "2026-01-01T00:00:00Z" }),
    );
    expect([...traces.keys()]).toEqual(["s0", "s1", "cursor"]);
    expect(calls.map(({ trace, subagent }) => [trace, subagent])).toEqual([
      ["s1", true],
      ["cursor", false],
      ["s1", false],
    ]);
    expect(calls[2]!.timeMs).toBe(Date.UTC(2026, 0, 1));
  });

  it("judge names that are no names, and report what is no event", () => {
    const recorded = read(event("PreToolUse", 7), event("PreToolUse", hostileName), { session_id: "s1" }, "[3]");
    expect(recorded.calls.map(({ tool }) => tool)).toEqual(["", hostileName]);
    expect(recorded.bad.map(({ line }) => line)).toEqual([3, 4]);
  });
});

describe("Codex rollouts", () => {
  const item = (payload: object, type = "response_item") => ({ timestamp: "2026-01-01T00:00:00.000Z", type, payload });
  const call = (name: unknown, call_id?: string, more: object = {}) =>
    item({ type: "function_call", name, arguments: "{}", call_id, ...more });
  const meta = (id: string, more: object = {}) => item({ id, timestamp: "2026-01-01T00:00:00.000Z", ...more }, "session_meta");
  const read = (...records: (object | string)[]) => readWith(codex, lines(...records));

  it("count items once and leave out the events that tell the same again", () => {
    const recorded = read(
      meta("s1"),
      call("exec_command", "c1"),
      item({ type: "exec_command_end", call_id: "c1" }, "event_msg"),
      item({ type: "function_call_output", call_id: "c1" }),
      item({ type: "custom_tool_call", name: "apply_patch", input: "*** Begin", call_id: "c2" }),
      item({ type: "patch_apply_end", call_id: "c2" }, "event_msg"),
      item({ type: "mcp_tool_call_end", call_id: "c3", invocation: { server: "s", tool: "t" } }, "event_msg"),
      item({ message: "", replacement_history: [{ type: "function_call", name: "exec_command", call_id: "c1" }] }, "compacted"),
    );
    expect(toolNames(recorded)).toEqual(["exec_command", "apply_patch"]);
    expect(recorded.calls[1]!.args!()).toBe("*** Begin");
  });

  it("count built-in tools by their names", () => {
    const types = ["web_search_call", "web_search_call", "tool_search_call", "local_shell_call", "image_generation_call"];
    const recorded = read(meta("s1"), ...types.map((type) => item({ type, status: "completed" })));
    expect(toolNames(recorded)).toEqual(["web_search", "web_search", "tool_search", "local_shell", "image_generation"]);
  });

  it.each([
    ["ask_question", "mcp__deepwiki", "mcp__deepwiki__ask_question"],
    ["_create_issue", "mcp__codex_apps__github", "mcp__codex_apps__github_create_issue"],
    ["read", "mcp__files__", "mcp__files__read"],
    ["exec_command", undefined, "exec_command"],
    [{ no: "name" }, "mcp__deepwiki", ""],
    [hostileName, undefined, hostileName],
  ])("join %j with the namespace %s", (name, namespace, joined) => {
    expect(toolNames(read(meta("s1"), call(name, "c1", { namespace })))).toEqual([joined]);
  });

  it("count what a fork copied once, whichever file is read first", () => {
    const origin = [meta("s1"), call("exec_command", "c1"), call("update_plan", "c2")];
    const fork = [meta("s2", { forked_from_id: "s1" }), ...origin, call("exec_command", "c3")];
    const forkOfFork = [meta("s3"), meta("s2"), meta("s1"), ...origin.slice(1), call("exec_command", "c4")];
    const recorded = read(...fork, ...origin);
    expect(recorded.calls.every(({ scope }) => scope === "s1")).toBe(true);
    expect(recorded.distinct.map(({ callId }) => callId)).toEqual(["c1", "c2", "c3"]);
    expect([...read(...forkOfFork).traces.keys()]).toEqual(["s3"]);
    expect(read(...forkOfFork).calls.at(-1)!.scope).toBe("s1");
  });

  it("know sessions without calls, several in one input, and sessions of subagents", () => {
    const recorded = read(
      meta("s1"),
      item({ type: "message", role: "user" }),
      meta("s2", { source: { subagent: { thread_spawn: { depth: 1 } } }, session_id: "root" }),
      call("exec_command", "c1"),
    );
    expect([...recorded.traces.keys()]).toEqual(["s1", "s2"]);
    expect(recorded.calls.map(({ trace, session, subagent }) => [trace, session, subagent])).toEqual([["s2", "root", true]]);
  });

  it("read older rollouts: items bare on their lines, or one document", () => {
    const first = { id: "old", timestamp: "2025-06-01T00:00:00Z", instructions: null };
    const bare = { type: "function_call", id: "fc1", name: "shell", arguments: "{}", call_id: "c1" };
    const flat = read(first, { record_type: "state" }, bare, { type: "message", role: "assistant" });
    expect(flat.calls.map(({ trace, tool }) => [trace, tool])).toEqual([["old", "shell"]]);
    const document = JSON.stringify({ session: { id: "older", timestamp: "2025-05-01T00:00:00Z" }, items: [bare] }, null, 1);
    expect(readWith(codex, document).calls.map(({ trace, tool }) => [trace, tool])).toEqual([["older", "shell"]]);
    expect([scoreOf(codex, lines(first, bare)), scoreOf(codex, document), scoreOf(codex, lines(bare))]).toEqual([0.9, 0.9, 0]);
  });

  it("report what is no record", () => {
    const recorded = read(meta("s1"), { type: "response_item" }, "[1]", item({ type: 7 }), item({ type: "function_call" }));
    expect(recorded.bad.map(({ line }) => line)).toEqual([2, 3]);
    expect(toolNames(recorded)).toEqual([""]);
  });
});

describe("Copilot CLI events", () => {
  let count = 0;
  const event = (type: string, data: unknown) => ({
    type,
    data,
    id: `e${count++}`,
    timestamp: "2026-01-01T00:00:00Z",
    parentId: null,
  });
  const start = event("session.start", { sessionId: "s1", startTime: "2026-01-01T00:00:00Z" });
  const begun = (toolCallId: string, toolName: unknown, more: object = {}) =>
    event("tool.execution_start", { toolCallId, toolName, arguments: { a: 1 }, ...more });
  const asked = (...requests: object[]) => event("assistant.message", { toolRequests: requests });
  const read = (...records: (object | string)[]) => readWith(copilotCli, lines(...records));

  it("count a call asked for, started and completed once", () => {
    const recorded = read(
      start,
      asked({ toolCallId: "c1", name: "bash", arguments: {} }, { toolCallId: "c2", name: "view", arguments: {} }),
      begun("c1", "bash"),
      event("tool.execution_complete", { toolCallId: "c1", success: false }),
      begun("c2", "view"),
    );
    expect(recorded.calls.map(({ tool, trace }) => [tool, trace])).toEqual([
      ["bash", "s1"],
      ["view", "s1"],
    ]);
  });

  it("count what was asked for and never started, as a refused call would be hidden otherwise", () => {
    const recorded = read(start, asked({ toolCallId: "c1", name: "bash" }, { name: "edit" }), event("abort", {}));
    expect(toolNames(recorded).sort()).toEqual(["bash", "edit"]);
  });

  it("lose no request, however many never start", () => {
    const requests = Array.from({ length: requestsOpenMax + 5 }, (_, n) => ({ toolCallId: `c${n}`, name: "bash" }));
    expect(read(start, asked(...requests), begun("c9", "bash")).distinct.length).toBe(requests.length);
  });

  it("know sessions without calls, subagents, and the server of an MCP tool", () => {
    const other = event("session.start", { sessionId: "s2" });
    const recorded = read(
      start,
      other,
      begun("c1", "github-search_code", { mcpServerName: "github", mcpToolName: "search_code", parentToolCallId: "c0" }),
    );
    expect([...recorded.traces.keys()]).toEqual(["s1", "s2"]);
    expect(recorded.calls).toMatchObject([{ tool: "search_code", server: "github", subagent: true, trace: "s2" }]);
  });

  it("judge names that are no names", () => {
    const recorded = read(start, begun("c1", null), begun("c2", hostileName), event("tool.execution_start", 5), "7");
    expect(toolNames(recorded)).toEqual(["", hostileName, ""]);
    expect(recorded.bad.map(({ line }) => line)).toEqual([5]);
  });
});

describe("Gemini CLI sessions", () => {
  const call = (id: string | undefined, name: unknown) => ({ id, name, args: { a: 1 }, status: "success" });
  const message = (id: string, ...toolCalls: object[]) => ({
    id,
    timestamp: "2026-01-01T00:00:00Z",
    type: "gemini",
    content: "",
    toolCalls,
  });
  const head = { sessionId: "s1", projectHash: "p", startTime: "2026-01-01T00:00:00Z" };

  it("count snapshots of one session once, by the id of the call or its place", () => {
    const early = { ...head, messages: [message("m1", call("t1", "read_file"), call(undefined, "write_file"))] };
    const late = { ...head, messages: [...early.messages, message("m2", call("t2", "mcp_github_search"))] };
    const recorded = readWith(geminiCli, JSON.stringify(early, null, 2) + JSON.stringify(late, null, 2));
    expect(toolNames(recorded)).toEqual(["read_file", "write_file", "mcp_github_search"]);
    expect([...recorded.traces.keys()]).toEqual(["s1"]);
  });

  it("read sessions as JSON lines, whose messages are written again and set", () => {
    const content = lines(
      { ...head, kind: "subagent" },
      { id: "m0", type: "user", content: "hi" },
      message("m1", call("t1", "read_file")),
      message("m1", call("t1", "read_file"), call("t2", "run_shell_command")),
      { $set: { messages: [message("m1", call("t2", "run_shell_command")), message("m3", call("t3", hostileName))] } },
      { $rewindTo: "m0" },
    );
    const recorded = readWith(geminiCli, content);
    expect(toolNames(recorded)).toEqual(["read_file", "run_shell_command", hostileName]);
    expect(recorded.calls.every(({ subagent }) => subagent)).toBe(true);
    expect(scoreOf(geminiCli, content)).toBe(1);
  });

  it("read saved checkpoints: contents of the API, without session and ids", () => {
    const contents = [
      { role: "user", parts: [{ text: "hi" }] },
      { role: "model", parts: [{ functionCall: { name: "a", args: {} } }, { functionCall: { name: "a", args: {} } }] },
      { role: "user", parts: [{ functionResponse: { name: "a", response: {} } }] },
    ];
    for (const document of [contents, { history: contents, authType: "x" }]) {
      const recorded = readWith(geminiCli, JSON.stringify(document, null, 1), { name: "checkpoint.json" });
      expect(toolNames(recorded)).toEqual(["a", "a"]);
      expect([...recorded.traces.keys()]).toEqual(["checkpoint.json"]);
      expect(scoreOf(geminiCli, JSON.stringify(document))).toBe(0.7);
    }
  });

  it("know sessions without calls and take anything for hostile", () => {
    const odd = { ...head, messages: [null, 7, { toolCalls: [null, { name: ["x"] }] }, { toolCalls: "no" }] };
    const recorded = readWith(geminiCli, lines({ ...head, sessionId: "s0", messages: [] }, odd));
    expect([...recorded.traces.keys()]).toEqual(["s0", "s1"]);
    expect(recorded.calls.map(({ tool }) => tool)).toEqual(["", ""]);
    expect(scoreOf(geminiCli, lines({ messages: [{ role: "user", content: "x" }] }))).toBe(0);
  });
});
