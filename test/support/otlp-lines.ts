import { knownKeys } from "../../src/trace/formats/otel/attributes.js";
import type { Random } from "./random.js";

/**
 * OTLP/JSON requests as odd as JSON and exporters allow, from a seed: members in any order, twice, missing, of other kinds or
 * in other spellings; any spacing; escapes; known and unknown attributes; spans that nest in any way.
 */
export interface OddRequests {
  /** Chance of something odd at each place where something can be. */
  readonly odd: number;
}

const names = ["Bash", "Read", "mcp__github__create_issue", "create_issue", "", "é", "😀", "a b", 'q"uote', "back\\slash"];
const spanNames = [
  "execute_tool Bash",
  "running tool: Read",
  "tools/call x",
  "claude_code.tool",
  "claude_code.llm_request",
  "chat gpt",
];
const values: { readonly [key: string]: readonly string[] } = {
  "gen_ai.operation.name": ["execute_tool", "execute_tool", "chat", "invoke_agent"],
  "openinference.span.kind": ["TOOL", "LLM", "AGENT", "CHAIN"],
  "traceloop.span.kind": ["tool", "agent", "workflow"],
  "langfuse.observation.type": ["tool", "generation"],
  "mcp.method.name": ["tools/call", "tools/list"],
  "ai.operationId": ["ai.toolCall", "ai.generateText.doGenerate", "ai.generateText"],
};
const messages = JSON.stringify([
  { parts: [{ type: "tool_call", id: "1", name: "asked" }], tool_calls: [{ function: { name: "b" } }] },
]);
const flatKeys = [
  "gen_ai.completion.0.tool_calls.0.name",
  "gen_ai.completion.0.tool_calls.0.id",
  "llm.output_messages.0.message.tool_calls.0.tool_call.function.name",
  "llm.output_messages.0.message.role",
  "gen_ai.completion.",
  "llm.output_message",
];
const otherKeys = [
  "",
  "a",
  "http.method",
  "gen_ai.tool.nam",
  "gen_ai.tool.name.",
  "gen_ai.usage.input_tokens",
  "x".repeat(50),
  "ключ",
];
const usualKeys = [
  "gen_ai.operation.name",
  "gen_ai.tool.name",
  "gen_ai.tool.call.id",
  "gen_ai.conversation.id",
  "mcp.method.name",
];

/** One request on one line; well-formed JSON. */
export function requestLine(r: Random, { odd }: OddRequests): string {
  const is = (factor = 1) => r.chance(odd * factor);
  const spaced = is();
  const gap = () => (spaced && r.chance(0.4) ? r.pick([" ", "  ", "\t", "\r", "\n", "\n  "]) : "");
  const text = (value: string) => (is(0.3) ? escaped(r, value) : JSON.stringify(value));
  const list = (items: readonly string[]) => `[${gap()}${items.join(`${gap()},${gap()}`)}${gap()}]`;
  const object = (members: readonly (readonly [string, string])[]) => {
    const all = is(0.5) ? [...members].sort(() => r.below(3) - 1) : [...members];
    if (is(0.1) && all.length > 0) all.push(r.pick(all));
    if (is(0.2))
      all.splice(r.below(all.length + 1), 0, [r.pick(["extra", "trace_id", "span_id", "a_b", "resource_spans"]), anything()]);
    if (is(0.05)) all.splice(r.below(all.length + 1), 1);
    return `{${gap()}${all.map(([key, value]) => `${text(key)}${gap()}:${gap()}${is(0.05) ? anything() : value}${gap()}`).join(`,${gap()}`)}}`;
  };
  const anything = (): string =>
    r.pick([
      ...["null", "true", "0", "-1.5e3", '""', '"x"', "[]", "{}", "[[[]]]", '{"a":[{"b":"]}"}]}'],
      JSON.stringify('{"traceId":"decoy","spans":[{"'),
      '"\\\\"',
    ]);
  const id = (digits: number, of: number): string => {
    const hex = r
      .below(of)
      .toString(16)
      .padStart(2, "0")
      .repeat(digits / 2);
    if (!is(0.2)) return JSON.stringify(hex);
    const base64 = Buffer.from(hex, "hex").toString("base64");
    return r.pick([
      JSON.stringify(base64),
      JSON.stringify(`0x${hex}`),
      JSON.stringify(hex.toUpperCase()),
      '""',
      '"0000000000000000"',
      "null",
      '"short"',
      "7",
    ]);
  };
  const time = () => {
    const nanos = `17${String(r.below(1e9)).padStart(9, "0")}00${String(r.below(1e6)).padStart(6, "0")}`;
    if (!is(0.2)) return JSON.stringify(nanos);
    return r.pick([
      nanos,
      '"0"',
      '"2026-01-01T00:00:00Z"',
      '"0000000000000000001"',
      `"${nanos}0"`,
      '"17704232417800x0000"',
      "null",
    ]);
  };
  const textFor = (key: string): string => {
    const known = values[key];
    if (known !== undefined && r.chance(0.8)) return r.pick(known);
    if (/output|toolCalls|completion|events$/.test(key)) return is() ? "[" : messages;
    if (/args|arguments|input|parameters/i.test(key)) return JSON.stringify({ name: r.pick(names), n: r.below(9) });
    if (/call.id|toolCall.id|use_id|call_id/.test(key)) return `call_${r.below(30)}`;
    return is(0.2) ? "long".repeat(r.pick([10, 12, 13, 255, 256, 257])) : r.pick(names);
  };
  const value = (key: string): string => {
    const plain = text(textFor(key));
    if (!is(0.3)) return object([["stringValue", plain]]);
    return r.pick([
      `{"intValue":"${r.below(99)}"}`,
      '{"boolValue":true}',
      `{"arrayValue":{"values":[{"stringValue":${plain}}]}}`,
      `{"kvlistValue":{"values":[{"key":"name","value":{"stringValue":${plain}}}]}}`,
      `{"stringValue":${plain},"intValue":"1"}`,
      `{"string_value":${plain}}`,
      anything(),
    ]);
  };
  const key = () =>
    r.chance(0.5) ? r.pick(usualKeys) : r.chance(0.6) ? r.pick(knownKeys) : r.chance(0.3) ? r.pick(flatKeys) : r.pick(otherKeys);
  const attributes = (most: number) =>
    list(
      r.times(r.below(most), () => {
        const name = key();
        return is(0.03)
          ? anything()
          : object([
              ["key", text(name)],
              ["value", value(name)],
            ]);
      }),
    );
  const event = () =>
    object([
      ["name", text(r.pick(["gen_ai.choice", "exception", "gen_ai.content.completion"]))],
      [
        "attributes",
        list([
          object([
            ["key", text(r.pick(["message", "gen_ai.completion"]))],
            ["value", object([["stringValue", text(messages)]])],
          ]),
        ]),
      ],
    ]);
  const span = () =>
    object([
      ["traceId", id(32, 3)],
      ["spanId", id(16, 40)],
      ...(r.chance(0.7) ? [["parentSpanId", id(16, 40)] as const] : []),
      ["name", text(r.chance(0.6) ? r.pick(spanNames) : r.pick(names))],
      ["kind", "1"],
      ["startTimeUnixNano", time()],
      ["attributes", attributes(7)],
      ...(r.chance(0.1) ? [["events", list(r.times(r.below(3), event))] as const] : []),
      ["status", r.pick(["{}", '{"code":2,"message":"tool {error}"}'])],
    ]);
  const scope = () =>
    object([
      ["scope", '{"name":"s"}'],
      ["spans", list(r.times(r.below(4), span))],
    ]);
  const block = () =>
    object([
      [
        "resource",
        object([
          [
            "attributes",
            r.chance(0.5)
              ? attributes(3)
              : list([
                  object([
                    ["key", '"service.name"'],
                    ["value", '{"stringValue":"shop"}'],
                  ]),
                ]),
          ],
        ]),
      ],
      [is(0.1) ? r.pick(["instrumentationLibrarySpans", "scope_spans"]) : "scopeSpans", list(r.times(r.below(3), scope))],
    ]);
  const request = object([
    [is(0.1) ? r.pick(["resourceLogs", "resource_spans"]) : "resourceSpans", list(r.times(r.between(1, 2), block))],
  ]);
  return is(0.1) ? `[${request},${request}]` : request;
}

/** The same text with some characters spelled as escapes. */
function escaped(r: Random, text: string): string {
  const written = Array.from(text, (char) =>
    r.chance(0.2) && char.length === 1
      ? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`
      : JSON.stringify(char).slice(1, -1),
  );
  return `"${written.join("")}"`;
}
