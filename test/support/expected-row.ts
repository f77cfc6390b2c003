import type { Artifact } from "../../src/artifact/artifact.js";
import { NONE } from "../../src/artifact/layout.js";
import type { Row } from "../../src/engine/evaluator.js";
import { referenceMatch } from "../../src/reference/evaluate.js";

/** The row of a name by asking the matcher of the specification for every rule of the artifact in turn. */
export function expectedRow(artifact: Artifact, name: string): Row {
  const matches = Array.from({ length: artifact.globs.count }, (_, id) => referenceMatch(artifact.globs.get(id).text, name));
  let guarded = NONE;
  const first = (count: number, holds: (rank: number) => boolean) => {
    for (let rank = 0; rank < count; rank++) if (holds(rank)) return rank;
    return NONE;
  };
  const trigger = first(artifact.triggers.count, (rank) => {
    const { termStart, termCount } = artifact.triggers.get(rank);
    return Array.from({ length: termCount }, (_, i) => artifact.terms.get(termStart + i)).some(
      ({ globIds, tests }) => globIds.length === 1 && tests.length === 0 && matches[globIds[0]],
    );
  });
  for (let i = 0; i < artifact.terms.count; i++) {
    const { globIds, tests } = artifact.terms.get(i);
    if ((globIds.length > 1 || tests.length > 0) && globIds.some((id) => matches[id])) guarded = 0;
  }
  return {
    forbidden: first(artifact.forbidden.count, (rank) => matches[artifact.forbidden.get(rank).globId]),
    trigger,
    capability: first(artifact.capabilities.count, (rank) => artifact.capabilities.get(rank).globIds.some((id) => matches[id])),
    guarded,
  };
}

/** Names that the globs of an artifact match or nearly match, from a seed. */
export function namesNear(artifact: Artifact, count: number, seed: number): string[] {
  let state = seed >>> 0;
  const random = (n: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const alphabet = ["a", "b", "_", "x", "é", "ö", "Ł", "€", "😀", "\ud800", "\udc00", "\u0000", "\n"];
  const word = (most: number) => Array.from({ length: random(most + 1) }, () => alphabet[random(alphabet.length)]).join("");
  return Array.from({ length: count }, () => {
    if (artifact.globs.count === 0 || random(5) === 0) return word(8);
    const text = artifact.globs.get(random(artifact.globs.count)).text;
    let name = "";
    for (const symbol of text) name += symbol === "*" ? word(4) : symbol === "?" ? alphabet[random(alphabet.length)] : symbol;
    const at = random(name.length + 1);
    const change = random(4);
    if (change === 0) return name.slice(0, at) + name.slice(at + 1);
    if (change === 1) return name.slice(0, at) + alphabet[random(alphabet.length)] + name.slice(at);
    if (change === 2 && artifact.globs.count > 1)
      return name + artifact.globs.get(random(artifact.globs.count)).text.replace(/[*?]/g, "");
    return name;
  });
}

/** Names as packed bytes; lone surrogates as WTF-8. */
export function packNames(names: readonly string[]): { count: number; offsets: Uint32Array; bytes: Uint8Array } {
  const bytes: number[] = [];
  const offsets = new Uint32Array(names.length + 1);
  names.forEach((name, i) => {
    for (const character of name) {
      const c = character.codePointAt(0) as number;
      if (c < 0x80) bytes.push(c);
      else if (c < 0x800) bytes.push(0xc0 | (c >> 6), 0x80 | (c & 63));
      else if (c < 0x10000) bytes.push(0xe0 | (c >> 12), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63));
      else bytes.push(0xf0 | (c >> 18), 0x80 | ((c >> 12) & 63), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63));
    }
    offsets[i + 1] = bytes.length;
  });
  return { count: names.length, offsets, bytes: Uint8Array.from(bytes) };
}
