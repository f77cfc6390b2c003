import { describe, expect, it } from "vitest";
import { csvRowLengthMax } from "../../../src/limits.js";
import { csv } from "../../../src/trace/formats/csv.js";
import { readTraces } from "../../../src/trace/io/read.js";
import type { FieldNames } from "../../../src/trace/reader.js";
import { readWith, scoreOf } from "../../support/trace-sink.js";
import { inChunks, placesOf, read as readInputs, toolsOf, zip } from "../../support/traces.js";

const read = (content: string, fields?: FieldNames) =>
  readWith(csv, content, { framing: "text", name: "t.csv", ...(fields && { fields }) });
const score = (content: string) => scoreOf(csv, content, { framing: "text" });
const tools = (content: string, fields?: FieldNames) => read(content, fields).calls.map(({ tool, line }) => [tool, line]);

describe("CSV tables", () => {
  it.each([",", ";", "\t"])("have a header in any order, with cells between %j", (separator) => {
    const rows = [
      ["timestamp", "note", "tool", "session_id"],
      ["2026-01-01T00:00:00Z", "", "Read", "s1"],
      ["1767225601", "x", "Bash", "s1"],
      ["", "", "", "s2"],
    ];
    const { calls, traces, bad } = read(`\ufeff${rows.map((row) => row.join(separator)).join("\r\n")}\r\n`);
    expect(calls.map(({ tool, timeMs, trace, line }) => [tool, timeMs, trace, line])).toEqual([
      ["Read", Date.UTC(2026, 0, 1), "s1", 2],
      ["Bash", Date.UTC(2026, 0, 1, 0, 0, 1), "s1", 3],
    ]);
    expect([...traces.keys()]).toEqual(["s1", "s2"]);
    expect(bad).toEqual([]);
  });

  it("have quoted cells with separators, quotes and line ends; lines are where rows begin", () => {
    const content = 'tool,session\n"a,""b""\n\n c",s1\n" Read ",s1\nBa"sh,s1\n"",s1\n';
    expect(tools(content)).toEqual([
      ['a,"b"\n\n c', 2],
      [" Read ", 5],
      ['Ba"sh', 6],
    ]);
  });

  it("take columns by their usual names however written, and by the names the user gives", () => {
    expect(tools("Tool Name,Session ID\nRead,s1")).toEqual([["Read", 2]]);
    expect(tools("what,who\nRead,s1", { tool: "what", session: "who" })).toEqual([["Read", 2]]);
    expect(tools("tool,what\nwrong,Read", { tool: "what" })).toEqual([["Read", 2]]);
    expect(tools("toolName,tool_name\n,Read\nBash,x")).toEqual([
      ["Read", 2],
      ["x", 3],
    ]);
    expect(tools("sep=;\ntool;id\nRead;1")).toEqual([["Read", 3]]);
  });

  it("count a call id once", () => {
    const { calls, distinct } = read("tool,call_id,session\nRead,c1,s1\nRead,c1,s1\nRead,c1,s2\nBash,c1,s1");
    expect([calls.length, distinct.length]).toEqual([4, 3]);
  });

  it("report rows with other numbers of cells, and text behind a closing quote", () => {
    const { bad, calls } = read('tool,session\nRead\nRead,s1,more\n"Re"ad,s1\nBash,s1');
    expect(bad).toEqual([
      { line: 2, message: "the row has 1 cells, the header 2" },
      { line: 3, message: "the row has 3 cells, the header 2" },
      { line: 4, message: "text follows the closing quote of a cell" },
    ]);
    expect(calls.map(({ tool }) => tool)).toEqual(["Bash"]);
  });

  it("report a quote that is never closed and do not let it swallow the rest", () => {
    expect(read('tool,session\nBash,s1\n"Read,s1\n').bad).toEqual([{ line: 3, message: "a quoted cell is not closed" }]);
    const filler = `${"x".repeat(1000)}\n`.repeat(Math.ceil(csvRowLengthMax / 1000));
    const { bad, calls } = read(`tool,session\n"Read,s1\n${filler}Bash,s1\n`);
    expect(bad[0]).toEqual({ line: 2, message: "a quoted cell is not closed" });
    expect(calls.map(({ tool }) => tool)).toEqual(["Bash"]);
  });

  it.each([1, 3, 64])("are read from inputs of any kind, in chunks of %d bytes", async (size) => {
    const content = '\ufefftool\tsession\tnote\r\n"a\n\n b"\ts1\t\r\nBash\ts1\t \r\nRead\ts1\r\n';
    const set = await readTraces([{ name: "t", bytes: inChunks(content, size) }]);
    expect(set.inputs.map(({ format, badLines }) => [format, badLines])).toEqual([["csv", 1]]);
    expect(toolsOf(set)).toEqual(["a\n\n b", "Bash"]);
    expect(placesOf(set)).toEqual(["trace_bad_record t:6"]);
    expect(toolsOf(await readInputs(zip("tool,session\nBash,s1\n")))).toEqual(["Bash"]);
  });

  it("keep hostile names and headers as they stand", () => {
    expect(tools('tool,__proto__,constructor\n__proto__,x,y\n"\u001b[2J",x,y')).toEqual([
      ["__proto__", 2],
      ["\u001b[2J", 3],
    ]);
  });

  it("are told by a header with a column of tool names beside others", () => {
    expect(score("tool,session\nRead,s")).toBe(0.6);
    expect(score("tool\nRead")).toBe(0);
    expect(score("name,session\nRead,s")).toBe(0);
    expect(score("a sentence with the word tool, and a comma\n")).toBe(0);
    expect(scoreOf(csv, '{"tool":"a","b":1}')).toBe(0);
    expect(read("name,session\nRead,s").bad).toEqual([
      { line: 1, message: "the header of the table names no column with tool names" },
    ]);
  });
});
