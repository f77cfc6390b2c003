// Question: how long until the command answers, and how large is what ships?
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { benchOptions, duration, finish, row, size, times } from "./harness/report.mjs";
import { interleave, ratio } from "./harness/rounds.mjs";

const ratioTarget = 2.5;
const runtimeTarget = 30 * 1024;

const options = benchOptions();
const path = (file) => fileURLToPath(new URL(`../${file}`, import.meta.url));
const command = path("build/smoltbot.js");
const policy = path("examples/first-steps/policy.yaml");

const expected = { "node -e 0": "", "smoltbot --version": JSON.parse(readFileSync(path("package.json"), "utf8")).version };
const candidates = [
  started("node -e 0", ["-e", "0"]),
  started("smoltbot --version", [command, "--version"]),
  started("smoltbot policy validate", [command, "policy", "validate", policy]),
  started("smoltbot policy explain", [command, "policy", "explain", policy, "Bash"]),
];
const results = interleave(
  candidates,
  options.quick ? { rounds: 5, sampleMs: 1, warmMs: 1 } : { rounds: 31, sampleMs: 1, warmMs: 300 },
);
const bare = results.get("node -e 0");
const rows = [row("node -e 0", bare.ns, duration)];
for (const { name } of candidates.slice(1)) {
  const target = name === "smoltbot policy validate" ? ratioTarget : undefined;
  rows.push(row(name, ratio(results.get(name), bare), times, { bound: "most", target, note: duration(results.get(name).ns) }));
}
const runtime = readFileSync(path("build/runtime.js"));
const { outputFiles } = await build({
  stdin: {
    contents: `export { decodeArtifact } from "./artifact/decode.js"; export { openWasm } from "./engine/wasm.js";`,
    resolveDir: path("build"),
  },
  bundle: true,
  minify: true,
  format: "esm",
  platform: "neutral",
  target: "es2022",
  write: false,
});
const kernel = /"(AGFzb[A-Za-z0-9+/=]+)"|`(AGFzb[A-Za-z0-9+/=]+)`/.exec(runtime.toString("latin1"));
finish(
  {
    name: "start-up",
    title: "Start-up: processes from start to exit",
    tables: [
      { title: "Times bare Node", rows },
      {
        title: "The evaluator that ships",
        rows: [
          row("kernel and loader, minified", outputFiles[0].contents.length, size, { bound: "most", target: runtimeTarget }),
          row("all of smoltbot-policy/runtime, minified", runtime.length, size, { bound: "most", target: runtimeTarget }),
          row("the same, gzip", gzipSync(runtime, { level: 9 }).length, size),
          row("the same, brotli", brotliCompressSync(runtime).length, size),
          row("the kernel alone", Buffer.from(kernel?.[1] ?? kernel?.[2] ?? "", "base64").length, size),
        ],
      },
    ],
    details: { results: Object.fromEntries(results) },
  },
  options,
);

function started(name, args) {
  const run = (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      if (status !== 0) throw new Error(`\`${name}\` ended with ${status}: ${stderr}`);
      if (name in expected && stdout.trim() !== expected[name]) throw new Error(`\`${name}\` printed ${JSON.stringify(stdout)}`);
      sum += stdout.length + stderr.length;
    }
    return sum;
  };
  return { name, run };
}
