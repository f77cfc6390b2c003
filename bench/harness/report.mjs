import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Options every question takes. */
export function benchOptions(argv = process.argv.slice(2)) {
  const value = (name) => argv[argv.indexOf(name) + 1];
  return {
    quick: argv.includes("--quick"),
    json: argv.includes("--json"),
    strict: argv.includes("--strict"),
    part: argv.includes("--part") ? JSON.parse(value("--part")) : undefined,
  };
}

function git(...args) {
  try {
    return execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "unknown";
  }
}

/** The machine and the commit, without which a number says nothing. */
export function circumstances() {
  return {
    date: new Date().toISOString(),
    commit: git("rev-parse", "HEAD"),
    dirty: git("status", "--porcelain", "--untracked-files=no", "--", "src", "assembly", "bench", "package-lock.json") !== "",
    node: process.version,
    v8: process.versions.v8,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    load: loadavg().map((load) => Math.round(load * 100) / 100),
  };
}

/** 3 significant digits, with the unit that keeps them readable. */
export function duration(ns) {
  if (ns < 1e3) return `${digits(ns)} ns`;
  if (ns < 1e6) return `${digits(ns / 1e3)} us`;
  return ns < 1e9 ? `${digits(ns / 1e6)} ms` : `${digits(ns / 1e9)} s`;
}

export function digits(value) {
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function times(value) {
  return `${digits(value)}x`;
}

export function size(bytes) {
  return bytes < 2 ** 20 ? `${digits(bytes / 1024)} KiB` : `${digits(bytes / 2 ** 20)} MiB`;
}

/**
 * One line of a table. `target` is a bound on `value`; without one the line is shown for what it is.
 * @param bound "least" or "most"
 */
export function row(name, value, show, { bound, target, stretch, note = "" } = {}) {
  const holds = (limit) => (bound === "least" ? value >= limit : value <= limit);
  return {
    name,
    value,
    shown: show(value),
    target: target === undefined ? "" : `${bound === "least" ? ">=" : "<="} ${show(target)}`,
    met: target === undefined ? undefined : holds(target),
    stretch: stretch === undefined ? undefined : { target: show(stretch), met: holds(stretch) },
    note,
  };
}

/** A line for what could not be measured. */
export function skippedRow(name, reason) {
  return { name, skipped: reason };
}

function judged({ met, stretch }) {
  if (met === undefined) return "";
  const text = met ? "met" : "MISSED";
  return stretch === undefined ? text : `${text}${stretch.met ? ", stretch met" : ` (stretch ${stretch.target})`}`;
}

function tableText(rows) {
  const measured = rows.filter((r) => r.skipped === undefined);
  const cells = measured.map((r) => [r.name, r.shown, r.target, judged(r), r.note]);
  const head = ["", "measured", "target", "", ""];
  const widths = head.map((text, i) => Math.max(text.length, ...cells.map((line) => line[i].length)));
  const line = (texts) =>
    texts
      .map((text, i) => (i === 1 || i === 2 ? text.padStart(widths[i]) : text.padEnd(widths[i])))
      .join("  ")
      .trimEnd();
  const lines = [line(head), ...cells.map(line)];
  for (const { name, skipped } of rows) if (skipped !== undefined) lines.push(`skipped: ${name}: ${skipped}`);
  return lines.join("\n");
}

/**
 * Prints one question's tables and, with `--json`, keeps them in bench/record/.
 * @param question `{ name, title, tables: [{ title, rows }], notes, details }`
 */
export function finish({ name, title, tables, notes = [], details = {} }, options) {
  const where = circumstances();
  const rows = tables.flatMap((table) => table.rows);
  const missed = rows.filter((r) => r.met === false);
  console.log(`\n# ${title}`);
  for (const table of tables) console.log(`\n${table.title}\n${tableText(table.rows)}`);
  for (const note of notes) console.log(`- ${note}`);
  if (options.quick) console.log("- short run: the numbers are rough");
  const judgedRows = rows.filter((r) => r.met !== undefined).length;
  console.log(
    `${judgedRows - missed.length} of ${judgedRows} targets met; ${where.cpu}, Node ${where.node}, load ${where.load[0]}`,
  );
  if (options.json) {
    const folder = new URL("../record/", import.meta.url);
    mkdirSync(folder, { recursive: true });
    const file = `${where.date.slice(0, 10)}-${name}.json`;
    const record = { question: name, title, ...where, quick: options.quick, tables, notes, details };
    writeFileSync(new URL(file, folder), `${JSON.stringify(record, undefined, 1)}\n`);
    console.log(`recorded in bench/record/${file}`);
  }
  if (options.strict && missed.length > 0) process.exitCode = 1;
}
