import type { Verdict } from "../../engine/result.js";
import { clock, marks } from "../text/words.js";
import type { Page, PageCounts, PagePlace } from "./payload.js";
import { type Child, h, type Tree } from "./tree.js";

/** Characters of a name a table shows; the drill-down shows all of it. */
const nameShown = 120;

export type Shown = Verdict | "skipped";

/** Mark and word: the verdict never hangs on a colour. */
export function badge(verdict: Shown): Tree {
  return h("span", { class: `badge ${verdict}` }, mark(verdict), verdict);
}

export function mark(verdict: Shown): Tree {
  return h("span", { class: "mark", "aria-hidden": "true" }, verdict === "skipped" ? "–" : marks[verdict]);
}

/** A name or glob as it was written, cut for a table. */
export function code(text: string): Tree {
  return h("code", {}, cut(text));
}

/** Where something stands: a file and a line, and of which layer. */
export function placeOf(text: string): Tree {
  return h("span", { class: "place" }, cut(text));
}

/** A text as far as a row has room for it; how long it is, where it was cut. */
export function cut(text: string): Child[] {
  const points = [...text.slice(0, nameShown * 2 + 2)];
  if (points.length <= nameShown) return breakable(text);
  const more = h("span", { class: "cut" }, `… ${number(text.length)} characters`);
  return [...breakable(points.slice(0, nameShown).join("")), more];
}

/** A long name may go on in the next line behind an underscore or a slash, rather than anywhere. */
function breakable(text: string): Child[] {
  const parts = text.split(/(?<=[_/])(?=[^_/])/);
  return parts.flatMap((part, i) => (i === 0 ? [part] : [h("wbr", {}), part]));
}

export function number(n: number): string {
  return n.toLocaleString("en-US");
}

/** "1 call", "2,000 calls". */
export function some(n: number, one: string, many = `${one}s`): string {
  return `${number(n)} ${n === 1 ? one : many}`;
}

/** To the minute, UTC; nothing for no time. */
export function time(ms: number | null | undefined): Child {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return h("span", { class: "none" }, "no time");
  return h("time", { datetime: new Date(ms).toISOString() }, clock(ms).slice(0, 16));
}

/** `2 Feb 2026`, or with the hour where the period is short. */
export function dayOf(ms: number): string {
  return new Date(ms).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
}

/** A bar of calls or traces by verdict; widths are shares of 100, and what is there is seen. */
export function bar(counts: PageCounts, label: string): Tree {
  const total = counts[0] + counts[1] + counts[2];
  const least = 1.5;
  const shares = counts.map((n) => (n === 0 ? 0 : Math.max(least, (n / Math.max(1, total)) * 100)));
  const sum = shares.reduce((a, b) => a + b, 0);
  const classes = ["pass", "warn", "fail"];
  let x = 0;
  const parts = [2, 1, 0].flatMap((i) => {
    if (shares[i] === 0) return [];
    const width = (shares[i]! / sum) * 100;
    const part = h("rect", { class: classes[i]!, x: round(x), y: 0, width: round(width), height: 8 });
    x += width;
    return [part];
  });
  return h(
    "svg",
    { class: "bar", viewBox: "0 0 100 8", preserveAspectRatio: "none", role: "img", "aria-label": label },
    ...parts,
  );
}

export function round(n: number): number {
  return Math.round(n * 100) / 100;
}

/** `5 fail, 12 warn, 400 pass`, zeros left out. */
export function countsWords([pass, warn, fail]: PageCounts): string {
  const parts = [fail > 0 && `${number(fail)} fail`, warn > 0 && `${number(warn)} warn`, pass > 0 && `${number(pass)} pass`];
  return parts.filter((part) => part !== false).join(", ") || "none";
}

/** A rule and the place where it stands. */
export function ruleOf(page: Page, rule: number, ...behind: readonly Child[]): Tree {
  const found = page.rules[rule];
  if (found === undefined) return h("span", { class: "none" }, "no rule");
  const level = found.level === "" ? [] : [" ", h("span", { class: "level" }, found.level)];
  const place = found.place === "" ? [] : [" ", placeOf(found.place)];
  return h("span", { class: "rule" }, h("span", { class: "rulename" }, cut(found.name)), ...level, ...place, ...behind);
}

/** The first calls: file and line, time, who called. */
export function calls(page: Page, places: readonly PagePlace[]): Tree {
  if (places.length === 0) return h("span", { class: "none" }, "none kept");
  return h(
    "ul",
    { class: "calls" },
    places.map(([input, line, ms, subagent]) =>
      h("li", {}, placeOf(`${page.texts[input] ?? ""}:${line}`), " ", time(ms), subagent === 1 ? " by a subagent" : undefined),
    ),
  );
}

/** Terms and what they say; entries without anything to say are left out. */
export function terms(...entries: readonly (readonly [string, Child | readonly Child[]] | undefined)[]): Tree {
  return h(
    "dl",
    { class: "terms" },
    entries.flatMap((entry) => (entry === undefined ? [] : [h("div", {}, h("dt", {}, entry[0]), h("dd", {}, entry[1]))])),
  );
}

/** Tools and their calls; with scripts a name leads to its tool. */
export function toolList(tools: readonly (readonly [tool: string, calls: number])[]): Tree {
  return h(
    "ul",
    {},
    tools.map(([tool, n]) => h("li", {}, toolLink(tool), ` ${some(n, "call")}`)),
  );
}

export function toolLink(tool: string): Tree {
  return h("span", { class: "tool", "data-tool": tool }, code(tool));
}
