import { policyBytesMax, requestBytesMax } from "../../limits.js";
import { RegistryFailure } from "../../registry/failure.js";
import { evaluateText } from "../../registry/prepared-tools.js";
import type {
  Decision,
  DiffRequest,
  EvaluateAnswer,
  EvaluateRequest,
  ExplainRequest,
  HistoricalRequest,
  PolicyReference,
  RecommendRequest,
  ValidateRequest,
  Verdict,
} from "../../registry/shapes.js";
import { jsonType } from "../answer.js";
import type { Asked, Parameter, Route } from "../route.js";
import { timeOf, withPolicyText } from "./asked.js";
import * as part from "./parts.js";
import { bodySchemas } from "./schemas/bodies.js";

const transactionHeader: Parameter = {
  in: "header",
  name: "X-Transaction-Id",
  description: "The guardrail to judge by, as `transaction_id` in the body.",
  schema: { type: "string", minLength: 1, maxLength: 256 },
};

const effective: Readonly<Record<Decision, Verdict>> = { allow: "pass", warn: "warn", escalate: "warn", deny: "fail" };

/** `X-Policy-Verdict`: what the decision comes to. A fail in mode warn is a `warn`; in mode off only a guardrail still denies (M5). */
export function effectiveVerdict({ decision }: Pick<EvaluateAnswer, "decision">): Verdict {
  return effective[decision];
}

function withTransaction(asked: Asked, request: EvaluateRequest): EvaluateRequest {
  const selected = asked.header("x-transaction-id");
  if (selected === undefined || selected === request.transaction_id) return request;
  if (request.transaction_id === undefined) return { ...request, transaction_id: selected };
  const message = "the header and the body name different transactions";
  throw new RegistryFailure("invalid_request", `X-Transaction-Id: ${message}`, {
    details: [{ path: "transaction_id", message }],
  });
}

const evaluateRoute: Route = {
  method: "POST",
  path: "/v1/policies/evaluate",
  operation: "evaluatePolicy",
  summary: "Judge a list of tools",
  description:
    "By the agent's policy in force, or an inline one. A dry run by default; in the context `gateway` the calls count as real ones.",
  tag: "evaluation",
  role: "reader",
  scope: "body.agent_id",
  rate: "evaluate",
  parameters: [transactionHeader],
  body: part.jsonBody(bodySchemas.EvaluateRequest),
  answers: {
    200: part.answer("The verdict and the outcome of every tool.", "EvaluateAnswer", ["X-Policy-Verdict"]),
    404: part.missing,
  },
  handle: async (asked) => {
    const request = withTransaction(asked, withPolicyText(asked, asked.json as EvaluateRequest, ["policy"]));
    const evaluated = await asked.registry.evaluate(request);
    const text = evaluateText(evaluated);
    const body = text === undefined ? { json: evaluated } : { text, type: jsonType };
    return { status: 200, headers: { "x-policy-verdict": effectiveVerdict(evaluated) }, body };
  },
};

const historicalRoute: Route = {
  method: "POST",
  path: "/v1/policies/evaluate/historical",
  operation: "evaluatePolicyHistorical",
  summary: "Judge an agent's stored traces",
  description: "What a policy would have said of the last days; one at a time per key.",
  tag: "evaluation",
  role: "reader",
  scope: "body.agent_id",
  rate: "evaluate",
  oneAtATime: true,
  body: part.jsonBody(bodySchemas.HistoricalRequest, policyBytesMax),
  answers: {
    200: part.answer("Traces by verdict, and the violations.", "HistoricalAnswer"),
    404: part.missing,
    422: part.refusal("`validation_error`: the range is longer than 30 days."),
  },
  handle: async (asked) => {
    const request = withPolicyText(asked, asked.json as HistoricalRequest, ["policy"]);
    const { start, end } = request.time_range;
    timeOf(start, "time_range.start");
    timeOf(end, "time_range.end");
    return { status: 200, body: { json: await asked.registry.evaluateHistorical(request, asked.signal) } };
  },
};

/** A question about policies in the body: only its reading and its answer differ. */
function question(route: Pick<Route, "operation" | "summary" | "description"> & QuestionParts): Route {
  const { path, body, bytesMax, schema, ask, operation, summary, description, scope } = route;
  return {
    method: "POST",
    path,
    operation,
    summary,
    ...(description !== undefined && { description }),
    tag: "questions",
    role: "reader",
    scope,
    rate: "policy_other",
    body: part.jsonBody(bodySchemas[body], bytesMax),
    answers: { 200: part.answer("The answer.", schema), 404: part.missing },
    handle: async (asked) => ({ status: 200, body: { json: await ask(asked) } }),
  };
}

interface QuestionParts {
  readonly path: string;
  readonly body: keyof typeof bodySchemas;
  readonly bytesMax: number;
  readonly schema: string;
  readonly scope: Route["scope"];
  readonly ask: (asked: Asked) => Promise<unknown>;
}

const questions: readonly Route[] = [
  question({
    path: "/v1/policies/validate",
    operation: "validatePolicy",
    summary: "Check a policy without publishing it",
    description: "With `agent_id`, also whether it could be published for that agent. Mistakes are part of the answer (200).",
    body: "ValidateRequest",
    bytesMax: policyBytesMax,
    schema: "ValidateAnswer",
    scope: "body.agent_id",
    ask: (asked) => asked.registry.validate(withPolicyText(asked, asked.json as ValidateRequest, ["policy"])),
  }),
  question({
    path: "/v1/policies/diff",
    operation: "diffPolicies",
    summary: "Compare what two policies mean",
    description: "For all tool names, with a shortest name for each change. What needs too long is answered as not decided.",
    body: "DiffRequest",
    bytesMax: 2 * policyBytesMax,
    schema: "DiffAnswer",
    scope: "any",
    ask: (asked) => {
      const request = asked.json as DiffRequest;
      return asked.registry.diff({
        old: withPolicyText(asked, request.old, ["old", "policy"]),
        new: withPolicyText(asked, request.new, ["new", "policy"]),
      });
    },
  }),
  question({
    path: "/v1/policies/lint",
    operation: "lintPolicy",
    summary: "Find rules that do nothing, or not what they seem to",
    body: "PolicyReference",
    bytesMax: policyBytesMax,
    schema: "LintAnswer",
    scope: "body.agent_id",
    ask: (asked) => asked.registry.lint(withPolicyText(asked, asked.json as PolicyReference, ["policy"])),
  }),
  question({
    path: "/v1/policies/explain",
    operation: "explainPolicy",
    summary: "Say which rules decide about tools",
    body: "ExplainRequest",
    bytesMax: policyBytesMax,
    schema: "ExplainAnswer",
    scope: "body.agent_id",
    ask: (asked) => asked.registry.explain(withPolicyText(asked, asked.json as ExplainRequest, ["policy"])),
  }),
];

const recommendRoute: Route = {
  method: "POST",
  path: "/v1/teams/recommend-policy",
  operation: "recommendPolicy",
  summary: "Draft a policy from stored traces",
  description: "Of a team's agents, or of one agent. A draft is published by a person, never by itself.",
  tag: "teams",
  role: "reader",
  scope: "body.agent_id",
  rate: "recommend",
  oneAtATime: true,
  body: part.jsonBody(bodySchemas.RecommendRequest, requestBytesMax),
  answers: {
    200: part.answer("The draft and what it rests on.", "RecommendAnswer"),
    404: part.missing,
    422: part.refusal("`validation_error`: there are no calls in the window to learn from."),
  },
  handle: async (asked) => ({
    status: 200,
    body: { json: await asked.registry.recommend(asked.json as RecommendRequest) },
  }),
};

export const questionRoutes: readonly Route[] = [evaluateRoute, historicalRoute, ...questions, recommendRoute];
