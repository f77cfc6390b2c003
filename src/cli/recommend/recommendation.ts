import { createHash } from "node:crypto";
import type { Draft, DraftRequest } from "../../analysis/recommend/draft.js";
import { recommend } from "../../analysis/recommend/recommend.js";
import { hasErrors } from "../../diagnostics/diagnostic.js";
import { mergePolicies } from "../../policy/merge.js";
import type { Policy } from "../../policy/model.js";
import { recommendYaml } from "../../report/yaml/recommend.js";
import { parsePolicy } from "../../syntax/policy.js";
import { printPolicy } from "../../syntax/print.js";
import type { DecidedCall } from "../../trace/decided-calls.js";
import { replay } from "../../trace/replay.js";
import type { ReplaySummary } from "../../trace/replay-report.js";
import type { TraceSet } from "../../trace/trace-set.js";
import { openPolicy } from "../open-policy.js";
import { type Observed, observe, type Window } from "./observe.js";

export interface RecommendationInput {
  readonly set: TraceSet;
  readonly decided: readonly DecidedCall[];
  readonly window: Window;
  readonly request: Omit<DraftRequest, "history" | "outcomes">;
}

/** A draft that was written down, read again, and replayed. */
export interface Recommendation {
  /** `rec-` and the beginning of a digest of everything it was made from: equal input, equal id. */
  readonly id: string;
  readonly draft: Draft;
  readonly observed: Observed;
  /** With comments: what `-o` writes. */
  readonly yaml: string;
  readonly validation: {
    readonly valid: boolean;
    readonly errors: readonly { readonly path: string; readonly message: string }[];
  };
  /** Over the same window, without grace. Undefined for a draft that is not valid. */
  readonly replayed: ReplaySummary | undefined;
  /** The same under the policy in use. */
  readonly replayedBefore: ReplaySummary | undefined;
}

/** Learns a draft from traces, writes it as YAML, reads that with the parser everybody uses, and replays the window under it. */
export function makeRecommendation({ set, decided, window, request }: RecommendationInput): Recommendation {
  const observed = observe(set, decided, window);
  const { history } = observed;
  const { existing, org, card } = request;
  const inUse = existing === undefined && org === undefined ? undefined : openPolicy(merged(org, existing));
  const judged = inUse?.engine.evaluate(history.tools.map(({ tool }) => tool)).tools;
  const whole: DraftRequest = { ...request, history, outcomes: judged && new Map(judged.map((each) => [each.tool, each])) };
  const draft = recommend(whole);
  const file = "policy.yaml";
  const canonical = printPolicy(draft.policy);
  const placed = parsePolicy(canonical, { file });
  const yaml =
    placed.value === undefined
      ? canonical
      : recommendYaml(draft, canonical, placed.value, { observed, strictness: request.strictness });
  const read = parsePolicy(yaml, { file });
  const joined = read.value === undefined ? undefined : mergePolicies({ org, agent: read.value });
  const diagnostics = [...read.diagnostics, ...(joined?.diagnostics ?? [])].filter(({ level }) => level === "error");
  // Comments must not change what the document says.
  const faithful = read.value !== undefined && printPolicy(read.value) === canonical;
  const errors = diagnostics.map(({ path, message }) => ({ path, message }));
  if (!faithful && errors.length === 0) errors.push({ path: "", message: "the written draft does not read as what was drafted" });
  const valid = errors.length === 0 && !hasErrors(diagnostics);
  const options = { agent: window.agent, sinceMs: observed.sinceMs, untilMs: observed.untilMs, card, noGrace: true };
  const summaryOf = (policy: ReturnType<typeof openPolicy>) => replay(policy.replayEngine(), set, options).summary;
  return {
    id: idOf(whole),
    draft,
    observed,
    yaml,
    validation: { valid, errors },
    replayed: valid && joined?.value !== undefined ? summaryOf(openPolicy(joined.value)) : undefined,
    replayedBefore: inUse && summaryOf(inUse),
  };
}

/** Layers that were loaded together merge. */
function merged(org: Policy | undefined, agent: Policy | undefined) {
  const { value, diagnostics } = mergePolicies({ org, agent });
  if (value === undefined) throw new TypeError(diagnostics[0]?.message ?? "the layers do not merge");
  return value;
}

function idOf({ existing, org, outcomes: _, ...rest }: DraftRequest): string {
  const layers = [existing, org].map((policy) => policy && printPolicy(policy));
  const digest = createHash("sha256")
    .update(JSON.stringify(["smoltbot.recommend/1", rest, layers]))
    .digest("hex");
  return `rec-${digest.slice(0, 16)}`;
}
