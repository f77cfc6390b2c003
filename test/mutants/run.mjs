/**
 * Shows that the suites can fail: applies each seeded mistake to a copy of the sources and runs them there at a small
 * scale. Prints a Markdown table; exits 1 when a mutant survives them all, or when a suite fails without one.
 * Usage: node test/mutants/run.mjs [parts of file names]
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { analysisMutants } from "./analysis.mjs";
import { mutants as engineMutants } from "./mutants.mjs";

const root = resolve(import.meta.dirname, "../..");
const copy = mkdtempSync(join(tmpdir(), "smoltbot-mutants-"));
const exhaustive = ["exhaustive", "0.1"];
const differential = ["differential", "0.05"];
const laws = ["laws", "0.3"];
const conformance = ["conformance", "1", "-t", "js"];
const explorations = ["analysis-exhaustive", "0.04"];
const comparisons = ["analysis-diff-exhaustive", "0.1"];
const counts = ["unit/analysis/diff-counts", "1"];
const lint = ["analysis-lint-exhaustive", "0.3"];
const floors = ["analysis-floor-exhaustive", "0.2"];
const sides = ["unit/analysis/side", "0.3"];
const priors = ["unit/analysis/priors", "0.3"];
const subjects = ["unit/analysis/subject", "0.5"];
const confirmations = ["unit/analysis/confirm", "0.5"];
const outcomes = ["unit/analysis/outcome", "1"];
const ofEngine = [exhaustive, differential, laws, conformance];
const ofAnalysis = [explorations, comparisons, counts, lint, floors, sides, priors, subjects, confirmations, outcomes];
/** What is meant to catch a mistake in a part, and what is asked when that does not; the first part that the file is of counts. */
const meant = [
  ["compiler/", [exhaustive, differential]],
  ["analysis/explore", [explorations]],
  ["analysis/product/", [explorations]],
  ["analysis/side", [sides, comparisons]],
  ["analysis/priors", [priors]],
  ["analysis/outcome", [outcomes]],
  ["analysis/subject", [subjects]],
  ["analysis/confirm", [confirmations]],
  ["analysis/diff/", [comparisons, counts]],
  ["analysis/floor", [floors, counts]],
  ["analysis/lint/", [lint]],
  ["", [conformance, differential]],
];
const suitesOf = (file) => meant.find(([part]) => file.includes(part))[1];
const others = (file, asked) => (file.includes("analysis/") ? ofAnalysis : ofEngine).filter((suite) => !asked.includes(suite));

function suiteFails([suite, scale, ...extra]) {
  const run = spawnSync(join(root, "node_modules/.bin/vitest"), ["run", `test/${suite}.test.ts`, "--bail", "1", ...extra], {
    cwd: copy,
    env: { ...process.env, SMOLTBOT_SCALE: scale },
    timeout: 180_000,
  });
  // A mutant that never ends is noticed, too.
  return run.status !== 0;
}

function row(cells) {
  console.log(`| ${cells.join(" | ")} |`);
}

const parts = process.argv.slice(2);
const mutants = [...engineMutants, ...analysisMutants];
const chosen = mutants.filter(({ file }) => parts.length === 0 || parts.some((part) => file.includes(part)));
let survivors = 0;
try {
  for (const part of ["src", "test", "package.json", "tsconfig.json", "vitest.config.ts"]) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  row(["part", "mistake", "killed by", "not by"]);
  row(["---", "---", "---", "---"]);
  const needed = [...ofEngine, ...ofAnalysis].filter((suite) =>
    chosen.some(({ file }) => [...suitesOf(file), ...others(file, [])].includes(suite)),
  );
  const broken = needed.filter(suiteFails);
  if (broken.length > 0) throw new Error(`without a mistake, ${broken.map(([suite]) => suite).join(", ")} must pass`);
  for (const { file, what, from, to } of chosen) {
    const path = join(copy, file);
    const text = readFileSync(path, "utf8");
    if (text.split(from).length !== 2) throw new Error(`${file}: the text of the mutant "${what}" does not stand there once`);
    writeFileSync(
      path,
      text.replace(from, () => to),
    );
    let asked = suitesOf(file);
    let killing = asked.filter(suiteFails);
    if (killing.length === 0) {
      const more = others(file, asked);
      killing = more.filter(suiteFails);
      asked = [...asked, ...more];
    }
    writeFileSync(path, text);
    const named = (list) => list.map(([suite]) => suite).join(", ") || "-";
    row([file.replace("src/", ""), what, named(killing), named(asked.filter((suite) => !killing.includes(suite)))]);
    if (killing.length === 0) survivors++;
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(survivors === 0 ? "\nevery mutant is killed" : `\n${survivors} survivors`);
process.exitCode = survivors === 0 ? 0 : 1;
