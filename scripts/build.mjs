// Source to build/: every module as tsc emits it, the JSON schemas, and three bundles (the evaluator, the SDK and the command).
// Everything is written aside first and moved into place file by file, so a test that runs meanwhile never reads half a file.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { build as bundle } from "esbuild";
import { filesUnder, root, whenChanged } from "./freshness.mjs";

const out = join(root, "build");

/** Nothing but our own relative modules may be inside the runtime bundle. */
const refuseImports = {
  name: "refuse-imports",
  setup(context) {
    context.onResolve({ filter: /^[^.]/ }, (args) =>
      args.kind === "entry-point"
        ? undefined
        : { errors: [{ text: `what ships alone may not import \`${args.path}\` (from ${relative(root, args.importer)})` }] },
    );
  },
};

const started = performance.now();
await import("./generate.mjs");
const inputs = ["src", "schemas", "scripts", "package.json", "package-lock.json", "tsconfig.json"];
try {
  const built = await whenChanged("build", { inputs }, buildAll);
  if (built) note(`${Math.round(performance.now() - started)} ms`);
} catch (error) {
  note(error.message);
  process.exitCode = 1;
}

async function buildAll() {
  mkdirSync(out, { recursive: true });
  const stage = mkdtempSync(join(out, ".stage-"));
  try {
    emitModules(stage);
    copySchemas(stage);
    await bundleAlone(stage, "src/runtime.ts");
    await bundleAlone(stage, "src/client.ts");
    await bundleCommand(stage);
    return moveIntoPlace(stage);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

function emitModules(stage) {
  const tsc = join(root, "node_modules", ".bin", "tsc");
  const result = spawnSync(tsc, ["--outDir", stage], { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (result.status !== 0) throw new Error("the types do not check");
}

function copySchemas(stage) {
  const schemas = [...filesUnder("schemas"), ...filesUnder("src")].filter(
    (file) => file.endsWith(".schema.json") || basename(file) === "openapi.json",
  );
  mkdirSync(join(stage, "schemas"), { recursive: true });
  for (const file of schemas) copyFileSync(join(root, file), join(stage, "schemas", basename(file)));
}

/** An entry with all it needs and nothing else: the evaluator and the SDK, which ship to gateways, workers and pages. */
async function bundleAlone(stage, entry) {
  const name = `${basename(entry, ".ts")}.js`;
  const outfile = join(stage, name);
  await bundle({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    minify: true,
    legalComments: "none",
    logLevel: "error",
    allowOverwrite: true,
    plugins: [refuseImports],
  });
  const bytes = readFileSync(outfile).length;
  // How large it may be is a test's business (test/bundles.test.ts): a build that stops cannot be looked at.
  note(`${name}: ${bytes} bytes minified`);
}

/** The command, split so that each verb loads only what it needs. */
async function bundleCommand(stage) {
  const entry = "src/cli/main.ts";
  if (!existsSync(join(root, entry))) return note(`${entry} is absent, so there is no command yet`);
  await bundle({
    absWorkingDir: root,
    // The bodies of the threads, which read traces or look at large policies, share their chunks with the command.
    entryPoints: { smoltbot: entry, "trace-worker": "src/trace/io/worker.ts", "task-worker": "src/server/task-worker.ts" },
    outdir: stage,
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    logLevel: "error",
    allowOverwrite: true,
    // What keeps a registry comes as it is installed: native code cannot be bundled, and these are loaded by few verbs.
    external: ["@opentelemetry/api", "better-sqlite3", "fastify", "kysely", "pg", "pg-native", "pino", "prom-client"],
    // Some dependencies are CommonJS and ask for Node's own modules with require.
    banner: {
      js: 'import { createRequire as createRequire$ } from "node:module"; const require = createRequire$(import.meta.url);',
    },
  });
  const file = join(stage, "smoltbot.js");
  const text = readFileSync(file, "utf8");
  if (!text.startsWith("#!")) writeFileSync(file, `#!/usr/bin/env node\n${text}`);
  chmodSync(file, 0o755);
}

/** Moves every staged file to build/ and removes what an earlier build left behind. Returns the outputs. */
function moveIntoPlace(stage) {
  const staged = readdirSync(stage, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(stage, join(entry.parentPath, entry.name)))
    .sort();
  for (const file of staged) {
    mkdirSync(dirname(join(out, file)), { recursive: true });
    renameSync(join(stage, file), join(out, file));
  }
  const wanted = new Set(staged.map((file) => join("build", file)));
  for (const file of filesUnder("build")) {
    const kept = wanted.has(file) || file.startsWith(join("build", "."));
    if (!kept) rmSync(join(root, file));
  }
  return [...wanted];
}

function note(text) {
  console.error(`build: ${text}`);
}
