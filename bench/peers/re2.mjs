import { cycle } from "../harness/rounds.mjs";
import { globRegExp, ruleText } from "./regexp.mjs";
import { version } from "./version.mjs";

/** RE2.Set: all globs in one automaton, made lazily; reports every match, from which the deciding rules are the first of each half. */
export const name = "re2 RE2.Set";
export const reads = () => true;
export const caveat = "reports every matching rule; no decision object";

/** RE2's own default is 8 MiB; large sets need more to compile at all. */
const memoryMax = 1024 ** 3;

export async function open(policy) {
  const { default: RE2 } = await import("re2");
  const mapped = policy.capabilities.flatMap(({ tools }, capability) => tools.map((glob) => ({ glob, capability })));
  const sources = [...policy.forbidden.map(({ pattern }) => pattern), ...mapped.map(({ glob }) => glob)].map(globRegExp);
  const set = new RE2.Set(sources, { flags: "s", anchor: "both", maxMem: memoryMax });
  const forbiddenCount = policy.forbidden.length;
  const firsts = (tool) => {
    let forbidden = forbiddenCount;
    let allowed = sources.length;
    for (const index of set.match(tool)) {
      if (index < forbidden) forbidden = index;
      else if (index >= forbiddenCount && index < allowed) allowed = index;
    }
    return { forbidden, allowed };
  };
  return {
    version: version("re2"),
    answer(tool) {
      const { forbidden, allowed } = firsts(tool);
      if (forbidden < forbiddenCount) return `forbidden ${policy.forbidden[forbidden].pattern}`;
      return allowed < sources.length ? `mapped ${mapped[allowed - forbiddenCount].capability}` : "unmapped";
    },
    expected: ruleText,
    checker: (names) =>
      cycle(names, (tool) => {
        const { forbidden, allowed } = firsts(tool);
        return forbidden + allowed;
      }),
  };
}
