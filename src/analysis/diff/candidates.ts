import { candidateGlobsMax } from "../../limits.js";

/** Names that globs suggest: wildcards as nothing, as one character, and as a run of them. At most three for each glob. */
export function instancesOf(globs: readonly string[]): string[] {
  const names = new Set<string>();
  for (const glob of globs.slice(0, candidateGlobsMax)) {
    for (const run of ["", "x", "_x_"]) {
      let name = "";
      for (const symbol of glob) name += symbol === "*" ? run : symbol === "?" ? "x" : symbol;
      if (name !== "") names.add(name);
    }
  }
  return [...names];
}
