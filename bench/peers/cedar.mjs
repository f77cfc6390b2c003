import { cycle } from "../harness/rounds.mjs";
import { version } from "./version.mjs";

/** Cedar compiled to WASM, policies parsed ahead; one `forbid` a rule, one `permit` a capability glob. */
export const name = "@cedar-policy/cedar-wasm";
export const reads = (kind) => kind !== "question";
export const caveat =
  "does far more: principals, entities, schemas, typed conditions; `like` has no `?`; answers allow or deny and which policies decided";

export async function open(policy) {
  const { preparsePolicySet, statefulIsAuthorized } = await import("@cedar-policy/cedar-wasm/nodejs");
  const rule = (effect, glob) => `${effect}(principal, action, resource) when { context.tool like ${quoted(glob)} };`;
  const text = [
    ...policy.forbidden.map(({ pattern }) => rule("forbid", pattern)),
    ...policy.capabilities.flatMap(({ tools }) => tools.map((glob) => rule("permit", glob))),
  ].join("\n");
  const preparsed = preparsePolicySet("benchmark", { staticPolicies: text });
  if (preparsed.type !== "success") throw new Error(`Cedar refuses the policy: ${preparsed.errors[0]?.message}`);
  const principal = { type: "Agent", id: "a" };
  const action = { type: "Action", id: "call" };
  const resource = { type: "Tool", id: "t" };
  const decide = (tool) => {
    const call = { principal, action, resource, context: { tool }, preparsedPolicySetId: "benchmark", entities: [] };
    const answer = statefulIsAuthorized(call);
    if (answer.type !== "success") throw new Error(answer.errors[0]?.message);
    return answer.response.decision;
  };
  return {
    version: version("@cedar-policy/cedar-wasm"),
    answer: decide,
    expected: ({ cause }) => (cause === "mapped" ? "allow" : "deny"),
    checker: (names) => cycle(names, (tool) => decide(tool).length),
  };
}

/** A Cedar string; `*` stays a wildcard. */
function quoted(glob) {
  return `"${glob.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
