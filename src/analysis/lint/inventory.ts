import { quoteText } from "../../diagnostics/escape.js";
import { ANY, type Glob, globText, parseGlob, STAR } from "../../glob/parse.js";
import { guessedNameUnitsMax, lintWitnessesMax } from "../../limits.js";
import { findingAt } from "./finding.js";
import { GlobIndex } from "./glob-index.js";
import { isLiteral, literalHead } from "./glob-pairs.js";
import { type Ground, isRefusal } from "./ground.js";
import type { LintEdit, LintFinding } from "./lint-report.js";
import { addTo } from "./multimap.js";
import { NearestNames } from "./nearest.js";
import { foreignSyntax } from "./surprises.js";
import { foldName, serverTool } from "./tool-names.js";
import { refOf, type Unit } from "./units.js";
import { nameOfUnit } from "./wording.js";

/** Which names of an inventory each glob matches, by the glob's text, in the order of the inventory. */
export function namesByGlob(index: GlobIndex, inventory: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const name of inventory) {
    for (const { text } of index.matching(name)) {
      addTo(found, text, name);
    }
  }
  return found;
}

/**
 * case_only_miss and no_inventory_match: globs that match no name of the inventory. What was probably meant is a name that
 * differs only by case, or by case, `-` and `_`, or else the nearest one. Globs of another language have a finding of their own.
 */
export function inventoryMisses(
  ground: Ground,
  own: readonly Unit[],
  inventory: readonly string[],
  matched: ReadonlyMap<string, readonly string[]>,
): LintFinding[] {
  const missed = own.flatMap((unit) =>
    unit.globs.filter((glob) => !matched.has(glob.text) && foreignSyntax(glob) === undefined).map((glob) => ({ unit, glob })),
  );
  const byCase = foldedMatches(
    missed.map(({ glob }) => glob),
    inventory,
    false,
  );
  const byDash = foldedMatches(
    missed.map(({ glob }) => glob),
    inventory,
    true,
  );
  const nearest = new NearestNames(inventory);
  const servers = new Set(inventory.map((name) => serverTool(name)?.server));
  return missed.map(({ unit, glob }) => {
    const cased = byCase.get(glob.text);
    if (cased !== undefined) return caseMiss(ground, unit, glob, cased);
    const near = byDash.get(glob.text)?.[0] ?? nearest.to(glob);
    return missOf(ground, unit, glob, near, servers);
  });
}

function foldedMatches(globs: readonly Glob[], inventory: readonly string[], dashes: boolean): Map<string, string[]> {
  const folded = new Map<string, Glob>();
  for (const { text } of globs) {
    const glob = parseGlob(foldName(text, dashes));
    if (typeof glob !== "string") folded.set(text, glob);
  }
  const names = new Map<string, string[]>();
  for (const name of inventory) {
    addTo(names, foldName(name, dashes), name);
  }
  const byFolded = namesByGlob(new GlobIndex(folded.values()), [...names.keys()]);
  const found = new Map<string, string[]>();
  for (const [text, glob] of folded) {
    const keys = byFolded.get(glob.text);
    if (keys !== undefined)
      found.set(
        text,
        keys.flatMap((key) => names.get(key) as string[]),
      );
  }
  return found;
}

function caseMiss(ground: Ground, unit: Unit, glob: Glob, names: readonly string[]): LintFinding {
  const [name] = names as readonly [string];
  const spellings = new Set(names.map((one) => respelled(glob, one)));
  const [spelling] = spellings;
  const edit = spellings.size === 1 && spelling !== undefined ? editOf(unit, spelling) : undefined;
  return findingAt(unit, "case_only_miss", {
    message: `${subjectOf(unit, glob)} matches no tool of the inventory, only because of upper and lower case: there is ${quoteText(name)}${consequence(ground, unit, name)}`,
    fix: `write ${quoteText(spelling ?? name)}`,
    witnesses: names.slice(0, lintWitnessesMax),
    edit,
  });
}

function missOf(
  ground: Ground,
  unit: Unit,
  glob: Glob,
  near: string | undefined,
  servers: ReadonlySet<string | undefined>,
): LintFinding {
  const subject = subjectOf(unit, glob);
  if (near === undefined) {
    const server = serverTool(`${literalHead(glob)}a`)?.server;
    const isUnknown = server !== undefined && !servers.has(server);
    const why = isUnknown ? `, which has no server ${quoteText(server)}` : "";
    // A rule about servers or tools that may come is no mistake.
    const isForeseen = server === undefined ? !isLiteral(glob) : isUnknown;
    return findingAt(unit, "no_inventory_match", {
      severity: isForeseen || unit.kind === "capability" ? "notice" : "warning",
      message: `${subject} matches no tool of the inventory${why}`,
      fix: isForeseen
        ? "nothing, if it is meant for tools that are used elsewhere"
        : "correct it, or remove it if the tool is gone",
    });
  }
  const isOpen = stops(unit) && !isRefusal(ground.outcomeAt(ground.matching(near)));
  return findingAt(unit, "no_inventory_match", {
    severity: isOpen ? "error" : "warning",
    message: `${subject} matches no tool of the inventory; the nearest is ${quoteText(near)}${consequence(ground, unit, near)}`,
    fix: `did you mean ${quoteText(near)}?`,
    witnesses: [near],
  });
}

/** What the miss means for the tool that was probably meant. */
function consequence(ground: Ground, unit: Unit, name: string): string {
  if (!stops(unit) || isRefusal(ground.outcomeAt(ground.matching(name)))) return "";
  return ", which nothing forbids";
}

function stops(unit: Unit): boolean {
  return unit.kind === "forbidden" || (unit.kind === "trigger" && unit.rule.action !== "warn");
}

function subjectOf(unit: Unit, glob: Glob): string {
  return unit.kind === "trigger" ? `${quoteText(glob.source)} in ${nameOfUnit(unit)}` : nameOfUnit(unit);
}

/** Conditions are texts that only their authors can rewrite. */
function editOf(unit: Unit, glob: string): LintEdit | undefined {
  return unit.kind === "trigger" ? undefined : { kind: "replace_glob", rule: refOf(unit), glob };
}

/** The glob with its letters as the name spells them: where it stands against the name, stars taking in as little as they can. */
function respelled({ tokens }: Glob, name: string): string | undefined {
  if (name.length > guessedNameUnitsMax) return undefined;
  const points = Array.from(name, (character) => character.codePointAt(0) as number);
  const isSame = (token: number, point: number) =>
    token === ANY || foldName(String.fromCodePoint(token)) === foldName(String.fromCodePoint(point));
  // reach[i][j]: tokens from i on match points from j on.
  const reach = Array.from({ length: tokens.length + 1 }, () => new Array<boolean>(points.length + 1).fill(false));
  const at = (i: number, j: number) => reach[i]?.[j] === true;
  for (let i = tokens.length; i >= 0; i--) {
    for (let j = points.length; j >= 0; j--) {
      const token = tokens[i];
      let can = i === tokens.length && j === points.length;
      if (token === STAR) can = at(i + 1, j) || at(i, j + 1);
      else if (token !== undefined && j < points.length) can = isSame(token, points[j] as number) && at(i + 1, j + 1);
      (reach[i] as boolean[])[j] = can;
    }
  }
  if (!at(0, 0)) return undefined;
  const spelled: number[] = [];
  let j = 0;
  for (const [i, token] of tokens.entries()) {
    if (token === STAR) while (!at(i + 1, j)) j++;
    spelled.push(token < 0 ? token : (points[j] as number));
    if (token !== STAR) j++;
  }
  return globText(spelled);
}
