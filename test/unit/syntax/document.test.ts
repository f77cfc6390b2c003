import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Findings } from "../../../src/diagnostics/findings.js";
import { documentDepthMax } from "../../../src/limits.js";
import { readDocument } from "../../../src/syntax/document.js";
import { type DocumentNode, nodeSpan, pathText, plainValue } from "../../../src/syntax/node.js";
import { Source } from "../../../src/syntax/source.js";

function read(text: string, file = "d.yaml") {
  const findings = new Findings();
  const source = new Source(text, file);
  const document = readDocument(source, findings);
  return { source, root: document?.root, found: findings.list() };
}

/** Mappings as lists of pairs, so that order and odd names show. */
function pairs(node: DocumentNode | undefined): unknown {
  if (node === undefined) return undefined;
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(pairs);
  return [...node.entries.values()].map((entry) => [entry.key, pairs(entry.value)]);
}

const codes = (text: string, file?: string) => read(text, file).found.map((found) => found.code);
const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const indented = (depth: number) =>
  Array.from({ length: depth }, (_, i) => `${"  ".repeat(i)}a:${i === depth - 1 ? " b" : ""}\n`).join("");

describe("readDocument", () => {
  it.each([
    [
      "a: 1\nb: [true, null, 'x']\n",
      [
        ["a", 1],
        ["b", [true, null, "x"]],
      ],
    ],
    [
      '{"b": 1, "a": {"0": 2, "__proto__": 3}}',
      [
        ["b", 1],
        [
          "a",
          [
            ["0", 2],
            ["__proto__", 3],
          ],
        ],
      ],
    ],
    [
      "2: x\n1: y\nconstructor: z\n",
      [
        ["2", "x"],
        ["1", "y"],
        ["constructor", "z"],
      ],
    ],
    [
      "1.0: a\n~: b\ntrue: c\n'': d\n",
      [
        ["1.0", "a"],
        ["~", "b"],
        ["true", "c"],
        ["", "d"],
      ],
    ],
    [
      "a: off\nb: no\nc: yes\nd: 0o17\ne: 0x1F\nf: 1_000\n",
      [
        ["a", "off"],
        ["b", "no"],
        ["c", "yes"],
        ["d", 15],
        ["e", 31],
        ["f", "1_000"],
      ],
    ],
    [
      "a: |\n  x\n  y\nb: >-\n  x\n  y\n",
      [
        ["a", "x\ny\n"],
        ["b", "x y"],
      ],
    ],
    [
      "a:\nb:\n",
      [
        ["a", null],
        ["b", null],
      ],
    ],
    ['a: "\\u00e9\\x41\\U0001f600"\n', [["a", "éA😀"]]],
    [
      "{a: b, c: [d]} # flow\n",
      [
        ["a", "b"],
        ["c", ["d"]],
      ],
    ],
    ["? a\n: b\n", [["a", "b"]]],
    ["'%': 1\n", [["%", 1]]],
  ])("reads %j", (text, value) => {
    const { root, found } = read(text);
    expect(found).toEqual([]);
    expect(pairs(root)).toEqual(value);
  });

  it("reads every JSON text as JSON.parse does", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        const { root, found } = read(text, "d.json");
        if (found.length > 0)
          expect(found.every((each) => each.code === "lone_surrogate" || each.code === "duplicate_key")).toBe(true);
        else expect(JSON.stringify(plainValue(root!))).toBe(JSON.stringify(JSON.parse(text)));
      }),
      { numRuns: 500 },
    );
  });

  it("refuses what JSON.parse refuses", () => {
    const pieces = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"a"',
      '"\\u12"',
      "1",
      "-",
      "01",
      "1.",
      ".5",
      "1e",
      "true",
      "nul",
      " ",
      "\n",
      "'a'",
      '"\\q"',
      '"',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const text = parts.join("");
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        const found = read(text, "d.json").found.filter((each) => each.code !== "duplicate_key");
        expect(found.length === 0, JSON.stringify(text)).toBe(valid);
      }),
      { numRuns: 2000 },
    );
  });

  it("takes brackets that are no JSON for YAML, unless the file is named .json", () => {
    expect(codes("{a: b}")).toEqual([]);
    expect(codes("{a: b}", "d.json")).toEqual(["json_syntax"]);
    expect(codes("{a: b}", "D.JSON")).toEqual(["json_syntax"]);
  });

  it("gives each value its place", () => {
    const { source, root } = read('a: "1"\nb:\n  - one # c\n  - {k: [v]}\n');
    expect(root?.kind).toBe("mapping");
    const places: string[] = [];
    const walk = (node: DocumentNode) => {
      places.push(source.text.slice(node.start, node.end));
      if (node.kind === "list") node.items.forEach(walk);
      if (node.kind === "mapping") for (const entry of node.entries.values()) walk(entry.value);
    };
    walk(root!);
    expect(places.slice(1)).toEqual(['"1"', "- one # c\n  - {k: [v]}", "one", "{k: [v]}", "[v]", "v"]);
    expect(nodeSpan(source, root!)).toMatchObject({ line: 1, column: 1, endLine: 4 });
  });

  it("points at the repeated key, and names the line of the first", () => {
    for (const text of ["a: 1\nb: 2\na: 3\n", "a: 1\nb: [2,\n  3]\na: 3\n", '{"a": 1,\n"b": 2,\n"a": 3}']) {
      const [found] = read(text).found;
      expect(found).toMatchObject({
        code: "duplicate_key",
        message: "the key `a` stands already in line 1",
        span: { column: 1 },
      });
    }
  });

  it.each([
    ["brackets", nested],
    ["indentation", indented],
    ["JSON mappings", (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`],
    ["dashes", (depth: number) => `${"- ".repeat(depth)}a`],
  ])("nests %s to the cap and no further", (_name, text) => {
    expect(codes(text(documentDepthMax))).toEqual([]);
    expect(codes(text(documentDepthMax + 1))).toEqual(["too_deep"]);
    expect(codes(text(documentDepthMax * 4))).toEqual(["too_deep"]);
  });

  it.each([
    ["a: [b\nc: d\n", 2],
    ["a: 'b\n", 2],
    ["a: b: c\n", 1],
    ["a:\n\t- b\n", 2],
    ["a: @b\n", 1],
    ["a: b\n c: d\n", 2],
    ["- a\nb: c\n", 2],
    ['a: "\\q"\n', 1],
    ["a: {b: c\n", 2],
  ])("reports the YAML of %j in line %i or near it, with advice", (text, line) => {
    const { found } = read(text);
    expect(found[0]?.code).toBe("yaml_syntax");
    expect(Math.abs((found[0]?.span?.line ?? 0) - line)).toBeLessThanOrEqual(1);
    expect(found[0]?.fix.length).toBeGreaterThan(10);
  });

  it("reports refused YAML all at once, each at its place", () => {
    const { found, root } = read("a: &x 1\nb: *x\nc: !t d\n");
    expect(root).toBeUndefined();
    expect(found.map(({ code, span }) => [code, span?.line, span?.column])).toEqual([
      ["yaml_anchor", 1, 4],
      ["yaml_alias", 2, 4],
      ["yaml_tag", 3, 4],
    ]);
  });

  it("still gives the nodes after a repeated key or a merge key, so that the rest is checked too", () => {
    expect(pairs(read("a: 1\na: 2\n<<: {b: c}\nd: e\n").root)).toEqual([
      ["a", 1],
      ["d", "e"],
    ]);
    expect(codes("a: 1\na: 2\n<<: {b: c}\nd: e\n")).toEqual(["duplicate_key", "yaml_merge_key"]);
  });

  it("never throws, whatever the text", () => {
    const pieces = fc.constantFrom(
      "a",
      ": ",
      ":",
      "\n",
      "  ",
      "- ",
      "[",
      "]",
      "{",
      "}",
      ",",
      '"',
      "'",
      "&",
      "*",
      "!",
      "|",
      ">",
      "?",
      "#",
      "%",
      "---\n",
      "...\n",
      "\t",
      "<<",
      "\\",
      "~",
      "\r\n",
      "é",
      "1",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.array(pieces, { maxLength: 20 }).map((parts) => parts.join("")),
        ),
        (text) => {
          const { root, found } = read(text);
          if (root === undefined) expect(found.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe("pathText", () => {
  it.each([
    [[], ""],
    [["forbidden", 2, "severity"], "forbidden[2].severity"],
    [["capability_mappings", "web", "tools", 0], "capability_mappings.web.tools[0]"],
    [["capability_mappings", "a b", "tools"], 'capability_mappings["a b"].tools'],
    [["0"], '["0"]'],
  ])("writes %j as %s", (steps, text) => {
    expect(pathText(steps)).toBe(text);
  });
});
