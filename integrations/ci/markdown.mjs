/** The report as Markdown. Text from outside stands in code: it mentions nobody, links nowhere and ends no table. */

import { visible } from "./log.mjs";

/** Characters of a comment; both services take a little more. */
export const commentLengthMax = 65_000;
/** Rows of a table; a repository may hold thousands of policies. */
const rowsMax = 100;
const nameLengthMax = 200;
const textLengthMax = 6000;

/** A name as code. */
export function code(text) {
  const points = Array.from(text.slice(0, 2 * nameLengthMax + 2));
  const cut = points.length > nameLengthMax ? `${points.slice(0, nameLengthMax).join("")}...` : text;
  const shown = visible(cut.toWellFormed()).replaceAll("\t", " ");
  if (shown.trim() === "") return "`(empty)`";
  if (!/[`|]/.test(shown) && shown === shown.trim()) return `\`${shown}\``;
  return `<code>${shown.replace(/[^A-Za-z0-9 _]/g, (unit) => (unit > "~" ? unit : `&#${unit.charCodeAt(0)};`))}</code>`;
}

/** Text of several lines that ends only where it should. */
export function fenced(text) {
  const cut = text.length > textLengthMax ? `${text.slice(0, textLengthMax)}\n...` : text;
  const safe = cut.toWellFormed().trimEnd().split("\n").map(visible).join("\n");
  const longest = Math.max(2, ...[...safe.matchAll(/`+/g)].map((m) => m[0].length));
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${safe}\n${fence}`;
}

/** A table of cells that are Markdown already. */
export function table(heads, rows) {
  const left = rows.length - rowsMax;
  return [
    `| ${heads.join(" | ")} |`,
    `| ${heads.map(() => "---").join(" | ")} |`,
    ...rows.slice(0, rowsMax).map((row) => `| ${row.join(" | ")} |`),
    ...(left > 0 ? ["", `${left} more rows are left out.`] : []),
  ].join("\n");
}

const marks = { passed: "✅", failed: "❌", noted: "⚠️", skipped: "➖" };

/** What everybody sees first: the outcome, and a line for each step. */
function head({ steps, base, failed }) {
  const rows = steps.map(({ title, state, line }) => [`${marks[state]} ${title}`, line]);
  const against = base.label === undefined ? [] : [`Compared with ${code(base.label)}.`, ""];
  return [
    `## ${failed.length === 0 ? "✅ Policy check passed" : "❌ Policy check failed"}`,
    "",
    ...against,
    table(["step", "result"], rows),
    "",
  ].join("\n");
}

/**
 * The whole report: head, then what each step has to show, failed ones open. With `lengthMax`, parts that do not fit are left
 * out whole, from the least telling on, and named; half a table would say something else than the whole one.
 */
export function reportMarkdown(report, { lengthMax = Number.POSITIVE_INFINITY, more } = {}) {
  const parts = report.steps.flatMap(({ title, state, sections }) => sections.map((section) => ({ title, state, ...section })));
  const ranked = [...parts].sort((a, b) => rank(a) - rank(b));
  const start = head(report);
  const closing = more === undefined ? "" : `\n[The whole report](${more})\n`;
  let room = lengthMax - start.length - closing.length - 300;
  const kept = new Set();
  for (const part of ranked) {
    const text = folded(part);
    if (text.length > room) continue;
    room -= text.length;
    kept.add(part);
  }
  const left = parts.length - kept.size;
  const cut = left === 0 ? "" : `\n${left} of ${parts.length} parts do not fit here; the report of the run has them.\n`;
  return `${start}${parts
    .filter((part) => kept.has(part))
    .map(folded)
    .join("")}${cut}${closing}`;
}

function rank({ state }) {
  return ["failed", "noted", "passed", "skipped"].indexOf(state);
}

function folded({ title, name, state, body }) {
  const summary = name === undefined ? title : `${title}: ${code(name).replace(/^`(.*)`$/s, (_, inner) => element(inner))}`;
  return `\n<details${state === "failed" ? " open" : ""}><summary>${summary}</summary>\n\n${body.trimEnd()}\n\n</details>\n`;
}

/** Inside of `<summary>`, backquotes are letters. */
function element(text) {
  return `<code>${text.replace(/[&<>]/g, (unit) => `&#${unit.charCodeAt(0)};`)}</code>`;
}
