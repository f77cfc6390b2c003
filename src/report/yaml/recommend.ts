import type { Draft, DraftGlob, DraftRule } from "../../analysis/recommend/draft.js";
import { escapeText } from "../../diagnostics/escape.js";
import type { Policy } from "../../policy/model.js";
import { leftOutWords } from "../text/recommend.js";
import { clock, count } from "../text/words.js";

/** What the head of a draft says beside the draft itself. */
export interface DraftFrame {
  readonly strictness: string;
  readonly observed: {
    readonly sinceMs: number | undefined;
    readonly history: { readonly firstMs: number | undefined; readonly lastMs: number | undefined };
    readonly undatedCalls: number;
    readonly outsideCalls: number;
  };
}

/**
 * The canonical text of a draft with its evidence as comments. `placed`: the policy as read from that text, which says on which
 * line everything stands. Comments stand alone on their lines or behind a value, and hold no line end.
 */
export function recommendYaml(draft: Draft, canonical: string, placed: Policy, frame: DraftFrame): string {
  const above = new Map<number, string[]>();
  const behind = new Map<number, string>();
  const put = (line: number, indent: string, ...texts: readonly string[]) => {
    above.set(line, [...(above.get(line) ?? []), ...texts.map((text) => `${indent}# ${escapeText(text)}`)]);
  };
  draft.capabilities.forEach((capability, i) => {
    const rule = placed.capabilities[i];
    if (rule === undefined) return;
    const origin = capability.origin === "existing" ? "of the existing policy" : "learned";
    put(rule.span.line, "  ", `confidence ${capability.confidence}, ${origin}`, ...review(capability.reviewNotes));
    capability.globs.forEach((glob, g) => {
      const at = rule.tools[g]?.span.line;
      if (at !== undefined) behind.set(at, escapeText(globEvidence(glob)));
    });
  });
  const rules = (notes: readonly DraftRule[], list: readonly { readonly span: { readonly line: number } }[]) => {
    for (const note of notes) {
      const line = list[note.index]?.span.line;
      if (line !== undefined)
        put(line, "  ", `confidence ${note.confidence}, ${note.origin}: ${note.evidence}`, ...review(note.reviewNotes));
    }
  };
  rules(draft.forbidden, placed.forbidden);
  rules(draft.triggers, placed.triggers);
  const first = placed.defaults.spans.get("unmapped_tool_action")?.line;
  if (first !== undefined)
    put(
      first,
      "  ",
      `confidence ${draft.defaults.confidence}`,
      ...draft.defaults.evidence,
      ...review(draft.defaults.reviewNotes),
    );
  const body = canonical.split("\n").flatMap((line, i) => {
    const comment = behind.get(i + 1);
    return [...(above.get(i + 1) ?? []), comment === undefined ? line : `${line} # ${comment}`];
  });
  return [...head(draft, frame), ...body].join("\n");
}

function head({ policy, confidence, unmapped }: Draft, { strictness, observed }: DraftFrame): string[] {
  const { firstMs, lastMs } = observed.history;
  const window = lastMs === undefined ? "no times on record" : `${clock(firstMs)} to ${clock(lastMs)}`;
  const left = unmapped
    .slice(0, leftMax)
    .map(({ tool, why }) => `#   ${shown(tool.tool)}: ${count(tool.calls, "call")}; ${escapeText(why)}`);
  return [
    "# A starting point, not a final policy: review it, then test it against your traces.",
    `# ${strictness} draft, confidence ${confidence}; ${escapeText(policy.meta.description ?? "")}`,
    `# window: ${window}`,
    ...leftOutWords(observed).map((words) => `# not looked at: ${words}`),
    ...(unmapped.length === 0 ? [] : ["# Called, and not mapped:", ...left]),
    ...(unmapped.length > leftMax ? [`#   and ${unmapped.length - leftMax} more`] : []),
  ];
}

/** Tools that the head names. */
const leftMax = 20;

function shown(tool: string): string {
  return tool === "" ? "(empty name)" : escapeText(tool.length > 80 ? `${tool.slice(0, 80)}...` : tool);
}

function review(notes: readonly string[]): string[] {
  return notes.map((note) => `review: ${note}`);
}

function globEvidence({ kind, tools }: DraftGlob): string {
  const calls = tools.reduce((sum, tool) => sum + tool.calls, 0);
  const sessions = tools.reduce((most, tool) => Math.max(most, tool.sessions), 0);
  if (tools.length === 0) return "not called in the window, kept";
  let lastMs = Number.NEGATIVE_INFINITY;
  let firstMs = Number.POSITIVE_INFINITY;
  for (const tool of tools) {
    lastMs = Math.max(lastMs, tool.lastMs ?? lastMs);
    firstMs = Math.min(firstMs, tool.firstMs ?? firstMs);
  }
  const day = (ms: number) => clock(ms).slice(0, 10);
  const times = Number.isFinite(lastMs) ? `, ${day(firstMs)} to ${day(lastMs)}` : "";
  const from = kind === "literal" ? "" : `${count(tools.length, "tool")}, `;
  const among = kind === "literal" ? count(sessions, "session") : `up to ${count(sessions, "session")} each`;
  return `${from}${count(calls, "call")} in ${among}${times}`;
}
