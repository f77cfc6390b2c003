// `npm run bench`: every question, one after the other, each in a process of its own.
//   npm run bench -- --quick              a minute, rough numbers
//   npm run bench -- cold-single flat     some questions only
//   npm run bench -- --json               keep the results in bench/record/
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";

const questions = [
  "cold-single",
  "flat",
  "wasm-js",
  "names-to-counts",
  "worst-case",
  "compile",
  "analysis",
  "start-up",
  "server",
  "store",
  "replay-lines",
  "replay-formats",
  "instruments",
];

const args = process.argv.slice(2);
const flags = args.filter((arg) => arg.startsWith("--"));
const wanted = args.filter((arg) => !arg.startsWith("--"));
const unknown = [
  ...wanted.filter((question) => !questions.includes(question)),
  ...flags.filter((flag) => !["--quick", "--json", "--strict"].includes(flag)),
];
if (unknown.length > 0) {
  console.error(`bench: unknown \`${unknown[0]}\`; questions are ${questions.join(", ")}, options --quick --json --strict`);
  process.exit(1);
}
const path = (file) => fileURLToPath(new URL(file, import.meta.url));
if (!existsSync(path("../build/index.js"))) {
  console.error("bench: build/ is absent; run `npm run build` first");
  process.exit(1);
}
if (!existsSync(path("node_modules"))) {
  console.log("peers are not installed and will be skipped; `npm ci --prefix bench` installs them");
}
if (loadavg()[0] > 1) console.log(`the machine is busy (load ${loadavg()[0].toFixed(1)}): trust the ratios, not the times`);

const failed = [];
for (const question of wanted.length > 0 ? wanted : questions) {
  const { status } = spawnSync(process.execPath, [path(`${question}.mjs`), ...flags], { stdio: "inherit" });
  if (status !== 0) failed.push(question);
}
if (failed.length > 0) {
  console.error(`bench: failed: ${failed.join(", ")}`);
  process.exitCode = 1;
}
