import { compressors } from "hyparquet-compressors";
import { type ColumnSource, parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { parquet } from "../../../src/trace/formats/parquet.js";
import type { FieldNames } from "../../../src/trace/reader.js";
import { readBlob } from "../../support/trace-sink.js";
import { chance, read as readInputs, toolsOf } from "../../support/traces.js";

type Options = Omit<Parameters<typeof parquetWriteBuffer>[0], "columnData">;

function file(columnData: ColumnSource[], options: Options = {}): Uint8Array {
  return new Uint8Array(parquetWriteBuffer({ columnData, ...options }));
}

const read = (bytes: Uint8Array, fields?: FieldNames) => readBlob(parquet, bytes, { name: "t.parquet", fields });
const strings = (name: string, data: (string | null)[]): ColumnSource => ({ name, data, type: "STRING" });

describe("Parquet tables", () => {
  it("give a call a row, with time, session and agent from the columns of plain events", async () => {
    const bytes = file([
      strings("tool_name", ["Read", "Bash", null, "mcp__a__b"]),
      { name: "timestamp", data: [1, 2, 3, 4].map((n) => new Date(Date.UTC(2026, 1, n))), type: "TIMESTAMP" },
      strings("session_id", ["s1", "s1", "s1", "s2"]),
      { name: "agent_id", data: [7n, 7n, 7n, 9_007_199_254_740_993n], type: "INT64" },
      strings("unrelated", ["x", "x", "x", "x"]),
    ]);
    const { calls, traces, bad } = await read(bytes);
    expect(calls.map(({ tool, line, timeMs, agent }) => [tool, line, timeMs, agent])).toEqual([
      ["Read", 1, Date.UTC(2026, 1, 1), "7"],
      ["Bash", 2, Date.UTC(2026, 1, 2), "7"],
      ["mcp__a__b", 4, Date.UTC(2026, 1, 4), "9007199254740993"],
    ]);
    expect([...traces.values()].map(({ id }) => id)).toEqual(["s1", "s2"]);
    expect(bad).toEqual([]);
  });

  it.each(["UNCOMPRESSED", "SNAPPY", "GZIP"] as const)("are read over row groups, %s", async (codec) => {
    const tools = Array.from({ length: 2500 }, (_, i) => `tool_${i % 7}`);
    const packed = codec === "GZIP" ? { GZIP: (await import("node:zlib")).gzipSync } : undefined;
    const bytes = file([strings("tool", tools)], { codec, rowGroupSize: 1000, ...(packed && { compressors: packed }) });
    const { calls, bad } = await read(bytes);
    expect(bad).toEqual([]);
    expect(calls.map(({ tool }) => tool)).toEqual(tools);
    expect(calls.at(-1)!.line).toBe(2500);
  });

  it("take every time an exporter may write: text, seconds, nanoseconds beyond 2^53", async () => {
    const timeMs = Date.UTC(2026, 0, 2, 3, 4, 5);
    const of = async (column: ColumnSource) => (await read(file([strings("tool", ["Read"]), column]))).calls[0]!.timeMs;
    expect(await of(strings("time", ["2026-01-02 03:04:05"]))).toBe(timeMs);
    expect(await of({ name: "time", data: [timeMs / 1000 + 0.25], type: "DOUBLE" })).toBe(timeMs + 250);
    expect(await of({ name: "time", data: [BigInt(timeMs) * 1_000_000n], type: "INT64" })).toBe(timeMs);
    expect(await of({ name: "time", data: [new Date(Number.NaN)], type: "TIMESTAMP" }).catch(() => "refused")).toBe("refused");
  });

  it("take columns the user names, also fields of a struct", async () => {
    const data = [{ name: "Read", at: 1 }, { name: "Bash" }];
    const bytes = file([{ name: "event", data, type: "JSON" }, strings("who", ["a", "b"])]);
    const { calls } = await read(bytes, { tool: "event.name", session: "who" });
    expect(calls.map(({ tool, trace }) => [tool, trace])).toEqual([
      ["Read", "a"],
      ["Bash", "b"],
    ]);
  });

  it("take fields of structs and lists of names", async () => {
    const group = { name: "call", repetition_type: "OPTIONAL", num_children: 1 } as const;
    const text = { type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" } as const;
    const struct = file([{ name: "call", data: [{ tool: "Read" }, null] }], {
      schema: [{ name: "root", num_children: 1 }, group, { name: "tool", ...text }],
    });
    expect((await read(struct, { tool: "call.tool" })).calls.map(({ tool, line }) => [tool, line])).toEqual([["Read", 1]]);
    const list = file(
      [
        { name: "tools", data: [["Read", "Bash"], []] },
        { name: "session_id", data: ["s", "s"] },
      ],
      {
        schema: [
          { name: "root", num_children: 2 },
          { name: "tools", repetition_type: "OPTIONAL", converted_type: "LIST", num_children: 1 },
          { name: "list", repetition_type: "REPEATED", num_children: 1 },
          { name: "element", ...text },
          { name: "session_id", ...text },
        ],
      },
    );
    expect((await read(list)).calls.map(({ tool, line }) => [tool, line])).toEqual([
      ["Read", 1],
      ["Bash", 1],
    ]);
  });

  it("keep hostile names as they stand", async () => {
    const names = ['a"b\n\u001b[2J', "\ufeffRead", "__proto__", "", "\ufffd"];
    const { calls } = await read(file([strings("tool", names)]));
    expect(calls.map(({ tool }) => tool)).toEqual(names);
  });

  it("read arguments only where a wrapper is among the tools", async () => {
    const args = ['{"tool_name":"inner"}', '{"tool_name":"other"}'];
    const wrapped = await read(file([strings("tool", ["execute-tool", "Read"]), strings("args", args)]));
    expect(wrapped.calls[0]!.args!()).toBe(args[0]);
    const plain = await read(file([strings("tool", ["Write", "Read"]), strings("args", args)]));
    expect(plain.calls[0]!.args!()).toBeUndefined();
  });

  it("count only tool runs of a LangSmith export, and take the conversation for the session", async () => {
    const bytes = file([
      strings("id", ["r1", "r2", "r3"]),
      strings("trace_id", ["t1", "t1", "t2"]),
      strings("name", ["ChatOpenAI", "search", "Agent"]),
      strings("run_type", ["llm", "tool", "chain"]),
      strings("session_id", ["project", "project", "project"]),
      strings("start_time", ["2026-01-01T00:00:00.123456", "2026-01-01T00:00:01", "2026-01-01T00:00:02"]),
      strings("extra", ["{}", '{"metadata":{"thread_id":"c1"}}', "broken{"]),
    ]);
    const { calls, traces, bad } = await read(bytes);
    expect(calls.map(({ tool, trace, session, callId }) => [tool, trace, session, callId])).toEqual([
      ["search", "t1", "c1", "r2"],
    ]);
    expect([...traces.keys()]).toEqual(["t1", "t2"]);
    expect(bad).toEqual([]);
  });

  it("read the observations of a Langfuse export", async () => {
    const bytes = file([
      strings("id", ["o1", "o2", "o3"]),
      strings("trace_id", ["t1", "t1", "t1"]),
      strings("parent_observation_id", [null, "o1", "o2"]),
      strings("type", ["AGENT", "TOOL", "SPAN"]),
      strings("name", ["run", "execute_tool add", "add"]),
      strings("start_time", ["2026-01-01 00:00:00.000001", "2026-01-01 00:00:01", "2026-01-01 00:00:02"]),
      strings("metadata", ["{}", "{}", '{"attributes":{"gen_ai.tool.name":"add"}}']),
    ]);
    const { calls } = await read(bytes);
    expect(calls.map(({ tool, line }) => [tool, line])).toEqual([["add", 2]]);
  });

  it("say what is there when no column holds tool names", async () => {
    const { bad, traces } = await read(file([strings('a"\n', ["x"]), strings("b", ["y"])]));
    expect(bad).toEqual([{ line: 1, message: 'no column holds tool names; there are `a"\\u{a}`, `b`' }]);
    expect(traces.size).toBe(0);
  });

  it("are read from inputs as any trace is", async () => {
    const bytes = file([strings("tool", ["Read", "Bash"]), strings("session_id", ["s1", "s2"])]);
    const set = await readInputs(bytes);
    expect(set.inputs.map(({ format }) => format)).toEqual(["parquet"]);
    expect([toolsOf(set), set.traces.length, set.diagnostics]).toEqual([["Read", "Bash"], 2, []]);
  });

  it("report damage, keep what can be read, and never throw", async () => {
    const bytes = file(
      [
        strings(
          "tool",
          Array.from({ length: 3000 }, (_, i) => `tool_${i}`),
        ),
      ],
      { rowGroupSize: 1000 },
    );
    const cut = await read(bytes.subarray(0, bytes.length - 10));
    expect(cut.bad).toEqual([{ line: 1, message: "the footer of the Parquet file is damaged or encrypted" }]);
    const holed = bytes.slice();
    holed.fill(0xff, 20, 60);
    const some = await read(holed);
    expect(some.bad.map(({ line }) => line)).toEqual([1]);
    expect(some.calls.map(({ line }) => line)).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1001));
    const next = chance(5);
    for (let n = 0; n < 150; n++) {
      const mutant = bytes.slice();
      for (let i = 0; i < 4; i++) mutant[next(mutant.length)] = next(256);
      await read(mutant);
    }
  });

  it("pass on that the file itself could not be read", async () => {
    const bytes = file([strings("tool", ["Read"])]);
    const source = { byteLength: bytes.length, slice: () => Promise.reject(new Error("gone")) };
    const sink = { trace() {}, call() {}, bad() {}, note() {} };
    await expect(parquet.read(source, { name: "x" }, sink)).rejects.toThrow("gone");
  });

  it("are told by their first bytes", () => {
    expect(parquet.detect(Buffer.from("PAR1...."), "a.txt")).toBe(1);
    expect(parquet.detect(Buffer.from('{"PAR1":1}'), "a.parquet")).toBe(0);
    expect(Object.keys(compressors).sort()).toEqual(["BROTLI", "GZIP", "LZ4", "LZ4_RAW", "SNAPPY", "ZSTD"]);
  });
});
