import { describe, expect, it } from "vitest";
import { requestsOpenMax } from "../../../src/limits.js";
import { mcpJsonRpc } from "../../../src/trace/formats/mcp-jsonrpc.js";
import { readTraces } from "../../../src/trace/io/read.js";
import { type Recorded, readWith, scoreOf, toolNames } from "../../support/trace-sink.js";
import { lines, placesOf, toolsOf } from "../../support/traces.js";

const request = (id: unknown, name: unknown) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name, arguments: { a: 1 } },
});
const answer = (id: unknown) => ({ jsonrpc: "2.0", id, result: { content: [] } });
const initialize = { jsonrpc: "2.0", id: 0, method: "initialize", params: {} };
const wrapped = (message: unknown, more: object = {}) => ({ session: "s1", server: "files", dir: "out", message, ...more });
const read = (...records: object[]) => readWith(mcpJsonRpc, lines(...records), { name: "messages.jsonl" });
const places = (recorded: Recorded) => recorded.distinct.map(({ trace, server, tool }) => [trace, server, tool]);

describe("MCP messages", () => {
  it("are calls when they request tools/call, with the server and session of the wrapper", () => {
    const recorded = read(
      wrapped(initialize),
      wrapped(request(1, "read_file")),
      wrapped(answer(1), { dir: "in" }),
      wrapped(request(2, "search"), { server: "web", session: "s2" }),
      wrapped({ jsonrpc: "2.0", method: "notifications/progress", params: { name: "x" } }),
    );
    expect(places(recorded)).toEqual([
      ["s1", "files", "read_file"],
      ["s2", "web", "search"],
    ]);
    expect(recorded.calls[0]!.args!()).toEqual({ a: 1 });
  });

  it("restart their ids with each connection, so equal ids are different calls", () => {
    const again = [request(1, "read"), answer(1), request(1, "read"), request(1, "read")];
    expect(toolNames(read(...again))).toEqual(["read", "read", "read"]);
    const reconnected = read(initialize, request(1, "read"), initialize, request(1, "read"));
    expect(reconnected.distinct.map(({ trace }) => reconnected.traces.get(trace)!.id)).toEqual([
      "messages.jsonl",
      "messages.jsonl (2)",
    ]);
  });

  it("seen on their way in and out of a proxy are one call, until they are answered", () => {
    const hop = (dir: string, id: number, name = "read") => wrapped(request(id, name), { dir });
    const recorded = read(hop("in", 1), hop("out", 1), wrapped(answer(1)), hop("in", 1), hop("out", 1), hop("in", 1, "other"));
    expect(toolNames(recorded)).toEqual(["read", "read", "other"]);
  });

  it("at one time with one id in one log are different calls", () => {
    const coarse = wrapped(request(1, "read"), { timestamp: "2026-01-01 00:00:00" });
    expect(read(coarse, wrapped(answer(1)), coarse, wrapped(answer(1)), coarse).distinct.length).toBe(3);
  });

  it("forget requests that nobody answers, and rather count one again than lose one", () => {
    const many = Array.from({ length: requestsOpenMax + 1 }, (_, id) => wrapped(request(id, "read"), { dir: "in" }));
    const again = [wrapped(request(0, "read"), { dir: "out" }), wrapped(request(5, "read"), { dir: "out" })];
    expect(read(...many, ...again).distinct.length).toBe(many.length + 1);
  });

  it("that are dated are the same call in every log that has them", () => {
    const dated = (at: string, id = 1) => wrapped(request(id, "read"), { timestamp: at });
    const log = [dated("2026-01-01T00:00:00Z"), dated("2026-01-01T00:00:01Z")];
    const recorded = read(...log, ...log);
    expect(recorded.calls.length).toBe(4);
    expect(recorded.distinct.map(({ timeMs }) => timeMs)).toEqual([Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 1, 0, 0, 1)]);
  });

  it("come in batches, as JSON text in a wrapper, and bare without a server", () => {
    const batch = [request(1, "a"), request(2, "b"), answer(3)];
    const text = { level: "info", msg: JSON.stringify(request(3, "c")) };
    const inspector = { method: "tools/call", request: JSON.stringify({ method: "tools/call", params: { name: "d" } }) };
    const recorded = readWith(mcpJsonRpc, lines(JSON.stringify(batch), wrapped(batch), text, inspector), { name: "x" });
    expect(toolNames(recorded)).toEqual(["a", "b", "a", "b", "c", "d"]);
    expect(recorded.distinct.map(({ server }) => server)).toEqual([undefined, undefined, "files", "files", undefined, undefined]);
  });

  it("judge names that are no names, and connections without calls are known", () => {
    const recorded = read(request(1, undefined), request(2, 'a"\n\u001b[2J'), { jsonrpc: "2.0", id: 3, method: "tools/call" });
    expect(toolNames(recorded)).toEqual(["", 'a"\n\u001b[2J', ""]);
    expect(read(wrapped(initialize), wrapped(answer(0))).traces.size).toBe(1);
    expect(readWith(mcpJsonRpc, "7\n[]\n", { framing: "lines" }).bad.map(({ line }) => line)).toEqual([1]);
  });

  it("are told from other JSON", () => {
    expect(scoreOf(mcpJsonRpc, lines(request(1, "a")))).toBe(1);
    expect(scoreOf(mcpJsonRpc, lines(wrapped(answer(1))))).toBe(0.9);
    expect(scoreOf(mcpJsonRpc, lines({ message: "tools/call", jsonrpc: "1.0" }, { request: { method: "POST" } }))).toBe(0);
  });
});

describe("logs of Claude Desktop", () => {
  const from = (time: string, tags: string, who: string, text: string) =>
    `2026-01-01T00:00:${time}Z ${tags} Message from ${who}: ${text}`;
  const call = JSON.stringify(request(1, "read_file"));
  const log = [
    "2026-01-01T00:00:00.000Z [info] [files] Initializing server...",
    from("00.100", "[info] [files]", "client", JSON.stringify(initialize)),
    "    at Server.start (index.js:1:1) {",
    from("01.000", "[info] [files]", "client", call),
    from("01.500", "[files] [info]", "server", `${JSON.stringify(answer(1))} { metadata: undefined }`),
    from("02.000", "[files] [info]", "client", `${call} { metadata: undefined }`),
    "",
  ].join("\r\n");

  it("give the calls behind their text, with time and server", () => {
    const recorded = readWith(mcpJsonRpc, log, { name: "logs/mcp-server-other.log", framing: "text" });
    expect(recorded.bad).toEqual([]);
    expect(recorded.distinct.map(({ tool, server, timeMs, line }) => [tool, server, timeMs, line])).toEqual([
      ["read_file", "files", Date.UTC(2026, 0, 1, 0, 0, 1), 4],
      ["read_file", "files", Date.UTC(2026, 0, 1, 0, 0, 2), 6],
    ]);
    expect([...recorded.traces.values()].map(({ id }) => id)).toEqual(["files 2026-01-01T00:00:00.100Z"]);
  });

  it("are read from inputs, the server joined to the name", async () => {
    const cut = `${log}${from("03.000", "[files]", "client", call.slice(0, -4))}\r\n`;
    const set = await readTraces([{ name: "mcp.log", bytes: Buffer.from(cut) }]);
    expect(set.inputs.map(({ format }) => format)).toEqual(["mcp-jsonrpc"]);
    expect(toolsOf(set)).toEqual(["mcp__files__read_file", "mcp__files__read_file"]);
    expect(placesOf(set)).toEqual(["trace_bad_record mcp.log:7"]);
  });

  it("take the server from the file name when no line names it", () => {
    const line = `2026-01-01 00:00:00 INFO received ${call}`;
    const server = (name: string) => readWith(mcpJsonRpc, line, { name, framing: "text" }).calls[0]!.server;
    expect(server("/home/a/mcp-server-git hub.log")).toBe("git hub");
    expect(server("mcp-server-s3.log.gz")).toBe("s3");
    expect(server("mcp.log")).toBeUndefined();
  });

  it("count a call once that is in the server's log and in the common one", () => {
    const both = log.replaceAll("\r\n", "\n");
    const recorded = readWith(mcpJsonRpc, both + both, { name: "mcp.log", framing: "text" });
    expect(toolNames(recorded)).toEqual(["read_file", "read_file"]);
  });

  it("report calls that are told without their name, or cut", () => {
    const content = [
      from("00.000", "[files]", "client", 'method="initialize" id=0 params'),
      from("01.000", "[files]", "client", 'method="tools/call" id=3 params'),
      from("02.000", "[files]", "client", call.slice(0, -4)),
      'the docs speak of "tools/call" and "tools/list" {here}',
    ].join("\n");
    const recorded = readWith(mcpJsonRpc, content, { framing: "text" });
    expect(recorded.calls).toEqual([]);
    expect(recorded.bad.map(({ line }) => line)).toEqual([2, 3]);
  });

  it("are told from other text, in linear time", () => {
    expect(scoreOf(mcpJsonRpc, log, { framing: "text" })).toBe(0.9);
    expect(scoreOf(mcpJsonRpc, 'a log line with {"method":"GET"}\nand another', { framing: "text" })).toBe(0);
    const hostile = `${'{"method"['.repeat(200_000)}\n"tools/call" ${"[".repeat(500_000)}`;
    const started = performance.now();
    readWith(mcpJsonRpc, hostile, { framing: "text" });
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
