import { describe, expect, test } from "vitest";
import { percentage, pointInTime, wholeNumber } from "../../../src/cli/options.js";

const now = Date.parse("2026-02-07T12:00:00Z");

describe("points in time", () => {
  test.each([
    ["7d", "2026-01-31T12:00:00Z"],
    ["12h", "2026-02-07T00:00:00Z"],
    ["90m", "2026-02-07T10:30:00Z"],
    ["0d", "2026-02-07T12:00:00Z"],
    ["2026-02-01", "2026-02-01T00:00:00Z"],
    ["2026-02-01T08:30:00Z", "2026-02-01T08:30:00Z"],
    ["2026-02-01T08:30", "2026-02-01T08:30:00Z"],
    ["2026-02-01T08:30:00+02:00", "2026-02-01T06:30:00Z"],
  ])("%s", (text, time) => {
    expect(pointInTime(text, now)).toBe(Date.parse(time));
  });
  test.each(["", "d", "-1d", "xd", "soon", "2026", "7", "1e400d", "2026-13-01", "2026-02-30", "2026-02-01 (noon)", "NaNd"])(
    "%j is none",
    (text) => {
      expect(() => pointInTime(text, now)).toThrow("Give a date");
    },
  );
});

describe("numbers", () => {
  test("whole numbers only", () => {
    expect([wholeNumber("0"), wholeNumber("50")]).toEqual([0, 50]);
    for (const text of ["", " ", "-1", "1.5", "x", "1e99", "Infinity"]) expect(() => wholeNumber(text)).toThrow("whole number");
  });
  test("percentages are 0 to 100", () => {
    expect([percentage("0"), percentage("99.5"), percentage("100")]).toEqual([0, 99.5, 100]);
    for (const text of ["", "-1", "100.1", "x", "NaN"]) expect(() => percentage(text)).toThrow("from 0 to 100");
  });
});
