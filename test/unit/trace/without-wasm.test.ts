import { afterEach, describe, expect, it, vi } from "vitest";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe.each([
  ["without WASM", undefined],
  ["without SIMD", { validate: (): boolean => false }],
  [
    "where policy forbids to compile",
    {
      validate: (): boolean => true,
      Module: class {
        constructor() {
          throw new Error("forbidden");
        }
      },
    },
  ],
])("%s", (_, wasm) => {
  it("there is no lane and no sieve, and the readers find the same", async () => {
    vi.resetModules();
    vi.stubGlobal("WebAssembly", wasm);
    const { eventLane } = await import("../../../src/trace/event-lane.js");
    const { Sieve } = await import("../../../src/trace/sieve.js");
    const { read } = await import("../../support/traces.js");
    expect(eventLane.open({ name: "log" }, { batch() {}, call() {} }, { seed: 1 })).toBeUndefined();
    expect(Sieve.shared()).toBeUndefined();
    const lines = Array.from({ length: 3000 }, (_, i) => `{"tool":"t${i % 7}","session":"s${i % 50}"}`);
    const set = await read(lines.join("\n"));
    expect([set.calls.length, set.names.length, set.traces.length]).toEqual([3000, 7, 50]);
  });
});
