/**
 * Path patterns, so that a pattern in quotes means the same on every shell. `*` and `?` stay within one folder name, `**`
 * as a whole segment is any number of folders. Nothing else is special; case counts.
 */

/** Whether a path is a pattern rather than a name. */
export function isPathPattern(path: string): boolean {
  return path.includes("*") || path.includes("?");
}

/** The folder above the first segment with a wildcard, and the segments from there on. */
export function splitPattern(pattern: string): { readonly folder: string; readonly segments: readonly string[] } {
  const parts = pattern.split("/");
  const first = parts.findIndex(isPathPattern);
  const folder = parts.slice(0, first).join("/");
  const segments = parts.slice(first).filter((part) => part !== "");
  return { folder: folder === "" ? (pattern.startsWith("/") ? "/" : ".") : folder, segments };
}

/** Whether the segments of a path below the pattern's folder match it. At most segments x parts steps. */
export function matchSegments(pattern: readonly string[], path: readonly string[]): boolean {
  let reachable = new Set([0]);
  for (const part of [...path, undefined]) {
    // `**` may stand for nothing.
    for (const at of reachable) if (pattern[at] === "**") reachable.add(at + 1);
    if (part === undefined) return reachable.has(pattern.length);
    const next = new Set<number>();
    for (const at of reachable) {
      const segment = pattern[at];
      if (segment === "**") next.add(at);
      else if (segment !== undefined && matchSegment(segment, part)) next.add(at + 1);
    }
    reachable = next;
  }
  return false;
}

/** Whether a deeper path could still match, so that a walk need not enter folders in vain. */
export function couldMatch(pattern: readonly string[], folder: readonly string[]): boolean {
  for (let i = 0; i < folder.length; i++) {
    const segment = pattern[i];
    if (segment === "**") return true;
    if (segment === undefined || !matchSegment(segment, folder[i]!)) return false;
  }
  return folder.length < pattern.length;
}

/** One segment with `*` and `?`, by code points; backtracks to the last star only, so linear times the pattern. */
export function matchSegment(pattern: string, name: string): boolean {
  const wanted = [...pattern];
  const given = [...name];
  let p = 0;
  let n = 0;
  let star = -1;
  let from = 0;
  while (n < given.length) {
    if (wanted[p] === "*") {
      star = p++;
      from = n;
    } else if (p < wanted.length && (wanted[p] === "?" || wanted[p] === given[n])) {
      p++;
      n++;
    } else if (star !== -1) {
      p = star + 1;
      n = ++from;
    } else return false;
  }
  while (wanted[p] === "*") p++;
  return p === wanted.length;
}

/** The folder where Claude Code keeps the transcripts of one project folder: every other character becomes a dash. */
export function claudeProjectFolder(home: string, projectFolder: string): string {
  return `${home}/.claude/projects/${projectFolder.replace(/[^A-Za-z0-9]/g, "-")}`;
}
