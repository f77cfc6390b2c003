import { escapeText } from "../../diagnostics/escape.js";
import type { HistoryPage, PolicyList, ResolvedPolicy } from "../../registry/shapes.js";
import type { Paint } from "../paint.js";
import type { OwnerFrame } from "../publish-run.js";
import { ownerWords } from "./publish.js";
import { count, lines, pad, widest } from "./words.js";

export interface PolicyListRun {
  readonly place: string;
  /** Whose resolved policy was asked for. */
  readonly agent: string | undefined;
  readonly list: PolicyList;
  readonly resolved: ResolvedPolicy | undefined;
}

/** The active policies of an org, its own first. */
export function policyListText({ place, agent, list, resolved }: PolicyListRun, paint: Paint): string {
  const rows = list.policies.map((policy) => [
    policy.scope,
    policy.agent_id ?? "-",
    policy.name,
    String(policy.version),
    dateText(policy.updated_at),
    policy.updated_by,
  ]);
  return lines(
    `Org ${paint.strong(escapeText(list.org_id))} in ${escapeText(place)}: ${count(list.total, "active policy", "active policies")}`,
    rows.length === 0 ? undefined : ["", ...table(["scope", "agent", "name", "version", "updated", "by"], rows, paint)],
    pageLine(list),
    agent === undefined ? undefined : ["", resolvedLine(agent, resolved)],
  );
}

function resolvedLine(agent: string, resolved: ResolvedPolicy | undefined): string {
  if (resolved === undefined) return `Resolved for agent ${escapeText(agent)}: no policy at any level`;
  const { org_policy_version: org, agent_policy_version: own } = resolved.sources;
  const layers = [...(org === null ? [] : [`org version ${org}`]), ...(own === null ? [] : [`agent version ${own}`])];
  return `Resolved for agent ${escapeText(agent)}: ${layers.join(" + ")}, digest ${resolved.digest.slice(0, 12)}`;
}

export interface HistoryRun {
  readonly owner: OwnerFrame;
  readonly history: HistoryPage;
}

/** Versions, newest first. */
export function historyText({ owner, history }: HistoryRun, paint: Paint): string {
  const rows = history.versions.map((each) => [
    String(each.version),
    each.active ? "active" : "archived",
    dateText(each.updated_at),
    each.updated_by,
    each.digest.slice(0, 12),
    [each.restored_from === null ? [] : [`(version ${each.restored_from} again)`], each.message ?? []].flat().join(" "),
  ]);
  return lines(
    `${count(history.total, "version")} for ${ownerWords(owner)} in ${escapeText(owner.place)}`,
    rows.length === 0 ? undefined : ["", ...table(["version", "state", "published", "by", "digest", "message"], rows, paint)],
    pageLine(history),
  );
}

/** Cells as columns; escaped, the last one as long as it is. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], paint: Paint): string[] {
  const cells = rows.map((row) => row.map(escapeText));
  const widths = head.map((title, column) =>
    Math.min(
      60,
      widest(
        cells.map((row) => row[column] ?? ""),
        title.length,
      ),
    ),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : pad(cell, widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  return [paint.faint(line(head)), ...cells.map(line)];
}

/** Which page of how many, where there is more than one. */
export function pageLine(of: { readonly total: number; readonly page: number; readonly per_page: number }): string[] {
  const pages = Math.max(1, Math.ceil(of.total / of.per_page));
  if (pages === 1 && of.page === 1) return [];
  return [`Page ${of.page} of ${pages}; --page shows another`];
}

/** ISO 8601 as people read it; what is no time stays as it is. */
export function dateText(time: string): string {
  return time.replace("T", " ").replace(/\.\d+Z$/, "Z");
}
