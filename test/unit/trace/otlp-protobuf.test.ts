import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { otlp } from "../../../src/trace/formats/otlp.js";
import { otlpProtobuf } from "../../../src/trace/formats/otlp-protobuf.js";
import type { CallRecord } from "../../../src/trace/reader.js";
import { agent, chat, entries, hex, log, logs, request, span, tool } from "../../support/otel.js";
import { framed, protobufOf } from "../../support/otlp-wire.js";
import { Random } from "../../support/random.js";
import { bytesOfFile, readBlob, readWith, toolNames } from "../../support/trace-sink.js";
import { lines } from "../../support/traces.js";

const folder = fileURLToPath(new URL("../../../../shared/data/", import.meta.url));
const framings = ["bare", "fixed", "varint"] as const;
const detect = (bytes: Uint8Array) => otlpProtobuf.detect(bytes.subarray(0, 4096), "input");
const plain = ({ line, args, ...call }: CallRecord) => ({ ...call, args: args?.() });

const answer = JSON.stringify({ message: { tool_calls: [{ id: "9", function: { name: "ask" } }] } });
const requests = [
  request([agent("planner", { id: "root" }), tool("Bash", { id: "1", parent: "root" }, { "gen_ai.tool.call.id": "c1" })], {
    "service.name": "shop",
  }),
  request([
    tool("Bash", { id: "2", parent: "1" }),
    tool("Read", { id: "3", parent: "1" }, { "gen_ai.tool.call.arguments": "{}" }),
  ]),
  request([
    chat({ trace: "t2", id: "4" }, { "gen_ai.output.messages": [{ parts: [{ type: "tool_call", id: "5", name: "search" }] }] }),
    { ...span({}, { trace: "t3", id: "6" }), events: [{ name: "gen_ai.choice", attributes: entries({ message: answer }) }] },
  ]),
];
const logged = logs([
  log({ "session.id": "s1", "event.name": "tool_decision", tool_name: "Bash" }, "claude_code.tool_decision"),
  log({ "session.id": "s1", "event.name": "tool_result", tool_name: "Bash" }, "claude_code.tool_result"),
  log({ "session.id": "s2", function_name: "ls" }, undefined, { eventName: "gemini_cli.tool_call", traceId: hex("t9", 32) }),
]);

describe("OTLP protobuf", () => {
  it.each(framings)("gives what OTLP/JSON gives: %s", async (framing) => {
    const bytes = framed(requests.map(protobufOf), framing);
    const found = await readBlob(otlpProtobuf, bytes);
    const expected = readWith(otlp, lines(...requests));
    expect(detect(bytes)).toBe(1);
    expect(found.calls.map(plain)).toEqual(expected.calls.map(plain));
    expect(toolNames(found)).toEqual(["Bash", "Read", "search", "ask"]);
    expect([found.traces, found.bad]).toEqual([expected.traces, []]);
  });

  it.each(framings)("reads log events: %s", async (framing) => {
    const bytes = framed([protobufOf(logged)], framing);
    const found = await readBlob(otlpProtobuf, bytes);
    expect([detect(bytes), toolNames(found), found.bad]).toEqual([1, ["Bash", "ls"], []]);
    expect(found.calls.map(plain)).toEqual(readWith(otlp, lines(logged)).calls.map(plain));
  });

  it("is told from a head that cuts a record or a long resource", () => {
    const long = "x".repeat(8000);
    for (const framing of framings) {
      expect(detect(framed([protobufOf(request([tool(long, { id: "1" })]))], framing))).toBe(1);
      expect(detect(framed([protobufOf(request([tool("a", { id: "1" })], { "process.command_args": long }))], framing))).toBe(1);
    }
  });

  it("is not claimed of text, other protobuf, or noise", () => {
    const texts = ["\n", "\n\n\n{}", '\n{"a":1}\n', '{"resourceSpans":[]}', "", "\n\u0010text\n\u0004text", "PAR1"];
    for (const text of texts) expect([text, detect(Buffer.from(text))]).toEqual([text, 0]);
    const metric = Buffer.from("0a1a0a00121612140a106d65747269632d6e616d652d31362d2d2a00", "hex");
    expect(detect(metric)).toBe(0);
    const random = new Random(7);
    for (let i = 0; i < 2000; i++) {
      // Small numbers are tags and short lengths: the likeliest to be taken for a message.
      const noise = Uint8Array.from({ length: 64 }, (_, at) => random.below(at % 3 === 0 ? 32 : 256));
      expect(detect(Buffer.concat([Buffer.from([0x0a]), noise]))).toBe(0);
    }
  });

  it("every cut is reported or harmless, and no call is made up", async () => {
    for (const framing of framings) {
      const bytes = framed(requests.map(protobufOf), framing);
      const all = toolNames(await readBlob(otlpProtobuf, bytes));
      const whole = await Promise.all(
        Array.from({ length: bytes.length - 1 }, (_, at) => readBlob(otlpProtobuf, bytes.subarray(0, at + 1))),
      );
      // A cut between blocks or requests leaves a whole message.
      expect(whole.filter((found) => found.bad.length === 0).length).toBeLessThanOrEqual(requests.length - 1);
      const strangers = whole
        .filter((found) => found.bad.length > 0)
        .flatMap((found) => toolNames(found).filter((name) => !all.includes(name)));
      expect(strangers).toEqual([]);
    }
  });

  it("survives bytes that changed", async () => {
    const bytes = framed(requests.map(protobufOf), "fixed");
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0, 0x7f, 0xff]) {
        const changed = Uint8Array.from(bytes);
        changed[at] = value;
        const found = await readBlob(otlpProtobuf, changed);
        expect(found.distinct.length).toBeLessThan(9);
      }
    }
  });

  it("a length that leaves its message, or stops short of its end, is damage", async () => {
    const name = "execute_tool a";
    const bytes = protobufOf(request([span({}, { id: "1", name })]));
    expect(toolNames(await readBlob(otlpProtobuf, bytes))).toEqual(["a"]);
    const nameLength = Buffer.from(bytes).indexOf(name) - 1;
    const spanLength = Buffer.from(bytes).indexOf(hex("t1", 32), 0, "hex") - 3;
    expect([bytes[nameLength], bytes[spanLength]! < 128]).toEqual([name.length, true]);
    for (const [at, by] of [
      [nameLength, 100],
      [spanLength, -1],
      [spanLength, 1],
    ] as const) {
      const changed = Uint8Array.from(bytes);
      changed[at]! += by;
      const found = await readBlob(otlpProtobuf, changed);
      expect([at, by, toolNames(found), found.bad.length]).toEqual([at, by, [], 1]);
    }
  });

  it("takes no harm from deep values", async () => {
    let value: object = { stringValue: "deep" };
    for (let i = 0; i < 300; i++) value = { arrayValue: { values: [value] } };
    const deep = { traceId: hex("t1", 32), spanId: hex("1", 16), name: "execute_tool a", attributes: [{ key: "events", value }] };
    const found = await readBlob(otlpProtobuf, protobufOf(request([deep])));
    expect([toolNames(found), found.bad]).toEqual([["a"], []]);
  });
});

describe.skipIf(!existsSync(folder))("recorded runs as protobuf", () => {
  const file = `${folder}otlp-derived/traces.otlp.jsonl.gz`;

  it.each(framings)("give the calls of the JSON they were made from: %s", async (framing) => {
    const text = Buffer.from(bytesOfFile(file)).toString("utf8");
    const bytes = framed(
      text
        .trim()
        .split("\n")
        .map((line) => protobufOf(JSON.parse(line))),
      framing,
    );
    const found = await readBlob(otlpProtobuf, bytes);
    const expected = readWith(otlp, text);
    expect(found.calls.length).toBe(1759);
    expect(found.calls.map(plain)).toEqual(expected.calls.map(plain));
    expect([found.traces, found.bad]).toEqual([expected.traces, []]);
  });

  it("are in no file of another format", () => {
    for (const { name } of readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
      for (const each of readdirSync(folder + name).slice(0, 12)) {
        expect([name, each, detect(bytesOfFile(`${folder}${name}/${each}`))]).toEqual([name, each, 0]);
      }
    }
  });
});
