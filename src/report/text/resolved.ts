import type { Span } from "../../diagnostics/diagnostic.js";
import { escapeText } from "../../diagnostics/escape.js";
import type { MergedPolicy, Sourced } from "../../policy/model.js";
import { resolvedCapabilities, resolvedName } from "../json/resolved.js";
import type { Paint } from "../paint.js";
import { lines, pad, quoted, widest } from "./words.js";

/** A line of the listing: what it says, and the layer and place it came from. */
type Row = readonly [text: string, origin: string];

/** The effective policy in reading order, the layer of every field on the right. */
export function resolvedText(policy: MergedPolicy, paint: Paint): string {
  const rows: Row[] = [];
  for (const capability of resolvedCapabilities(policy)) {
    rows.push([`  ${escapeText(capability.name)}`, capability.layers.join(" + ")]);
    for (const tool of capability.tools) rows.push([`    tool    ${quoted(tool.value)}`, origin(tool.layer, tool.span)]);
    for (const action of capability.cardActions) {
      rows.push([`    action  ${escapeText(action.value)}`, origin(action.layer, action.span)]);
    }
  }
  const forbidden = policy.forbidden.map(
    ({ layer, rule }): Row => [
      `  ${quoted(rule.pattern.glob.source)}  ${rule.severity}  ${escapeText(rule.reason)}`,
      origin(layer, rule.pattern.span),
    ],
  );
  const triggers = policy.triggers.map(
    ({ layer, rule }): Row => [
      `  ${escapeText(rule.condition.text)}  ${rule.action}  ${escapeText(rule.reason)}`,
      origin(layer, rule.span),
    ],
  );
  const d = policy.defaults;
  const defaults: Row[] = [
    field("unmapped_tool_action", d.unmappedToolAction),
    field("unmapped_severity", d.unmappedSeverity),
    field("fail_open", d.failOpen),
    field("enforcement_mode", d.enforcementMode),
    field("grace_period_hours", d.gracePeriodHours),
    field("fail_on", d.failOn),
  ];
  const width = Math.min(72, widest([rows, forbidden, triggers, defaults].flat().map(([text]) => text)));
  const sources = policy.sources.map((s) => `${escapeText(s.file)} (${s.layer}, ${quoted(s.name)})`).join(" + ");
  return lines(
    `${paint.strong(escapeText(resolvedName(policy)))} from ${sources}`,
    listing("capability_mappings", rows, width, paint),
    listing("forbidden", forbidden, width, paint),
    listing("escalation_triggers", triggers, width, paint),
    listing("defaults", defaults, width, paint),
  );
}

function listing(title: string, rows: readonly Row[], width: number, paint: Paint): string[] {
  if (rows.length === 0) return ["", `${paint.strong(title)}: none`];
  return ["", paint.strong(title), ...rows.map(([text, from]) => `${pad(text, width)}  ${paint.faint(from)}`)];
}

function field<T>(name: string, sourced: Sourced<T>): Row {
  return [`  ${name}: ${String(sourced.value)}`, origin(sourced.layer, sourced.span)];
}

function origin(layer: string, span: Span | undefined): string {
  if (layer === "default" || span === undefined) return "documented default";
  return `${layer}  ${escapeText(span.file)}:${span.line}`;
}
