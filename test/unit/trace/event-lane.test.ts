import { describe, expect, it } from "vitest";
import { damagedBytes, timeText } from "../../support/event-lines.js";
import { linesOf, pieces, readFast, readObviously } from "../../support/event-readers.js";
import { Random } from "../../support/random.js";
import { scaled } from "../../support/scale.js";
import { defaultSeed } from "../../support/seed.js";

describe("the lane of plain events", () => {
  it("is there: this host has WASM with SIMD", () => {
    expect(readFast([Buffer.from('{"tool":"Bash"}\n')]).calls).toEqual(
      new Map([[1, ['["\\u0000runs.jsonl","Bash",null,null]']]]),
    );
  });

  it("agrees with the obvious reader on every well-formed line", { timeout: 600_000 }, () => {
    const r = new Random(defaultSeed);
    for (let round = 0; round < scaled(40); round++) {
      const bytes = linesOf(r, 2000, r.pick([0, 0.05]));
      const found = readFast(pieces(r, bytes), { seed: round });
      const expected = readObviously(bytes);
      expect({ round, ...found }).toEqual({ round, ...expected });
      expect([...found.traces.keys()]).toEqual([...expected.traces.keys()]);
    }
  });

  it("agrees on damaged lines but for saying that they are damaged", { timeout: 600_000 }, () => {
    const r = new Random(defaultSeed + 1);
    let accepted = 0;
    for (let round = 0; round < scaled(250); round++) {
      const bytes = Buffer.concat(r.times(80, () => (r.chance(0.5) ? linesOf(r, 1, 0) : damagedBytes(r, linesOf(r, 2, 0)))));
      const slow = readObviously(bytes);
      const fast = readFast(pieces(r, bytes));
      for (const [line, kind] of slow.bad) {
        if (kind === "record") continue;
        if (!fast.bad.has(line)) accepted++;
        fast.calls.delete(line);
        fast.bad.delete(line);
        slow.bad.delete(line);
      }
      const [calls, bad] = [fast.calls, fast.bad];
      expect({ round, calls, bad, lines: fast.lines }).toEqual({ round, calls: slow.calls, bad: slow.bad, lines: slow.lines });
      for (const [key, { agent, id }] of slow.traces) expect(fast.traces.get(key)).toMatchObject({ agent, id });
    }
    expect(accepted).toBeGreaterThan(0);
  });

  it("reads every time as the readers do", () => {
    const r = new Random(defaultSeed + 2);
    const bytes = Buffer.from(r.times(scaled(20_000), () => `{"tool":"a","ts":${timeText(r)}}\n`).join(""));
    expect(readFast([bytes]).calls).toEqual(readObviously(bytes).calls);
  });

  it("reads chunks cut at every position", () => {
    const text =
      '{"tool":"A\\u0042","ts":"2026-01-01T00:00:00Z"}\n{ "a":{"tool":"x"}, "tool" : "B" }\r\n\nbad "{\n{"tool":"é","x":"\\\\"}\n{"tool":"last"}';
    const bytes = Buffer.from(text);
    const expected = readObviously(bytes);
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect({ cut, ...readFast([bytes.subarray(0, cut), bytes.subarray(cut)]) }).toEqual({ cut, ...expected });
    }
    expect(readFast(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(expected);
  });
});

/** The same from both readers, in one chunk and in small ones. */
function expectSame(text: string | Buffer, options: Parameters<typeof readFast>[1] = {}): ReturnType<typeof readFast> {
  const bytes = Buffer.from(text);
  const found = readFast([bytes], options);
  expect(found).toEqual(readObviously(bytes, options.fields));
  expect(readFast(pieces(new Random(1), bytes), options)).toEqual(found);
  return found;
}

describe("what is odd", () => {
  it.each([
    ["the last of two keys counts", '{"tool":"a","tool":"b"}', ["b"]],
    ["the first key of the order counts", '{"toolName":"c","tool_name":"b","tool":"a"}', ["a"]],
    ["null is absent", '{"tool":null,"toolName":"c"}', ["c"]],
    ["a key spelled with an escape", '{"t\\u006fol":"a"}', ["a"]],
    ["a key after an escaped quote is part of a key", '{"x\\"tool":"a","x\\"conversation_id":"c"}', []],
    ["a name that is no string", '{"tool":{"name":"a"}}', [""]],
    ["the key in text", '{"x":"\\"tool\\":\\"a\\"","y":"tool"}', []],
    ["the key one level down", '{"x":{"tool":"a"},"y":[{"tool":"b"}]}', []],
    ["several names", '{"tools":["a","b","a"],"session":"s"}', ["a", "b", "a"]],
    ["several records on a line", '[{"tool":"a"},{"tool":"b"}]', ["a", "b"]],
    ["blanks everywhere", ' \t{ "tool" \t: \r"a" , "time" : null } \r', ["a"]],
    ["a name with NUL", '{"tool":"a\\u0000b"}', ["a\u0000b"]],
    ["half a surrogate pair", '{"tool":"\\ud800"}', ["\ud800"]],
    ["no calls", '{"session":"s","time":1767225600}', []],
  ])("%s", (_, text, tools) => {
    const found = expectSame(`${text}\n{"tool":"last"}`);
    const names = [...found.calls.values()].flat().map((call) => JSON.parse(call)[1]);
    expect(names).toEqual([...tools, "last"]);
  });

  it("a line that is not JSON never harms the next one", () => {
    for (const bad of [
      '{"tool":"a',
      '{"tool":"a\\',
      '{"a":{',
      "}",
      '"',
      "\\",
      '{"tool":"a"}}',
      '{"tool":"a"}{"tool":"b"}',
      '{"tool":"a"} \t{ "tool":"b"}',
      "\ufeff{}",
      "x",
    ]) {
      for (const pad of [0, 20, 63, 64, 200]) {
        const found = readFast([Buffer.from(`${" ".repeat(pad)}${bad}\n{"tool":"next","x":"${"y".repeat(pad)}"}\n`)]);
        expect([bad, pad, found.bad.get(1), found.calls.get(2)]).toEqual([
          bad,
          pad,
          "line",
          ['["\\u0000runs.jsonl","next",null,null]'],
        ]);
      }
    }
  });

  it("invalid UTF-8 in a name becomes U+FFFD, as everywhere", () => {
    const bytes = Buffer.concat([
      Buffer.from('{"tool":"a'),
      Buffer.from([0xe2, 0x82]),
      Buffer.from('","session":"\xff"}\n', "latin1"),
    ]);
    expect([...expectSame(bytes).calls.values()]).toEqual([['["\ufffd","a\ufffd",null,null]']]);
  });

  it("long lines, deep ones, and what follows them", () => {
    const long = `{"args":"${"x".repeat(10_000_000)}","tool":"long"}`;
    const deep = `{"args":${"[".repeat(10_000)}${"]".repeat(10_000)},"tool":"deep"}`;
    const many = `{${Array.from({ length: 3000 }, (_, i) => `"k${i}":1`).join(",")},"tool":"many"}`;
    const found = expectSame([long, deep, '{"tool":"a"}', many, long, ""].join("\n"));
    expect([...found.calls.keys()]).toEqual([1, 2, 3, 4, 5]);
    expect(readFast([Buffer.from(long)]).calls.size).toBe(1);
  });

  it("a long line that is cut, and one that is just as long as the buffer", () => {
    for (const length of [458_750, 458_751, 458_752, 458_753, 524_287, 524_288, 524_289]) {
      const line = `{"tool":"a","x":"${"y".repeat(length - 19)}"}`;
      expect(line.length).toBe(length);
      expectSame(`{"tool":"b"}\n${line}\n{"tool":"c"}\n${line.slice(0, -1)}`);
    }
  });

  it("more names than a generation holds, long ones among them", { timeout: 600_000 }, () => {
    const r = new Random(defaultSeed + 3);
    const line = (i: number) => {
      const session = r.chance(0.2) ? `${"long".repeat(50)}${r.below(9000)}` : `s${r.below(9000)}`;
      const escaped = r.chance(0.05) ? "\\u0061" : "";
      return `{"tool":"t${escaped}${r.below(1500)}","session":"${session}","agent":"a${r.below(300)}","ts":${1_767_225_600 + i}}`;
    };
    const found = expectSame(r.times(scaled(30_000), line).join("\n"));
    expect(found.traces.size).toBeGreaterThan(1000);
  });
});

describe("options", () => {
  it("names of fields replace the usual ones, for this input only", () => {
    const text = '{"tool":"a","fn":"b","when":"2026-01-01","session":"s","run":7}\n{"fn":"c"}';
    const found = expectSame(text, { fields: { tool: "fn", time: "when", session: "run" } });
    expect([...found.traces.keys()]).toEqual(["7", "\u0000runs.jsonl"]);
    expect([...expectSame(text).traces.keys()]).toEqual(["s"]);
  });

  it("there is no lane for keys it cannot look for", () => {
    for (const tool of ["a_name_that_is_longer", 'quo"te', "", "time"]) {
      expect([tool, readFast([Buffer.from("{}\n")], { fields: { tool } }).lines]).toEqual([tool, 0]);
    }
  });

  it("tools that the caller wants come as records with their arguments, in their place", () => {
    const text = '{"tool":"a"}\n{"tool":"call_tool","args":{"name":"x"}}\n{"tool":"a"}\n{"tool":"call_tool","args":1}\n';
    const found = readFast([Buffer.from(text)], { asRecord: (tool) => tool === "call_tool" });
    expect([...found.calls.keys()]).toEqual([1, 2, 3, 4]);
    expect(found.args).toEqual([{ name: "x" }, 1]);
  });

  it("calls with ids come as records: who counts them leaves repetitions out", () => {
    const text = '{"tool":"a","call_id":"1"}\n{"tool":"a","call_id":null}\n{"tool":"a","callId":2}\n';
    const found = expectSame(text);
    expect([...found.calls.values()].map(([call]) => JSON.parse(call!)[3])).toEqual(["1", null, "2"]);
  });

  it("lines are numbered from where the caller says", () => {
    expect([...readFast([Buffer.from('{"tool":"a"}\n\nx\n{"tool":"b"}')], { firstLine: 11 }).calls.keys()]).toEqual([11, 14]);
  });
});
