import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { decisionOf, isRefusal } from "../../../src/trace/decided.js";
import { readTraces } from "../../../src/trace/io/read.js";
import { readDecided } from "../../../src/trace/io/read-decided.js";
import { log, logs } from "../../support/otel.js";
import { assistant, lines, toolUse, user } from "../../support/traces.js";

async function decidedIn(text: string, fields?: { tool: string }) {
  const input = { name: "a", bytes: Buffer.from(text) };
  const { set, decided } = await readDecided([input], { fields });
  const plain = await readTraces([input], { fields });
  // Whatever is learned of decisions, the calls are the same.
  expect([...set.calls.tool].map((id) => set.names[id])).toEqual([...plain.calls.tool].map((id) => plain.names[id]));
  return decided.map(({ tool, decision }) => `${tool} ${decision}`);
}

const result = (id: string, content: unknown, isError = true) =>
  user("s", [{ type: "tool_result", tool_use_id: id, content, is_error: isError }]);
const refusal = "The user doesn't want to proceed with this tool use. The tool use was rejected.";

describe("decisions about calls", () => {
  test("a Claude Code transcript: refused calls, told once, and nothing that a tool prints", async () => {
    const text = lines(
      assistant("s", [toolUse("Bash", "t1"), toolUse("Read", "t2"), toolUse("Edit", "t3"), toolUse("Write", "t4")]),
      result("t1", refusal),
      result("t1", refusal),
      result("t2", refusal, false),
      result("t3", [{ type: "text", text: refusal }]),
      result("t4", `Exit code 1: ${refusal}`),
      result("t9", refusal),
      // A copy of the session in another record.
      assistant("s", [toolUse("Bash", "t1")]),
      result("t1", refusal),
    );
    expect(await decidedIn(text)).toEqual(["Bash denied", "Edit denied"]);
  });
  test("hook events, with the answer of the hook or an event of their own", async () => {
    const event = (tool: string, more: object) => ({
      session_id: "s",
      transcript_path: "t.jsonl",
      hook_event_name: "PreToolUse",
      tool_name: tool,
      tool_input: {},
      ...more,
    });
    const text = lines(
      event("Read", { tool_use_id: "1" }),
      event("Bash", { tool_use_id: "2", hookSpecificOutput: { permissionDecision: "deny" } }),
      event("Edit", { tool_use_id: "3", hookSpecificOutput: { permissionDecision: "ask" } }),
      event("Write", { tool_use_id: "4", permissionDecision: "allow" }),
      event("Task", { tool_use_id: "5", hook_event_name: "PermissionRequest" }),
    );
    expect(await decidedIn(text)).toEqual(["Bash denied", "Edit escalated", "Task escalated"]);
  });
  test("Copilot, Codex and Gemini", async () => {
    const started = (id: string) => ({
      type: "tool.execution_start",
      data: { toolCallId: id, toolName: "bash" },
      id,
      parentId: null,
    });
    const completed = (id: string, kind: string) => ({
      type: "permission.completed",
      data: { toolCallId: id, result: { kind } },
      id: `p${id}`,
      parentId: null,
    });
    const copilot = lines(
      { type: "session.start", data: { sessionId: "s" }, id: "0", parentId: null },
      started("1"),
      completed("1", "approved"),
      { type: "assistant.message", data: { toolRequests: [{ toolCallId: "2", name: "edit" }] }, id: "m", parentId: null },
      completed("2", "denied-interactively-by-user"),
      completed("3", "denied-by-rules"),
    );
    expect(await decidedIn(copilot)).toEqual(["bash approved", "edit denied"]);
    const item = (payload: object) => ({ timestamp: "2026-01-01T00:00:00Z", type: "response_item", payload });
    const codex = lines(
      { timestamp: "2026-01-01T00:00:00Z", type: "session_meta", payload: { id: "s" } },
      item({ type: "function_call", name: "shell", call_id: "1", arguments: "{}" }),
      item({ type: "function_call_output", call_id: "1", output: "exec command rejected by user" }),
      item({ type: "function_call", name: "shell", call_id: "2", arguments: "{}" }),
      item({ type: "function_call_output", call_id: "2", output: "a field is rejected by user" }),
    );
    expect(await decidedIn(codex)).toEqual(["shell denied"]);
    const calls = [
      { id: "1", name: "run_shell_command", args: {}, status: "cancelled" },
      { id: "2", name: "read_file", args: {}, status: "success" },
    ];
    const gemini = { sessionId: "s", projectHash: "h", messages: [{ id: "m", type: "gemini", toolCalls: calls }] };
    expect(await decidedIn(lines(gemini))).toEqual(["run_shell_command denied"]);
  });
  test("AP-Traces with escalations, and plain logs of decisions", async () => {
    const record = (id: string, escalation: object, type = "execute") => ({
      trace_id: id,
      agent_id: "a",
      action: { type, name: id, parameters: { tools: [`tool_${id}`] } },
      escalation,
    });
    const traces = lines(
      record("a", { required: false }),
      record("b", { required: true }),
      record("c", { required: true, escalation_status: "approved" }),
      record("d", { required: true, escalation_status: "denied" }),
      record("e", {}, "deny"),
    );
    expect(await decidedIn(traces)).toEqual(["tool_b escalated", "tool_c approved", "tool_d denied", "tool_e denied"]);
    const log = lines(
      { tool: "a", decision: "allow", session: "s" },
      { tool: "b", decision: "DENY", session: "s" },
      { tool: "c", result: false, session: "s" },
      { tool: "d", result: { allow: false }, session: "s" },
      { tool: "e", status: "approved", session: "s" },
      { tool: "f", status: "rejected", session: "s" },
      { tool: "g", decision: "escalate", session: "s" },
    );
    expect(await decidedIn(log)).toEqual(["b denied", "c denied", "d denied", "f denied", "g escalated"]);
  });
  test("log events of OpenTelemetry", async () => {
    const event = (name: string, more: object) =>
      log({ "session.id": "s", "event.name": name, tool_name: "Bash", ...more }, `claude_code.${name}`);
    const text = lines(
      logs([
        event("tool_decision", { tool_use_id: "1", decision: "accept" }),
        event("tool_result", { tool_use_id: "1" }),
        event("tool_decision", { tool_use_id: "2", decision: "reject" }),
      ]),
    );
    expect(await decidedIn(text)).toEqual(["Bash denied"]);
  });
  test("decision logs: the tool in the input, also of an MCP request", async () => {
    const decision = (id: string, input: object, result: unknown) => ({
      decision_id: id,
      path: "tools/allow",
      timestamp: "2026-01-01T00:00:00.5Z",
      input,
      result,
    });
    const request = { method: "tools/call", params: { name: "mcp__fs__write" }, session_id: "s" };
    const log = lines(
      decision("1", { tool: "mcp__fs__read", session_id: "s" }, true),
      decision("2", { tool: "mcp__fs__delete", session_id: "s" }, { allow: false, reason: "r" }),
      decision("2", { tool: "mcp__fs__delete", session_id: "s" }, { allow: false }),
      decision("3", request, false),
      { decision_id: "4", timestamp: "2026-01-01T00:00:00Z" },
    );
    expect(await decidedIn(log)).toEqual(["mcp__fs__delete denied", "mcp__fs__write denied"]);
    const { set } = await readDecided([{ name: "a", bytes: Buffer.from(log) }]);
    expect([set.inputs[0]?.format, set.calls.length, set.badLines]).toEqual(["decision-log", 3, 1]);
    const list = `[${log.trimEnd().split("\n").join(",")}]`;
    expect(await decidedIn(list)).toEqual(["mcp__fs__delete denied", "mcp__fs__write denied"]);
  });
  test("tables say it in a column; and of more decisions than are kept the rest is counted", async () => {
    const table = "tool,session,decision\na,s,deny\nb,s,allow\nc,s,ask\nd,s,rejected\n";
    expect(await decidedIn(table)).toEqual(["a denied", "c escalated", "d denied"]);
    const { decided, set } = await readDecided([{ name: "a", bytes: Buffer.from(table) }], {}, 1);
    expect([decided.length, set.calls.length]).toEqual([1, 4]);
    expect(set.diagnostics.map(({ code, message }) => [code, message])).toEqual([
      ["trace_decisions_dropped", "2 decisions about calls were not looked at"],
    ]);
  });
  test("words and texts that are none", () => {
    expect([undefined, 1, "", "__proto__", "x".repeat(1e6)].map(decisionOf)).toEqual(Array(5).fill(undefined));
    expect(isRefusal(`claude requested permissions to use ${"x".repeat(1e6)}`)).toBe(false);
    expect(isRefusal("Claude requested permissions to use Bash, but you haven't granted it yet.")).toBe(true);
  });
});

const folder = fileURLToPath(new URL("../../../../shared/data/", import.meta.url));

describe.skipIf(!existsSync(folder))("recorded runs (left out without ../shared/data)", () => {
  test("refusals of people in transcripts", async () => {
    const { decided } = await readDecided([`${folder}claude-code`]);
    const tools = new Map<string, number>();
    for (const { tool, decision } of decided) {
      expect(decision).toBe("denied");
      tools.set(tool, (tools.get(tool) ?? 0) + 1);
    }
    expect(Object.fromEntries(tools)).toMatchObject({ Bash: 9, Edit: 6, Write: 1 });
    // Eight more are refusals of questions: answers, and no decisions.
    expect(decided).toHaveLength(18);
    const copilot = await readDecided([`${folder}copilot-cli`]);
    expect(copilot.decided.map(({ tool, decision }) => [tool, decision])).toEqual([["bash", "approved"]]);
  });
});
