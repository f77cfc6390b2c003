import { mkdtempSync, rmSync } from "node:fs";
import { truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CallBatch, CallConsumer, NamedCall } from "../../../src/trace/consumer.js";
import { feedTraces } from "../../../src/trace/io/feed.js";
import type { ReadOptions, ReadProgress } from "../../../src/trace/io/options.js";
import { readTraces } from "../../../src/trace/io/read.js";
import { lineRanges, probeLines, readRange } from "../../../src/trace/io/read-range.js";
import { Recorder } from "../../../src/trace/recording.js";
import { contentOf, endless, eventLines, hasWorker, threads } from "../../support/thread-files.js";
import { codesOf, inChunks, lines, read, readAll, toolsOf, zip } from "../../support/traces.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "feed-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Counts and forgets, as a replay does. */
class Tally implements CallConsumer {
  calls = 0;
  private readonly ids = new Map<string, number>();
  traceId = (format: string, _: number, key: string) => this.idOf(`trace ${format} ${key}`);
  toolId = (tool: string) => this.idOf(`tool ${tool}`);
  add(_: string, __: number, ___: NamedCall): boolean {
    this.calls++;
    return true;
  }
  addBatch({ length }: CallBatch): void {
    this.calls += length;
  }
  private idOf(key: string): number {
    const known = this.ids.get(key) ?? this.ids.size;
    this.ids.set(key, known);
    return known;
  }
}

const event = (tool: string, more: object = {}) => ({ tool, session_id: "s", ...more });
const config = { format: undefined, fields: undefined, unwrap: false, seed: 1 };

describe("a source that fails", () => {
  async function* breaking(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(lines(event("A"), event("B")));
    yield Buffer.from('{"tool":"C');
    throw Object.assign(new Error("broken pipe"), { code: "EPIPE" });
  }

  it("is reported, and what came before it is read", async () => {
    const set = await readTraces([
      { name: "a", bytes: breaking() },
      { name: "b", bytes: Buffer.from(lines(event("D"))) },
    ]);
    expect(set.diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([
      "trace_unreadable `a` cannot be read (EPIPE)",
    ]);
    expect(toolsOf(set)).toEqual(["A", "B", "D"]);
  });

  it("before its first byte: the same", async () => {
    // biome-ignore lint/correctness/useYield: a source without a byte
    async function* silent(): AsyncGenerator<Uint8Array> {
      throw new Error("no code");
    }
    expect(codesOf(await readTraces([{ name: "a", bytes: silent() }]))).toEqual(["trace_unreadable"]);
  });

  it("a range that became shorter is damaged, not just short", async () => {
    const path = join(folder, "x.jsonl");
    const text = eventLines(1, 50);
    await writeFile(path, text);
    await truncate(path, text.length - 40);
    const codes: string[] = [];
    const sink = new Recorder(false, (found) => {
      if (found.kind === "events") codes.push(...found.recording.notes.map(({ code }) => code));
    });
    const range = { path, format: "events", from: 0, to: text.length };
    const result = await readRange(range, config, sink, async () => false);
    sink.flush();
    expect([result.damaged, codes]).toEqual([true, ["trace_unreadable"]]);
    const gone = await readRange({ ...range, path: `${path}.gone` }, config, sink, async () => false);
    sink.flush();
    expect([gone.damaged, codes[1]]).toEqual([true, "trace_not_found"]);
  });
});

describe("stopping", () => {
  it("does not wait for a source that has nothing to give", async () => {
    async function* stalled(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(lines(event("A"), event("B")));
      await new Promise(() => {});
    }
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    const tally = new Tally();
    const fed = await feedTraces(["-", "gone"], tally, { stdin: stalled(), signal: stop.signal });
    expect(fed.partial).toEqual({ bytesRead: expect.any(Number), bytesTotal: undefined });
    expect([fed.diagnostics, tally.calls, fed.inputs.length]).toEqual([[], 2, 1]);
  });

  it("ends a source that never does", async () => {
    const stop = new AbortController();
    const tally = new Tally();
    const onProgress = ({ calls }: ReadProgress) => {
      if (calls > 1000) stop.abort();
    };
    const fed = await feedTraces([{ name: "a", bytes: endless(eventLines(2, 500)) }], tally, { signal: stop.signal, onProgress });
    expect(fed.partial?.bytesRead).toBeGreaterThan(0);
    expect(tally.calls).toBeGreaterThan(1000);
  });

  it("before the first byte reads nothing", async () => {
    const fed = await feedTraces([{ name: "a", bytes: Buffer.from(lines(event("A"))) }], new Tally(), {
      signal: AbortSignal.abort(),
    });
    expect([fed.partial, fed.inputs]).toEqual([{ bytesRead: 0, bytesTotal: 30 }, []]);
  });
});

describe("stopping between two ranges of a file", () => {
  it.skipIf(!hasWorker)("leaves no call without its input", async () => {
    const path = join(folder, "x.jsonl");
    await writeFile(path, eventLines(7, 2000));
    for (const calls of [1, 300, 900]) {
      const stop = new AbortController();
      const inputs = new Set<number>();
      const tally = new Tally();
      tally.add = (_, input) => {
        inputs.add(input);
        if (++tally.calls >= calls) stop.abort();
        return true;
      };
      const fed = await feedTraces([path], tally, { ...threads(2), signal: stop.signal });
      expect([fed.inputs.length, [...inputs], fed.partial !== undefined]).toEqual([1, [0], true]);
    }
  });
});

describe("progress", () => {
  const ways: [string, ReadOptions][] = [["one thread", {}]];
  if (hasWorker) ways.push(["two threads beside it", threads(2)]);
  it.each(ways)("with %s counts the bytes on disk, to the last", async (_, options) => {
    const text = eventLines(3, 3000);
    await writeFile(join(folder, "a.jsonl"), text);
    await writeFile(join(folder, "b.gz"), zip(text));
    const seen: ReadProgress[] = [];
    const fed = await feedTraces([folder], new Tally(), { ...options, onProgress: (progress) => seen.push(progress) });
    const total = Buffer.byteLength(text) + zip(text).length;
    expect(seen.at(-1)).toMatchObject({ bytesRead: total, bytesTotal: total });
    expect(seen.map(({ bytesRead }) => bytesRead)).toEqual(seen.map(({ bytesRead }) => bytesRead).sort((a, b) => a - b));
    expect(fed.partial).toBeUndefined();
  });
});

describe("hostile lines, in the lane and by the record reader, alone and in threads", () => {
  const deep = `{"tool":"Deep","session_id":"s","args":${"[".repeat(10_000)}${"]".repeat(10_000)}}\n`;
  const long = JSON.stringify(event("Long", { text: 'x"\\'.repeat(3_500_000) }));
  const text = [
    lines(...Array.from({ length: 500 }, (_, i) => event(`tool_${i % 9}`, { note: "y".repeat(200) }))),
    deep,
    `${long}\r\n`,
    '{"tool":"\\u0000","session_id":"\\ud800"}\n{"t\\u006fol":"Escaped","session_id":"s"}\n',
    '{"args":{"tool":"decoy"},"tool":"Real","session_id":"s"}\n{"tool":"a","tool":"last","session_id":"s"}\n',
    '{"tool":5,"session_id":"s"}\n{"tool":"x\n"}\n\n   \n{"__proto__":{"tool":"p"},"tool":"__proto__","session_id":"constructor"}\n',
  ].join("");
  const bytes = Buffer.concat([Buffer.from(text), Buffer.from([0x7b, 0xff, 0x0a]), Buffer.from('{"tool":"\xff","x":"cut')]);

  it("give the same answer", async () => {
    const path = join(folder, "x.jsonl");
    await writeFile(path, bytes);
    const slow = contentOf(
      await readTraces([{ name: path, bytes: inChunks(bytes.toString("latin1"), 1 << 20) }], { format: "events" }),
    );
    expect(slow).toMatchObject({ badLines: expect.any(Number) });
    const lane = contentOf(await readTraces([path], { rangeBytesMin: 0 }));
    expect((lane as { names: string[] }).names).toEqual(
      expect.arrayContaining(["Deep", "Long", "\u0000", "Escaped", "Real", "last", "", "__proto__"]),
    );
    expect((lane as { names: string[] }).names).not.toEqual(expect.arrayContaining(["decoy"]));
    if (hasWorker) expect(contentOf(await readTraces([path], threads(2)))).toEqual(lane);
  });
});

describe("files of lines", () => {
  it("are cut at line ends only, and all bytes are in one range", async () => {
    const path = join(folder, "x.jsonl");
    const text = Buffer.from(eventLines(5, 200) + lines(event("L", { text: "z".repeat(200_000) })) + eventLines(6, 50));
    await writeFile(path, text);
    for (const rangeBytes of [1, 10, 333, 5000, 1e6, Number.POSITIVE_INFINITY]) {
      let end = 7;
      for await (const range of lineRanges(path, "events", 7, text.length, rangeBytes)) {
        expect(range.from).toBe(end);
        end = range.to ?? text.length;
        if (range.to !== undefined) expect(text[range.to - 1]).toBe(0x0a);
      }
      expect(end).toBe(text.length);
    }
  });

  it("are told from all others by their content", async () => {
    const files: [string, string | Uint8Array, object | undefined][] = [
      ["events", eventLines(1, 100), { format: "events", from: 0 }],
      ["bom", `\ufeff${eventLines(1, 100)}`, { format: "events", from: 3 }],
      ["gzip", zip(eventLines(1, 100)), undefined],
      ["document", JSON.stringify([event("A")], null, 2), undefined],
      ["text", "tool,session\nA,s\n", undefined],
      ["nothing", "", undefined],
    ];
    for (const [name, content, expected] of files) {
      await writeFile(join(folder, name), content);
      const [found, expectation] = [await probeLines(join(folder, name), config), expected];
      // Short inputs are decided at their end, which a probe does not see.
      if (name === "events" || name === "bom") expect(found).toEqual(expectation);
      else expect(found).toBeUndefined();
    }
    expect(await probeLines(join(folder, "gone"), config)).toBeUndefined();
  });
});

describe("compressed inputs", () => {
  it("that unfold a thousandfold are streamed", async () => {
    const bomb = zip(lines(event("Bash")).repeat(300_000));
    const tally = new Tally();
    await feedTraces([{ name: "a", bytes: bomb }], tally);
    expect([bomb.length < 100_000, tally.calls]).toEqual([true, 300_000]);
  });
});

describe("formats read by position", () => {
  it("are held in memory when they do not lie in a file, up to a cap", async () => {
    const zeros = Buffer.alloc(1024 * 1024);
    async function* table(): AsyncGenerator<Uint8Array> {
      yield Buffer.concat([Buffer.from("PAR1"), zeros]);
      for (let i = 0; i < 256; i++) yield zeros;
    }
    const set = await readTraces([{ name: "a", bytes: table() }]);
    expect(codesOf(set)).toEqual(["trace_too_large"]);
    expect(set.diagnostics[0]!.message).toContain("256 MiB");
  });
});

describe("logs of text", () => {
  const message = (id: number, name: string) => JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name } });
  const log = Array.from(
    { length: 100 },
    (_, i) => `2026-01-01T00:00:${10 + (i % 50)}Z [srv] [info] Message from client: ${message(i, "list")}`,
  );

  it("are read by formats of text, whatever their first character", async () => {
    for (const start of ["", "[2026] "]) {
      const set = await readAll([log.map((line) => `${start}${line}`).join("\r\n")]);
      expect([codesOf(set), set.calls.length]).toEqual([[], 100]);
    }
  });

  it("keep their own answer when no format knows them", async () => {
    expect(codesOf(await read("[2026-01-01] started\n[2026-01-02] stopped\n"))).toEqual(["trace_bad_line"]);
    expect(codesOf(await read("started\n[2026-01-02] stopped\n"))).toEqual(["trace_not_json"]);
  });
});
