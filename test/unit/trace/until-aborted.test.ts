import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { untilAborted } from "../../../src/trace/io/until-aborted.js";

const mebibyte = 1024 * 1024;

describe("chunks until a signal", () => {
  it("are not kept once they are taken", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    async function* chunks() {
      for (let i = 0; i < 64; i++) {
        await new Promise((resolve) => setImmediate(resolve));
        yield new Uint8Array(mebibyte).fill(i);
      }
    }
    let last = 0;
    for await (const chunk of untilAborted(chunks(), new AbortController().signal)) {
      last = chunk[0]!;
      if (last !== 63) continue;
      // Buffers are given back beside the collection that finds them; the next one waits for that.
      collect();
      await new Promise((resolve) => setImmediate(resolve));
      collect();
      expect(process.memoryUsage().arrayBuffers).toBeLessThan(32 * mebibyte);
    }
    expect(last).toBe(63);
  });

  it("end when it fires, also while none comes; a source that fails is heard", async () => {
    const stop = new AbortController();
    async function* silent(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(1);
      await new Promise(() => {});
    }
    let taken = 0;
    for await (const chunk of untilAborted(silent(), stop.signal)) {
      taken += chunk.length;
      setImmediate(() => stop.abort());
    }
    expect(taken).toBe(1);
    // biome-ignore lint/correctness/useYield: it fails before its first chunk.
    async function* failing(): AsyncGenerator<Uint8Array> {
      throw new Error("unreadable");
    }
    await expect(untilAborted(failing(), new AbortController().signal).next()).rejects.toThrow("unreadable");
  });
});
