import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Findings } from "../../../src/diagnostics/findings.js";
import { commentsOf } from "../../../src/syntax/comments.js";
import { readDocument } from "../../../src/syntax/document.js";
import { Source } from "../../../src/syntax/source.js";
import { readSuppressions } from "../../../src/syntax/suppressions.js";

function documentOf(text: string, file = "p.yaml") {
  const findings = new Findings();
  const document = readDocument(new Source(text, file), findings);
  if (document === undefined || findings.hasErrors) throw new Error(JSON.stringify(findings.list()));
  return document;
}

const comments = (text: string, file?: string) => commentsOf(documentOf(text, file)).map((each) => each.text);
const read = (text: string, file?: string) => readSuppressions(documentOf(text, file), ["dead_rule", "broad_glob"]);
const found = (text: string) =>
  read(text).suppressions.map(
    ({ code, reason, lines }) => `${code}@${lines === "file" ? lines : [...lines].join("+")}: ${reason}`,
  );
const faults = (text: string) => read(text).faults.map(({ code, span, fix }) => `${code}@${span.line}: ${fix}`);

describe("comments", () => {
  test("are what stands behind a hash outside of every text", () => {
    expect(
      comments(
        "# one\na: 'x # no' # two\n\"b # no\": \"y \\\" # no\"   # three\nc: plain#no # four\n'd''s # no': it's #five\ne: [a, # six\n  'b # no', # seven\n]\n",
      ),
    ).toEqual([" one", " two", " three", " four", "five", " six", " seven"]);
  });
  test("are not inside block texts, but may stand behind their opening and below them", () => {
    expect(comments("a: | # one\n  # no\n  text # no\n\n  # no\n# two\nb: >+\n  # no\n\nc: d\n")).toEqual([" one", " two"]);
  });
  test("are not inside texts of several lines", () => {
    expect(comments("a: \"x\n  # no\n  y\" # one\nb: 'x\n\n  # no' # two\nc: x\n  y#no\n  z # three\n")).toEqual([
      " one",
      " two",
      " three",
    ]);
  });
  test("end before a carriage return, and may stand behind a tab or a byte order mark that was dropped", () => {
    expect(comments("# one\r\na: b\t# two\r\n\t# three\r\nc: d\r\n")).toEqual([" one", " two", " three"]);
  });
  test("are absent from JSON", () => {
    expect(comments('{"a # b": ["# c", "d"]}', "p.json")).toEqual([]);
  });
  test("of any keys and values that the reader takes are read back", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "#", " ", "'", '"', ":", "|", ">", "\n", "-", "é", "{", ",") });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 5 }), (pairs) => {
        const lines = pairs.map(
          ([key, value], i) => `"${i}${JSON.stringify(key).slice(1)}: ${JSON.stringify(value)} # ${i}\n# own ${i}\n`,
        );
        expect(comments(lines.join(""))).toEqual(pairs.flatMap((_, i) => [` ${i}`, ` own ${i}`]));
      }),
    );
  });
});

describe("suppressions", () => {
  test("speak of their own line, or of the line below", () => {
    expect(found("a: b # smoltbot-ignore dead_rule: kept\n")).toEqual(["dead_rule@1: kept"]);
    expect(found("#smoltbot-ignore dead_rule, broad_glob:  two: colons \na: b\n")).toEqual([
      "dead_rule@2: two: colons",
      "broad_glob@2: two: colons",
    ]);
  });
  test("pass over other comments, not over blank lines", () => {
    expect(found("# smoltbot-ignore dead_rule: x\n# why\n# smoltbot-ignore broad_glob: y\na: b\n")).toEqual([
      "dead_rule@4: x",
      "broad_glob@4: y",
    ]);
    expect(found("# smoltbot-ignore dead_rule: x\n\na: b\n")).toEqual(["dead_rule@: x"]);
    expect(found("a: b\n# smoltbot-ignore dead_rule: x")).toEqual(["dead_rule@: x"]);
  });
  test("reach the rule behind a dash that stands alone", () => {
    expect(found("a:\n  # smoltbot-ignore dead_rule: x\n  -\n    b: c\n")).toEqual(["dead_rule@3+4: x"]);
    expect(found("a:\n  - # smoltbot-ignore dead_rule: x\n    b: c\n")).toEqual(["dead_rule@2+3: x"]);
  });
  test("of a whole file stand before its first key", () => {
    expect(found("# about\n\n# smoltbot-ignore-file dead_rule: x\n---\na: b\n")).toEqual(["dead_rule@file: x"]);
    expect(faults("a: b\n# smoltbot-ignore-file dead_rule: x\n")).toEqual([
      "suppression_misplaced@2: move it above the first key, or write `smoltbot-ignore` at the rule",
    ]);
  });
  test("need a reason", () => {
    for (const text of ["dead_rule", "dead_rule:", "dead_rule :  ", "dead_rule because I say so", ""]) {
      expect(read(`a: b # smoltbot-ignore ${text}\n`).suppressions).toEqual([]);
      expect(faults(`a: b # smoltbot-ignore ${text}\n`)).toEqual([expect.stringMatching(/^suppression_without_reason@1: /)]);
    }
  });
  test("need a code that there is", () => {
    expect(faults("a: b # smoltbot-ignore dead-rule, broad_glob: x\n")).toEqual([
      "suppression_unknown_code@1: did you mean `dead_rule`?",
    ]);
    expect(found("a: b # smoltbot-ignore dead-rule, broad_glob: x\n")).toEqual(["broad_glob@1: x"]);
    expect(faults("a: b # smoltbot-ignore : x\n")).toEqual([expect.stringMatching(/^suppression_unknown_code/)]);
    expect(faults("a: b # smoltbot-ignore __proto__, all: x\n")).toHaveLength(2);
  });
  test("misspelled are noticed; other comments are the author's", () => {
    expect(faults("a: b # smoltbot-ignor dead_rule: x\n")).toEqual(["suppression_misplaced@1: did you mean `smoltbot-ignore`?"]);
    expect(faults("a: b # smoltbot_ignore_file dead_rule: x\n")).toEqual([
      "suppression_misplaced@1: did you mean `smoltbot-ignore-file`?",
    ]);
    expect(faults("a: b # smoltbot-disable-next-line: x\n")).toEqual([expect.stringMatching(/^suppression_misplaced/)]);
    expect(read("a: b # see smoltbot-ignore\n# smoltbot is good\n# smoltbot-policy reads this\n")).toEqual({
      suppressions: [],
      faults: [],
    });
  });
  test("are no part of texts", () => {
    expect(read("a: 'b # smoltbot-ignore dead_rule: x'\nc: |\n  # smoltbot-ignore dead_rule: x\n").suppressions).toEqual([]);
  });
  test("of hostile text are shown escaped", () => {
    const { faults: all } = read(`a: b # smoltbot-ignore x\u202e${"y".repeat(100_000)}: z\n`);
    expect(all).toHaveLength(1);
    expect(all[0]!.message).not.toContain("\u202e");
    expect(all[0]!.message.length).toBeLessThan(200);
  });
});
