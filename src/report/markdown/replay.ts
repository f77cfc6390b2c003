import type { RuleRef, Verdict } from "../../engine/result.js";
import type { CallPlace, ChangeCell, ReplayReport, ToolReport } from "../../trace/replay-report.js";
import type { ReplayFrame } from "../replay-frame.js";
import { causeWords } from "../text/evaluation.js";
import { partialWords, replayNotes } from "../text/replay-notes.js";
import { clock, count, marks } from "../text/words.js";
import { folded, joinedBlocks } from "./blocks.js";
import { codeSpan, markdownTable, prose } from "./inline.js";

/** Rows of one table; a comment is read, not searched. */
const rowsMax = 25;

const verdicts: readonly Verdict[] = ["pass", "warn", "fail"];

/** The replay as a pull-request comment: the verdict, what changes, what fails; the rest folded away. */
export function replayMarkdown(report: ReplayReport, frame: ReplayFrame): string {
  return joinedBlocks(replayBlocks(report, frame), replayFoot(report, frame));
}

/** The same in pieces, the most important first. */
export function replayBlocks(report: ReplayReport, frame: ReplayFrame): string[][] {
  return [
    ...headBlocks(report, frame),
    ...(report.changes === undefined ? [] : changeBlocks(report)),
    toolBlock("Tools that would fail", report, "fail"),
    toolBlock("Tools that would warn", report, "warn"),
    folded(`Traces that ${report.summary.fail > 0 ? "fail" : "warn"} most (${report.topFailing.length})`, traceRows(report)),
    folded(`Hits per rule (${report.rules.length})`, ruleRows(report)),
    folded(`Unmapped tools (${report.unmappedTools.length})`, unmappedRows(report)),
    folded(`New tools (${report.newTools.length})`, newToolRows(report)),
    noteBlock(report),
  ].filter((block) => block.length > 0);
}

export function replayFoot(report: ReplayReport, frame: ReplayFrame): string {
  return `<sub>smoltbot-policy ${prose(frame.version)}, ${clock(frame.generatedAtMs)}, policy digest ${codeSpan(report.policy.digest.slice(0, 12))}</sub>\n`;
}

function headBlocks({ summary: s, partial }: ReplayReport, { file, exitReasons }: ReplayFrame): string[][] {
  const worst = s.fail > 0 ? "fail" : s.warn > 0 ? "warn" : "pass";
  const n = (value: number) => value.toLocaleString("en-US");
  const verdict = s.calls === 0 ? "no tool call in any trace" : `${n(s.fail)} fail, ${n(s.warn)} warn, ${n(s.pass)} pass`;
  const skipped = s.skipped === 0 ? "" : `, ${n(s.skipped)} skipped without tool calls`;
  const head = [
    `### ${marks[worst]} Policy ${codeSpan(file)}: ${verdict}${skipped}`,
    "",
    `${count(s.traces, "trace")} with ${count(s.calls, "call")} of ${count(s.tools, "tool")} replayed.`,
  ];
  const stopped = partial === undefined ? [] : [[`> **Partial:** ${partialWords(partial)}.`]];
  const reasons = exitReasons.length === 0 ? [] : [[`**Exit code 1:** ${exitReasons.map(prose).join("; ")}`]];
  return [head, ...stopped, ...reasons];
}

function changeBlocks({ changes }: ReplayReport): string[][] {
  if (changes === undefined) return [];
  const was = changes.old.sources.map(({ file }) => codeSpan(file)).join(" + ") || codeSpan(changes.old.name);
  const title = `#### Changes from ${was}`;
  if (changes.cells.length === 0) return [[title, "", "No call is judged differently."]];
  const cell = (from: Verdict, to: Verdict) => {
    const n = changes.calls[from][to].toLocaleString("en-US");
    return from === to || n === "0" ? n : `**${n}**`;
  };
  const matrix = markdownTable(
    ["calls", ...verdicts.map((to) => `now ${to}:`)],
    verdicts.map((from) => [`was ${from}`, ...verdicts.map((to) => cell(from, to))]),
  );
  const failing = changes.cells.filter(({ to }) => to === "fail");
  const others = changes.cells.filter(({ to }) => to !== "fail");
  return [
    [title, "", ...matrix],
    changedBlock("New violations", failing),
    changedBlock(failing.length === 0 ? "Changed tools" : "Other changed tools", others),
  ];
}

function changedBlock(title: string, cells: readonly ChangeCell[]): string[] {
  if (cells.length === 0) return [];
  const rows = cells.flatMap(changedRows);
  const heads = ["tool", "change", "calls:", "before", "now", "first call"];
  return [
    `#### ${title} (${rows.length.toLocaleString("en-US")})`,
    "",
    ...markdownTable(heads, rows.slice(0, rowsMax)),
    ...moreRows(rows.length),
  ];
}

function changedRows({ from, to, weaker, tools }: ChangeCell): string[][] {
  return tools.map(({ tool, calls, before, after, places }) => [
    codeSpan(tool),
    `${marks[from]} ${from} → ${marks[to]} ${to}${weaker ? " **weaker**" : ""}`,
    calls.toLocaleString("en-US"),
    standWords(before),
    standWords(after),
    firstPlace(places),
  ]);
}

function standWords({ cause, rule }: ChangeCell["tools"][number]["before"]): string {
  if (rule === null) return causeWords[cause];
  return rule.kind === cause ? ruleWords(rule) : `${causeWords[cause]}: ${ruleWords(rule)}`;
}

/** Kind and text of a rule, and where it stands. */
function ruleWords(rule: RuleRef): string {
  if (rule.kind === "name") return "the tool name itself";
  const at = rule.file === "" ? "" : ` ${codeSpan(`${rule.file}:${rule.line}`)}`;
  const glob = rule.kind === "capability" && rule.pattern !== undefined ? ` ${codeSpan(rule.pattern)}` : "";
  const action = rule.kind === "default" && rule.action !== undefined ? `: ${rule.action}` : "";
  return `${rule.kind} ${codeSpan(rule.label + action)}${glob}${at}`;
}

function firstPlace(places: readonly CallPlace[]): string {
  const [first] = places;
  return first === undefined ? "" : codeSpan(`${first.input}:${first.line}`);
}

function toolBlock(title: string, { tools }: ReplayReport, verdict: Verdict): string[] {
  const found = tools.filter((tool) => tool.verdict === verdict);
  if (found.length === 0) return [];
  const rows = found
    .slice(0, rowsMax)
    .map((tool) => [
      codeSpan(tool.tool),
      causeWords[tool.cause],
      (verdict === "fail" ? tool.callVerdicts.fail : tool.callVerdicts.warn).toLocaleString("en-US"),
      tool.rule === null ? "" : ruleWords(tool.rule),
      reasonOf(tool),
      firstPlace(tool.places),
    ]);
  return [
    `#### ${marks[verdict]} ${title} (${found.length.toLocaleString("en-US")})`,
    "",
    ...markdownTable(["tool", "why", "calls:", "rule", "reason", "first call"], rows),
    ...moreRows(found.length),
  ];
}

function reasonOf({ reasons }: ToolReport): string {
  return reasons[0] === undefined ? "" : prose(reasons[0]);
}

function moreRows(all: number): string[] {
  return all > rowsMax ? ["", `and ${(all - rowsMax).toLocaleString("en-US")} more`] : [];
}

function traceRows({ topFailing }: ReplayReport): string[] {
  if (topFailing.length === 0) return [];
  const rows = topFailing.map(({ id, verdict, callVerdicts, calls, input }) => [
    codeSpan(id),
    verdict,
    callVerdicts.fail.toLocaleString("en-US"),
    callVerdicts.warn.toLocaleString("en-US"),
    calls.toLocaleString("en-US"),
    codeSpan(input),
  ]);
  return markdownTable(["trace", "verdict", "failing:", "warned:", "calls:", "input"], rows);
}

function ruleRows({ rules }: ReplayReport): string[] {
  if (rules.length === 0) return [];
  const rows = [...rules]
    .sort((a, b) => b.calls - a.calls)
    .slice(0, rowsMax * 2)
    .map(({ rule, calls, decided, tools, firstMs, lastMs }) => [
      ruleWords(rule),
      calls === 0 ? "never" : calls.toLocaleString("en-US"),
      decided.toLocaleString("en-US"),
      tools.toLocaleString("en-US"),
      calls === 0 ? "" : clock(firstMs),
      calls === 0 ? "" : clock(lastMs),
    ]);
  const never = rules.filter(({ calls }) => calls === 0).length;
  const hidden = rules.length - rows.length;
  return [
    ...markdownTable(["rule", "matched:", "decided:", "tools:", "first", "last"], rows),
    "",
    `${count(never, "rule")} never hit${hidden > 0 ? `; ${count(hidden, "rule")} not listed` : ""}.`,
  ];
}

function unmappedRows({ unmappedTools }: ReplayReport): string[] {
  if (unmappedTools.length === 0) return [];
  const rows = unmappedTools.slice(0, rowsMax).map(({ tool, count: n }) => [codeSpan(tool), n.toLocaleString("en-US")]);
  return [...markdownTable(["tool", "calls:"], rows), ...moreRows(unmappedTools.length)];
}

function newToolRows({ newTools }: ReplayReport): string[] {
  if (newTools.length === 0) return [];
  const rows = newTools
    .slice(0, rowsMax)
    .map(({ tool, agent, firstMs, calls, mapped, graceExpiresAtMs }) => [
      codeSpan(tool),
      agent === undefined ? "" : codeSpan(agent),
      clock(firstMs),
      calls.toLocaleString("en-US"),
      mapped ? "mapped" : "not mapped",
      graceExpiresAtMs === undefined ? "" : clock(graceExpiresAtMs),
    ]);
  return [...markdownTable(["tool", "agent", "first call", "calls:", "", "grace until"], rows), ...moreRows(newTools.length)];
}

function noteBlock(report: ReplayReport): string[] {
  const found = report.diagnostics.map(({ code, level, message, span }) => {
    const at = span === undefined ? "" : ` ${codeSpan(`${span.file}:${span.line}`)}`;
    return `${level} ${codeSpan(code)}${at} ${prose(message)}`;
  });
  const all = [...replayNotes(report).map(prose), ...found];
  return folded("How this was read", [...all.slice(0, rowsMax).map((line) => `- ${line}`), ...moreRows(all.length)]);
}
