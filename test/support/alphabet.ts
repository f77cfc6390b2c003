import { type Glob, parseGlob } from "../../src/glob/parse.js";

/** All texts over an alphabet up to a length, the empty one first, shorter ones before longer ones. */
export function textsUpTo(alphabet: readonly string[], length: number): string[] {
  let longest = [""];
  const texts = [""];
  for (let n = 1; n <= length; n++) {
    longest = longest.flatMap((text) => alphabet.map((symbol) => text + symbol));
    texts.push(...longest);
  }
  return texts;
}

/** All globs up to a number of tokens, one for each canonical text. */
export function globsUpTo(symbols: readonly string[], tokens: number): Glob[] {
  return textsUpTo(symbols, tokens).flatMap((text) => {
    const glob = parseGlob(text);
    return typeof glob !== "string" && glob.text === text ? [glob] : [];
  });
}
