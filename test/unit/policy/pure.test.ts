import { describe, expect, test } from "vitest";
import { cardGrants } from "../../../src/policy/card.js";
import { coverageOf, percentOf } from "../../../src/policy/coverage.js";
import { decideOnFault } from "../../../src/policy/fault.js";
import { graceExpiryMs } from "../../../src/policy/grace.js";
import { enforcementModes } from "../../../src/policy/lattice.js";

describe("grace (T1, T2)", () => {
  test.each([
    ["running", 100, 1000, 950, 1050],
    ["over at its last millisecond", 100, 1000, 900, undefined],
    ["one millisecond left", 100, 1000, 901, 1001],
    ["never seen counts as now", 100, 1000, undefined, 1100],
    ["seen in the future counts as now", 100, 1000, 5000, 1100],
    ["disabled", 0, 1000, undefined, undefined],
    ["a broken record gives none", 100, 1000, Number.NaN, undefined],
  ])("%s", (_, graceMs, nowMs, firstSeenMs, expected) => {
    expect(graceExpiryMs(graceMs, nowMs, firstSeenMs)).toBe(expected);
  });
});

describe("card (E4, C2)", () => {
  const grants = cardGrants({ boundedActions: ["read", "write", "pay"], forbiddenActions: ["pay", "delete"] });
  test("what is forbidden is not granted, even when bounded", () => {
    expect(grants.missing(["read", "pay", "send", "pay"])).toEqual(["pay", "send"]);
    expect(grants.missing(["read", "write"])).toEqual([]);
  });
  test("a forbidden action makes it critical, an unlisted one high", () => {
    expect([grants.severity(["send"]), grants.severity(["send", "delete"])]).toEqual(["high", "critical"]);
  });
});

describe("coverage (C1)", () => {
  const card = { boundedActions: ["b", "a", "b", "constructor"], forbiddenActions: [] };
  test("distinct actions in the card's order, each with the capabilities that map it", () => {
    const mappings = [
      { name: "x", cardActions: ["a", "z"] },
      { name: "y", cardActions: ["a", "b"] },
      { name: "x", cardActions: ["a"] },
    ];
    expect(coverageOf(card, mappings)).toEqual({
      totalCardActions: 3,
      mappedCardActions: ["b", "a"],
      unmappedCardActions: ["constructor"],
      coveragePct: 66.67,
      mappedBy: [
        { action: "b", capabilities: ["y"] },
        { action: "a", capabilities: ["x", "y"] },
      ],
    });
  });
  test("without a card, or without actions, it is 0", () => {
    const mappings = [{ name: "x", cardActions: ["a"] }];
    expect(coverageOf(undefined, mappings)).toMatchObject({ totalCardActions: 0, coveragePct: 0 });
    expect(coverageOf({ boundedActions: [], forbiddenActions: ["a"] }, mappings)).toMatchObject({
      totalCardActions: 0,
      coveragePct: 0,
    });
  });
});

describe("faults (F1)", () => {
  const cells = [true, false].flatMap((engineLoaded) =>
    [true, false, undefined].flatMap((failOpen) =>
      [...enforcementModes, undefined].flatMap((mode) =>
        (["deny", "allow", undefined] as const).flatMap((onFault) =>
          [undefined, 399, 400, 422, 499, 500, 503].map((httpStatus) => ({ engineLoaded, failOpen, mode, onFault, httpStatus })),
        ),
      ),
    ),
  );

  test("every cell of the table", () => {
    for (const cell of cells) {
      const { verdict, action } = decideOnFault(cell);
      const isRefusal = [400, 422, 499].includes(cell.httpStatus ?? 0);
      const isOpen = !isRefusal && (cell.engineLoaded ? cell.failOpen === true : cell.onFault === "allow");
      const lenient = cell.mode === "off" ? "allow" : cell.mode === "warn" ? "warn" : "deny";
      const expected = isOpen ? "allow" : isRefusal || !cell.engineLoaded ? "deny" : lenient;
      expect([cell, verdict, action]).toEqual([cell, isOpen ? "warn" : "fail", expected]);
    }
    expect(cells.length).toBe(504);
  });
});

test("only all of them are 100 percent, however many there are", () => {
  expect([percentOf(99_999, 100_000), percentOf(100_000, 100_000), percentOf(5, 6), percentOf(0, 0)]).toEqual([
    99.99, 100, 83.33, 0,
  ]);
});
