import { describe, expect, it } from "vitest";
import {
  agentProgress,
  assistant,
  at,
  codesOf,
  lines,
  placesOf,
  read,
  step,
  toolsOf,
  toolUse,
  transcript,
  user,
} from "../../support/traces.js";

describe("Claude Code transcripts", () => {
  it("counts tool_use blocks of assistant records, with time, line and session", async () => {
    const set = await read(
      lines(
        user("s1", "hello", at("1T10:00:00.000Z")),
        assistant("s1", [{ type: "text", text: "I look" }, toolUse("Read", "t1"), toolUse("Bash", "t2")], at("1T10:00:01.500Z")),
      ),
    );
    expect(toolsOf(set)).toEqual(["Read", "Bash"]);
    expect(set.traces).toEqual([
      { id: "s1", format: "claude-code", agent: undefined, firstMs: 1769940001500, lastMs: 1769940001500, calls: 2, input: 0 },
    ]);
    expect([...set.calls.line]).toEqual([2, 2]);
    expect(set.diagnostics).toEqual([]);
  });

  it("knows sessions without calls, dated by their first record", async () => {
    const set = await read(
      lines(user("s1", "hello", at("1T10:00:00Z")), assistant("s1", [{ type: "text", text: "hi" }], at("1T10:00:05Z"))),
    );
    expect(set.traces.map(({ id, calls, lastMs }) => [id, calls, lastMs])).toEqual([["s1", 0, Date.UTC(2026, 1, 1, 10)]]);
    expect(codesOf(set)).toEqual([]);
  });

  it("finds a new session in the middle of a file, also when it never calls a tool", async () => {
    const set = await read(lines(user("s1"), assistant("s1", [toolUse("Read", "t1")]), user("s1"), user("s2"), user("s1")));
    expect(set.traces.map(({ id, calls }) => [id, calls])).toEqual([
      ["s1", 1],
      ["s2", 0],
    ]);
  });

  it("counts a message split over lines with one message id once per call", async () => {
    const set = await read(lines(user("s1"), assistant("s1", [toolUse("Read", "t1")]), assistant("s1", [toolUse("Grep", "t2")])));
    expect(toolsOf(set)).toEqual(["Read", "Grep"]);
  });

  it("counts cumulative snapshots of one session once, within a file and over files", async () => {
    const early = lines(user("s1"), assistant("s1", [toolUse("Read", "t1")]));
    const late = lines(user("s1"), assistant("s1", [toolUse("Read", "t1")]), assistant("s1", [toolUse("Bash", "t2")]));
    const set = await read(early + late, late);
    expect(toolsOf(set)).toEqual(["Read", "Bash"]);
    expect(set.inputs.map((input) => input.repeatedCalls)).toEqual([1, 2]);
    expect(set.traces.length).toBe(1);
  });

  it("takes the same ids in different sessions as different calls", async () => {
    const set = await read(lines(assistant("s1", [toolUse("Read", "1")]), assistant("s2", [toolUse("Read", "1")])));
    expect(set.calls.length).toBe(2);
  });

  it("takes an id that comes again with another name as another call, so that none hides", async () => {
    const set = await read(
      lines(assistant("s1", [toolUse("Read", "1")]), assistant("s1", [toolUse("Bash", "1"), toolUse("Read", "1")])),
    );
    expect(toolsOf(set)).toEqual(["Read", "Bash"]);
    const record = step("t1", [], {
      action: { type: "execute", tool_calls: ["a", "b", "a"].map((name) => ({ id: "1", name })) },
    });
    expect(toolsOf(await read(lines(record)))).toEqual(["a", "b"]);
  });

  it("reports content that is neither text nor a list", async () => {
    const set = await read(lines(user("s1"), assistant("s1", toolUse("Bash", "1") as never)));
    expect(codesOf(set)).toEqual(["trace_bad_record"]);
  });

  it("counts calls without an id each time", async () => {
    const set = await read(lines(assistant("s1", [toolUse("Read"), toolUse("Read")])));
    expect(set.calls.length).toBe(2);
  });

  it("counts subagents: progress records, sidechains, and their own files, merged into the session", async () => {
    const session = lines(
      user("s1"),
      assistant("s1", [toolUse("Task", "t1")]),
      agentProgress("s1", [toolUse("Grep", "t2")]),
      assistant("s1", [toolUse("Glob", "t3")], { isSidechain: true }),
      agentProgress("s1", [toolUse("Read", "t4")]),
    );
    const agent = lines(
      user("s1", "find it", { isSidechain: true, agentId: "a1" }),
      assistant("s1", [toolUse("Grep", "t2"), toolUse("Bash", "t5")], { isSidechain: true, agentId: "a1" }),
    );
    const set = await read(session, agent);
    expect(toolsOf(set)).toEqual(["Task", "Grep", "Glob", "Read", "Bash"]);
    expect([...set.calls.subagent]).toEqual([0, 1, 1, 1, 1]);
    expect(set.traces.length).toBe(1);
  });

  it("counts tools that the API runs itself: server tools, and tools of MCP servers it connects to", async () => {
    const usage = { server_tool_use: { web_search_requests: 1 } };
    const blocks = [
      { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {} },
      { type: "mcp_tool_use", id: "mcptoolu_1", name: "ask", server_name: "deepwiki", input: {} },
    ];
    const record = assistant("s1", blocks) as { message: object };
    const set = await read(lines(user("s1"), assistant("s1", []), { ...record, message: { ...record.message, usage } }));
    expect(toolsOf(set)).toEqual(["web_search", "mcp__deepwiki__ask"]);
    const counted = { ...(assistant("s1", [{ type: "text", text: '"tool_use"' }]) as object), usage };
    expect(toolsOf(await read(lines(user("s1"), counted)))).toEqual([]);
  });

  it("counts no blocks of other APIs, wherever they stand", async () => {
    const foreign = [{ type: "tool-call", toolName: "Edit", toolCallId: "x1" }, { toolUse: { name: "Edit", toolUseId: "x2" } }];
    const set = await read(
      lines(user("s1"), assistant("s1", foreign), assistant("s1", [toolUse("Read", "t1")]), assistant("s1", foreign)),
    );
    expect(toolsOf(set)).toEqual(["Read"]);
  });

  it("takes other progress kinds, hook records and results for no calls", async () => {
    const progress = (data: object) => ({ sessionId: "s1", type: "progress", data });
    const set = await read(
      lines(
        user("s1", [{ type: "tool_result", tool_use_id: "t1", content: [toolUse("Bash", "t9")] }]),
        progress({ type: "mcp_progress", serverName: "x", toolName: "y" }),
        progress({ type: "hook_progress", message: { message: { content: [toolUse("Bash", "t8")] } } }),
        { type: "summary", summary: "x", leafUuid: "u" },
      ),
    );
    expect(set.calls.length).toBe(0);
    expect(set.traces.length).toBe(1);
  });

  it("is not fooled by the marker inside quoted text", async () => {
    const quoted = JSON.stringify(assistant("s9", [toolUse("Bash", "t9")]));
    const set = await read(lines(user("s1", quoted), assistant("s1", [{ type: "text", text: quoted }])));
    expect(set.calls.length).toBe(0);
    expect(set.traces.map((trace) => trace.id)).toEqual(["s1"]);
  });

  it("reads stream-json with session_id, also of subagents", async () => {
    const stream = (record: object) => ({ ...record, sessionId: undefined, session_id: "s1" });
    const set = await read(
      lines(
        { type: "system", subtype: "init", session_id: "s1", tools: ["Bash"], mcp_servers: [] },
        stream(assistant("", [toolUse("Bash", "t1")])),
        stream(assistant("", [toolUse("Read", "t2")], { parent_tool_use_id: "t1" })),
        { type: "result", subtype: "success", session_id: "s1" },
      ),
    );
    expect(set.traces.map(({ id, calls }) => [id, calls])).toEqual([["s1", 2]]);
    expect([...set.calls.subagent]).toEqual([0, 1]);
  });

  it("sees what escapes and white space hide from a byte search", async () => {
    const escaped = JSON.stringify(assistant("s1", [toolUse("Bash", "t1")])).replace('"tool_use"', '"tool\\u005fuse"');
    const hiddenSession = JSON.stringify(user("s2")).replace('"sessionId"', '"session\\u0049d"');
    const spaced = JSON.stringify(user("s3")).replace('"sessionId":', '"sessionId" : ');
    const set = await read(lines(user("s1"), user("s1"), escaped, hiddenSession, spaced));
    expect(toolsOf(set)).toEqual(["Bash"]);
    expect(set.traces.map((trace) => trace.id)).toEqual(["s1", "s2", "s3"]);
  });

  it("reports lines that are no records and goes on", async () => {
    const glued = JSON.stringify(user("s1")) + JSON.stringify(user("s1"));
    const set = await read(
      lines(
        user("s1"),
        "{broken}",
        glued,
        "42",
        { type: "assistant", sessionId: "s1", note: "tool_use" },
        assistant("s1", [toolUse("Read", "t1")]),
      ),
    );
    expect(placesOf(set)).toEqual(["trace_bad_line a:2", "trace_bad_line a:3", "trace_bad_record a:4", "trace_bad_record a:5"]);
    expect(set.badLines).toBe(4);
    expect(toolsOf(set)).toEqual(["Read"]);
  });

  it("reports bad lines far behind the first ones, too", async () => {
    const known = JSON.stringify(user("s1"));
    const good = Array.from({ length: 100 }, () => user("s1"));
    const bad = ["{broken}", known + known, known.slice(0, -1), known.slice(1), "null"];
    const set = await read(lines(...good, ...bad, assistant("s1", [toolUse("Read", "t1")])));
    expect(placesOf(set)).toEqual([...[101, 102, 103, 104].map((line) => `trace_bad_line a:${line}`), "trace_bad_record a:105"]);
    expect(toolsOf(set)).toEqual(["Read"]);
  });

  it("judges names that are no text as the invalid, empty name", async () => {
    const set = await read(
      lines(assistant("s1", [toolUse(7, "t1"), toolUse(undefined, "t2"), toolUse({ a: 1 }, "t3"), toolUse("", "t4")])),
    );
    expect(toolsOf(set)).toEqual(["", "", "", ""]);
  });

  it("puts a record that lost its session id into the session before it", async () => {
    const lost = { ...assistant("", [toolUse("Read", "t1")]), sessionId: undefined };
    const set = await read(lines(user("s1"), lost), lines(lost));
    expect(set.traces.map(({ id, calls }) => [id, calls])).toEqual([
      ["s1", 1],
      ["b", 1],
    ]);
  });

  it("reads a transcript that is one JSON list", async () => {
    const set = await read(JSON.stringify([user("s1"), assistant("s1", [toolUse("Read", "t1")])], null, 2));
    expect(toolsOf(set)).toEqual(["Read"]);
  });
});

describe("lines that are spared the parser", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])("change nothing (seed %i)", async (seed) => {
    const records = [user("s0"), ...transcript(seed, 300)];
    const compact = await read(lines(...records));
    // White space after the keys keeps every line from being spared.
    const spaced = await read(lines(...records.map((record) => JSON.stringify(record, null, 1).replaceAll("\n", ""))));
    expect(compact).toEqual(spaced);
    expect(compact.calls.length).toBeGreaterThan(20);
    expect(compact.badLines).toBe(0);
  });
});
