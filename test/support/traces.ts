import { gzipSync } from "node:zlib";
import type { ReadOptions } from "../../src/trace/io/options.js";
import { readTraces } from "../../src/trace/io/read.js";
import type { TraceSet } from "../../src/trace/trace-set.js";

/** Records of a Claude Code transcript, as the program writes them, without what nobody reads. */
export function toolUse(name: unknown, id?: string): object {
  return { type: "tool_use", ...(id === undefined ? {} : { id }), name, input: {} };
}

export function assistant(session: string, content: readonly object[], more: object = {}): object {
  return {
    isSidechain: false,
    sessionId: session,
    message: { id: "msg_1", role: "assistant", content },
    type: "assistant",
    ...more,
  };
}

export function user(session: string, content: unknown = "please", more: object = {}): object {
  return { isSidechain: false, sessionId: session, message: { role: "user", content }, type: "user", ...more };
}

export function agentProgress(session: string, content: readonly object[], more: object = {}): object {
  const data = { type: "agent_progress", agentId: "a1", message: { type: "assistant", message: { role: "assistant", content } } };
  return { sessionId: session, type: "progress", data, ...more };
}

/** A record of AP-Trace with its tools where the observer writes them. */
export function step(id: string, tools: readonly unknown[], more: object = {}): object {
  const action = { type: "execute", name: tools.length === 0 ? "inference" : tools.join(", "), parameters: { tools } };
  return { trace_id: id, agent_id: "agent-1", action, ...more };
}

export function lines(...records: readonly (object | string)[]): string {
  return records.map((record) => `${typeof record === "string" ? record : JSON.stringify(record)}\n`).join("");
}

export const at = (time: string) => ({ timestamp: `2026-02-0${time}` });

type Content = string | Uint8Array;

/** Reads inputs given as text or bytes, named `a`, `b`, ... */
export function readAll(contents: readonly Content[], options?: ReadOptions): Promise<TraceSet> {
  const inputs = contents.map((content, i) => ({
    name: String.fromCharCode(97 + i),
    bytes: typeof content === "string" ? Buffer.from(content) : content,
  }));
  return readTraces(inputs, options);
}

export const read = (...contents: readonly Content[]) => readAll(contents);

/** Tool names in the order of the calls. */
export function toolsOf(set: TraceSet): string[] {
  return [...set.calls.tool].map((id) => set.names[id]!);
}

export function codesOf(set: TraceSet): string[] {
  return set.diagnostics.map((finding) => finding.code);
}

/** Code and line of each finding. */
export function placesOf(set: TraceSet): string[] {
  return set.diagnostics.map(({ code, span }) => `${code} ${span?.file}:${span?.line}`);
}

export const zip = (text: string) => gzipSync(Buffer.from(text));

/** Text cut into chunks of a few bytes, to put every boundary somewhere. */
export async function* inChunks(content: Content, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(content as string);
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

/** A fixed pseudo-random sequence: whole numbers below n. */
export function chance(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * n);
  };
}

/** Records of every kind with markers in wrong places; a fixed pseudo-random sequence. */
export function transcript(seed: number, count: number): object[] {
  const next = chance(seed);
  const session = () => `s${next(4)}`;
  const texts = [
    "plain",
    '"tool_use"',
    '{"sessionId":"s9"}',
    "\u001b[31m",
    "}{",
    '\\"',
    "\\u005f",
    "sessionId",
    '"session_id":"s8"',
  ];
  const text = () => texts[next(texts.length)]!;
  const nested = () => ({
    toolUseResult: { [texts[next(texts.length)]!]: text(), sessionId: session(), session_id: `x${next(3)}` },
  });
  return Array.from({ length: count }, (_, i) => {
    const block = toolUse(text(), `t${next(200)}`);
    const kinds = [
      () => user(session(), text()),
      () => ({ ...nested(), ...user(session(), text()) }),
      () => user(session(), [{ type: "tool_result", content: JSON.stringify(block) }]),
      () => assistant(session(), [{ type: "text", text: text() }]),
      () => assistant(session(), [block], at(`${1 + next(5)}T00:00:00Z`)),
      () => agentProgress(session(), [block]),
      () => ({ type: "progress", sessionId: session(), data: { type: "bash_progress", output: text() } }),
      () => ({ type: "summary", summary: text(), leafUuid: "u" }),
      () => ({ type: "system", sessionId: `z${i}`, content: text() }),
      () => ({ ...user("", text()), sessionId: undefined }),
    ];
    return kinds[next(kinds.length)]!();
  });
}
