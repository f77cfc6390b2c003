import { escapeText } from "../../diagnostics/escape.js";
import type { Verdict } from "../../engine/result.js";
import { htmlRowsMax } from "../../limits.js";
import type { DecisionChanges, ReplayReport } from "../../trace/replay-report.js";
import type { ReplayFrame } from "../replay-frame.js";
import { partialWords, replayNotes } from "../text/replay-notes.js";
import { cellName } from "./change-table.js";
import { badge, bar, dayOf, mark, number, placeOf, type Shown, some, time } from "./pieces.js";
import { tableRow } from "./rows.js";
import type { Table } from "./table.js";
import { type Child, h, type Tree } from "./tree.js";

/** The verdict in a sentence, and what it speaks of. */
export function headline(report: ReplayReport, frame: ReplayFrame): Tree {
  const { summary: s, policy } = report;
  const worst: Shown = s.fail > 0 ? "fail" : s.warn > 0 ? "warn" : s.pass > 0 ? "pass" : "skipped";
  const of = `of ${some(s.traces, "trace")} would`;
  const sentence = {
    fail: `${number(s.fail)} ${of} fail`,
    warn: `${number(s.warn)} ${of} warn, none would fail`,
    pass:
      s.traces === 1 ? "The trace would pass" : `All ${some(s.pass, "trace")}${s.skipped > 0 ? " with calls" : ""} would pass`,
    skipped: "No trace has a tool call",
  }[worst];
  const sources = policy.sources.map(({ layer, file }) => `${escapeText(file)} (${layer})`).join(" + ");
  return h(
    "header",
    { class: "head" },
    h("p", { class: "eyebrow" }, "Policy replay ", placeOf(escapeText(frame.file))),
    h("h1", { class: worst }, mark(worst), h("span", {}, sentence)),
    report.partial === undefined
      ? undefined
      : h("p", { class: "banner", role: "status" }, h("strong", {}, "Partial. "), `${partialWords(report.partial)}.`),
    frame.exitReasons.length === 0
      ? undefined
      : h("p", { class: "reasons" }, "Exit code 1: ", frame.exitReasons.map(escapeText).join("; ")),
    h(
      "p",
      { class: "meta" },
      h("span", {}, h("strong", {}, escapeText(policy.name)), sources === "" ? "" : ` from ${sources}`),
      h("span", {}, `enforcement mode ${report.mode}`),
      h("span", {}, "digest ", h("code", {}, policy.digest.slice(0, 12))),
      h("span", {}, "made ", time(frame.generatedAtMs), " UTC"),
    ),
  );
}

export function figures({ summary: s }: ReplayReport): Tree {
  const figure = (title: string, value: string, ...rest: readonly Child[]) =>
    h("div", { class: "figure" }, h("dt", {}, title), h("dd", {}, h("span", { class: "value" }, value), ...rest));
  const v = s.callVerdicts;
  const traces = legend([s.fail, s.warn, s.pass, s.skipped]);
  const period = s.firstMs === undefined || s.lastMs === undefined ? undefined : ([s.firstMs, s.lastMs] as const);
  const days = period === undefined ? "no times" : [...new Set(period.map(dayOf))].join(" – ");
  return h(
    "dl",
    { class: "figures" },
    figure("Traces", number(s.traces), bar([s.pass, s.warn, s.fail], "traces by verdict"), traces),
    figure("Calls", number(s.calls), bar([v.pass, v.warn, v.fail], "calls by verdict"), legend([v.fail, v.warn, v.pass])),
    figure("Tools", number(s.tools), h("small", {}, "distinct names")),
    figure("Period", "", h("span", { class: "days" }, days), h("small", {}, "all times are UTC")),
  );
}

function legend(counts: readonly number[]): Tree {
  const verdicts: readonly Shown[] = ["fail", "warn", "pass", "skipped"];
  return h(
    "ul",
    { class: "legend" },
    counts.flatMap((n, i) => (n === 0 ? [] : [h("li", {}, badge(verdicts[i]!), ` ${number(n)}`)])),
  );
}

const verdicts: readonly Verdict[] = ["pass", "warn", "fail"];

/** Old verdict down, new verdict across; with scripts a cell shows its tools. */
export function matrix(changes: DecisionChanges): Tree {
  const cells = new Map(changes.cells.map((cell) => [cellName(cell.from, cell.to), cell]));
  const cell = (from: Verdict, to: Verdict): Tree => {
    const n = changes.calls[from][to];
    const name = cellName(from, to);
    const found = cells.get(name);
    const kind = from === to ? "same" : n === 0 ? "zero" : verdicts.indexOf(to) < verdicts.indexOf(from) ? "weaker" : "stricter";
    const mark =
      kind === "weaker" ? "▽ weaker" : kind === "stricter" ? "△ stricter" : kind === "same" && n > 0 ? "as before" : "";
    const tools = found === undefined ? "" : some(found.tools.length, "tool");
    return h(
      "td",
      { class: kind, role: "cell", ...(found !== undefined && { "data-cell": name }) },
      h("span", { class: "value" }, number(n)),
      h("small", {}, [mark, tools].filter((part) => part !== "").join(", ")),
    );
  };
  return h(
    "table",
    { class: "matrix", role: "table" },
    h("caption", {}, "Calls by verdict: the policy before (down) and now (across)"),
    h("thead", {}, h("tr", {}, h("td", {}, ""), ...verdicts.map((to) => h("th", { scope: "col" }, "now ", badge(to))))),
    h(
      "tbody",
      {},
      ...verdicts.map((from) =>
        h("tr", {}, h("th", { scope: "row" }, "was ", badge(from)), ...verdicts.map((to) => cell(from, to))),
      ),
    ),
  );
}

export function changesIntro({ old, cells, traces }: DecisionChanges): Child[] {
  const n = (match: (from: Verdict, to: Verdict) => boolean) =>
    verdicts.flatMap((from) => verdicts.map((to) => (match(from, to) ? traces[from][to] : 0))).reduce((a, b) => a + b, 0);
  const [rank, moved] = [(v: Verdict) => verdicts.indexOf(v), (one: number) => some(one, "trace")];
  const stricter = n((from, to) => rank(to) > rank(from));
  const weaker = n((from, to) => rank(to) < rank(from));
  const files = old.sources.map(({ file }) => escapeText(file)).join(" + ");
  const was = files === "" ? escapeText(old.name) : files;
  if (cells.length === 0) return [h("p", {}, "No call is judged differently than under ", placeOf(was), ".")];
  return [
    h("p", {}, "Compared with ", placeOf(was), `: ${moved(stricter)} judged more strictly, ${moved(weaker)} less strictly.`),
  ];
}

/** A whole table, as far as it is shown without scripts. */
export function tableSection(table: Table, empty: string): Tree {
  if (table.size === 0) return h("p", { class: "empty" }, empty);
  const rows = Array.from({ length: Math.min(table.size, htmlRowsMax) }, (_, row) => tableRow(table, row));
  const beyond = table.total - rows.length;
  const cut = table.total - table.size;
  return h(
    "div",
    { class: "listing", "data-table": table.id },
    h(
      "table",
      { class: "rows", role: "table" },
      h(
        "thead",
        {},
        h(
          "tr",
          { role: "row" },
          table.columns.map(({ title, kind }) => h("th", { scope: "col", role: "columnheader", class: kind }, title)),
        ),
      ),
      h("tbody", {}, rows),
    ),
    beyond > 0
      ? h(
          "p",
          { class: "beyond" },
          `and ${number(beyond)} more; a browser with scripts shows ${cut > 0 ? `${number(table.size)} of them` : "them"}`,
        )
      : undefined,
    cut > 0
      ? h(
          "p",
          { class: "cutnote" },
          `${number(cut)} more ${table.nouns[1]} are counted above but not part of this page; --format json has all of them.`,
        )
      : undefined,
  );
}

/** What the reader must know of how this was made: what was left out, what could not be read. */
export function notes(report: ReplayReport): Tree {
  const lines = replayNotes(report);
  const found = report.diagnostics.map(({ code, level, message, fix, span }) =>
    h(
      "li",
      {},
      h("span", { class: "level" }, level),
      ` ${escapeText(message)} `,
      span === undefined ? "" : placeOf(`${escapeText(span.file)}:${span.line}`),
      h("small", {}, `${escapeText(fix)} `, h("code", {}, code)),
    ),
  );
  return h(
    "section",
    { id: "notes" },
    h("h2", {}, "How this was read"),
    lines.length === 0
      ? undefined
      : h(
          "ul",
          { class: "plain" },
          lines.map((line) => h("li", {}, line)),
        ),
    found.length === 0 ? undefined : h("ul", { class: "plain diagnostics" }, found.slice(0, htmlRowsMax)),
    found.length > htmlRowsMax ? h("p", {}, `and ${number(found.length - htmlRowsMax)} more`) : undefined,
    h("details", {}, h("summary", {}, some(report.inputs.length, "input")), inputs(report)),
  );
}

function inputs({ inputs: all }: ReplayReport): Tree {
  const shown = all.slice(0, htmlRowsMax).map(({ name, format, records, badLines, repeatedCalls }) => {
    const bad = badLines === 0 ? "" : `, ${some(badLines, "bad line")}`;
    const again = repeatedCalls === 0 ? "" : `, ${some(repeatedCalls, "repeated call")} counted once`;
    const what = `${escapeText(format ?? "not recognised")}, ${some(records, "record")}${bad}${again}`;
    return h("li", {}, placeOf(escapeText(name)), h("small", {}, what));
  });
  const beyond = all.length - shown.length;
  return h("ul", { class: "plain" }, shown, beyond > 0 ? h("li", {}, `and ${number(beyond)} more`) : undefined);
}
