import { type Dirent, readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { quoteText } from "../../diagnostics/escape.js";
import { couldMatch, isPathPattern, matchSegment, matchSegments, splitPattern } from "../../trace/paths.js";
import { failure } from "../failure.js";
import { exists, foundAt } from "../files.js";

/** How files of policy tests are told from policies. */
const suiteEnding = /\.test\.(?:ya?ml|json)$/i;

export function isSuiteName(path: string): boolean {
  return suiteEnding.test(path);
}

/** Hears of every file before it is read, and of every folder that was looked into, with the names that count there. */
export type Visit = (path: string, wanted?: (name: string) => boolean) => void;

/**
 * The suites that `--suite` names, each once: files, folders with files that end in `.test.yaml`, and patterns. `visit` hears of
 * every file and folder that was looked into. @throws CommandFailure for a name under which there is no suite.
 */
export function findSuites(named: readonly string[], visit: Visit): string[] {
  const found = new Map<string, string>();
  for (const name of named) {
    const files = filesNamed(name, visit);
    if (files.length === 0) throw failure("suite_none_found", `${quoteText(name, 400)} holds no policy tests`);
    for (const file of files) {
      const real = realpathSync(file);
      if (!found.has(real)) found.set(real, file);
    }
  }
  return [...found.values()];
}

/** The suite beside a policy: `policy.test.yaml` for `policy.yaml`. */
export function suiteBeside(policy: string, visit: Visit): string | undefined {
  const stem = policy.replace(/\.(?:ya?ml|json)$/i, "");
  const places = [".yaml", ".yml", ".json"].map((ending) => `${stem}.test${ending}`);
  for (const place of places) visit(place);
  return places.find(exists);
}

/** The policy beside a suite that names none. */
export function policyBeside(suite: string): string | undefined {
  if (!isSuiteName(suite)) return undefined;
  const stem = suite.replace(suiteEnding, "");
  return [".yaml", ".yml", ".json"].map((ending) => stem + ending).find(exists);
}

function filesNamed(name: string, visit: Visit): string[] {
  const kind = foundAt(name);
  if (kind?.isDirectory()) {
    return filesBelow(
      name,
      [],
      (folder) => visit(folder, isSuiteName),
      (path) => isSuiteName(path.at(-1) as string),
    );
  }
  if (kind === undefined && isPathPattern(name)) {
    const { folder, segments } = splitPattern(name);
    if (!exists(folder)) return [];
    const last = segments.at(-1) as string;
    return filesBelow(
      folder,
      [],
      (path) => visit(path, (file) => matchSegment(last, file)),
      (path) => matchSegments(segments, path),
      (path) => couldMatch(segments, path),
    );
  }
  visit(name);
  if (kind === undefined) throw failure("file_not_found", `policy tests ${quoteText(name, 400)} do not exist`);
  return [name];
}

/** Folders that hold other people's files. */
const passedOver: ReadonlySet<string> = new Set(["node_modules", ".git"]);

/** In the order of names. Linked folders are not entered: they may loop. */
function filesBelow(
  root: string,
  path: readonly string[],
  visit: Visit,
  wanted: (path: readonly string[]) => boolean,
  enter: (path: readonly string[]) => boolean = () => true,
): string[] {
  const folder = join(root, ...path);
  visit(folder);
  return entriesOf(folder).flatMap((entry) => {
    const inner = [...path, entry.name];
    if (entry.isDirectory()) {
      return passedOver.has(entry.name) || !enter(inner) ? [] : filesBelow(root, inner, visit, wanted, enter);
    }
    const file = join(root, ...inner);
    return wanted(inner) && foundAt(file)?.isFile() ? [file] : [];
  });
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw failure("file_unreadable", `folder ${quoteText(folder, 400)} cannot be read (${code ?? "unknown error"})`);
  }
}
