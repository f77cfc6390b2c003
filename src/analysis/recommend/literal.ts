import type { Span } from "../../diagnostics/diagnostic.js";
import { type Glob, parseGlob } from "../../glob/parse.js";

/** What stands in no file yet. */
export const nowhere: Span = { file: "", line: 1, column: 1, endLine: 1, endColumn: 1 };

/** The glob that matches this name and no other; undefined where there is none: `*` and `?` in a name cannot be escaped (semantics G1). */
export function literalGlob(name: string): Glob | undefined {
  if (/[*?\ufffd]/.test(name)) return undefined;
  const glob = parseGlob(name);
  return typeof glob === "string" ? undefined : glob;
}
