import { requestBytesMax } from "../../limits.js";
import type { AnswerContract, BodyContract, Parameter } from "../route.js";
import { id, ref, type Schema } from "./schemas/build.js";

export const agentId: Parameter = { in: "path", name: "agent_id", description: "The agent.", required: true, schema: id };
export const orgId: Parameter = {
  in: "path",
  name: "org_id",
  description: "The org of the key; any other is not found.",
  required: true,
  schema: id,
};

export const paging: readonly Parameter[] = [
  {
    in: "query",
    name: "page",
    description: "From 1.",
    schema: { type: "integer", minimum: 1, maximum: 1_000_000_000, default: 1 },
  },
  {
    in: "query",
    name: "per_page",
    description: "At most 100.",
    schema: { type: "integer", minimum: 1, maximum: 100, default: 20 },
  },
];

export const ofAgent: Parameter = { in: "query", name: "agent_id", description: "Only of this agent.", schema: id };

const header = (name: string, description: string): Parameter => ({
  in: "header",
  name,
  description,
  schema: { type: "string", maxLength: 1024 },
});

export const ifMatch = header("If-Match", 'The version that has to be active, such as `"7"`, or `*` for any; otherwise 412.');
export const ifNoneMatch = header("If-None-Match", "`*`: only when nothing is active yet; otherwise 412.");
export const ifNoneMatchRead = header("If-None-Match", 'A version that is known already, such as `"7"`: answered with 304.');
export const acceptDocument = header("Accept", "`application/yaml`: the text as it was published, comments included.");

export function jsonBody(schema: Schema, bytesMax = requestBytesMax): BodyContract {
  return { kind: "json", types: ["application/json"], bytesMax, schema, required: true };
}

export function answer(description: string, schema: string, headers?: readonly string[]): AnswerContract {
  return { description, schema: ref(schema), ...(headers !== undefined && { headers }) };
}

export function refusal(description: string): AnswerContract {
  return answer(description, "ErrorAnswer");
}

export const nothing: AnswerContract = { description: "Done; no body." };
export const missing = refusal("`not_found`: it is not there, or not for this key.");
export const moved = refusal("`precondition_failed`: the active version is another one.");
export const raced = refusal("`conflict`: somebody else published at the same time; try again.");
export const unfit = refusal("`validation_error`: it can be read, but not be used like this.");
