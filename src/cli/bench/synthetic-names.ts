import { ANY, type Glob, STAR } from "../../glob/parse.js";
import { benchNameUnitsMax } from "../../limits.js";
import type { MergedPolicy } from "../../policy/model.js";

/** Words as tool names have them; what fills a star. */
const words = "get list create update delete search read write send run issue file user page table message event order".split(
  " ",
);

/** Equal policies get equal names. */
export const namesSeed = 20_260_207;

/** mulberry32: 0 up to below 1. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Distinct names around the policy's own globs: of four, two fit a glob with its wildcards filled by words, one is such a name with
 * another ending, one is of a server that no glob need know. When words run out a number is added, so that every name is new.
 */
export function namesAround(policy: MergedPolicy, count: number): string[] {
  const random = seededRandom(namesSeed);
  const below = (n: number) => Math.floor(random() * n);
  const word = () => words[below(words.length)] as string;
  const globs = globsOf(policy);
  const names = new Set<string>();
  for (let i = 0; names.size < count; i++) {
    const glob = globs.length === 0 ? undefined : globs[below(globs.length)];
    let name = `mcp__${word()}-${below(50)}__${word()}_${word()}`;
    if (glob !== undefined && i % 4 !== 3) name = fitting(glob, word, below);
    if (i % 4 === 2) name += `_${word()}`;
    if (names.has(name)) name += `_${names.size}`;
    if (name.length <= benchNameUnitsMax && name !== "") names.add(name);
    else names.add(`mcp__long__tool_${names.size}`);
  }
  return [...names];
}

/** Calls as they come: a few names far more often than the others. Indexes into names. */
export function skewedCalls(distinct: number, count: number): Uint32Array {
  const random = seededRandom(namesSeed + 1);
  return Uint32Array.from({ length: count }, () => Math.floor(random() ** 3 * distinct));
}

function globsOf(policy: MergedPolicy): Glob[] {
  return [
    ...policy.forbidden.map(({ rule }) => rule.pattern.glob),
    ...policy.capabilities.flatMap(({ rule }) => rule.tools.map(({ glob }) => glob)),
    ...policy.triggers.flatMap(({ rule }) => rule.condition.terms.flatMap(({ globs }) => globs)),
  ];
}

function fitting({ tokens }: Glob, word: () => string, below: (n: number) => number): string {
  let name = "";
  for (const token of tokens) {
    if (token === STAR) name += below(5) === 0 ? "" : `${word()}_${word()}`;
    else name += token === ANY ? String.fromCharCode(97 + below(26)) : String.fromCodePoint(token);
  }
  return name;
}
