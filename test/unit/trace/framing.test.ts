import { describe, expect, it } from "vitest";
import { Delivery } from "../../../src/trace/delivery.js";
import { FindingLog } from "../../../src/trace/findings.js";
import { type Framer, framingOf, LineFramer, ValueFramer } from "../../../src/trace/framing.js";
import { Intake } from "../../../src/trace/intake.js";
import { readTraces } from "../../../src/trace/io/read.js";
import { Naming } from "../../../src/trace/naming.js";
import { TraceSetBuilder } from "../../../src/trace/trace-set.js";
import {
  assistant,
  codesOf,
  inChunks,
  lines,
  placesOf,
  read,
  readAll,
  step,
  toolsOf,
  toolUse,
  user,
  zip,
} from "../../support/traces.js";

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

/** Records as `line:text`, a cut one with `~`, a too long one as `line:!`. */
function framed(make: (sink: ConstructorParameters<typeof LineFramer>[0]) => Framer, text: string, size: number): string[] {
  const found: string[] = [];
  const framer = make({
    record: (record, line, cut) => found.push(`${line}:${Buffer.from(record).toString()}${cut ? "~" : ""}`),
    tooLong: (line) => found.push(`${line}:!`),
  });
  const all = bytes(text);
  for (let i = 0; i < all.length; i += size) framer.push(all.subarray(i, i + size));
  framer.end();
  return found;
}

const chunkSizes = [1, 2, 3, 7, 1000];

describe("lines", () => {
  const cases: [string, string, string[]][] = [
    ["LF and CRLF", "a\nb\r\nc\n", ["1:a", "2:b", "3:c"]],
    ["blank lines are counted but no records", "a\n\n \t\r\nb\n", ["1:a", "4:b"]],
    ["a last line without an end", "a\nbc", ["1:a", "2:bc~"]],
    ["no bytes", "", []],
    ["a carriage return inside", "a\rb\n", ["1:a\rb"]],
    ["a line that is too long is skipped to its end", "ab\n123456789\ncd\n", ["1:ab", "2:!", "3:cd"]],
    ["a too long last line", "ab\n123456789", ["1:ab", "2:!"]],
    ["a line of just the greatest length", "12345678\n", ["1:12345678"]],
  ];
  it.each(cases)("%s", (_, text, expected) => {
    for (const size of chunkSizes) expect(framed((sink) => new LineFramer(sink, 8), text, size)).toEqual(expected);
  });
});

describe("values", () => {
  const cases: [string, string, string[]][] = [
    ["a document over lines", '{\n "a": 1\n}\n', ['1:{\n "a": 1\n}']],
    ["several documents", '{}\n\n[\n1]{"a":{}} ', ["1:{}", "3:[\n1]", '4:{"a":{}}']],
    ["brackets and quotes in strings", '{"a":"}\\"]{","b\\\\":1}\n{}', ['1:{"a":"}\\"]{","b\\\\":1}', "2:{}"]],
    ["a document that is cut", '{}\n{"a":[1,', ["1:{}", '2:{"a":[1,~']],
    ["a document cut in a string", '{"a":"b', ['1:{"a":"b~']],
    ["garbage around documents", 'x "y\n{}z', ['1:x "y', "2:{}", "2:z"]],
    ["a document that is too long", `[${"1".repeat(40)}]\n{}`, ["1:!", "2:{}"]],
  ];
  it.each(cases)("%s", (_, text, expected) => {
    for (const size of chunkSizes) expect(framed((sink) => new ValueFramer(sink, 30), text, size)).toEqual(expected);
  });
});

describe("which of the two", () => {
  const cases: [string, string, string][] = [
    ["one object a line", '{"a":1}\n{"a":2}\n', "lines"],
    ["one object in all", '{"a":1}', "lines"],
    ["a pretty-printed object", '{\n  "a": 1\n}\n', "json"],
    ["a pretty-printed list", "[\n {},\n {}\n]", "json"],
    ["a list with one element a line", '[\n{"a":1},\n{"a":2}\n]', "json"],
    ["a wrapper with one element a line", '{"traces":[\n{"a":1},\n{"a":2}\n]}', "json"],
    ["a corrupt first line", '{"a":\n{"a":2}\n{"a":3}\n', "lines"],
    ["a first line of garbage", 'oops\n{"a":2}\n', "lines"],
    ["text", "one\ntwo\n", "text"],
    ["a number", "42\n", "text"],
    ["white space", " \n", "lines"],
  ];
  it.each(cases)("%s", (_, text, framing) => {
    expect(framingOf(bytes(text), true)).toBe(text.trim() === "" ? "text" : framing);
  });
});

const records = [user("s1"), assistant("s1", [toolUse("Read", "t1")]), assistant("s1", [toolUse("Größe_✓", "t2")])];

describe("however an input is wrapped, the calls are the same", () => {
  const text = lines(...records);
  const variants: [string, string | Uint8Array][] = [
    ["plain", text],
    ["byte order mark", `\ufeff${text}`],
    ["CRLF", text.replaceAll("\n", "\r\n")],
    ["no last line end", text.trimEnd()],
    ["blank lines and indentation", text.replaceAll("\n", "\n\n  ")],
    ["pretty-printed records one after another", records.map((record) => JSON.stringify(record, null, 2)).join("\n")],
    ["gzip", zip(text)],
    ["gzip of one member a line", Buffer.concat(text.split(/(?<=\n)/).map(zip))],
    ["gzip with a byte order mark", zip(`\ufeff${text}`)],
    ["gzip padded with zeros", Buffer.concat([zip(text), Buffer.alloc(512)])],
  ];
  it.each(variants)("%s", async (_, content) => {
    const set = await read(content);
    expect(toolsOf(set)).toEqual(["Read", "Größe_✓"]);
    expect(set.diagnostics).toEqual([]);
    for (const size of [1, 5]) {
      const sliced = await readTraces([{ name: "a", bytes: inChunks(content, size) }]);
      expect(toolsOf(sliced)).toEqual(["Read", "Größe_✓"]);
    }
  });
});

describe("bad lines", () => {
  it("reports a cut last line with its place, and counts the rest", async () => {
    const set = await read(lines(...records) + JSON.stringify(records[1]).slice(0, 90));
    expect(placesOf(set)).toEqual(["trace_cut a:4"]);
    expect([set.badLines, set.calls.length]).toEqual([1, 2]);
    expect(set.diagnostics[0]!.level).toBe("error");
  });

  it("reports corrupt lines at the start, in the middle and at the end", async () => {
    const set = await read(lines("{corrupt", records[0]!, "}{", records[1]!, "not json at all", records[2]!, '{"a":}'));
    expect(placesOf(set)).toEqual([1, 3, 5, 7].map((line) => `trace_bad_line a:${line}`));
    expect([set.badLines, set.calls.length, set.inputs[0]!.records]).toEqual([4, 2, 7]);
  });

  it("shows fifty and counts the others", async () => {
    const bad = Array.from({ length: 200 }, () => "nonsense");
    const set = await read(lines(records[0]!, ...bad, records[1]!));
    expect(set.badLines).toBe(200);
    expect(codesOf(set).filter((code) => code === "trace_bad_line").length).toBe(50);
    expect(set.diagnostics.at(-1)).toMatchObject({ code: "more_problems" });
    expect(set.diagnostics.at(-1)!.message).toContain("150");
  });

  it("finds the line inside a document, where the parser tells", async () => {
    const set = await read('{\n "traces": [\n  {"trace_id": "x",}\n ]\n}');
    expect(placesOf(set)).toEqual(["trace_bad_line a:3"]);
  });

  it("reports a line that is too long and reads the others", () => {
    const builder = new TraceSetBuilder();
    const log = new FindingLog();
    const delivery = new Delivery(builder, new Naming(undefined, false), log, { index: 0, name: "a" });
    const intake = new Intake(delivery, { name: "a", lineBytesMax: 400 });
    const long = assistant("s1", [toolUse("Long", "t9"), { type: "text", text: "x".repeat(500) }]);
    intake.push(bytes(lines(records[0]!, long, records[1]!)));
    const set = builder.finish([{ name: "a", ...intake.end(), repeatedCalls: 0 }], log.finish());
    expect(placesOf(set)).toEqual(["trace_line_too_long a:2"]);
    expect([toolsOf(set), set.badLines]).toEqual([["Read"], 1]);
  });

  it("puts U+FFFD where bytes are no UTF-8, and loses no call", async () => {
    const broken = Buffer.concat([
      Buffer.from(lines(records[0]!)),
      Buffer.from('{"type":"assistant","sessionId":"s1","message":{"content":[{"type":"tool_use","id":"t","name":"a'),
    ]);
    const set = await read(Buffer.concat([broken, Buffer.from([0xff, 0xc0, 0x80]), Buffer.from('"}]}}\n')]));
    expect(toolsOf(set)[0]).toMatch(/^a\ufffd+$/);
    expect(set.badLines).toBe(0);
  });
});

describe("large inputs", () => {
  it("reads lines of ten megabytes", async () => {
    const text = "x".repeat(10 * 1024 * 1024);
    const set = await read(
      lines(user("s1", text), assistant("s1", [{ type: "text", text }, toolUse("Read", "t1")]), user("s1", text)),
    );
    expect(toolsOf(set)).toEqual(["Read"]);
    expect(set.traces.length).toBe(1);
  });

  it("reads a record nested ten thousand deep", async () => {
    const deep = `{"type":"user","sessionId":"s1","message":{"content":${"[".repeat(10_000)}${"]".repeat(10_000)}}}`;
    const set = await read(lines(records[0]!, deep, records[1]!));
    expect([set.badLines, set.calls.length]).toEqual([0, 1]);
  });

  it("streams: the bytes behind never come together", async () => {
    const block = lines(...Array.from({ length: 500 }, (_, i) => step(`tr-${i}`, ["Bash"], { note: "y".repeat(200) })));
    async function* stream() {
      for (let i = 0; i < 100; i++) yield Buffer.from(block.replaceAll('"tr-', `"tr-${i}-`));
    }
    const set = await readTraces([{ name: "a", bytes: stream() }]);
    expect([set.traces.length, set.calls.length, set.names]).toEqual([50_000, 50_000, ["Bash"]]);
  });

  it("stops reading an input that is no trace", async () => {
    let chunks = 0;
    async function* endless() {
      for (;;) {
        chunks++;
        yield Buffer.from(lines({ level: "info" }).repeat(100));
      }
    }
    expect(codesOf(await readTraces([{ name: "a", bytes: endless() }]))).toEqual(["trace_format_unknown"]);
    expect(chunks).toBeLessThan(10);
  });
});

describe("hostile names come through exactly as they are", () => {
  const names = [
    'Task" >\n<parameter name="description',
    "\u001b[31mred\u001b[0m",
    "\u202eevil\u202c",
    "__proto__",
    "constructor",
    "toString",
    "\ud800",
    "a\udc00b",
    "nul\u0000nul",
    "\u2028",
    "",
    "x".repeat(100_000),
    "mcp__a___b__c",
    "\\u0041",
    '}{"',
  ];
  it("in both formats", async () => {
    const claude = lines(...names.map((name, i) => assistant("s1", [toolUse(name, `t${i}`)])));
    const ap = lines({
      trace_id: "tr",
      agent_id: "__proto__",
      action: { parameters: { tools: names } },
      context: { session_id: "constructor" },
    });
    for (const text of [claude, ap]) {
      const set = await readAll([text]);
      expect(toolsOf(set)).toEqual(names);
      expect(set.names).toEqual(names);
    }
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain("polluted");
  });

  it("as keys and ids", async () => {
    const set = await read(
      '{"type":"assistant","sessionId":"__proto__","__proto__":{"polluted":1},"message":{"content":[{"type":"tool_use","id":"__proto__","name":"a"},{"type":"tool_use","id":"constructor","name":"b"}]}}\n',
    );
    expect(set.traces[0]!.id).toBe("__proto__");
    expect(set.calls.length).toBe(2);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});
