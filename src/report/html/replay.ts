import { escapeText } from "../../diagnostics/escape.js";
import type { ReplayReport } from "../../trace/replay-report.js";
import type { ReplayFrame } from "../replay-frame.js";
import { pageScript, pageScriptHash, pageStyle, pageStyleHash } from "./page.generated.js";
import { pageOf, payloadText } from "./payload.js";
import { changesIntro, figures, headline, matrix, notes, tableSection } from "./sections.js";
import type { Table } from "./table.js";
import { tablesOf } from "./tables.js";
import { timelineFigure } from "./timeline.js";
import { type Child, escapeMarkup, h, markup, type Tree } from "./tree.js";

/**
 * The replay as one HTML file that opens from disk: nothing is loaded, and the content policy allows only the two inline texts
 * of this package, by their hashes. Tables are part of the markup; the script sorts, searches and opens them.
 */
export function replayHtml(report: ReplayReport, frame: ReplayFrame): string {
  const page = pageOf(report, frame.generatedAtMs);
  const traces = report.traces.length + report.tracesNotListed;
  const tables = tablesOf(page, { tools: report.tools.length, traces, unmapped: report.unmappedTools.length });
  const body = h("main", {}, headline(report, frame), figures(report), ...sections(report, tables), notes(report), foot(frame));
  const policy = `default-src 'none'; script-src '${pageScriptHash}'; style-src '${pageStyleHash}'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>${escapeMarkup(`Policy replay: ${escapeText(frame.file)}`)}</title>
<style>${pageStyle}</style>
</head>
<body>
${markup(body)}
<script type="application/json" id="page">${payloadText(page)}</script>
<script>${pageScript}</script>
</body>
</html>
`;
}

/** The parts in the order of what a reader asks: what changes, when, which runs, which rules, which tools. */
function sections(report: ReplayReport, tables: readonly Table[]): Tree[] {
  const table = (id: string, otherwise: string) => tableSection(tables.find((each) => each.id === id)!, otherwise);
  const parts: { id: string; title: string; count: number; content: readonly Child[] }[] = [];
  const { changes } = report;
  if (changes !== undefined) {
    const content = [...changesIntro(changes), matrix(changes), table("changes", "No tool is judged differently.")];
    parts.push({ id: "s-changes", title: "What changes", count: 0, content });
  }
  const newTools = report.newTools.length;
  parts.push(
    { id: "s-timeline", title: "Over time", count: 0, content: [timelineFigure(report.timeline)] },
    { id: "s-traces", title: "Traces, worst first", count: report.summary.traces, content: [table("traces", "No traces.")] },
    { id: "s-rules", title: "Rules", count: report.rules.length, content: [table("rules", "The policy has no rules.")] },
    { id: "s-tools", title: "Tools", count: report.tools.length, content: [table("tools", "No tool was called.")] },
    {
      id: "s-unmapped",
      title: "Unmapped tools",
      count: report.unmappedTools.length,
      content: [table("unmapped", "Every tool that was called is mapped, forbidden or invalid.")],
    },
    {
      id: "s-new-tools",
      title: "New tools",
      count: newTools,
      content: [table("new-tools", "No tool was called for the first time.")],
    },
  );
  const links = parts.map(({ id, title }) => h("a", { href: `#${id}` }, title));
  return [
    h("nav", { "aria-label": "Sections" }, ...links, h("a", { href: "#notes" }, "How this was read")),
    ...parts.map(({ id, title, count, content }) =>
      h(
        "section",
        { id },
        h("h2", {}, title, count === 0 ? undefined : h("span", { class: "count" }, count.toLocaleString("en-US"))),
        content,
      ),
    ),
  ];
}

function foot({ version }: ReplayFrame): Tree {
  return h(
    "footer",
    {},
    `smoltbot-policy ${escapeText(version)}. Verdicts are those of semantics E8: independent of the enforcement mode.`,
  );
}
