import type { Assignment } from "./assign.js";
import { type Care, careOf, type Draft, type DraftGlob, type DraftRequest, type DraftRule, type ReasoningStep } from "./draft.js";
import type { ObservedTool } from "./history.js";
import { words } from "./words.js";

type Made = Omit<Draft, "reasoning">;
type Step = readonly [action: string, rationale: string];

/** Names listed in one sentence. */
const namedMax = 10;

/** What was done, step by step, with the numbers it rests on. */
export function reasoningOf(request: DraftRequest, draft: Made, assignment: Assignment): readonly ReasoningStep[] {
  const care = careOf[request.strictness];
  const steps: Step[] = [
    observeStep(request),
    compareStep(request),
    forbidStep(request, draft, care),
    escalateStep(request, draft, care),
    clusterStep(draft, assignment),
    alignStep(request, draft, care),
    generalizeStep(draft, care),
    proveStep(draft),
    ["set defaults", draft.defaults.evidence.join("; ")],
    ...leaveOutStep(draft, assignment),
  ];
  return steps.map(([action, rationale], i) => ({ step: i + 1, action, rationale }));
}

function observeStep({ history }: DraftRequest): Step {
  const { calls, tools, sessions, days, otherNames } = history;
  const seen = `${words(calls, "call")} of ${words(tools.length, "tool")} in ${words(sessions, "session")} on ${words(days, "day")}`;
  return ["observe", `${seen}; the traces name ${words(otherNames.length, "further tool")} outside of the window`];
}

function compareStep({ card, existing, org }: DraftRequest): Step {
  const layers = [existing && "the existing policy", org && "the org policy", card && "the card"].filter(
    (each) => each !== undefined,
  );
  return [
    "compare",
    layers.length === 0 ? "there is no policy and no card to compare with" : `held against ${layers.join(", ")}`,
  ];
}

function forbidStep({ history }: DraftRequest, { forbidden }: Made, { denialsMin }: Care): Step {
  const denied = sum(history.tools, (tool) => tool.denied);
  const from = `a tool is forbidden from ${words(denialsMin, "refusal")} on, when they are four fifths of its calls`;
  return ["forbid", `${words(denied, "refused call")}: ${learnedAndKept(forbidden, "rule")}; ${from}`];
}

function escalateStep({ history }: DraftRequest, { triggers }: Made, { deleting }: Care): Step {
  const asked = sum(history.tools, (tool) => tool.approved + tool.escalated);
  return [
    "escalate",
    `${words(asked, "call")} put to people: ${learnedAndKept(triggers, "trigger")}; deleting tools that nothing grants are ${deleting}`,
  ];
}

function clusterStep({ capabilities }: Made, { orgMapped }: Assignment): Step {
  const learned = capabilities.filter(({ origin }) => origin === "learned").length;
  const kept = words(capabilities.length - learned, "existing capability", "existing capabilities");
  return [
    "cluster",
    `${kept}, and ${learned} learned by server, verb and card action; ${words(orgMapped, "tool")} mapped by the org already`,
  ];
}

function alignStep({ card }: DraftRequest, { unmapped }: Made, { alignmentMin }: Care): Step {
  const left = `${words(unmapped.length, "tool")} left unmapped`;
  if (card === undefined) return ["align", `without a card, actions are named after verbs; ${left}`];
  return ["align", `a tool needs a likeness of ${alignmentMin} to a card action; ${left}`];
}

function generalizeStep({ capabilities }: Made, { generalizeFrom, sessionsMin }: Care): Step {
  const globs = capabilities.flatMap((each) => each.globs);
  const of = (kind: DraftGlob["kind"]) => globs.filter((glob) => glob.kind === kind).length;
  const rule =
    generalizeFrom === undefined
      ? "a strict draft spells names out"
      : `a glob stands for at least ${generalizeFrom} tools with one verb${sessionsMin > 1 ? ", whichever one session is left out" : ""}`;
  const counts = `${words(of("literal"), "name")}, ${words(of("general"), "glob")} made from several, ${words(of("kept"), "glob")} kept`;
  return ["generalize", `${counts}; ${rule}`];
}

function proveStep({ proof }: Made): Step {
  const rules = `${words(proof.forbiddenRules, "forbidden rule")} for all names there could be (${words(proof.states, "state")})`;
  const names = words(proof.unobservedNames, "name of a tool that was not called", "names of tools that were not called");
  const refused = `${words(proof.refused.length, "glob")} refused`;
  return [
    "prove",
    `${words(proof.wildcardGlobs, "glob")} with wildcards held against ${rules}, and against ${names}; ${refused}`,
  ];
}

function leaveOutStep({ capabilities }: Made, { groups }: Assignment): Step[] {
  const kept = new Set(capabilities.map(({ name }) => name));
  const dropped = groups.filter(({ capability, name }) => capability !== undefined && !kept.has(name));
  if (dropped.length === 0) return [];
  const names = dropped.slice(0, namedMax).map(({ name }) => JSON.stringify(name));
  const more = dropped.length > namedMax ? `, and ${dropped.length - namedMax} more` : "";
  return [["leave out", `existing capabilities without a call in the window: ${names.join(", ")}${more}`]];
}

function learnedAndKept(rules: readonly DraftRule[], one: string): string {
  const learned = rules.filter(({ origin }) => origin === "learned").length;
  return `${words(learned, one)} learned, ${words(rules.length - learned, `existing ${one}`)} kept`;
}

function sum(tools: readonly ObservedTool[], of: (tool: ObservedTool) => number): number {
  return tools.reduce((all, tool) => all + of(tool), 0);
}
