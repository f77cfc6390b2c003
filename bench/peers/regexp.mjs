import { cycle } from "../harness/rounds.mjs";

/** What people write first: a compiled RegExp a glob, tried in order until one matches. */
export const name = "RegExp list, compiled ahead";
export const reads = () => true;
export const caveat = "stops at the first match of each half; a backtracking engine, so a hostile glob can hang it";

/** The source of a RegExp that reads the glob as we do, in a dialect that RE2 shares. */
export function globRegExp(glob) {
  let source = "^";
  for (const character of glob) {
    if (character === "*") source += ".*";
    else if (character === "?") source += ".";
    else source += /[\\^$.|+()[\]{}/]/.test(character) ? `\\${character}` : character;
  }
  return `${source}$`;
}

export async function open(policy) {
  const compile = (glob) => new RegExp(globRegExp(glob), "su");
  const forbidden = policy.forbidden.map(({ pattern }) => compile(pattern));
  const capabilityOf = [];
  const mapped = policy.capabilities.flatMap(({ tools }, capability) =>
    tools.map((glob) => {
      capabilityOf.push(capability);
      return compile(glob);
    }),
  );
  const first = (list, tool) => {
    for (let i = 0; i < list.length; i++) if (list[i].test(tool)) return i;
    return -1;
  };
  return {
    version: process.version,
    answer(tool) {
      const f = first(forbidden, tool);
      if (f >= 0) return `forbidden ${policy.forbidden[f].pattern}`;
      const m = first(mapped, tool);
      return m >= 0 ? `mapped ${capabilityOf[m]}` : "unmapped";
    },
    expected: ruleText,
    checker: (names) =>
      cycle(names, (tool) => {
        const f = first(forbidden, tool);
        return f >= 0 ? f : first(mapped, tool);
      }),
  };
}

/** A decision by its deciding rule. */
export function ruleText({ cause, rule }) {
  if (cause.startsWith("forbidden")) return `forbidden ${rule.pattern}`;
  return cause === "mapped" ? `mapped ${rule.index}` : "unmapped";
}
