import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Delivery } from "../../../src/trace/delivery.js";
import { FindingLog } from "../../../src/trace/findings.js";
import { readRange } from "../../../src/trace/io/read-range.js";
import { LaneIds } from "../../../src/trace/lane-ids.js";
import { LaneKeeper } from "../../../src/trace/lane-keeper.js";
import { Naming } from "../../../src/trace/naming.js";
import { type Found, Player, Recorder } from "../../../src/trace/recording.js";
import { TraceSetBuilder } from "../../../src/trace/trace-set.js";
import { contentOf, eventLines } from "../../support/thread-files.js";
import { assistant, at, lines, toolUse } from "../../support/traces.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "recording-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = { format: undefined, fields: undefined, unwrap: false, seed: 9 };

/** What a thread says of some lines, as it arrives elsewhere. */
async function recorded(text: string, format: string): Promise<Found[]> {
  const path = join(folder, "x.jsonl");
  writeFileSync(path, text);
  const found: Found[] = [];
  const recorder = new Recorder(false, (each) => found.push(structuredClone(each)));
  await readRange({ path, format, from: 0, to: undefined }, config, recorder, async () => false, new LaneKeeper());
  recorder.flush();
  return found;
}

/** Plays messages; after some of them the thread dies, and all come again. */
function played(found: readonly Found[], diesAfter: readonly number[]): object {
  const builder = new TraceSetBuilder();
  const naming = new Naming(undefined, false);
  const log = new FindingLog();
  const delivery = new Delivery(builder, naming, log, { index: 0, name: "a" });
  const player = new Player(delivery);
  const play = (messages: readonly Found[]) => {
    const ids = new LaneIds(builder, naming);
    for (const message of messages) player.play(structuredClone(message), () => ids);
  };
  for (const count of diesAfter) {
    play(found.slice(0, count));
    player.restart();
  }
  play(found);
  const { repeatedCalls, delivered } = delivery;
  return {
    set: contentOf(builder.finish([], log.finish())),
    repeatedCalls,
    delivered,
    wrappers: naming.wrappers(),
    calls: naming.calls,
  };
}

describe("what a thread found, played elsewhere", () => {
  // Calls with ids only in the middle: batches and events take turns.
  const plain = (from: number) =>
    lines(
      ...Array.from({ length: 9000 }, (_, i) => ({
        tool: ["call_tool", `t${i % 70}`][i & 1],
        session_id: `s${from + (i >> 4)}`,
      })),
    );
  const text = plain(0) + eventLines(1, 3000) + plain(300);

  it("comes to the same, wherever the thread died on the way", async () => {
    const found = await recorded(text, "events");
    expect(found.filter(({ kind }) => kind === "batch").length).toBeGreaterThan(1);
    expect(found.filter(({ kind }) => kind === "events").length).toBeGreaterThan(0);
    const whole = played(found, []);
    expect(whole).toMatchObject({ delivered: { format: "events", calls: expect.any(Number) } });
    for (let count = 1; count <= found.length; count++) expect(played(found, [count])).toEqual(whole);
    expect(played(found, [2, 1, found.length])).toEqual(whole);
  });

  it("keeps everything a call has", async () => {
    const calls = [toolUse("Read", "t1"), toolUse("Read", "t1"), toolUse("", "t2"), toolUse("\ud800\u0000")];
    const text = lines(
      assistant("s1", calls, { ...at("1T00:00:00Z"), agentId: "sub" }),
      "{broken",
      assistant("s1", [toolUse("Last")]),
    );
    const found = await recorded(text, "claude-code");
    const all = played(found, []) as { set: Record<string, unknown> };
    expect(all).toMatchObject({ repeatedCalls: 1, delivered: { calls: 5, badLines: 1 } });
    expect(all.set).toMatchObject({ names: ["Read", "", "\ud800\u0000", "Last"], subagent: [1, 1, 1, 0], line: [1, 1, 1, 3] });
    expect(all.set["timeMs"]).toEqual([Date.UTC(2026, 1, 1), Date.UTC(2026, 1, 1), Date.UTC(2026, 1, 1), Number.NaN]);
    expect(played(found, [1, 1])).toEqual(all);
  });
});
