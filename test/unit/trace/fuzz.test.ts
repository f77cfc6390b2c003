import { describe, expect, it } from "vitest";
import { chance, lines, read, step, toolsOf, transcript, user } from "../../support/traces.js";

type Found = { readonly calls: string[]; readonly sessions: string[] };

interface Block {
  type?: unknown;
  id?: unknown;
  name?: unknown;
}

/** The obvious reader: every line parsed, nothing clever. */
function readObviously(text: string): Found {
  const calls: string[] = [];
  const sessions = new Set<string>();
  const seen = new Set<string>();
  let latest = "a";
  for (const line of text.replace(/^\ufeff/, "").split("\n")) {
    let record: ReturnType<typeof JSON.parse>;
    try {
      record = JSON.parse(line);
    } catch {
      continue;
    }
    if (typeof record !== "object" || record === null) continue;
    const { type, message, data, sessionId, session_id } = record;
    const inner = type === "progress" ? (data?.type === "agent_progress" ? data.message?.message : undefined) : message;
    const isObject = typeof inner === "object" && inner !== null && !Array.isArray(inner);
    if (!isObject || !["assistant", "user", "progress"].includes(type)) continue;
    const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
    const session = text(sessionId) ?? text(session_id) ?? latest;
    const know = () => {
      if (!sessions.has(session)) latest = session;
      sessions.add(session);
    };
    if (type !== "progress") know();
    if (type === "user" || !Array.isArray(inner.content)) continue;
    for (const block of inner.content as (Block | null)[]) {
      if (block?.type !== "tool_use") continue;
      know();
      const id = text(block.id);
      const tool = typeof block.name === "string" ? block.name : "";
      const call = JSON.stringify([session, id, tool]);
      if (id !== undefined && seen.has(call)) continue;
      seen.add(call);
      calls.push(tool);
    }
  }
  return { calls, sessions: [...sessions] };
}

/** A few bytes replaced, removed, doubled or inserted. */
function damaged(text: string, next: (n: number) => number): Buffer {
  let bytes = Buffer.from(text);
  for (let edits = next(8); edits >= 0; edits--) {
    const at = next(bytes.length);
    const length = 1 + next(12);
    const piece = ['"', "\\", "{", "}", "\n", "\u0000", "tool_use", '"sessionId"', "\ufeff", ","][next(10)]!;
    const inserted = [Buffer.from(piece), Buffer.from([next(256)]), bytes.subarray(at, at + length), Buffer.alloc(0)][next(4)]!;
    bytes = Buffer.concat([
      bytes.subarray(0, at),
      inserted,
      bytes.subarray(next(2) === 0 ? at : Math.min(at + length, bytes.length)),
    ]);
  }
  return next(4) === 0 ? bytes.subarray(0, next(bytes.length)) : bytes;
}

describe("damaged inputs", () => {
  it.each([1, 2, 3, 4])("give the calls that an obvious reader finds (seed %i)", async (seed) => {
    const next = chance(seed * 7919);
    for (let round = 0; round < 60; round++) {
      // The first lines stay whole, so that both readers see lines of transcripts.
      const head = lines(user("s0"), ...transcript(seed * 100 + round, 10));
      const content = Buffer.concat([Buffer.from(head), damaged(lines(...transcript(round + 1, 120)), next)]);
      const set = await read(content);
      const found = { calls: toolsOf(set), sessions: set.traces.map((trace) => trace.id) };
      expect({ round, ...found }).toEqual({ round, ...readObviously(content.toString("utf8")) });
    }
  });

  it.each([1, 2, 3])("are always either read or refused with an error (seed %i)", async (seed) => {
    const next = chance(seed * 104729);
    const whole = [
      lines(...transcript(seed, 20)),
      JSON.stringify({ traces: [step("1", ["a", "b"]), step("2", [])] }, null, 2),
      lines(step("3", ["c"])),
    ];
    for (let round = 0; round < 150; round++) {
      const content = damaged(whole[round % whole.length]!, next);
      const set = await read(content);
      const refused = set.diagnostics.some((finding) => finding.level === "error");
      expect({ round, answered: set.traces.length > 0 || refused }).toEqual({ round, answered: true });
      expect(set.badLines === 0 || refused).toBe(true);
    }
  });
});
