import { conditionBytesMax } from "../../limits.js";
import { severities } from "../../policy/lattice.js";
import { documentedDefaults } from "../../policy/merge.js";
import type { ForbiddenRule, Severity, Trigger } from "../../policy/model.js";
import { Aligner } from "./align.js";
import { careOf, type DraftRequest, type DraftRule } from "./draft.js";
import { type ObservedTool, rounded } from "./history.js";
import { literalGlob, nowhere } from "./literal.js";
import { partName } from "./tool-name.js";
import { words } from "./words.js";

/** Score from which on a card is taken to grant deleting. */
const grantedMin = 0.5;
/** Of a tool's calls, the share refused from which on it is forbidden, and from which on people are asked. */
const forbiddenShare = 0.8;
const askedShare = 0.1;

/** What a draft forbids and asks about, in the order of the sections. */
export interface Restrictions {
  readonly forbidden: readonly ForbiddenRule[];
  readonly forbiddenNotes: readonly DraftRule[];
  readonly triggers: readonly Trigger[];
  readonly triggerNotes: readonly DraftRule[];
  /** Tools that stay unmapped because of them, and why. */
  readonly blocked: ReadonlyMap<string, string>;
}

/**
 * Existing rules stay, all of them. New ones come from what was refused, from what people were asked about, and from near-misses:
 * calls of deleting tools that nothing but their luck has kept from doing harm.
 */
export function restrict(request: DraftRequest): Restrictions {
  const builder = new RestrictionBuilder(request);
  builder.keepExisting();
  for (const tool of request.history.tools) builder.learn(tool);
  return builder;
}

class RestrictionBuilder implements Restrictions {
  readonly forbidden: ForbiddenRule[] = [];
  readonly forbiddenNotes: DraftRule[] = [];
  readonly triggers: Trigger[] = [];
  readonly triggerNotes: DraftRule[] = [];
  readonly blocked = new Map<string, string>();
  readonly #request: DraftRequest;
  readonly #aligner: Aligner;

  constructor(request: DraftRequest) {
    this.#request = request;
    const { card } = request;
    const forbidden = new Set(card?.forbiddenActions);
    this.#aligner = new Aligner((card?.boundedActions ?? []).filter((action) => !forbidden.has(action)));
  }

  keepExisting(): void {
    const { existing, outcomes, history } = this.#request;
    const met = { forbidden: new Map<number, Met>(), trigger: new Map<number, Met>() };
    for (const tool of history.tools) {
      const outcome = outcomes?.get(tool.tool);
      for (const rule of [...(outcome?.forbidden ?? []), ...(outcome?.triggers ?? [])]) {
        if (rule.layer !== "agent" || (rule.kind !== "forbidden" && rule.kind !== "trigger")) continue;
        const sum = met[rule.kind].get(rule.index) ?? { calls: 0, tools: 0 };
        met[rule.kind].set(rule.index, { calls: sum.calls + tool.calls, tools: sum.tools + 1 });
      }
    }
    const note = (index: number, of: Met | undefined): DraftRule => ({
      index,
      origin: "existing",
      evidence: of === undefined ? "met no call in the window" : `met ${words(of.calls, "call")} of ${words(of.tools, "tool")}`,
      confidence: 1,
      reviewNotes: [],
    });
    existing?.forbidden.forEach((rule, i) => {
      this.forbidden.push(rule);
      const calls = met.forbidden.get(i);
      const soft = severities.indexOf(rule.severity) < severities.indexOf(this.#failOn);
      const notes = calls !== undefined && soft ? ["near-miss: these calls only warn, since the severity is below fail_on"] : [];
      this.forbiddenNotes.push({ ...note(i, calls), reviewNotes: notes });
    });
    existing?.triggers.forEach((rule, i) => {
      this.triggers.push(rule);
      this.triggerNotes.push(note(i, met.trigger.get(i)));
    });
  }

  /** The lower of both layers wins, and an org that left it out decided on the documented default (M3). */
  get #failOn(): Severity {
    const { existing, org } = this.#request;
    const layers = [existing, org].filter((policy) => policy !== undefined);
    const written = layers.map(
      ({ meta, defaults }) => defaults.failOn ?? (meta.scope === "org" ? documentedDefaults.failOn : undefined),
    );
    return severities.find((severity) => written.includes(severity)) ?? documentedDefaults.failOn;
  }

  learn(tool: ObservedTool): void {
    const outcome = this.#request.outcomes?.get(tool.tool);
    if (outcome?.cause === "invalid_tool_name") {
      this.blocked.set(tool.tool, "its name is no valid tool name, and such names are never mapped");
      return;
    }
    if ((outcome?.forbidden.length ?? 0) > 0) {
      this.blocked.set(tool.tool, `the ${outcome?.forbidden[0]?.layer} policy forbids it`);
      return;
    }
    if (outcome?.cause === "escalation_denied") {
      this.blocked.set(tool.tool, "an existing trigger denies it");
      return;
    }
    if (!this.#learnFromDenials(tool) && !this.#learnFromAsks(tool)) this.#learnFromNearMiss(tool);
  }

  /** Mostly refused: forbidden. Refused now and then: people decide each time. */
  #learnFromDenials(tool: ObservedTool): boolean {
    const { denialsMin } = careOf[this.#request.strictness];
    const share = tool.calls === 0 ? 0 : Math.min(1, tool.denied / tool.calls);
    if (tool.denied < denialsMin || share < askedShare) return false;
    const evidence = `${words(tool.denied, "call")} of ${tool.calls.toLocaleString("en-US")} refused`;
    const certainty = tool.denied / (tool.denied + 1);
    if (share >= forbiddenShare) {
      const notes = tool.denied < tool.calls ? ["some calls were allowed: forbid only what nobody should do"] : [];
      const reason = notes.length === 0 ? "Refused whenever it was tried" : "Mostly refused when it was tried";
      return this.#forbid(tool, reason, evidence, rounded(share * certainty), notes);
    }
    return this.#escalate(tool, "Sometimes refused, so a person decides", evidence, rounded(0.9 * certainty));
  }

  #learnFromAsks(tool: ObservedTool): boolean {
    const { asksMin } = careOf[this.#request.strictness];
    const asked = tool.approved + tool.escalated;
    const share = tool.calls === 0 ? 0 : asked / tool.calls;
    if (asked < asksMin || share < askedShare) return false;
    const evidence = `people were asked about ${words(asked, "call")} of ${tool.calls.toLocaleString("en-US")} and approved ${tool.approved.toLocaleString("en-US")}`;
    return this.#escalate(tool, "People have been asked about this before", evidence, rounded(asked / (asked + 1)));
  }

  /** A deleting tool that was called, and that neither a mapping nor the card nor a trigger speaks of. */
  #learnFromNearMiss(tool: ObservedTool): void {
    const { outcomes, strictness } = this.#request;
    const name = partName(tool.tool);
    const outcome = outcomes?.get(tool.tool);
    const spokenOf = (outcome?.capability ?? null) !== null || (outcome?.triggers.length ?? 0) > 0;
    if (name.verbClass !== "delete" || spokenOf) return;
    const granted = this.#aligner.best(name);
    if (granted !== undefined && granted.score >= grantedMin) return;
    const { deleting } = careOf[strictness];
    const evidence = `near-miss: ${words(tool.calls, "call")} of a tool that deletes (\`${name.verb}\`), which nothing forbids or grants`;
    if (deleting === "forbidden") {
      this.#forbid(tool, "Deletes, and no card action grants it", evidence, 0.5, ["it was used: map it if that was meant"]);
    } else if (deleting === "escalated") this.#escalate(tool, "Deletes, so a person decides", evidence, 0.5);
  }

  #forbid(tool: ObservedTool, reason: string, evidence: string, confidence: number, reviewNotes: readonly string[]): boolean {
    const glob = literalGlob(tool.tool);
    if (glob === undefined) return false;
    const deletes = partName(tool.tool).verbClass === "delete";
    const severity: Severity = severities[deletes ? 3 : 2] as Severity;
    this.forbiddenNotes.push({
      index: this.forbidden.length,
      origin: "learned",
      evidence,
      confidence,
      reviewNotes: notesOf(confidence, reviewNotes),
    });
    this.forbidden.push({ pattern: { glob, span: nowhere }, reason, severity, span: nowhere });
    this.blocked.set(tool.tool, `the draft forbids it: ${evidence}`);
    return true;
  }

  #escalate(tool: ObservedTool, reason: string, evidence: string, confidence: number): boolean {
    const glob = literalGlob(tool.tool);
    if (glob === undefined) return false;
    const text = conditionText(tool.tool);
    if (text === undefined) {
      this.blocked.set(tool.tool, `people have to be asked about it (${evidence}), and no condition can hold its name`);
      return true;
    }
    const condition = { text, terms: [{ globs: [glob], tests: [] }] };
    this.triggerNotes.push({
      index: this.triggers.length,
      origin: "learned",
      evidence,
      confidence,
      reviewNotes: notesOf(confidence, []),
    });
    this.triggers.push({ condition, action: "escalate", reason, span: nowhere });
    return true;
  }
}

/** The condition for this name alone; undefined where there is none: the name stands between quotes, and there is no escape for them. */
function conditionText(name: string): string | undefined {
  if ((name.includes("'") && name.includes('"')) || /[\n\r]/.test(name)) return undefined;
  const quote = name.includes("'") ? '"' : "'";
  const text = `tool_matches(${quote}${name}${quote})`;
  return new TextEncoder().encode(text).length > conditionBytesMax ? undefined : text;
}

interface Met {
  readonly calls: number;
  readonly tools: number;
}

function notesOf(confidence: number, notes: readonly string[]): string[] {
  return confidence < 0.6 ? [...notes, "the evidence is thin: check that this is wanted"] : [...notes];
}
