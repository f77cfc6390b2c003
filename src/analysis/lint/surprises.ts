import { quoteText } from "../../diagnostics/escape.js";
import { matchGlob } from "../../glob/match.js";
import { type Glob, STAR } from "../../glob/parse.js";
import { filledStarsMax, lintWitnessesMax } from "../../limits.js";
import { compareNames, pointsOf } from "../product/points.js";
import { findingAt } from "./finding.js";
import type { LintFinding } from "./lint-report.js";
import type { Proofs } from "./proofs.js";
import { type ServerTool, serverTool } from "./tool-names.js";
import type { Unit } from "./units.js";
import { nameOfUnit } from "./wording.js";

/**
 * surprising_match: a glob is read as `mcp__<server>__<tool>`, but `*` also takes in `__`. A finding has a name of that form that
 * the glob matches though its server or its tool does not fit what stands in their place; or says why a glob that looks like
 * a rule of another language matches no tool. With an inventory real names are shown, and a glob without one is left alone.
 */
export function surprisingMatches(
  own: readonly Unit[],
  inventory: ReadonlyMap<string, readonly string[]> | undefined,
  proofs: Proofs,
): LintFinding[] {
  return own.flatMap((unit) =>
    unit.globs.flatMap((glob) => {
      const foreign = foreignSyntax(glob);
      if (foreign !== undefined) {
        const severity = unit.kind === "capability" ? "notice" : "warning";
        return [findingAt(unit, "surprising_match", { ...foreign, severity })];
      }
      const reading = readingOf(glob);
      if (reading === undefined) return [];
      const real = inventory && (inventory.get(glob.text) ?? []).filter((name) => isSurprise(glob, reading, name));
      const witnesses = real?.slice(0, lintWitnessesMax) ?? madeUp(glob, reading);
      if (witnesses.length === 0) return [];
      proofs.matched(witnesses, glob.source);
      return [
        findingAt(unit, "surprising_match", {
          severity: real !== undefined && unit.kind === "capability" ? "warning" : "notice",
          message: messageOf(unit, glob, reading, witnesses[0] as string),
          fix: reading.fix,
          witnesses,
        }),
      ];
    }),
  );
}

/** What a glob seems to say of the servers and tools it matches. */
interface Reading {
  readonly fits: (name: ServerTool) => boolean;
  /** What is wrong with a name that does not fit. */
  readonly surprise: string;
  readonly fix: string;
}

/** Undefined where a name cannot surprise: the glob names one server, or does not look at servers at all. */
function readingOf({ text }: Glob): Reading | undefined {
  const [first, second, ...rest] = text.split("__");
  if (second === undefined || !text.includes("*")) return undefined;
  if (first === "*") {
    const tools = [second, ...rest].join("__");
    if (!hasLetter(tools) || !tools.endsWith("*")) return undefined;
    return {
      fits: ({ tool }) => matchGlob(tools, tool) || matchGlob(`*__${tools}`, tool),
      surprise: "is a tool whose server fits, not its own name",
      fix: `write ${quoteText(`mcp__*__${tools}`)} to begin behind the server`,
    };
  }
  if (first !== "mcp" || !second.includes("*")) return undefined;
  if (rest.length > 0) {
    const tools = rest.join("__");
    if (!hasLetter(tools)) return undefined;
    return {
      fits: ({ server, tool }) => matchGlob(second, server) && matchGlob(tools, tool),
      surprise: "is another tool: the `*` of the server takes in `__` as well",
      fix: "name the servers one by one, if only tools of that name are meant",
    };
  }
  if (!hasLetter(second) || !second.endsWith("*")) return undefined;
  const literal = second.slice(0, -1);
  if (!literal.includes("*") && !literal.includes("?")) {
    return {
      fits: ({ server }) => server === literal,
      surprise: "is a tool of another server: the glob does not say where the server's name ends",
      fix: `write ${quoteText(`mcp__${trimmed(literal)}__*`)} for the tools of one server`,
    };
  }
  return {
    fits: ({ tool }) => matchGlob(second, tool),
    surprise: "is a tool whose server fits, not its own name",
    fix: `write ${quoteText(`mcp__*__${second}`)} to begin behind the server`,
  };
}

/** `github_*` was hardly meant for a server whose name ends in `_`. */
function trimmed(server: string): string {
  let end = server.length;
  while (end > 1 && "_-".includes(server[end - 1] as string)) end--;
  return server.slice(0, end);
}

function hasLetter(text: string): boolean {
  for (const character of text) if (character !== "*" && character !== "?" && character !== "_") return true;
  return false;
}

function isSurprise(glob: Glob, reading: Reading, name: string): boolean {
  const parts = serverTool(name);
  return parts !== undefined && matchGlob(glob.text, name) && !reading.fits(parts);
}

/** What stars are filled with to find a surprising name. */
const fillings = ["", "a", "a__b", "mcp", "__a", "2__a"];

function madeUp(glob: Glob, reading: Reading): string[] {
  const names: number[][] = [];
  const stars = Math.min(filledStarsMax, glob.tokens.filter((token) => token === STAR).length);
  for (let choice = 0; choice < fillings.length ** stars; choice++) {
    let star = 0;
    let name = "";
    for (const token of glob.tokens) {
      if (token !== STAR) name += token < 0 ? "a" : String.fromCodePoint(token);
      else name += fillings[Math.floor(choice / fillings.length ** star++) % fillings.length];
    }
    const parts = serverTool(name);
    const isNatural =
      parts !== undefined && ![parts.server, parts.tool].some((part) => part.startsWith("_") || part.endsWith("_"));
    const points = pointsOf(name);
    if (isNatural && points !== undefined && isSurprise(glob, reading, name)) names.push(points);
  }
  names.sort(compareNames);
  return names.slice(0, 1).map((points) => String.fromCodePoint(...points));
}

function messageOf(unit: Unit, glob: Glob, { surprise }: Reading, witness: string): string {
  const subject = unit.kind === "trigger" ? `${quoteText(glob.source)} in ${nameOfUnit(unit)}` : nameOfUnit(unit);
  return `${subject} also matches ${quoteText(witness)}, which ${surprise}`;
}

/** Why a glob was probably written for something else, and matches no tool for it. Everything but `*` and `?` is literal here (G1). */
export function foreignSyntax({ text, source }: Glob): { message: string; fix: string } | undefined {
  const shown = quoteText(source);
  const open = text.indexOf("(");
  if (open > 0 && text.endsWith(")") && !text.includes("|")) {
    const tool = text.slice(0, open);
    return {
      message: `${shown} looks like a permission rule with arguments, but a policy sees names of tools only: no tool is called that`,
      fix: `write the name of the tool alone, such as ${quoteText(tool)}`,
    };
  }
  const sign =
    ["__.*", "(", "|", "[", "{", "\\", "^", "$"].find((piece) => text.includes(piece)) ??
    (text.startsWith(".*") ? ".*" : undefined);
  if (sign !== undefined) {
    return {
      message: `${shown} looks like a regular expression, but ${quoteText(sign)} stands for itself in a glob`,
      fix: "use `*` for any run of characters and `?` for one, and a rule for each alternative",
    };
  }
  if (
    text.startsWith("mcp__") &&
    !text.includes("*") &&
    !text.includes("?") &&
    text.length > 5 &&
    !text.slice(5).includes("__")
  ) {
    return {
      message: `${shown} matches only a tool of exactly that name, not the tools of the server ${quoteText(text.slice(5))}`,
      fix: `write ${quoteText(`${text}__*`)} for all tools of the server`,
    };
  }
  return undefined;
}
