import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { feedTraces } from "../../../src/trace/io/feed.js";
import type { ReadOptions } from "../../../src/trace/io/options.js";
import { ThreadPool } from "../../../src/trace/io/pool.js";
import { readTraces } from "../../../src/trace/io/read.js";
import { createNameMap } from "../../../src/trace/name-map.js";
import { TraceSetBuilder } from "../../../src/trace/trace-set.js";
import { contentOf, dyingWorker, eventLines, hasWorker, putTraces, threads } from "../../support/thread-files.js";
import { codesOf } from "../../support/traces.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "threads-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const read = async (paths: readonly string[], options: ReadOptions) =>
  contentOf(
    await readTraces(
      paths.map((path) => join(folder, path)),
      options,
    ),
  );

describe.skipIf(!hasWorker)("however many threads read (left out without build/: npm run build)", () => {
  it("the calls, traces, names, findings and their order are the same", async () => {
    putTraces(folder);
    const paths = ["a", "b", "c/none.jsonl", "d", "a/events.jsonl", "gone"];
    const names = createNameMap({ servers: ["tool"], names: new Map([["Bash", "mcp__host__bash"]]) });
    for (const unwrap of [false, true]) {
      const alone = await read(paths, { unwrap, names });
      expect(alone).toMatchObject({ length: expect.any(Number) });
      for (const count of unwrap ? [2] : [1, 2, 4])
        expect(await read(paths, { unwrap, names, ...threads(count) })).toEqual(alone);
      expect(await read(paths, { unwrap, names, rangeBytesMin: 0 })).toEqual(alone);
    }
  });

  it("files of lines may be cut anywhere", async () => {
    for (let seed = 10; seed < 14; seed++) {
      await writeFile(join(folder, "x.jsonl"), eventLines(seed, 100 + seed * 9).slice(0, -(seed % 3)));
      const alone = await read(["x.jsonl"], {});
      for (const rangeBytesMin of [1, 97, 9000]) {
        expect(await read(["x.jsonl"], { ...threads(3), rangeBytesMin })).toEqual(alone);
      }
    }
  });
});

describe.skipIf(!hasWorker)("a thread that dies", () => {
  const cases = [
    ["exit", 1],
    ["exit", 3],
    ["error", 2],
  ] as const;
  it.each(cases)("by %s at message %i: its work is begun once more, and nothing is counted twice", async (how, message) => {
    putTraces(folder);
    const alone = await read(["a", "b"], {});
    for (const count of [1, 2]) {
      rmSync(join(folder, "deaths"), { force: true });
      expect(await read(["a", "b"], threads(count, dyingWorker(folder, how, message, 1)))).toEqual(alone);
      expect(existsSync(join(folder, "deaths"))).toBe(true);
    }
  });

  it("again and again: reading ends with an error, never with a count that looks whole", async () => {
    putTraces(folder);
    const builder = new TraceSetBuilder();
    const fed = await feedTraces([join(folder, "a")], builder, threads(2, dyingWorker(folder, "exit", 1, 1000)));
    expect(fed.diagnostics.map(({ code }) => code)).toContain("trace_worker_failed");
    expect(fed.partial).toBeDefined();
  });

  it("before it begins: the same", async () => {
    putTraces(folder);
    const set = await readTraces([join(folder, "a")], threads(2, new URL("file:///nowhere/worker.js")));
    expect(codesOf(set)).toEqual(["trace_worker_failed"]);
    expect(set.calls.length).toBe(0);
  });
});

describe.skipIf(!hasWorker)("a run that is stopped", () => {
  it("waits for no part that was found after the threads had ended", async () => {
    const pool = new ThreadPool(threads(2).workers!, { format: undefined, fields: undefined, unwrap: false, seed: 1 });
    await pool.close();
    const run = pool.start({ kind: "range", range: { path: "x", format: "events", from: 0, to: undefined } });
    expect(await run.next()).toBeUndefined();
  });

  it("says that it is partial, and how far it came", async () => {
    await writeFile(join(folder, "x.jsonl"), eventLines(20, 60_000));
    for (const options of [{}, threads(2)] as ReadOptions[]) {
      const stop = new AbortController();
      const builder = new TraceSetBuilder();
      const onProgress = () => stop.abort();
      const fed = await feedTraces([join(folder, "x.jsonl")], builder, { ...options, signal: stop.signal, onProgress });
      expect(fed.partial?.bytesRead).toBeLessThan(fed.partial?.bytesTotal as number);
      expect(fed.diagnostics.filter(({ code }) => code === "trace_cut")).toEqual([]);
    }
  });
});
