import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Findings } from "../../../src/diagnostics/findings.js";
import { readYaml } from "../../../src/syntax/document.js";
import { parsePlainYaml } from "../../../src/syntax/plain-yaml.js";
import { Source } from "../../../src/syntax/source.js";
import { scaledTo } from "../../support/scale.js";

/** Whenever the plain reader answers, the full reader must give the same nodes at the same places and find nothing wrong. */
function agree(text: string): boolean {
  const plain = parsePlainYaml(text);
  if (plain === undefined) return false;
  const findings = new Findings();
  const full = readYaml(new Source(text, "x.yaml"), findings);
  if (plain.root === undefined) {
    expect(findings.list().map(({ code }) => code)).toEqual(["document_empty"]);
    return true;
  }
  const repeated = findings.list().map(({ code, span }) => [code, span?.line, span?.column]);
  const source = new Source(text, "x.yaml");
  const duplicates = plain.duplicates.map(({ start, end }) => [
    "duplicate_key",
    source.span(start, end).line,
    source.span(start, end).column,
  ]);
  expect(repeated, JSON.stringify(text)).toEqual(duplicates.sort(byPlace));
  expect(plain.root, JSON.stringify(text)).toEqual(full);
  return true;
}

function byPlace(a: readonly unknown[], b: readonly unknown[]): number {
  return Number(a[1]) - Number(b[1]) || Number(a[2]) - Number(b[2]);
}

const pieces = [
  "a",
  "b",
  "key",
  "0",
  "1.0",
  "10",
  "007",
  "1e3",
  "0x1f",
  "true",
  "null",
  "off",
  "Null",
  "a b",
  "a#b",
  "a:b",
  "x*",
  "mcp__a__*",
  "_x",
  "1_0",
  "2024-01-01",
  "größe",
  "日本 x",
  "\u2028",
  "\ufeff",
  '"\\u00e9\\t\\/"',
  '"\\ud83d\\ude00"',
  '"\\u12"',
  '"\\x41"',
  "'q'",
  '"q"',
  "'it''s'",
  '"a \\" b"',
  '"a\\\\b"',
  '"a\\nb"',
  "''",
  '""',
  '"é"',
  "é",
  "[]",
  "{}",
  "[a]",
  "[a, 'b']",
  "[a,b]",
  "{a: b}",
  "{a: b, c: [d]}",
  "[a: b]",
  "{a}",
  '{"a":b}',
  "<<",
  "~",
  "*a",
  "&a",
  "!t",
  "|",
  ">",
  "?",
  "-",
  "-1",
  ".5",
  ".inf",
  "%",
  "@",
  "`",
];
const seams = [
  "\n",
  "\n",
  "\n",
  "\r\n",
  "\n\n",
  " ",
  "  ",
  ": ",
  ": ",
  ":",
  ":\n",
  ":\n  ",
  ":\n- ",
  "\n- ",
  "\n  - ",
  "\n    - ",
  "- ",
  "- ",
  ", ",
  ",",
  " # c\n",
  "#",
  "\n#c\n",
  "\n  ",
  "\n    ",
  "\n      ",
  "\t",
  "[",
  "]",
  "{",
  "}",
  '"',
  "'",
  "\n---\n",
  "\n...",
];

const soup = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.constantFrom(...seams)), { maxLength: 14 })
  .map((parts) => parts.join(""));
const line = fc
  .tuple(
    fc.constantFrom("", "  ", "    ", "      "),
    fc.constantFrom("", "", "- ", "-  "),
    fc.constantFrom(...pieces),
    fc.constantFrom("", ": ", ":", ":  "),
    fc.constantFrom("", ...pieces),
    fc.constantFrom("", "", " # c", "#", "  "),
  )
  .map((parts) => parts.join(""));
const lines = fc.array(line, { minLength: 1, maxLength: 7 }).map((all) => all.join("\n"));

/** Trees written the way people write policies. */
const scalar = fc.constantFrom(...pieces.slice(0, 36));
const { tree } = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    scalar.map((text) => ` ${text}\n`),
    fc
      .array(tie("tree"), { minLength: 1, maxLength: 3 })
      .map((items) => `\n${items.map((item) => `-${indented(item)}`).join("")}`),
    fc
      .uniqueArray(fc.tuple(scalar, tie("tree")), { minLength: 1, maxLength: 3, selector: ([key]) => key })
      .map((entries) => `\n${entries.map(([key, value]) => `${key}:${indented(value)}`).join("")}`),
  ),
}));

function indented(text: string): string {
  return text.startsWith("\n") ? `\n${text.slice(1).replace(/^(?=.)/gm, "  ")}` : text;
}

describe("the plain reader against the full YAML reader", () => {
  const runs = scaledTo(4000, 200_000);
  it.each([
    ["pieces and seams", soup],
    ["lines", lines],
    ["trees", tree],
  ])("agrees wherever it answers: %s", (_name, texts) => {
    let answered = 0;
    fc.assert(
      fc.property(texts, (text) => {
        if (agree(text)) answered++;
      }),
      { numRuns: runs },
    );
    expect(answered).toBeGreaterThan(runs / 200);
  });

  it("answers for the shape policies are written in", () => {
    const text = [
      "# a comment",
      'meta: {schema_version: "1.0", name: support, scope: agent} # and another',
      "capability_mappings:",
      "  web:",
      "    tools:",
      "    - mcp__browser__*",
      "",
      "    card_actions: [web_fetch, 'web search']",
      "forbidden:",
      '  - pattern: "mcp__*__delete?"',
      "    reason: It's not done: never",
      "    severity: high",
      "defaults:",
      "  grace_period_hours: 24",
    ].join("\n");
    expect(agree(text.replace("done: never", "done"))).toBe(true);
    expect(agree(text)).toBe(false);
    expect(agree(text.replace("done: never", "done").replaceAll("\n", "\r\n"))).toBe(true);
  });

  it.each([
    "a",
    "a:",
    "<<: {a: 1}",
    "a: *b",
    "a: b\n  c",
    "a: [b,\n c]",
    "a: 1_0",
    "a: |\n  b",
    "---\na: b",
    "\ta: b",
    "a: b\n - c",
    "- a\nb: c",
  ])("leaves %j to the full reader", (text) => {
    expect(parsePlainYaml(text)).toBeUndefined();
  });
});
