import { parseGlob } from "../../glob/parse.js";
import type { Capability, Policy } from "../../policy/model.js";
import { assignTools, type Group, sureFrom } from "./assign.js";
import type { Draft, DraftCapability, DraftRequest } from "./draft.js";
import { type Generalized, generalize } from "./generalize.js";
import { evidenceOf, experienceOf, rounded } from "./history.js";
import { nowhere } from "./literal.js";
import { reasoningOf } from "./reasoning.js";
import { restrict } from "./restrict.js";
import { settleDefaults } from "./settle-defaults.js";
import { cutText, words } from "./words.js";

/** Share of a section's confidence in that of the draft. */
const sectionWeights = { capabilityMappings: 0.5, forbidden: 0.2, escalationTriggers: 0.1, defaults: 0.2 } as const;
/** Names listed in one note. */
const namedMax = 5;

/**
 * A least-privilege draft: what was observed is mapped, and nothing else. Deterministic: equal requests give equal drafts. Every
 * glob with a wildcard is proven against forbidden names and unobserved ones (prove.ts). Linear in the tools and rules, but for
 * sorting and that proof.
 *
 * @throws UnconfirmedAnswer when the specification contradicts the proof, which is a fault of the analysis.
 */
export function recommend(request: DraftRequest): Draft {
  const { history, name } = request;
  const experience = experienceOf(history);
  const restrictions = restrict(request);
  const assignment = assignTools(request, restrictions.blocked);
  const known = [...new Set([...request.inventory, ...history.otherNames, ...history.tools.map(({ tool }) => tool)])].sort();
  const forbidden = [...(request.org?.forbidden ?? []), ...restrictions.forbidden];
  const triggers = [...(request.org?.triggers ?? []), ...restrictions.triggers];
  const general = generalize(assignment.groups, request, { forbidden, triggers, known });
  const capabilities = assignment.groups.flatMap((group, i) => draftCapability(group, i, general, request));
  const { defaults, notes } = settleDefaults(request, experience, history.sessions);
  const policy: Policy = {
    meta: { schemaVersion: "1.0", name, description: descriptionOf(request), scope: "agent" },
    capabilities: capabilities.map(capabilityOf),
    forbidden: restrictions.forbidden,
    triggers: restrictions.triggers,
    defaults,
    file: "",
  };
  const confidences = {
    capabilityMappings: weighted(capabilities.map(({ confidence, globs }) => [confidence, callsOf(globs)])),
    forbidden: weighted(restrictions.forbiddenNotes.map(({ confidence }) => [confidence, 1])),
    escalationTriggers: weighted(restrictions.triggerNotes.map(({ confidence }) => [confidence, 1])),
    defaults: notes.confidence,
  };
  const rules = forbidden.length + triggers.filter(({ action }) => action === "deny").length;
  const observed = new Set(history.tools.map(({ tool }) => tool));
  const proof = { ...general.proof, forbiddenRules: rules, unobservedNames: known.filter((each) => !observed.has(each)).length };
  const draft: Omit<Draft, "reasoning"> = {
    policy,
    capabilities,
    forbidden: restrictions.forbiddenNotes,
    triggers: restrictions.triggerNotes,
    defaults: notes,
    unmapped: [...assignment.unmapped].sort((a, b) => b.tool.calls - a.tool.calls || (a.tool.tool < b.tool.tool ? -1 : 1)),
    experience,
    proof,
    confidences,
    confidence: overall(confidences),
  };
  return { ...draft, reasoning: reasoningOf(request, draft, assignment) };
}

function descriptionOf({ strictness, history }: DraftRequest): string {
  return `Draft (${strictness}) learned from ${words(history.calls, "call")} in ${words(history.sessions, "session")}`;
}

/** A group as a capability; none where nothing is left of it. */
function draftCapability(group: Group, at: number, { globs, dropped }: Generalized, { card }: DraftRequest): DraftCapability[] {
  const own = globs[at] ?? [];
  if (own.length === 0) return [];
  const { tools, capability, cardActions, server, verbClass } = group;
  const weights = tools.map(({ alignment, tool }): [number, number] => [alignment, tool.calls]);
  const alignment = weighted(weights) ?? 0;
  const evidence = weighted(tools.map(({ tool }): [number, number] => [evidenceOf(tool), 1])) ?? 0;
  const confidence = rounded(0.6 * alignment + 0.4 * evidence);
  const reviewNotes = [...group.reviewNotes];
  if (capability === undefined && card === undefined)
    reviewNotes.push("no card was given, so the action is named after the verb");
  else if (capability === undefined) reviewNotes.push(...unsureNotes(group));
  const general = own.filter(({ kind }) => kind === "general").map(({ pattern }) => JSON.stringify(pattern));
  if (general.length > 0) reviewNotes.push(`also admits names like these that do not exist yet: ${general.join(", ")}`);
  const once = tools.filter(({ tool }) => tool.sessions < 2).length;
  if (once > 0) reviewNotes.push(`${once} of ${words(tools.length, "tool")} seen in one session only`);
  const gone = dropped.get(at);
  if (gone !== undefined) {
    reviewNotes.push(
      `not taken over from the existing policy: ${gone
        .slice(0, 5)
        .map((each) => JSON.stringify(each))
        .join(", ")}${gone.length > 5 ? `, and ${gone.length - 5} more` : ""}`,
    );
  }
  if (confidence < sureFrom && reviewNotes.length === 0) reviewNotes.push("the evidence is thin: check that this is wanted");
  const where = server === "" ? "the agent's own tools" : `server ${cutText(server, 60)}`;
  const description = capability === undefined ? `${verbClass} tools of ${where}` : (capability.description ?? "");
  const origin = capability === undefined ? "learned" : "existing";
  return [{ name: group.name, origin, description, cardActions, globs: own, confidence, reviewNotes }];
}

/** Which tools resemble their action too little. */
function unsureNotes({ tools, cardActions }: Group): string[] {
  const unsure = tools.filter(({ alignment }) => alignment < sureFrom);
  if (unsure.length === 0) return [];
  const named = unsure
    .slice(0, namedMax)
    .map(({ tool, alignment }) => `${JSON.stringify(tool.tool)} (likeness ${alignment.toFixed(2)})`);
  const more = unsure.length > namedMax ? `, and ${unsure.length - namedMax} more` : "";
  return [`uncertain that these serve ${JSON.stringify(cardActions[0])}: ${named.join(", ")}${more}`];
}

function capabilityOf({ name, description, cardActions, globs }: DraftCapability): Capability {
  return {
    name,
    ...(description === "" ? {} : { description }),
    tools: globs.map(({ pattern }) => {
      const glob = parseGlob(pattern);
      if (typeof glob === "string") throw new TypeError(`a draft holds a glob that is ${glob}`);
      return { glob, span: nowhere };
    }),
    cardActions: cardActions.map((value) => ({ value, span: nowhere })),
    span: nowhere,
  };
}

function callsOf(globs: DraftCapability["globs"]): number {
  return globs.reduce((sum, { tools }) => sum + tools.reduce((calls, tool) => calls + tool.calls, 0), 0);
}

/** Weighted mean; of weights that are all 0 the plain one. */
function weighted(pairs: readonly (readonly [value: number, weight: number])[]): number | undefined {
  if (pairs.length === 0) return undefined;
  const total = pairs.reduce((sum, [, weight]) => sum + weight, 0);
  const sum = pairs.reduce((all, [value, weight]) => all + value * (total === 0 ? 1 : weight), 0);
  return rounded(sum / (total === 0 ? pairs.length : total));
}

function overall(confidences: Draft["confidences"]): number {
  const keys = Object.keys(sectionWeights) as (keyof typeof sectionWeights)[];
  const present = keys.flatMap((key): [number, number][] => {
    const value = confidences[key];
    return value === undefined ? [] : [[value, sectionWeights[key]]];
  });
  return weighted(present) ?? 0;
}
