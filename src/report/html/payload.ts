import { escapeText } from "../../diagnostics/escape.js";
import type { RuleRef, Verdict } from "../../engine/result.js";
import { htmlFindingsMax, htmlToolsMax, htmlTracesMax } from "../../limits.js";
import type {
  CallPlace,
  ChangedTool,
  ReplayReport,
  RuleHits,
  ToolReport,
  TraceFinding,
  TraceReport,
  VerdictCounts,
} from "../../trace/replay-report.js";
import { visibleJson } from "../json/rule.js";
import { causeWords } from "../text/evaluation.js";
import { findingLabels } from "../text/findings.js";
import { place, ruleName, toolName } from "../text/words.js";

/** What the tables of the page are made of, as the page carries it along. Every text is escaped for people already. */
export interface Page {
  /** Reasons and inputs, each once; numbers elsewhere point here. */
  readonly texts: readonly string[];
  readonly rules: readonly PageRule[];
  readonly tools: readonly PageTool[];
  readonly hits: readonly PageHits[];
  readonly traces: readonly PageTrace[];
  readonly changes: readonly PageChange[];
  /** Tools no capability maps, most used first. */
  readonly unmapped: readonly (readonly [tool: string, calls: number])[];
  readonly newTools: readonly PageNewTool[];
  /** When the report was made, epoch milliseconds. */
  readonly nowMs: number;
}

export interface PageRule {
  readonly name: string;
  /** `policy.yaml:33 (agent)`. */
  readonly place: string;
  /** Severity of a forbidden rule, action of a trigger; else empty. */
  readonly level: string;
  readonly reason: string;
}

/** Input (a text), line, epoch milliseconds, whether a subagent called. */
export type PagePlace = readonly [input: number, line: number, timeMs: number | null, subagent: 0 | 1];
export type PageCounts = readonly [pass: number, warn: number, fail: number];

export interface PageTool {
  readonly name: string;
  readonly raw: readonly string[];
  readonly calls: number;
  readonly counts: PageCounts;
  readonly verdict: Verdict;
  readonly action: string;
  readonly cause: string;
  /** Rules are positions in `Page.rules`; -1 where there is none. */
  readonly rule: number;
  readonly capability: number;
  readonly also: readonly number[];
  readonly reasons: readonly number[];
  readonly first: number | null;
  readonly last: number | null;
  readonly traces: number;
  readonly places: readonly PagePlace[];
}

export interface PageHits {
  readonly rule: number;
  readonly calls: number;
  readonly decided: number;
  readonly tools: number;
  readonly top: readonly (readonly [tool: string, calls: number])[];
  readonly first: number | null;
  readonly last: number | null;
  readonly places: readonly PagePlace[];
}

export interface PageFinding {
  readonly level: "violation" | "warning";
  readonly label: string;
  readonly tool: string;
  readonly calls: number;
  readonly reason: number;
  readonly severity: string;
  readonly rule: number;
  readonly missing: readonly string[];
  readonly grace: number | null;
  readonly places: readonly PagePlace[];
}

export interface PageTrace {
  readonly id: string;
  readonly agent: string;
  readonly format: string;
  readonly input: number;
  readonly first: number | null;
  readonly last: number | null;
  readonly calls: number;
  readonly subagentCalls: number;
  readonly counts: PageCounts;
  readonly verdict: Verdict | "skipped";
  readonly before: Verdict | "skipped" | null;
  readonly findings: readonly PageFinding[];
  /** Findings that are not carried along. */
  readonly hidden: number;
}

export interface PageStand {
  readonly cause: string;
  readonly rule: number;
  readonly reason: number;
}

export interface PageChange {
  readonly from: Verdict;
  readonly to: Verdict;
  readonly weaker: boolean;
  readonly tool: string;
  readonly calls: number;
  readonly before: PageStand;
  readonly after: PageStand;
  readonly places: readonly PagePlace[];
}

export interface PageNewTool {
  readonly tool: string;
  readonly agent: string;
  readonly first: number;
  readonly calls: number;
  readonly mapped: boolean;
  readonly grace: number | null;
}

export function pageOf(report: ReplayReport, nowMs: number): Page {
  const terms = new Terms();
  return {
    tools: kept(report.tools, htmlToolsMax, (tool) => tool.verdict !== "pass").map((tool) => terms.tool(tool)),
    hits: report.rules.map((hits) => terms.hits(hits)),
    traces: worstFirst(report).map((trace) => terms.trace(trace)),
    changes: (report.changes?.cells ?? []).flatMap(({ from, to, weaker, tools }) =>
      tools.map((tool) => ({ from, to, weaker, ...terms.change(tool) })),
    ),
    unmapped: report.unmappedTools.slice(0, htmlToolsMax).map(({ tool, count }) => [toolName(tool), count]),
    newTools: report.newTools.map(({ tool, agent, firstMs, calls, mapped, graceExpiresAtMs }) => ({
      ...{ tool: toolName(tool), agent: escapeText(agent ?? ""), first: firstMs, calls, mapped },
      grace: graceExpiresAtMs ?? null,
    })),
    nowMs,
    texts: terms.texts,
    rules: terms.rules,
  };
}

/** JSON for a `<script type="application/json">`: without `<` nothing in it can end the element or open a comment. */
export function payloadText(page: Page): string {
  return visibleJson(JSON.stringify(page)).replaceAll("<", "\\u003c");
}

/** Most failing calls first, then most warnings, then the rest as listed. */
function worstFirst({ traces }: ReplayReport): TraceReport[] {
  const weight = ({ verdict }: TraceReport) => (verdict === "fail" ? 2 : verdict === "warn" ? 1 : 0);
  const sorted = [...traces].sort(
    (a, b) => weight(b) - weight(a) || b.callVerdicts.fail - a.callVerdicts.fail || b.callVerdicts.warn - a.callVerdicts.warn,
  );
  return sorted.slice(0, htmlTracesMax);
}

/** At most `max` of a list in its order; those that matter before others. */
function kept<T>(list: readonly T[], max: number, matters: (item: T) => boolean): readonly T[] {
  if (list.length <= max) return list;
  const room = max - Math.min(max, list.filter(matters).length);
  let [some, others] = [0, 0];
  return list.filter((item) => (matters(item) ? some++ < max : others++ < room));
}

/** Rules and texts come up thousands of times; each is kept once and numbered. */
class Terms {
  readonly texts: string[] = [];
  readonly rules: PageRule[] = [];
  private findingsLeft = htmlFindingsMax;
  private readonly textIds = new Map<string, number>();
  private readonly ruleIds = new Map<string, number>();

  text(text: string): number {
    let id = this.textIds.get(text);
    if (id === undefined) {
      id = this.texts.push(escapeText(text)) - 1;
      this.textIds.set(text, id);
    }
    return id;
  }

  rule(rule: RuleRef | null): number {
    if (rule === null) return -1;
    const key = JSON.stringify([rule.kind, rule.layer, rule.index, rule.label, rule.pattern, rule.file, rule.line]);
    let id = this.ruleIds.get(key);
    if (id === undefined) {
      const level =
        rule.severity !== undefined && rule.kind === "forbidden" ? rule.severity : rule.kind === "trigger" ? rule.action : "";
      id =
        this.rules.push({ name: ruleName(rule), place: place(rule), level: level ?? "", reason: escapeText(rule.reason ?? "") }) -
        1;
      this.ruleIds.set(key, id);
    }
    return id;
  }

  places(places: readonly CallPlace[]): PagePlace[] {
    return places.map(({ input, line, timeMs, subagent }) => [this.text(input), line, timeMs ?? null, subagent ? 1 : 0]);
  }

  tool(tool: ToolReport): PageTool {
    return {
      name: toolName(tool.tool),
      raw: tool.rawNames.map(toolName),
      calls: tool.calls,
      counts: tally(tool.callVerdicts),
      verdict: tool.verdict,
      action: tool.action,
      cause: causeWords[tool.cause],
      rule: this.rule(tool.rule),
      capability: this.rule(tool.capability),
      also: tool.alsoMatches.map((rule) => this.rule(rule)),
      reasons: tool.reasons.map((reason) => this.text(reason)),
      first: tool.firstMs ?? null,
      last: tool.lastMs ?? null,
      traces: tool.traces,
      places: this.places(tool.places),
    };
  }

  hits({ rule, calls, decided, tools, topTools, firstMs, lastMs, places }: RuleHits): PageHits {
    return {
      ...{ rule: this.rule(rule), calls, decided, tools },
      top: topTools.map(({ tool, calls: n }) => [toolName(tool), n]),
      first: firstMs ?? null,
      last: lastMs ?? null,
      places: this.places(places),
    };
  }

  /** Of one trace at most a hundredth of what there is room for: a hundred traces at least can be opened. */
  trace(trace: TraceReport): PageTrace {
    const findings = trace.findings.slice(0, Math.min(this.findingsLeft, htmlFindingsMax / 100));
    this.findingsLeft -= findings.length;
    return {
      id: escapeText(trace.id),
      agent: escapeText(trace.agent ?? ""),
      format: escapeText(trace.format),
      input: this.text(trace.input),
      first: trace.firstMs ?? null,
      last: trace.lastMs ?? null,
      calls: trace.calls,
      subagentCalls: trace.subagentCalls,
      counts: tally(trace.callVerdicts),
      verdict: trace.verdict,
      before: trace.verdictBefore ?? null,
      findings: findings.map((finding) => this.finding(finding)),
      hidden: trace.findings.length - findings.length,
    };
  }

  change({ tool, calls, before, after, places }: ChangedTool): Omit<PageChange, "from" | "to" | "weaker"> {
    const stand = ({ cause, rule, reason }: ChangedTool["before"]): PageStand => ({
      cause: causeWords[cause],
      rule: this.rule(rule),
      reason: reason === undefined ? -1 : this.text(reason),
    });
    return { tool: toolName(tool), calls, before: stand(before), after: stand(after), places: this.places(places) };
  }

  private finding(finding: TraceFinding): PageFinding {
    return {
      level: finding.level,
      label: findingLabels[finding.type],
      tool: toolName(finding.tool),
      calls: finding.calls,
      reason: this.text(finding.reason),
      severity: finding.severity ?? "",
      rule: this.rule(finding.rule),
      missing: (finding.missingCardActions ?? []).map(escapeText),
      grace: finding.graceExpiresAtMs ?? null,
      places: this.places(finding.places),
    };
  }
}

function tally({ pass, warn, fail }: VerdictCounts): PageCounts {
  return [pass, warn, fail];
}
