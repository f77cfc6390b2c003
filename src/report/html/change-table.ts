import type { Page, PageChange, PageStand } from "./payload.js";
import { badge, calls, code, number, ruleOf, terms, toolLink } from "./pieces.js";
import { type Table, table } from "./table.js";
import { type Child, h, type Tree } from "./tree.js";

/** The name of a matrix cell, as the filter of the table knows it. */
export function cellName(from: string, to: string): string {
  return `${from} → ${to}`;
}

/** Tools whose verdict changes, in the order of the cells: what got weaker first. */
export function changesTable(page: Page): Table {
  const cells = [...new Set(page.changes.map(({ from, to }) => cellName(from, to)))];
  const order = new Map(cells.map((cell, i) => [cell, i]));
  return table<PageChange>(
    { id: "changes", nouns: ["changed tool", "changed tools"], rows: page.changes, filters: cells },
    [
      { title: "Tool", kind: "name", cell: (c) => code(c.tool), key: (c) => c.tool },
      { title: "Change", kind: "text", cell: change, key: (c) => order.get(cellName(c.from, c.to)) ?? 0 },
      { title: "Calls", kind: "number", cell: (c) => number(c.calls), key: (c) => c.calls },
      { title: "Before", kind: "text", cell: (c) => stand(page, c.before), key: (c) => c.before.cause },
      { title: "Now", kind: "text", cell: (c) => stand(page, c.after), key: (c) => c.after.cause },
    ],
    {
      text: (c) => [c.tool, ruleName(page, c.before), ruleName(page, c.after)].join(" "),
      group: (c) => cellName(c.from, c.to),
      detail: (c) =>
        terms(
          ["Tool", toolLink(c.tool)],
          ["Before", whole(page, c.from, c.before)],
          ["Now", whole(page, c.to, c.after)],
          ["First calls", calls(page, c.places)],
        ),
    },
  );
}

function ruleName(page: Page, { rule }: PageStand): string {
  return page.rules[rule]?.name ?? "";
}

function change({ from, to, weaker }: PageChange): Child {
  return h(
    "span",
    { class: "change" },
    badge(from),
    h("span", { class: "arrow", "aria-hidden": "true" }, "→"),
    badge(to),
    h("small", { class: weaker ? "weaker" : "stricter" }, weaker ? "▽ weaker" : "△ stricter"),
  );
}

function stand(page: Page, { cause, rule }: PageStand): Tree {
  return h("span", {}, cause, h("small", {}, rule === -1 ? "" : ruleOf(page, rule)));
}

function whole(page: Page, verdict: PageChange["from"], { cause, rule, reason }: PageStand): Child[] {
  const why = page.texts[reason];
  return [
    h("p", {}, badge(verdict), ` ${cause}`),
    h("p", {}, ruleOf(page, rule)),
    ...(why === undefined || why === "" ? [] : [h("p", { class: "whole" }, why)]),
  ];
}
