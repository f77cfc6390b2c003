import { expect, test } from "vitest";
import { buildDfa } from "../../../src/compiler/determinize.js";
import { RowTable } from "../../../src/compiler/rows.js";
import { tokensOf } from "./naive.js";

const none = 0xffffffff;
const budget = { statesMax: 8192, workMax: 2_000_000 };

const verbs = "get list create update delete search read write send fetch run execute query add remove set".split(" ");
const nouns = "file issue page database user message channel branch commit review event record".split(" ");
/** Pronounceable enough, all different, no two in a simple relation. */
function word(i: number, letters: number): string {
  let n = (i * 48271 + 12345) % 0x7fffffff;
  let text = "";
  for (let k = 0; k < letters; k++) {
    text += String.fromCharCode(97 + (n % 26));
    n = Math.floor(n / 26) + k * 7919;
  }
  return text;
}
const verb = (i: number) => (i < verbs.length ? verbs[i] : word(i, 5));
const server = (i: number) => word(i * 31, 6);

/** The mix of a usual policy: server prefixes, verbs of a server, suffixes, words anywhere, several stars, a `?`. */
function ordinary(i: number): string {
  const kind = (i * 37) % 55;
  if (kind < 27) return `mcp__${server(i)}__*`;
  if (kind < 39) return `mcp__${server(i % 7)}__${verb(i % 16)}_*`;
  if (kind < 43) return `*_${nouns[i % 12]}`;
  if (kind < 48) return `*${verb(i)}*`;
  if (kind < 53) return `mcp__*__${verb(i % 16)}*${nouns[i % 12]}`;
  return `mcp__${server(i)}__${verb(i % 16)}_v?`;
}

const families: ReadonlyMap<string, (i: number) => string> = new Map([
  ["an ordinary mix", ordinary],
  ["mcp__server__word*", (i) => `mcp__${server(i % 40)}__${word(i, 5)}*`],
  ["*_word", (i) => `*_${word(i, 6)}`],
  ["*word*", (i) => `*${verb(i)}*`],
  ["mcp__*__word*", (i) => `mcp__*__${verb(i)}*`],
  ["mcp__server*__word*_noun", (i) => `mcp__${server(i % 40)}*__${verb(i)}*_${nouns[i % 12]}`],
  ["*w*w*", (i) => `*${word(i, 4)}*${word(i + 5000, 4)}*`],
  ["*x*y*z*", (i) => `*${word(i, 1)}*${word(i + 99, 1)}*${word(i + 999, 1)}*`],
  ["*a and 16 x ?", (i) => `*${i === 0 ? "a" : word(i, 3)}${"?".repeat(16)}`],
  ["up to 20 x ?, word", (i) => `${"?".repeat(1 + (i % 20))}${word(i, 5)}?${word(i + 1, 2)}`],
]);

/** States of the automaton, with those before minimising if there were more, or the budget that does not suffice. */
function outcome(texts: readonly string[], mixed: boolean): string {
  const rows = new RowTable();
  const globs = texts.map((text, i) => {
    const component = mixed ? i % 3 : 0;
    const cell = (c: number) => (c === component ? i : none);
    return { tokens: tokensOf(text), row: rows.intern(cell(0), cell(1), cell(2), none) };
  });
  const result = buildDfa(globs, rows, budget);
  if ("over" in result) return `over ${result.over}`;
  const { stateCount, statesBeforeMinimization } = result;
  return stateCount === statesBeforeMinimization ? String(stateCount) : `${stateCount} of ${statesBeforeMinimization}`;
}

/** The table of docs/decisions/0003; a change of these numbers is a change of that decision. */
const table = `
| \`an ordinary mix\` | 112 | 147 | 623 | 3162 | over states | over states | over states | over work |
| \`mcp__server__word*\` | 137 | 137 | 393 | 393 | 813 | 813 | 4833 | over states |
| \`*_word\` | 62 | 62 | 178 | 178 | 528 | 528 | 4704 | over states |
| \`*word*\` | 218 | 1588 | 1632 | over states | over states | over states | over work | over work |
| \`mcp__*__word*\` | 244 | 1752 | 1698 | over states | over states | over states | over work | over states |
| \`mcp__server*__word*_noun\` | 203 | 203 | 587 | 587 | 3945 | 3945 | over states | over states |
| \`*w*w*\` | over states | over states | over states | over states | over states | over states | over work | over work |
| \`*x*y*z*\` | over states | over states | over states | over states | over states | over states | over states | over states |
| \`*a and 16 x ?\` | over states | over states | over states | over states | over states | over states | over work | over work |
| \`up to 20 x ?, word\` | 97 | 97 | 299 | 299 | 1222 | 1222 | over work | over work |
`;

test("the families of decision 0003 have the states written there", () => {
  const lines: string[] = [];
  for (const [name, globAt] of families) {
    const cells: string[] = [];
    for (const size of [10, 30, 100, 1000, 10_000]) {
      const texts = [...new Set(Array.from({ length: size }, (_, i) => globAt(i)))];
      cells.push(outcome(texts, false));
      if (size <= 100) cells.push(outcome(texts, true));
    }
    lines.push(`| \`${name}\` | ${cells.join(" | ")} |`);
  }
  expect(lines.join("\n")).toBe(table.trim());
});
