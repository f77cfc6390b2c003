import { cardGrants } from "../../policy/card.js";
import type { Capability } from "../../policy/model.js";
import { Aligner } from "./align.js";
import { careOf, type DraftRequest, type LeftUnmapped } from "./draft.js";
import type { ObservedTool } from "./history.js";
import { literalGlob } from "./literal.js";
import { partName, slugOf, type ToolName } from "./tool-name.js";
import type { VerbClass } from "./verbs.js";

/** An observed tool and how well it fits its capability's actions, 0 to 1. */
export interface AssignedTool {
  readonly tool: ObservedTool;
  readonly name: ToolName;
  readonly alignment: number;
}

/** Tools that become one capability. */
export interface Group {
  readonly name: string;
  /** Of the existing policy. */
  readonly capability: Capability | undefined;
  readonly cardActions: readonly string[];
  readonly server: string;
  readonly verbClass: VerbClass;
  readonly tools: AssignedTool[];
  readonly reviewNotes: string[];
}

export interface Assignment {
  /** Existing capabilities in their order, then learned ones by server and verb. */
  readonly groups: readonly Group[];
  readonly unmapped: readonly LeftUnmapped[];
  /** Observed tools that the org maps: the draft need not. */
  readonly orgMapped: number;
}

/** Likeness, and confidence, below which somebody has to look. */
export const sureFrom = 0.6;
/** Alignment when there is no card to align with: the verb is all there is. */
const withoutCard = 0.6;
/** Alignment of tools that an existing capability maps, and of those whose capability the card does not grant. */
const byExisting = 1;
const notGranted = 0.3;

/** Which capability each observed tool belongs to: the existing one that maps it; else one by server, verb and card action. */
export function assignTools(request: DraftRequest, blocked: ReadonlyMap<string, string>): Assignment {
  return new Assigner(request, blocked).assign();
}

class Assigner {
  readonly #request: DraftRequest;
  readonly #blocked: ReadonlyMap<string, string>;
  readonly #aligner: Aligner | undefined;
  /** Of the actions that the card forbids. */
  readonly #forbidden: Aligner | undefined;
  readonly #existing: readonly Group[];
  readonly #learned = new Map<string, Group & { readonly action: string }>();
  readonly #unmapped: LeftUnmapped[] = [];
  #orgMapped = 0;

  constructor(request: DraftRequest, blocked: ReadonlyMap<string, string>) {
    this.#request = request;
    this.#blocked = blocked;
    const { card, existing } = request;
    const grants = card && cardGrants(card);
    this.#aligner = card && new Aligner(card.boundedActions.filter((action) => grants?.missing([action]).length === 0));
    this.#forbidden = card && new Aligner(card.forbiddenActions);
    this.#existing = (existing?.capabilities ?? []).map((capability) => {
      const cardActions = [...new Set(capability.cardActions.map(({ value }) => value))];
      const missing = grants?.missing(cardActions) ?? [];
      return {
        name: capability.name,
        capability,
        cardActions,
        server: "",
        verbClass: "other",
        tools: [],
        reviewNotes: missing.map((action) => `the card does not grant the action ${JSON.stringify(action)}`),
      };
    });
  }

  assign(): Assignment {
    for (const tool of this.#request.history.tools) {
      const why = this.#place(tool);
      if (why !== undefined) this.#unmapped.push({ tool, why });
    }
    return { groups: [...this.#existing, ...this.#named()], unmapped: this.#unmapped, orgMapped: this.#orgMapped };
  }

  /** Puts a tool where it belongs, or says why it stays unmapped. */
  #place(tool: ObservedTool): string | undefined {
    const { outcomes, strictness, card } = this.#request;
    const care = careOf[strictness];
    const blocked = this.#blocked.get(tool.tool);
    if (blocked !== undefined) return blocked;
    if (literalGlob(tool.tool) === undefined)
      return "no glob stands for this name alone: it is empty, holds `*`, `?` or a broken character, or is too long";
    const name = partName(tool.tool);
    const mapped = outcomes?.get(tool.tool)?.capability ?? undefined;
    if (mapped?.layer === "org") {
      this.#orgMapped++;
      return undefined;
    }
    if (mapped !== undefined) {
      const group = this.#existing[mapped.index];
      group?.tools.push({ tool, name, alignment: (group?.reviewNotes.length ?? 0) > 0 ? notGranted : byExisting });
      return undefined;
    }
    if (tool.denied >= tool.calls) return "every call of it was refused";
    const violating = outcomes?.get(tool.tool)?.cause === "unmapped_denied";
    if (violating && this.#keepsDenying) return "the policy in use denies it as unmapped: map it by hand if that was wrong";
    if (tool.calls < care.callsMin)
      return `called less than ${care.callsMin} times, which is too little evidence for a ${strictness} draft`;
    if (card === undefined) return this.#group(tool, name, actionNames[name.verbClass], withoutCard, violating);
    const best = this.#aligner?.best(name);
    if (best === undefined || best.score < care.alignmentMin) {
      const closest = best === undefined ? "" : `; the closest is ${JSON.stringify(best.action)} with ${best.score.toFixed(2)}`;
      return `no card action resembles it enough (${care.alignmentMin} is needed${closest})`;
    }
    const banned = this.#forbidden?.best(name);
    if (banned !== undefined && banned.score >= best.score)
      return `it resembles ${JSON.stringify(banned.action)} as much, which the card forbids: map it by hand if it is something else`;
    return this.#group(tool, name, best.action, best.score, violating);
  }

  /** What the policy in use denies for being unmapped was no lawful use. Only a draft that may be lax learns from it. */
  get #keepsDenying(): boolean {
    const { strictness, existing, org } = this.#request;
    const enforced = [existing, org].some((policy) => policy?.defaults.enforcementMode === "enforce");
    return strictness === "strict" || (strictness === "balanced" && enforced);
  }

  #group(tool: ObservedTool, name: ToolName, action: string, alignment: number, violating: boolean): undefined {
    const { server, verbClass } = name;
    const key = JSON.stringify([server, verbClass, action]);
    let group = this.#learned.get(key);
    if (group === undefined) {
      const blank = { name: "", capability: undefined, tools: [], reviewNotes: [] as string[] };
      group = { ...blank, cardActions: [action], action, server, verbClass };
      this.#learned.set(key, group);
    }
    group.tools.push({ tool, name, alignment });
    if (violating) group.reviewNotes.push(`the policy in use denies ${JSON.stringify(tool.tool)} as unmapped`);
    return undefined;
  }

  /** Learned groups with names of their own, in code unit order of server, verb and action. */
  #named(): Group[] {
    const { org } = this.#request;
    const taken = new Set([...this.#existing, ...(org?.capabilities ?? [])].map(({ name }) => name));
    const sorted = [...this.#learned].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
    const bases = sorted.map((group) => `${slugOf(group.server, group.server === "" ? "builtin" : "server")}_${group.verbClass}`);
    const uses = new Map<string, number>();
    for (const base of bases) uses.set(base, (uses.get(base) ?? 0) + 1);
    const numbers = new Map<string, number>();
    return sorted.map((group, i) => {
      const own = bases[i] as string;
      const base = (uses.get(own) ?? 0) > 1 ? `${own}_for_${slugOf(group.action, "action")}` : own;
      let name = base;
      // Numbers that were taken stay taken: each is tried once, however many share a name.
      let n = numbers.get(base) ?? 2;
      for (; taken.has(name); n++) name = `${base}_${n}`;
      numbers.set(base, n);
      taken.add(name);
      return { ...group, name };
    });
  }
}

/** Card actions in the words of a verb, where there is no card that names them. */
const actionNames: Readonly<Record<VerbClass, string>> = {
  read: "read",
  search: "search",
  interact: "interact",
  other: "use_tools",
  write: "write",
  send: "send",
  execute: "execute",
  admin: "administer",
  delete: "delete",
};
