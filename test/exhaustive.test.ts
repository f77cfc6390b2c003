import { expect, test } from "vitest";
import { decodeArtifact } from "../src/artifact/decode.js";
import { NONE } from "../src/artifact/layout.js";
import { type CompileOptions, compilePolicy } from "../src/compiler/compile.js";
import { buildDfa } from "../src/compiler/determinize.js";
import { RowTable } from "../src/compiler/rows.js";
import type { Evaluator } from "../src/engine/evaluator.js";
import { openJs } from "../src/engine/js.js";
import { packNames } from "../src/engine/names.js";
import { openWasm } from "../src/engine/wasm.js";
import type { Glob } from "../src/glob/parse.js";
import { referenceMatch } from "../src/reference/evaluate.js";
import { globsUpTo, textsUpTo } from "./support/alphabet.js";
import { indexedOnly } from "./support/evaluators.js";
import { scale } from "./support/scale.js";
import { tinyPolicy } from "./support/tiny-policy.js";

/**
 * Everything in a small scope: all ordered pairs of short globs, in three orders of outcome, against all short names.
 * What agrees here on every name has no room left for a wrong join, a lost state or a `?` of the wrong width.
 */
const deep = process.env.SMOLTBOT_DEEP === "1";
const tokens = deep ? 4 : 3;
const length = deep ? 6 : 5;
const limit = { timeout: deep ? 7_200_000 : 120_000 };
/** Plain letters, and letters of two and four bytes, two of which share their first byte. */
const alphabets: readonly (readonly [string, string, string])[] = [["a", "b", "c"], ["\u00e9", "\u00e8", "\u{1f600}"]]; // biome-ignore format: one line
/** Every how manieth pair goes through the whole compiler and both evaluators. */
const stride = Math.ceil((deep ? 7 : 11) / Math.min(1, scale));

interface Scope {
  readonly globs: readonly Glob[];
  readonly names: readonly string[];
  /** matches[glob][name], by the reference. */
  readonly matches: readonly Uint8Array[];
}

function scopeOf([a, b, c]: (typeof alphabets)[number]): Scope {
  const globs = globsUpTo([a, b, "*", "?"], tokens);
  const names = textsUpTo([a, b, c], length);
  return {
    globs,
    names,
    matches: globs.map((glob) => Uint8Array.from(names, (name) => Number(referenceMatch(glob.source, name)))),
  };
}

/** What each of two globs contributes: forbidden and capability ranks. First wins, second wins, or both stand. */
const orders: readonly (readonly (readonly [number, number])[])[] = [
  [
    [0, NONE],
    [1, NONE],
  ],
  [
    [1, NONE],
    [0, NONE],
  ],
  [
    [0, NONE],
    [NONE, 0],
  ],
];

function expectedOf(order: (typeof orders)[number], first: number, second: number): readonly [number, number] {
  const at = (component: 0 | 1) => Math.min(first ? order[0][component] : NONE, second ? order[1][component] : NONE);
  return [at(0), at(1)];
}

test.each(alphabets)("the automaton of every pair of globs over %s, %s and %s", limit, (...alphabet) => {
  const { globs, names, matches } = scopeOf(alphabet);
  const bytes = names.map((name) => new TextEncoder().encode(name));
  let checks = 0;
  const wrong: string[] = [];
  // The second alphabet repeats the first with other widths: every other pair is enough by day.
  const step = (alphabet[0] === "a" || deep ? 1 : 2) * Math.ceil(1 / Math.min(1, scale));
  for (let pair = 0; pair < globs.length * globs.length; pair += step) {
    const [i, j] = [Math.floor(pair / globs.length), pair % globs.length];
    for (const order of orders) {
      const rows = new RowTable();
      const [x, y] = order.map(([forbidden, capability]) => rows.intern(forbidden, NONE, capability, NONE));
      // For a pair of equals the same glob stands twice, with a row each.
      const rowed = [
        { tokens: globs[i].tokens, row: x },
        { tokens: globs[j].tokens, row: y },
      ];
      const dfa = buildDfa(rowed, rows, { statesMax: 10_000, workMax: 1_000_000 });
      if (!("next" in dfa)) throw new Error(`${globs[i].text} and ${globs[j].text} are over budget`);
      const { next, classes, classCount } = dfa;
      const wanted = [0, 1, 2, 3].map((bits) => expectedOf(order, bits & 1, bits & 2));
      for (let n = 0; n < names.length; n++) {
        let state = 0;
        for (const byte of bytes[n]) state = next[state * classCount + classes[byte]];
        const row = dfa.rows[state];
        const [forbidden, capability] = wanted[matches[i][n] | (matches[j][n] << 1)];
        if (rows.at(row, 0) !== forbidden || rows.at(row, 2) !== capability) {
          wrong.push(`${globs[i].text} and ${globs[j].text} on ${JSON.stringify(names[n])}`);
        }
      }
      checks += names.length;
    }
  }
  expect(wrong.slice(0, 10)).toEqual([]);
  console.log(`${checks} checks of ${globs.length} globs and ${names.length} names`);
  if (scale >= 1) expect(checks).toBeGreaterThanOrEqual(alphabet[0] === "a" ? 5_000_000 : 2_500_000);
});

/** Both globs in every role at once, in orders that differ from role to role. */
function policyOf(a: string, b: string) {
  return tinyPolicy({
    forbidden: [[a, "low"], [b, "high"]], // b before a
    capabilities: [["first", [a]], ["second", [b]]], // a before b
    triggers: [["warn", [{ globs: [a] }]], ["deny", [{ globs: [b] }]], ["escalate", [{ globs: [a, b] }]]], // b before a, both guarded
  }); // biome-ignore format: one line a role
}

const budgets: readonly (readonly [string, CompileOptions["budget"]])[] = [
  ["the default budget", {}],
  ["literals beside the automaton", { wholeStatesMax: 0 }],
  ["no automaton", indexedOnly],
  ["a budget of four states", { statesMax: 4 }],
];

test.each(budgets)("both evaluators on pairs of globs, %s", limit, (_, budget) => {
  let checks = 0;
  const wrong: string[] = [];
  for (const alphabet of alphabets) {
    const { globs, names, matches } = scopeOf(alphabet);
    const packed = packNames(names);
    const rows = new Uint32Array(names.length);
    for (let pair = 0; pair < globs.length * globs.length; pair += stride * (alphabet[0] === "a" ? 1 : 5)) {
      const [i, j] = [Math.floor(pair / globs.length), pair % globs.length];
      const artifact = decodeArtifact(compilePolicy(policyOf(globs[i].text, globs[j].text), budget ? { budget } : {}).bytes);
      for (const evaluator of [openJs(artifact), openWasm(artifact)]) {
        expect(evaluator.classifyBatch(packed, 0, rows)).toBe(names.length);
        for (let n = 0; n < names.length; n++) {
          if (!holds(evaluator, rows[n], matches[i][n] === 1, matches[j][n] === 1)) {
            wrong.push(`${evaluator.kind}: ${globs[i].text} and ${globs[j].text} on ${JSON.stringify(names[n])}`);
          }
          if (n % 17 === pair % 17 && evaluator.classify(names[n]) !== rows[n]) {
            wrong.push(`${evaluator.kind}: single and batch differ on ${JSON.stringify(names[n])}`);
          }
        }
        checks += names.length;
      }
    }
  }
  expect(wrong.slice(0, 10)).toEqual([]);
  if (scale >= 1) expect(checks).toBeGreaterThan(300_000);
});

function holds(evaluator: Evaluator, id: number, a: boolean, b: boolean): boolean {
  const row = evaluator.row(id);
  return (
    row.forbidden === (b ? 0 : a ? 1 : NONE) &&
    row.capability === (a ? 0 : b ? 1 : NONE) &&
    row.trigger === (b ? 0 : a ? 2 : NONE) &&
    // Some glob of the guarded term matches; that both do is asked by name.
    row.guarded === (a || b ? 0 : NONE)
  );
}
