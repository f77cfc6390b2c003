import { describe, expect, it } from "vitest";
import { CallIdentities } from "../../../src/trace/call-identities.js";

const call = (trace: string, callId: string | undefined, tool = "t", more: object = {}) => ({ trace, callId, tool, ...more });

describe("which calls were counted", () => {
  it("an id inside its scope, with its name; never without an id", () => {
    const known = new CallIdentities();
    const asked = [
      call("a", "1"),
      call("a", "1"),
      call("a", "1", "other"),
      call("b", "1"),
      call("b", "1", "t", { scope: "a" }),
      call("a", undefined),
      call("a", undefined),
    ].map((each) => known.isRepeated("f", each));
    expect(asked).toEqual([false, true, false, false, true, false, false]);
    expect(known.isRepeated("g", call("a", "1"))).toBe(false);
  });

  it("any alias makes a repetition, and every id is remembered", () => {
    const known = new CallIdentities();
    expect(known.isRepeated("f", call("a", "1", "t", { aliases: ["x", "y"] }))).toBe(false);
    expect(known.isRepeated("f", call("a", "2", "t", { aliases: ["y", "z"] }))).toBe(true);
    expect(known.isRepeated("f", call("a", "z"))).toBe(true);
    expect(known.isRepeated("f", call("a", "2"))).toBe(true);
  });

  it("forgets the scopes that were touched least recently", () => {
    const known = new CallIdentities(4);
    for (const trace of ["a", "b", "c"]) known.isRepeated("f", call(trace, "1"));
    expect(known.isRepeated("f", call("a", "1"))).toBe(true);
    known.isRepeated("f", call("d", "1"));
    known.isRepeated("f", call("e", "1"));
    expect(known.isRepeated("f", call("a", "1"))).toBe(true);
    expect(known.isRepeated("f", call("b", "1"))).toBe(false);
  });

  it("of one scope that is too large forgets the oldest ids, and never the latest", () => {
    const known = new CallIdentities(100);
    for (let i = 0; i < 1000; i++) {
      expect(known.isRepeated("f", call("a", `${i}`))).toBe(false);
      expect(known.isRepeated("f", call("a", `${i}`))).toBe(true);
    }
    expect(known.isRepeated("f", call("a", "950"))).toBe(true);
    expect(known.isRepeated("f", call("a", "5"))).toBe(false);
  });
});
