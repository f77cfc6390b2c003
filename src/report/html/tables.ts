import { changesTable } from "./change-table.js";
import type { Page, PageHits, PageNewTool, PageTool, PageTrace } from "./payload.js";
import {
  badge,
  calls,
  code,
  countsWords,
  cut,
  number,
  placeOf,
  ruleOf,
  some,
  terms,
  time,
  toolLink,
  toolList,
} from "./pieces.js";
import { type Table, table } from "./table.js";
import { type Child, h, type Tree } from "./tree.js";

/** Rows there were before the page was cut. */
export interface Totals {
  readonly tools: number;
  readonly traces: number;
  readonly unmapped: number;
}

export function tablesOf(page: Page, totals: Totals): Table[] {
  return [
    changesTable(page),
    tracesTable(page, totals),
    rulesTable(page),
    toolsTable(page, totals),
    unmappedTable(page, totals),
    newToolsTable(page),
  ];
}

const strength = { skipped: 0, pass: 1, warn: 2, fail: 3 } as const;
const byVerdict = ["fail", "warn", "pass", "skipped"];

function toolsTable(page: Page, totals: Totals): Table {
  const ruleText = (tool: PageTool) => page.rules[tool.rule]?.name ?? "";
  return table<PageTool>(
    { id: "tools", nouns: ["tool", "tools"], rows: page.tools, total: totals.tools, filters: byVerdict },
    [
      { title: "Tool", kind: "name", cell: (t) => code(t.name), key: (t) => t.name },
      { title: "Verdict", kind: "text", cell: (t) => badge(t.verdict), key: (t) => strength[t.verdict] },
      {
        title: "Why",
        kind: "text",
        cell: (t) => h("span", {}, t.cause, h("small", {}, t.rule === -1 ? "" : ruleOf(page, t.rule))),
        key: (t) => t.cause + ruleText(t),
      },
      { title: "Calls", kind: "number", cell: (t) => number(t.calls), key: (t) => t.calls },
      { title: "Traces", kind: "number", cell: (t) => number(t.traces), key: (t) => t.traces },
      { title: "Last call", kind: "time", cell: (t) => time(t.last), key: (t) => t.last ?? -Infinity },
    ],
    {
      text: (t) => [t.name, ...t.raw, t.cause, ruleText(t)].join(" "),
      group: (t) => t.verdict,
      detail: (t) => toolDetail(page, t),
    },
  );
}

function toolDetail(page: Page, t: PageTool): Tree {
  const reasons = t.reasons.map((reason) => h("p", { class: "whole" }, page.texts[reason] ?? ""));
  const others = t.also.map((rule) => h("li", {}, ruleOf(page, rule)));
  return terms(
    ["Tool", h("code", { class: "whole" }, t.name)],
    t.raw.length === 0 ? undefined : ["Recorded as", t.raw.map((name) => h("code", { class: "whole" }, name))],
    ["Verdict", [badge(t.verdict), ` ${t.cause}; the decision would be ${t.action}`]],
    ["Decided by", t.rule === -1 ? "no rule: nothing in the policy names it" : ruleOf(page, t.rule)],
    reasons.length === 0 ? undefined : [reasons.length === 1 ? "Reason" : "Reasons", reasons],
    t.capability === -1 || t.capability === t.rule ? undefined : ["Mapped by", ruleOf(page, t.capability)],
    ["Also matches", others.length === 0 ? "no other rule" : h("ul", {}, others)],
    ["Calls", [countsWords(t.counts), ` in ${some(t.traces, "trace")}`, ...period(t.first, t.last)]],
    ["First calls", calls(page, t.places)],
  );
}

function period(first: number | null, last: number | null): Child[] {
  if (first === null || last === null) return [];
  return first === last ? [", ", time(first)] : [", from ", time(first), " to ", time(last)];
}

function rulesTable(page: Page): Table {
  const ruleAt = (hits: PageHits) => page.rules[hits.rule]!;
  const hit = (hits: PageHits) => (hits.calls === 0 ? "never hit" : "hit");
  return table<PageHits>(
    { id: "rules", nouns: ["rule", "rules"], rows: page.hits, filters: ["hit", "never hit"] },
    [
      { title: "Rule", kind: "name", cell: (r) => ruleCell(page, r), key: (r) => ruleAt(r).name },
      {
        title: "Matched",
        kind: "number",
        cell: (r) => (r.calls === 0 ? h("span", { class: "never" }, "never") : number(r.calls)),
        key: (r) => r.calls,
      },
      { title: "Decided", kind: "number", cell: (r) => number(r.decided), key: (r) => r.decided },
      { title: "Tools", kind: "number", cell: (r) => number(r.tools), key: (r) => r.tools },
      { title: "First", kind: "time", cell: (r) => (r.calls === 0 ? "" : time(r.first)), key: (r) => r.first ?? -Infinity },
      { title: "Last", kind: "time", cell: (r) => (r.calls === 0 ? "" : time(r.last)), key: (r) => r.last ?? -Infinity },
    ],
    {
      text: (r) => [ruleAt(r).name, ruleAt(r).place, ruleAt(r).reason].join(" "),
      group: hit,
      detail: (r) =>
        terms(
          ["Rule", h("span", { class: "rulename whole" }, ruleAt(r).name)],
          ruleAt(r).place === "" ? undefined : ["Place", h("span", { class: "place whole" }, ruleAt(r).place)],
          ruleAt(r).reason === "" ? undefined : ["Reason", h("span", { class: "whole" }, ruleAt(r).reason)],
          ["Calls", r.calls === 0 ? "it never matched" : `matched ${number(r.calls)}, decided ${number(r.decided)}`],
          r.top.length === 0 ? undefined : ["Most called", toolList(r.top)],
          r.places.length === 0 ? undefined : ["First calls", calls(page, r.places)],
        ),
    },
  );
}

function ruleCell(page: Page, hits: PageHits): Tree {
  const { name, place, level } = page.rules[hits.rule]!;
  const shownLevel = level === "" ? [] : [h("span", { class: "level" }, level), " "];
  return h("span", {}, code(name), h("small", {}, ...shownLevel, placeOf(place)));
}

function tracesTable(page: Page, totals: Totals): Table {
  return table<PageTrace>(
    { id: "traces", nouns: ["trace", "traces"], rows: page.traces, total: totals.traces, filters: byVerdict },
    [
      { title: "Trace", kind: "name", cell: (t) => h("span", {}, code(t.id), traceOrigin(t)), key: (t) => t.id },
      { title: "Verdict", kind: "text", cell: (t) => badge(t.verdict), key: (t) => strength[t.verdict] },
      { title: "Failing", kind: "number", cell: (t) => number(t.counts[2]), key: (t) => t.counts[2] },
      { title: "Warned", kind: "number", cell: (t) => number(t.counts[1]), key: (t) => t.counts[1] },
      { title: "Calls", kind: "number", cell: (t) => number(t.calls), key: (t) => t.calls },
      { title: "Last call", kind: "time", cell: (t) => time(t.last), key: (t) => t.last ?? -Infinity },
    ],
    {
      text: (t) => [t.id, t.agent, t.format, page.texts[t.input] ?? "", ...t.findings.map((f) => f.tool)].join(" "),
      group: (t) => t.verdict,
      detail: (t) => traceDetail(page, t),
    },
  );
}

function traceOrigin({ agent, format }: PageTrace): Tree {
  return h("small", {}, cut(agent === "" ? format : `${agent}, ${format}`));
}

function traceDetail(page: Page, t: PageTrace): Tree {
  const findings = t.findings.map((f) => {
    const level = f.severity === "" ? [] : [" ", h("span", { class: "level" }, f.severity)];
    return h(
      "li",
      { class: f.level === "violation" ? "finding fail" : "finding warn" },
      h(
        "p",
        {},
        badge(f.level === "violation" ? "fail" : "warn"),
        ` ${f.label} `,
        toolLink(f.tool),
        ` ${some(f.calls, "call")}`,
        ...level,
      ),
      h("p", { class: "whole" }, page.texts[f.reason] ?? ""),
      f.missing.length === 0 ? undefined : h("p", { class: "whole" }, `Not on the card: ${f.missing.join(", ")}`),
      f.grace === null ? undefined : h("p", {}, "Grace until ", time(f.grace)),
      h("p", {}, ruleOf(page, f.rule)),
      calls(page, f.places),
    );
  });
  const subagents = t.subagentCalls === 0 ? "" : `, ${number(t.subagentCalls)} of them by subagents`;
  return h(
    "div",
    {},
    terms(
      ["Trace", h("code", { class: "whole" }, t.id)],
      ["Recorded in", h("span", { class: "place whole" }, page.texts[t.input] ?? "")],
      t.before === null ? undefined : ["Before", badge(t.before)],
      ["Calls", [countsWords(t.counts), subagents, ...period(t.first, t.last)]],
    ),
    findings.length === 0 ? undefined : h("ul", { class: "findings" }, findings),
    t.hidden === 0 ? undefined : h("p", { class: "beyond" }, `${some(t.hidden, "finding")} not part of this page`),
  );
}

function unmappedTable(page: Page, totals: Totals): Table {
  return table<Page["unmapped"][number]>(
    { id: "unmapped", nouns: ["unmapped tool", "unmapped tools"], rows: page.unmapped, total: totals.unmapped },
    [
      { title: "Tool", kind: "name", cell: ([tool]) => toolLink(tool), key: ([tool]) => tool },
      { title: "Calls", kind: "number", cell: ([, n]) => number(n), key: ([, n]) => n },
    ],
    { text: ([tool]) => tool },
  );
}

function newToolsTable(page: Page): Table {
  return table<PageNewTool>(
    { id: "new-tools", nouns: ["new tool", "new tools"], rows: page.newTools, filters: ["not mapped", "mapped"] },
    [
      {
        title: "Tool",
        kind: "name",
        cell: (t) => h("span", {}, toolLink(t.tool), h("small", {}, cut(t.agent))),
        key: (t) => t.tool,
      },
      { title: "First call", kind: "time", cell: (t) => time(t.first), key: (t) => t.first },
      { title: "Calls", kind: "number", cell: (t) => number(t.calls), key: (t) => t.calls },
      { title: "Mapped", kind: "text", cell: (t) => (t.mapped ? "mapped" : "not mapped"), key: (t) => (t.mapped ? 1 : 0) },
      { title: "Grace", kind: "text", cell: (t) => graceCell(page, t), key: (t) => t.grace ?? -Infinity },
    ],
    { text: (t) => `${t.tool} ${t.agent}`, group: (t) => (t.mapped ? "mapped" : "not mapped") },
  );
}

function graceCell({ nowMs }: Page, { grace }: PageNewTool): Child {
  if (grace === null) return h("span", { class: "none" }, "not concerned");
  return h("span", {}, grace > nowMs ? "until " : "ended ", time(grace));
}
