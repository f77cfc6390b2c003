import { type VerbClass, verbClassOf } from "./verbs.js";

/** A tool name taken apart. What cannot be told apart is left whole: an odd name is a tool without a server. */
export interface ToolName {
  readonly name: string;
  /** Empty for tools of the agent itself. */
  readonly server: string;
  /** What the name begins with up to its tool: `mcp__<server>__`, `<server>.` or nothing. */
  readonly prefix: string;
  /** Behind the prefix. */
  readonly tool: string;
  /** Words of the tool in lower case, with where each ends in `tool`. */
  readonly words: readonly { readonly text: string; readonly end: number }[];
  readonly verb: string;
  readonly verbClass: VerbClass;
}

/** As much of a name as is looked at: longer ones are judged like any other, but say no more than this. */
const partedUnits = 512;

/** Server, tool, words and verb of a name. Linear in the first part of it. */
export function partName(name: string): ToolName {
  const { server, prefix } = serverOf(name.slice(0, partedUnits));
  const tool = name.slice(prefix.length);
  const words = wordsOf(tool.slice(0, partedUnits));
  const { verb, verbClass } = verbOf(words.map(({ text }) => text));
  return { name, server, prefix, tool, words, verb, verbClass };
}

/** `mcp__server__tool`; else a server before `.`, `/` or `:`, or before the last `-` in front of words joined by `_`. */
function serverOf(name: string): { server: string; prefix: string } {
  if (name.startsWith("mcp__")) {
    const end = name.indexOf("__", "mcp__".length + 1);
    if (end > 0 && end + 2 < name.length) return { server: name.slice("mcp__".length, end), prefix: name.slice(0, end + 2) };
  }
  const mark = /^[A-Za-z][\w-]*?[./:](?=[A-Za-z])/.exec(name)?.[0];
  if (mark !== undefined) return { server: mark.slice(0, -1), prefix: mark };
  const underscore = name.indexOf("_");
  const dash = name.lastIndexOf("-", underscore);
  if (underscore > 0 && dash > 0) return { server: name.slice(0, dash), prefix: name.slice(0, dash + 1) };
  return { server: "", prefix: "" };
}

/** Words of snake_case, kebab-case and camelCase, also mixed; a run of capitals is one word. */
export function wordsOf(text: string): { text: string; end: number }[] {
  const words: { text: string; end: number }[] = [];
  for (const match of text.matchAll(/\p{Lu}+(?!\p{Ll})|\p{Lu}?[\p{Ll}\p{Lo}]+|\p{N}+/gu)) {
    words.push({ text: match[0].toLowerCase(), end: match.index + match[0].length });
  }
  return words;
}

/** A word that deletes decides wherever it stands, since that is the safer reading; else the first verb there is. */
function verbOf(words: readonly string[]): { verb: string; verbClass: VerbClass } {
  const deleting = words.find((word) => verbClassOf(word) === "delete");
  if (deleting !== undefined) return { verb: deleting, verbClass: "delete" };
  for (const word of words) {
    const verbClass = verbClassOf(word);
    if (verbClass !== undefined) return { verb: word, verbClass };
  }
  return { verb: words[0] ?? "", verbClass: "other" };
}

/** A name for a capability: lower case ASCII words joined by `_`; `fallback` where nothing is left. */
export function slugOf(text: string, fallback: string): string {
  const slug = wordsOf(text.slice(0, partedUnits))
    .map((word) => word.text.replace(/[^a-z0-9]/g, ""))
    .filter((word) => word !== "")
    .join("_")
    .slice(0, 40)
    .replace(/_$/, "");
  return /^[a-z]/.test(slug) ? slug : slug === "" ? fallback : `${fallback}_${slug}`;
}
