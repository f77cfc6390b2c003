import { random } from "./random.mjs";

/**
 * Families of globs that break designs: automata that explode, index keys that all globs share, lists that must be walked,
 * verifications that fail late. Each family names globs and the names that hurt it most.
 */

/** Distinct texts from a maker until there are enough. */
function distinct(count, make) {
  const made = new Set();
  for (let attempt = 0; made.size < count; attempt++) {
    if (attempt > count * 200) throw new Error(`a family has only ${made.size} distinct globs`);
    made.add(make(attempt));
  }
  return [...made];
}

/** A number as a word over an alphabet, so that all words of a family differ. */
function word(number, alphabet, length) {
  let text = "";
  for (let i = 0; i < length; i++) {
    text += alphabet[number % alphabet.length];
    number = Math.floor(number / alphabet.length);
  }
  return text;
}

const letters = "abcdefghijklmnopqrstuvwxyz";
const run = (r, alphabet, length) => Array.from({ length }, () => alphabet[r.below(alphabet.length)]).join("");
/** A text of exactly `bytes` ASCII bytes. */
const cut = (text, bytes) => text.slice(0, bytes).padEnd(bytes, "a");

/** `globs(count)` are distinct; `names(count, bytes)` are ASCII names of that many bytes. */
export const families = [
  {
    name: "*word*",
    why: "2^k states together",
    globs: (count) => distinct(count, (i) => `*${word(i * 7919, letters, 5)}*`),
    names: (count, bytes, r, globs) => manyPieces(count, bytes, r, globs),
  },
  {
    name: "*w*w*",
    why: "two words in order",
    globs: (count) => distinct(count, (i) => `*${word(i * 7919, letters, 4)}*${word(i * 104_729 + 3, letters, 4)}*`),
    names: (count, bytes, r, globs) => manyPieces(count, bytes, r, globs),
  },
  {
    name: "mcp__*__word*",
    why: "inner star behind a shared prefix",
    globs: (count) => distinct(count, (i) => `mcp__*__${word(i * 7919, letters, 4)}*`),
    names: (count, bytes, r, globs) => manyPieces(count, bytes, r, globs).map((name) => cut(`mcp__${name}`, bytes)),
  },
  {
    name: "*_word",
    why: "many suffixes",
    globs: (count) => distinct(count, (i) => `*_${word(i * 7919, letters, 4)}`),
    names: (count, bytes, r, globs) =>
      Array.from({ length: count }, () => {
        const end = r.pick(globs).slice(1);
        return run(r, "abc_", bytes - end.length) + end;
      }),
  },
  {
    name: "cumulative prefixes",
    why: "every key length occurs, and every length of the name hits the filter",
    globs: (count) => distinct(count, (i) => `${word(i, "ab", 1 + (i % 60))}*`),
    names: (count, bytes, r) => Array.from({ length: count }, () => run(r, "ab", bytes)),
  },
  {
    name: "*x*y*z*",
    why: "4^k states, and no literal run to index",
    globs: (count) => distinct(count, (i) => `*${[...word(i * 7919, letters, 3 + (i % 2))].join("*")}*`),
    names: (count, bytes, r) => Array.from({ length: count }, () => run(r, letters, bytes)),
  },
  {
    name: "*x*y?z*",
    why: "no literal run to index, with `?`",
    globs: (count) =>
      distinct(count, (i) => {
        const w = word(i * 7919, letters, 4);
        return `*${w[0]}*${w[1]}?${w[2]}${i % 2 === 0 ? "*" : ""}${w[3]}*`;
      }),
    names: (count, bytes, r) => Array.from({ length: count }, () => run(r, letters, bytes)),
  },
  {
    name: "*a and k x ?",
    why: "one such glob alone has 2^k states",
    globs: (count) => distinct(count, (i) => `*${word(i * 31, "ab", 14)}${"?".repeat(1 + (i % 18))}`),
    names: (count, bytes, r) => Array.from({ length: count }, () => run(r, "ab", bytes)),
  },
  {
    name: "aaaa pieces",
    why: "every glob is filed under the same four bytes",
    globs: (count, r) =>
      distinct(count, () => {
        const pieces = Array.from({ length: 2 + r.below(4) }, () => "a".repeat(4 + r.below(5)));
        return `*${pieces.join("?*").replaceAll("?*", () => r.pick(["?*", "*", "?", "??*"]))}${r.pick(["", "*", "?", "?*"])}`;
      }),
    names: (count, bytes, r) =>
      Array.from({ length: count }, (_, i) => (i % 2 === 0 ? "a".repeat(bytes) : run(r, "aaaaaaaaaaaaaaab", bytes))),
  },
  {
    name: "aaaa pieces that fail late",
    why: "verification walks the whole name and fails at its end",
    globs: (count, r) =>
      distinct(count, () => {
        const pieces = Array.from({ length: 2 + r.below(5) }, () => "a".repeat(4 + r.below(4)));
        return `*${pieces.join("*")}${r.pick(["b", "c", "?b", "b?", "*b", "*c?", "??c"])}`;
      }),
    names: (count, bytes) => Array.from({ length: count }, (_, i) => "a".repeat(bytes - (i % 4)) + "d".repeat(i % 4)),
  },
  {
    name: "aaa pieces",
    why: "the same with three bytes",
    globs: (count, r) =>
      distinct(count, () => {
        const gaps = () => r.pick(["*", "?", "?*", "b*", "*b"]);
        return `*aaa${gaps()}${Array.from({ length: 1 + r.below(5) }, () => r.pick(["a", "aa", "aaa", "b"])).join(gaps())}${r.pick(["", "*", "b"])}`;
      }),
    names: (count, bytes, r) => Array.from({ length: count }, () => run(r, "aaaaab", bytes)),
  },
  {
    name: "{a,b} pieces",
    why: "few grams, all of them in every name",
    globs: (count, r) =>
      distinct(count, () => `*${run(r, "ab", 4 + r.below(4))}*${run(r, "ab", 5 + r.below(4))}?${run(r, "ab", 4)}*`),
    names: (count, bytes, r) => Array.from({ length: count }, () => run(r, "ab", bytes)),
  },
  {
    name: "{a,b} pieces that fail late",
    why: "few grams, and the last byte decides",
    globs: (count, r) =>
      distinct(count, () => `*${run(r, "ab", 6)}*${run(r, "ab", 6)}*${run(r, "ab", 4)}${r.pick(["c", "?c", "c?"])}`),
    names: (count, bytes, r) => Array.from({ length: count }, () => run(r, "ab", bytes)),
  },
  {
    name: "all rows differ",
    why: "each name joins hundreds of rows to one that no artifact holds",
    globs: (count, r) => distinct(count, () => `*${run(r, "abc", 4)}*${run(r, "abc", 3 + r.below(2))}${r.pick(["", "*"])}`),
    names: (count, bytes, r) => Array.from({ length: count }, () => run(r, "abc", bytes)),
  },
];

/** Names that hold a piece of another glob every few bytes: as many candidates as fit. */
function manyPieces(count, bytes, r, globs) {
  return Array.from({ length: count }, () => {
    let name = "";
    while (name.length < bytes) name += r.pick(globs).replace("mcp__*", "").replaceAll("*", "");
    return cut(name, bytes);
  });
}

/** A family's globs and names of each length, from a seed. */
export function adversary(family, globCount, nameCount, lengths, seed) {
  const globs = family.globs(globCount, random(seed));
  const names = new Map(lengths.map((bytes) => [bytes, family.names(nameCount, bytes, random(seed + 1), globs)]));
  return { globs, names };
}
