import { describe, expect, it } from "vitest";
import { Sieve, sieveFlags } from "../../../src/trace/sieve.js";
import { Random } from "../../support/random.js";
import { scaled } from "../../support/scale.js";
import { defaultSeed } from "../../support/seed.js";

const settling = sieveFlags.call | sieveFlags.two | sieveFlags.spelled;

/** The same questions, one after the other. */
function lookSlowly(line: string, session: string): number {
  let flags = 0;
  if (/tool_use"(?!:)/.test(line)) flags |= sieveFlags.call;
  if (line.includes('}{"')) flags |= sieveFlags.two;
  if (/\\u00[4-7]/.test(line)) flags |= sieveFlags.spelled;
  for (const { 0: key, index } of line.matchAll(/"session(?:Id|_id)"/g)) {
    const same = session !== "" && line.startsWith(`:"${session}"`, index + key.length);
    flags |= same ? sieveFlags.sameSession : sieveFlags.otherSession;
  }
  return flags;
}

const pieces = [
  ...['"tool_use"', '"tool_use":', 'tool_use"', "tool_use", "_use", 'xtool_use"', "\\u0041", "\\u00", "\\u003c", "\\u007f"],
  ...["}{", '}{"', '} {"', '"sessionId"', '"session_id"', '"sessionId":"s-1"', '"session_id":"s-1"', '"sessionId":"s-12"'],
  ...[
    '"sessionId": "s-1"',
    '"sessionID":"s-1"',
    '"session_Id":"s-1"',
    '"sessionid":"s-1"',
    '"session_id":"',
    '"',
    "\\",
    "{",
    "}",
  ],
  ..."n_ nI _u \\u x : é".split(" "),
];

function expectSame(line: string, session: string): void {
  const flags = Sieve.shared()?.look(Buffer.from(line), session);
  const expected = lookSlowly(line, session);
  const settled = (expected & settling) !== 0;
  const answer = settled ? (flags ?? 0) & settling & expected : flags;
  expect({ line, session, answer: settled ? answer !== 0 : answer }).toEqual({
    line,
    session,
    answer: settled ? true : expected,
  });
}

describe("the sieve of transcript lines", () => {
  it("finds what looking for one thing after the other finds", () => {
    const r = new Random(defaultSeed);
    for (let round = 0; round < scaled(20_000); round++) {
      const padding = () => (r.chance(0.4) ? "abcdefgh,".repeat(r.below(12)) : "");
      const line = r.times(r.below(5), () => `${padding()}${r.pick(pieces)}`).join("") + padding();
      expectSame(line, r.pick(["s-1", "s-1", "s-12", "", "x"]));
    }
  });

  it("finds it wherever it stands, and not where it is cut", () => {
    for (const piece of ['"tool_use"', '}{"', "\\u0041", '"sessionId":"s-1"', '"session_id":"s-1"', '"session_id":"s-2"']) {
      for (let before = 0; before < 140; before++) {
        expectSame(`${"x".repeat(before)}${piece}`, "s-1");
        expectSame(`${"x".repeat(before)}${piece}${"y".repeat(70)}`, "s-1");
        // What a longer line left behind its end is not part of this one.
        for (let cut = 1; cut < piece.length; cut++) expectSame(`${"x".repeat(before)}${piece.slice(0, -cut)}`, "s-1");
      }
    }
  });

  it("leaves long lines, and sessions of unlikely length, to others", () => {
    const sieve = Sieve.shared();
    expect(sieve?.look(new Uint8Array(300_000), "s")).toBeUndefined();
    const session = "s".repeat(300);
    expect(sieve?.look(Buffer.from(`{"sessionId":"${session}"}`), session)).toBe(sieveFlags.otherSession);
  });
});
