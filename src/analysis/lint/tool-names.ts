/** Names and globs as people read them: `mcp__<server>__<tool>`. */

export interface ServerTool {
  readonly server: string;
  readonly tool: string;
}

/** The server ends at the first `__`; undefined for names that are not of this form. */
export function serverTool(name: string): ServerTool | undefined {
  if (!name.startsWith("mcp__")) return undefined;
  const end = name.indexOf("__", 5 + 1);
  if (end < 0 || end + 2 >= name.length) return undefined;
  return { server: name.slice(5, end), tool: name.slice(end + 2) };
}

/** Upper case folded where it keeps its length, so that places stay the same; with `dashes`, `-` reads as `_`. */
export function foldName(name: string, dashes = false): string {
  let folded = "";
  for (const character of name) {
    const lower = character.toLowerCase();
    folded += lower.length === character.length ? lower : character;
  }
  return dashes ? folded.replaceAll("-", "_") : folded;
}
