import { describe, expect, test } from "vitest";
import { etagOf, expectationOf, isKnown } from "../../../../src/server/routes/preconditions.js";
import { askedWith } from "./asked-with.js";

const expected = (headers: Record<string, string>) => expectationOf(askedWith({ headers }));

describe("what a write expects", () => {
  test.each([
    [{}, undefined],
    [{ "if-match": '"7"' }, { kind: "version", versions: [7] }],
    [{ "if-match": ' "7" ,\t"8"' }, { kind: "version", versions: [7, 8] }],
    [{ "if-match": "*" }, { kind: "present" }],
    [{ "if-none-match": " * " }, { kind: "absent" }],
    // Weak tags never match a write, and what is no version matches none: the write has to fail, not to go through.
    [{ "if-match": 'W/"7"' }, { kind: "version", versions: [] }],
    [{ "if-match": '"07", "x", "", "-1", "1.0", "9999999999999999999"' }, { kind: "version", versions: [] }],
    [{ "if-match": '"a,b", "3"' }, { kind: "version", versions: [3] }],
  ])("%j", (headers, expectation) => {
    expect(expected(headers as Record<string, string>)).toEqual(expectation);
  });

  test.each([
    [{ "if-match": "7" }, "double quotes"],
    [{ "if-match": '"7' }, "double quotes"],
    [{ "if-match": '"7" "8"' }, "commas"],
    [{ "if-match": '"7",' }, "double quotes"],
    [{ "if-match": "" }, "double quotes"],
    [{ "if-none-match": '"7"' }, "If-None-Match: *"],
    [{ "if-match": '"7"', "if-none-match": "*" }, "exclude"],
  ])("%j is refused", (headers, words) => {
    expect(() => expected(headers as Record<string, string>)).toThrow(words);
  });
});

test.each([
  [undefined, false],
  ['"7"', true],
  ['W/"7"', true],
  ['"6", "7"', true],
  ['"70"', false],
  ["*", true],
])("If-None-Match %s: known %s", (header, known) => {
  expect(isKnown(askedWith({ headers: header === undefined ? {} : { "if-none-match": header } }), 7)).toBe(known);
});

test("a version as a tag", () => expect(etagOf(12)).toBe('"12"'));
