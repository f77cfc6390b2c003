import { posix } from "node:path";
import { blank, type Import, scanImports } from "./source-scan.js";

/** A tree of sources: path from the root of the project -> text. */
export type Tree = ReadonlyMap<string, string>;

/** What a part of the house may import. A name is a folder or file under src/, without extension. */
interface Allowance {
  readonly values: readonly string[];
  /** Erased by the compiler, in addition to `values`. */
  readonly types?: readonly string[];
}

const anything = ["*"];
/** Policy functions that need nothing but their arguments, so that the evaluate side may take them along. */
const purePolicy = ["policy/lattice", "policy/grace", "policy/card", "policy/coverage", "policy/fault"];

/** The longest matching key counts. Inside one part everything is allowed; cycles are looked for separately. */
export const allowed: Readonly<Record<string, Allowance>> = {
  limits: { values: [] },
  "version.generated": { values: [] },
  "artifact/layout": { values: [] },
  diagnostics: { values: ["limits"] },
  glob: { values: ["diagnostics", "limits"] },
  policy: { values: ["glob", "diagnostics", "limits"] },
  syntax: { values: ["policy", "glob", "diagnostics", "limits"] },
  artifact: { values: ["limits", "policy/lattice"], types: ["policy"] },
  compiler: { values: ["policy", "glob", "artifact", "limits"], types: ["diagnostics"] },
  engine: { values: ["artifact", "limits", "glob", ...purePolicy], types: ["policy"] },
  reference: { values: [], types: ["policy", "glob", "engine/result"] },
  trace: { values: ["diagnostics", "limits"], types: ["engine", "policy"] },
  analysis: { values: ["policy", "glob", "compiler", "artifact", "engine", "reference", "limits", "diagnostics"] },
  report: { values: ["diagnostics/escape", "limits"], types: anything },
  // Keeps texts and bytes, and knows no policies.
  store: { values: ["limits"] },
  // What can be asked of a registry, on a store. Clock and chance are arguments.
  registry: {
    values: [
      "store",
      "report/json",
      "analysis",
      "trace",
      "syntax",
      "policy",
      "compiler",
      "artifact",
      "engine",
      "glob",
      "diagnostics",
      "limits",
    ],
    types: ["reference"],
  },
  // The SDK ships alone: documented shapes and nothing else.
  client: { values: [], types: ["registry/shapes"] },
  server: {
    values: ["registry", "store", "report/json", "trace", "diagnostics", "limits", "version.generated"],
    types: anything,
  },
  cli: { values: anything },
  index: {
    values: ["syntax", "policy", "glob", "diagnostics", "limits", "artifact", "compiler", "version.generated"],
    types: anything,
  },
  runtime: { values: ["engine", "artifact", "limits", ...purePolicy], types: anything },
};

/** Packages and Node's own modules: who alone may import them. */
export const packageHomes: Readonly<Record<string, readonly string[]>> = {
  yaml: ["src/syntax/document.ts"],
  commander: ["src/cli/"],
  "cli-progress": ["src/cli/"],
  picocolors: ["src/cli/"],
  "@noble/hashes": ["src/compiler/digest.ts"],
  fzstd: ["src/trace/io/zstd.ts"],
  hyparquet: ["src/trace/formats/parquet.ts"],
  "hyparquet-compressors": ["src/trace/formats/parquet.ts"],
  pbf: ["src/trace/formats/otel/wire.ts"],
  kysely: ["src/store/"],
  pg: ["src/store/"],
  "better-sqlite3": ["src/store/"],
  fastify: ["src/server/"],
  pino: ["src/server/"],
  "prom-client": ["src/server/"],
  "@opentelemetry/api": ["src/server/"],
  "node:": ["src/cli/", "src/trace/io/", "src/store/", "src/server/"],
};

export interface Edge extends Import {
  readonly from: string;
  /** Path inside the tree, or undefined for packages. */
  readonly to: string | undefined;
}

/** `src/a/b.js` as imports write it -> `src/a/b.ts` as it is stored. */
function resolve(tree: Tree, from: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  const path = posix.join(posix.dirname(from), specifier);
  const candidates = [path.replace(/\.js$/, ".ts"), `${path}.ts`, `${path}/index.ts`, path];
  return candidates.find((c) => tree.has(c)) ?? candidates[0];
}

export function edgesOf(tree: Tree): Edge[] {
  const edges: Edge[] = [];
  for (const [from, text] of tree) {
    for (const found of scanImports(text)) edges.push({ ...found, from, to: resolve(tree, from, found.specifier) });
  }
  return edges;
}

/** `src/policy/merge.ts` -> `policy/merge`. */
function nameOf(path: string): string {
  return path.replace(/^src\//, "").replace(/\.[jt]s$/, "");
}

function covers(list: readonly string[], name: string): boolean {
  return list.some((entry) => entry === "*" || name === entry || name.startsWith(`${entry}/`));
}

function partOf(name: string): string | undefined {
  const keys = Object.keys(allowed).filter((key) => name === key || name.startsWith(`${key}/`));
  return keys.sort((a, b) => b.length - a.length)[0];
}

/** Imports against the table above. */
export function importFaults(tree: Tree): string[] {
  const faults: string[] = [];
  for (const edge of edgesOf(tree)) {
    const place = `${edge.from}:${edge.line}`;
    if (edge.from.startsWith("assembly/")) {
      const fine = edge.to !== undefined && (edge.to.startsWith("assembly/") || edge.to === "src/artifact/layout.ts");
      if (!fine) faults.push(`${place} the kernel may import only src/artifact/layout.ts, not ${edge.specifier}`);
      continue;
    }
    if (edge.to === undefined) faults.push(...packageFaults(edge, place));
    else faults.push(...partFaults(edge, edge.to, place));
  }
  return faults;
}

function packageFaults(edge: Edge, place: string): string[] {
  const home = Object.entries(packageHomes).find(([name]) =>
    name.endsWith(":") ? edge.specifier.startsWith(name) : edge.specifier === name || edge.specifier.startsWith(`${name}/`),
  );
  if (home === undefined) return [`${place} imports ${edge.specifier}, which no part of the house may import`];
  if (home[1].some((path) => edge.from === path || (path.endsWith("/") && edge.from.startsWith(path)))) return [];
  return [`${place} imports ${edge.specifier}, which belongs to ${home[1].join(", ")}`];
}

function partFaults(edge: Edge, to: string, place: string): string[] {
  const [from, target] = [nameOf(edge.from), nameOf(to)];
  if (/(^|\/)validators?\.generated$/.test(target) && from !== "syntax/schema") {
    return [`${place} imports the compiled validators, which belong to src/syntax/schema.ts`];
  }
  const part = partOf(from);
  if (part === undefined) return [`${place} stands outside every part of the house`];
  const { values, types = [] } = allowed[part];
  if (covers([part], target) && target !== part) return [];
  if (covers(values, target) || (edge.typeOnly && covers(types, target))) return [];
  const typed = covers(types, target) ? " (only as types)" : "";
  return [`${place} ${part} may not import ${target}${typed}`];
}

/** Cycles among files, type imports included; each is reported once, as a path. */
export function cycles(tree: Tree): string[] {
  const next = new Map<string, string[]>();
  for (const edge of edgesOf(tree)) if (edge.to !== undefined) next.set(edge.from, [...(next.get(edge.from) ?? []), edge.to]);
  const state = new Map<string, "open" | "done">();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") {
      found.push([...path.slice(path.indexOf(file)), file].join(" -> "));
      return;
    }
    state.set(file, "open");
    for (const to of next.get(file) ?? []) visit(to, [...path, file]);
    state.set(file, "done");
  };
  for (const file of tree.keys()) visit(file, []);
  return found;
}

/** Everything a file pulls in at run time: files of the tree and package names. */
export function closure(tree: Tree, entry: string): { files: Set<string>; packages: Set<string> } {
  const edges = edgesOf(tree).filter((edge) => !edge.typeOnly);
  const files = new Set([entry]);
  const packages = new Set<string>();
  for (const file of files) {
    for (const edge of edges) {
      if (edge.from !== file) continue;
      if (edge.to === undefined) packages.add(edge.specifier);
      else files.add(edge.to);
    }
  }
  return { files, packages };
}

/** Clock, randomness, environment: only at the rim. */
const rim = ["src/cli/", "src/trace/io/", "src/store/", "src/server/", "src/client/"];
const impure =
  /\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|\bperformance\.now\b|\bprocess\b|\brandomUUID\b|\bgetRandomValues\b|\bset(?:Timeout|Interval|Immediate)\b|\bfetch\(/g;

export function impurities(tree: Tree, exceptions: Readonly<Record<string, string>>): string[] {
  return matchesOutside(tree, impure, (file) => rim.some((folder) => file.startsWith(folder)) || file in exceptions);
}

/** A RegExp made from text could be made from policy or tool text. */
export function madeRegExps(tree: Tree, exceptions: Readonly<Record<string, string>> = {}): string[] {
  return matchesOutside(tree, /\bRegExp\s*\(/g, (file) => file in exceptions);
}

function matchesOutside(tree: Tree, pattern: RegExp, exempt: (file: string) => boolean): string[] {
  const faults: string[] = [];
  for (const [file, text] of tree) {
    if (exempt(file)) continue;
    const code = blank(text, { strings: true });
    for (const m of code.matchAll(pattern)) faults.push(`${file}:${code.slice(0, m.index).split("\n").length} ${m[0]}`);
  }
  return faults;
}

export function tooLong(tree: Tree, linesMax: number): string[] {
  return [...tree]
    .map(([file, text]) => ({ file, lines: text.trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > linesMax)
    .map(({ file, lines }) => `${file} has ${lines} lines`);
}

const vagueNames = new Set(["manager", "helper", "helpers", "util", "utils", "data", "info", "process", "common", "misc"]);

export function vaguelyNamed(paths: Iterable<string>): string[] {
  return [...paths].filter((path) => path.split(/[/.\-_]/).some((word) => vagueNames.has(word.toLowerCase())));
}

/** Exported constants of a file that no other file of the tree mentions. */
export function unusedExports(tree: Tree, file: string): string[] {
  const names = [...blank(tree.get(file) ?? "", { strings: true }).matchAll(/\bexport const (\w+)/g)].map((m) => m[1]);
  const others = [...tree].filter(([path]) => path !== file).map(([, text]) => blank(text, { strings: true }));
  return names.filter((name) => !others.some((text) => new RegExp(`\\b${name}\\b`).test(text)));
}

/** A module that only exports from elsewhere: no statement of its own. */
export function ownStatements(source: string): string[] {
  return blank(source, { strings: false })
    .split(/;|(?<=["'])\n/)
    .map((statement) => statement.trim())
    .filter((s) => s !== "" && !/^export\s+(type\s+)?(\*(\s+as\s+\w+)?|\{[^}]*\})\s*from\s*["'][^"']+["']$/.test(s));
}
