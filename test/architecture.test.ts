import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import * as limits from "../src/limits.js";
import {
  closure,
  cycles,
  importFaults,
  impurities,
  madeRegExps,
  ownStatements,
  type Tree,
  tooLong,
  unusedExports,
  vaguelyNamed,
} from "./support/house.js";
import { scanImports } from "./support/source-scan.js";

const root = join(import.meta.dirname, "..");
const linesMax = 450;
const policySchema = "src/syntax/schemas/policy.schema.json";

/** Files outside the rim that may name a clock or the host, each with the reason. */
const impureByDesign: Readonly<Record<string, string>> = {};

/** Files that may make a RegExp from text, each with the reason. */
const regExpsByDesign: Readonly<Record<string, string>> = {
  "src/cli/bench/linear.ts": "`policy bench` measures what it would cost; few stars, short names, and nothing is decided by it",
};

/** What both evaluators may take along at run time: the bytes and how they are divided. Matching itself is written twice on purpose. */
const sharedByEvaluators = /^src\/(?:limits|artifact\/(?:layout|sections|digest))\.ts$/;

/** As much of a schema as is looked at. */
interface Schema {
  readonly maximum?: number;
  readonly definitions: Readonly<Record<string, Schema>>;
  readonly properties: Readonly<Record<string, Schema>>;
}

/** Limits that a JSON Schema has to spell out: where, and how to find them there. */
const limitsInSchemas: Readonly<Record<string, readonly [string, (schema: Schema) => unknown]>> = {
  graceHoursMax: [policySchema, (schema) => schema.definitions.defaults.properties.grace_period_hours.maximum],
};

const source = readTree(["src", "assembly"], (file) => file.endsWith(".ts") && !file.includes(".generated."));
const withGenerated = readTree(["src"], (file) => file.endsWith(".ts"));

function readTree(folders: readonly string[], wanted: (file: string) => boolean): Tree {
  const tree = new Map<string, string>();
  for (const folder of folders) {
    if (!existsSync(join(root, folder))) continue;
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      const file = relative(root, join(entry.parentPath, entry.name));
      if (entry.isFile() && wanted(file)) tree.set(file, readFileSync(join(root, file), "utf8"));
    }
  }
  return tree;
}

/** What git tracks or would track; without git, everything that is neither installed nor built. */
function projectFiles(): string[] {
  if (existsSync(join(root, ".git"))) {
    const listing = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
      cwd: root,
      encoding: "utf8",
    });
    return listing.split("\0").filter((file) => file !== "" && existsSync(join(root, file)));
  }
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !/(^|\/)(node_modules|build|coverage)\//.test(file) && !file.includes(".generated."));
}

describe("the house", () => {
  test("has sources", () => {
    expect(source.size).toBeGreaterThan(10);
  });
  test("imports go one way", () => {
    expect(importFaults(source)).toEqual([]);
  });
  test("has no import cycles", () => {
    expect(cycles(source)).toEqual([]);
  });
  test("the evaluate side takes no package, no Node module, no compiler and no parser along", () => {
    const { files, packages } = closure(withGenerated, "src/runtime.ts");
    expect(files.size).toBeGreaterThan(5);
    expect([...packages]).toEqual([]);
    expect([...files].filter((f) => !/^src\/(runtime\.ts|limits\.ts|artifact\/|engine\/|policy\/|glob\/)/.test(f))).toEqual([]);
  });
  test("the two evaluators share nothing but the layout", () => {
    const js = closure(source, "src/engine/js.ts").files;
    const wasm = closure(source, "src/engine/wasm.ts").files;
    expect([js.has("src/artifact/layout.ts"), wasm.has("src/artifact/layout.ts")]).toEqual([true, true]);
    expect([...js].filter((file) => wasm.has(file) && !sharedByEvaluators.test(file))).toEqual([]);
  });
  test("the executable specification stands alone and fits in 300 lines", () => {
    const own = new Map([...source].filter(([file]) => file.startsWith("src/reference/")));
    expect(own.size).toBeGreaterThan(0);
    expect([...closure(source, "src/reference/evaluate.ts").files].filter((f) => !f.startsWith("src/reference/"))).toEqual([]);
    const lines = [...own.values()].reduce((sum, text) => sum + text.trimEnd().split("\n").length, 0);
    expect(lines).toBeLessThanOrEqual(300);
  });
  test("the two public entries are export lists", () => {
    for (const entry of ["src/index.ts", "src/runtime.ts"]) expect(ownStatements(source.get(entry) ?? "absent")).toEqual([]);
  });
  test("no RegExp is made from text", () => {
    expect(madeRegExps(source, regExpsByDesign)).toEqual([]);
    expect(Object.keys(regExpsByDesign).filter((file) => madeRegExps(source).every((fault) => !fault.startsWith(file)))).toEqual(
      [],
    );
  });
  test("clock, randomness and the host stay at the rim", () => {
    expect(impurities(source, impureByDesign)).toEqual([]);
    expect(Object.keys(impureByDesign).filter((file) => !source.has(file))).toEqual([]);
  });
  test("every limit is used", () => {
    expect(unusedExports(source, "src/limits.ts").filter((name) => !(name in limitsInSchemas))).toEqual([]);
    for (const [name, [file, read]] of Object.entries(limitsInSchemas)) {
      expect([name, read(JSON.parse(readFileSync(join(root, file), "utf8")))]).toEqual([
        name,
        limits[name as keyof typeof limits],
      ]);
    }
  });
});

describe("the files", () => {
  const files = projectFiles();
  test("are found", () => {
    expect(files).toContain("test/architecture.test.ts");
  });
  test("stay short", () => {
    const code = readTree(
      ["src", "assembly", "scripts", "test", "bench"],
      (f) => /\.(ts|mjs|js)$/.test(f) && !/\.generated\.|node_modules/.test(f),
    );
    expect(tooLong(code, linesMax)).toEqual([]);
  });
  test("have names that say something", () => {
    expect(vaguelyNamed(files)).toEqual([]);
  });
  test("name no machine, no registry and no unfinished work", () => {
    expect(files.flatMap((file) => wordFaults(file, readFileSync(join(root, file), "utf8")))).toEqual([]);
  });
  test("lock files name no registry", () => {
    const locks = files.filter((file) => /(^|\/)package-lock\.json$/.test(file));
    expect(locks).toContain("package-lock.json");
    expect(locks.filter((file) => readFileSync(join(root, file), "utf8").includes('"resolved": "http'))).toEqual([]);
  });
});

/** Spelled in pieces, so that this file passes its own check. */
const machineWords = [
  ...["work", "tmp", "root"].map((folder) => `(?<![\\w.*])/${folder}/`),
  `registry\\.${"npm"}`,
  `farm-${"bench"}`,
  `farm-${"studio"}`,
];
const unfinishedWords = ["TO" + "DO", "FIX" + "ME", "XX" + "X"].map((word) => `\\b${word}\\b`);

function wordFaults(file: string, text: string): string[] {
  const code = /^(src|assembly|scripts|test|bench)\//.test(file) && /\.(ts|mjs|js)$/.test(file);
  const words = new RegExp([...machineWords, ...(code ? unfinishedWords : [])].join("|"), "g");
  return [...text.matchAll(words)].map((m) => `${file}:${text.slice(0, m.index).split("\n").length} ${m[0]}`);
}

describe("the checks can fail", () => {
  const tree = (files: Record<string, string>): Tree => new Map(Object.entries(files));

  test("imports of every shape are seen, and those in comments and strings are not", () => {
    const text = [
      'import a, { type B } from "./one.js";',
      'import type { C } from "./two.js";',
      'import { type D, type E } from "./three.js";',
      'export * from "./four.js";',
      'import "./five.js";',
      'const f = await import("./six.js");',
      'type G = typeof import("./seven.js");',
      '// import x from "./comment.js"',
      '/* import x from "./block.js" */',
      "const s = 'import x from \"./string.js\"';",
      "const t = `$" + "{`a`} import x from './template.js'`;",
      'const r = /["/*]/; import {',
      "  h,",
      "  i,",
      '} from "./eight.js";',
    ].join("\n");
    expect(scanImports(text).map((i) => [i.specifier, i.typeOnly, i.line])).toEqual([
      ["./one.js", false, 1],
      ["./two.js", true, 2],
      ["./three.js", true, 3],
      ["./four.js", false, 4],
      ["./eight.js", false, 12],
      ["./five.js", false, 5],
      ["./six.js", false, 6],
      ["./seven.js", true, 7],
    ]);
  });

  test.each([
    ["src/limits.ts", 'import "./policy/merge.js";'],
    ["src/artifact/layout.ts", 'import { x } from "../limits.js";'],
    ["src/glob/parse.ts", 'import { x } from "../policy/model.js";'],
    ["src/policy/merge.ts", 'import { x } from "../syntax/policy.js";'],
    ["src/policy/merge.ts", 'import { parse } from "yaml";'],
    ["src/syntax/policy.ts", 'import { parse } from "yaml";'],
    ["src/syntax/policy.ts", 'import { policy } from "./validators.generated.js";'],
    ["src/syntax/schema.ts", 'import Ajv from "ajv";'],
    ["src/artifact/encode.ts", 'import { mergePolicies } from "../policy/merge.js";'],
    ["src/compiler/compile.ts", 'import { openEngine } from "../engine/engine.js";'],
    ["src/compiler/compile.ts", 'import { createHash } from "node:crypto";'],
    ["src/engine/engine.ts", 'import { planPolicy } from "../compiler/plan.js";'],
    ["src/engine/engine.ts", 'import { mergePolicies } from "../policy/merge.js";'],
    ["src/engine/engine.ts", 'const fs = await import("node:fs");'],
    ["src/reference/evaluate.ts", 'import { parseGlob } from "../glob/parse.js";'],
    ["src/trace/replay.ts", 'import { openEngine } from "../engine/engine.js";'],
    ["src/trace/replay.ts", 'import { readFile } from "node:fs/promises";'],
    ["src/report/text.ts", 'import { judge } from "../engine/judge.js";'],
    ["src/report/text.ts", 'import { Command } from "commander";'],
    ["src/cli/main.ts", 'import lodash from "lodash";'],
    ["src/elsewhere/x.ts", 'import { x } from "../limits.js";'],
    ["assembly/index.ts", 'import { x } from "../src/limits";'],
  ])("%s may not: %s", (file, text) => {
    expect(importFaults(tree({ [file]: text }))).toHaveLength(1);
  });

  test.each([
    ["src/engine/engine.ts", 'import type { Card } from "../policy/model.js";'],
    ["src/engine/engine.ts", 'import { stricter } from "../policy/lattice.js";'],
    ["src/syntax/document.ts", 'import { parseDocument } from "yaml";'],
    ["src/syntax/schema.ts", 'import { policy } from "./validators.generated.js";'],
    [
      "src/cli/commands/test.ts",
      'import { readFile } from "node:fs/promises"; import { planPolicy } from "../../compiler/plan.js";',
    ],
    ["src/reference/evaluate.ts", 'import type { Policy } from "../policy/model.js";'],
    ["assembly/index.ts", 'import { MAGIC_0 } from "../src/artifact/layout"; import { walk } from "./walk";'],
  ])("%s may: %s", (file, text) => {
    const known = { "assembly/walk.ts": "", "src/artifact/layout.ts": "" };
    expect(importFaults(tree({ ...known, [file]: text }))).toEqual([]);
  });

  test("a cycle is found, a diamond is none", () => {
    const diamond = {
      "src/a.ts": 'import "./b.js"; import "./c.js";',
      "src/b.ts": 'import "./d.js";',
      "src/c.ts": 'import "./d.js";',
    };
    expect(cycles(tree({ ...diamond, "src/d.ts": "" }))).toEqual([]);
    expect(cycles(tree({ ...diamond, "src/d.ts": 'import type { A } from "./a.js";' }))).toEqual([
      "src/a.ts -> src/b.ts -> src/d.ts -> src/a.ts",
    ]);
  });

  test("the closure follows values, not types", () => {
    const { files, packages } = closure(
      tree({
        "src/runtime.ts": 'export * from "./engine/engine.js"; import type { P } from "./syntax/policy.js";',
        "src/engine/engine.ts": 'const later = () => import("./deep.js");',
        "src/engine/deep.ts": 'import "yaml";',
        "src/syntax/policy.ts": 'import "commander";',
      }),
      "src/runtime.ts",
    );
    expect([...files]).toEqual(["src/runtime.ts", "src/engine/engine.ts", "src/engine/deep.ts"]);
    expect([...packages]).toEqual(["yaml"]);
  });

  test("clocks, chance and made patterns are seen in code only", () => {
    const dirty = tree({
      "src/engine/x.ts": "// Date.now()\nconst a = Date.now();\nconst b = 'process';\nconst c = process.env;",
    });
    expect(impurities(dirty, {})).toEqual(["src/engine/x.ts:2 Date.now", "src/engine/x.ts:4 process"]);
    expect(impurities(dirty, { "src/engine/x.ts": "a reason" })).toEqual([]);
    expect(madeRegExps(tree({ "src/a.ts": "const r = new RegExp(text);" }))).toHaveLength(1);
  });

  test("length, names, unused limits and statements in an export list are seen", () => {
    expect(tooLong(tree({ "src/a.ts": "\n".repeat(500).replace(/\n/g, "x\n") }), linesMax)).toEqual(["src/a.ts has 500 lines"]);
    expect(vaguelyNamed(["src/policy/merge.ts", "src/policy-utils.ts", "test/data/x.yaml"])).toEqual([
      "src/policy-utils.ts",
      "test/data/x.yaml",
    ]);
    const limits = tree({ "src/limits.ts": "export const aMax = 1;\nexport const bMax = 2;", "src/a.ts": "// bMax\nuse(aMax);" });
    expect(unusedExports(limits, "src/limits.ts")).toEqual(["bMax"]);
    expect(ownStatements('export { a } from "./a.js";\nexport type { B } from "./b.js";\nexport * from "./c.js";')).toEqual([]);
    expect(ownStatements('export { a } from "./a.js";\nconst b = 1;')).toEqual(["const b = 1"]);
  });

  test("machine paths and unfinished work are seen", () => {
    expect(wordFaults("docs/a.md", `see /${"work"}/main`)).toHaveLength(1);
    expect(wordFaults("src/a.ts", `// ${"TO"}${"DO"} later`)).toHaveLength(1);
    expect(wordFaults("docs/a.md", "a framework/main and the root of it")).toEqual([]);
  });
});
