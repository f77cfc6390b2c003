import { bySeverity, countedSeverities, type LintedFile, type LintRun, type ShownLint } from "../lint-run.js";
import { count, ruleName } from "../text/words.js";
import { folded, joinedBlocks } from "./blocks.js";
import { codeSpan, markdownTable, prose } from "./inline.js";

/** Rows of one table; a comment is read, not searched. */
const rowsMax = 25;
/** Names and rules beside a finding. */
const namesMax = 3;

const marks = { error: "✗ error", warning: "! warning", notice: "notice" } as const;

/** The run as a pull-request comment: the worst first; suppressed findings and fixes are folded away. */
export function lintMarkdown(run: LintRun): string {
  const head = [`### ${headline(run)}`, ...run.exitReasons.flatMap((reason) => ["", `**Exit code 1:** ${prose(reason)}`])];
  const foot = `<sub>smoltbot-policy ${prose(run.version)}, policy lint</sub>\n`;
  return joinedBlocks([head, ...run.files.flatMap(fileBlocks)], foot, "JSON");
}

function headline({ files, exitReasons }: LintRun): string {
  const parts = countedSeverities(files.flatMap((file) => file.findings)).map(({ words }) => words);
  const of = files.length === 1 ? codeSpan(files[0]!.file) : count(files.length, "policy file");
  return `${exitReasons.length === 0 ? "✓" : "✗"} Policy lint of ${of}: ${parts.length === 0 ? "nothing found" : parts.join(", ")}`;
}

function fileBlocks(file: LintedFile): string[][] {
  const title = `#### ${codeSpan(file.file)}`;
  if (!file.valid) {
    const rows = file.diagnostics.map(({ code, message, span }) => [
      span === undefined ? "" : String(span.line),
      codeSpan(code),
      sentence(message),
    ]);
    return [[title, "", "Not linted: the file has errors.", "", ...table(["line:", "code", "what"], rows)]];
  }
  const sorted = bySeverity(file.findings);
  const found = sorted.length === 0 ? [] : [[title, "", ...table(heads, sorted.map(findingRow))]];
  return [...found, fixBlock(file), suppressedBlock(file)].filter((block) => block.length > 0);
}

const heads = ["", "line:", "code", "what", "such as", "what to do"];

function findingRow({ severity, span, code, message, witnesses, related, fix }: ShownLint): string[] {
  const more = witnesses.length > namesMax ? `, and ${witnesses.length - namesMax} more` : "";
  const others = related
    .slice(0, namesMax)
    .map(({ rule, role }) => `${sentence(role)}: ${codeSpan(ruleName(rule))}${lineOf(rule)}`);
  return [
    marks[severity],
    String(span.line),
    codeSpan(code),
    [sentence(message), ...others].join("<br>"),
    witnesses.length === 0 ? "" : `${witnesses.slice(0, namesMax).map(codeSpan).join(", ")}${more}`,
    sentence(fix),
  ];
}

function lineOf({ file, line }: { readonly file: string; readonly line: number }): string {
  return file === "" ? "" : ` (${codeSpan(`${file}:${line}`)})`;
}

/**
 * A sentence of ours whose quoted parts are from outside. Where the backquotes do not pair up as we wrote them, because the text
 * has some of its own, the whole is code.
 */
function sentence(text: string): string {
  const parts = text.split("`");
  const shown = parts.map((part, index) => (index % 2 === 1 ? codeSpan(part) : spaced(part)));
  const isOurs = shown.every((part, index) => {
    if (index % 2 === 1) return parts[index] !== "" && part.startsWith("`");
    const isEdge = index === 0 || index === parts.length - 1;
    return (part !== "" || isEdge) && !/[`<]/.test(part);
  });
  return parts.length % 2 === 1 && isOurs ? shown.join("") : codeSpan(text);
}

/** Words between two quotes, with the spaces around them. */
function spaced(part: string): string {
  const trimmed = part.trim();
  if (trimmed === "") return part === "" ? "" : " ";
  return `${part.startsWith(" ") ? " " : ""}${prose(trimmed)}${part.endsWith(" ") ? " " : ""}`;
}

function fixBlock({ fix }: LintedFile): string[] {
  if (fix === undefined || fix.fixed.length === 0) return [];
  const rows = fix.fixed.map(({ code, message }) => [codeSpan(code), sentence(message)]);
  return folded(`${fix.written ? "Fixed" : "Can be fixed"} (${fix.fixed.length})`, table(["code", "what"], rows));
}

function suppressedBlock({ suppressed }: LintedFile): string[] {
  if (suppressed.length === 0) return [];
  const rows = suppressed.map(({ finding, reason }) => [String(finding.span.line), codeSpan(finding.code), prose(reason)]);
  return folded(`Suppressed (${suppressed.length})`, table(["line:", "code", "reason"], rows));
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const more = rows.length - rowsMax;
  return [
    ...markdownTable(columns, rows.slice(0, rowsMax)),
    ...(more > 0 ? ["", `and ${more.toLocaleString("en-US")} more`] : []),
  ];
}
