import { cycle } from "../harness/rounds.mjs";
import { version } from "./version.mjs";

/** casbin with deny overriding allow, one policy line a glob, and one of its two ready-made matchers. */
function peer(matcher, reads, caveat) {
  return {
    name: `casbin ${matcher}`,
    reads,
    caveat,
    async open(policy) {
      const casbin = await import("casbin");
      const model = casbin.newModelFromString(`
[request_definition]
r = tool
[policy_definition]
p = tool, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = ${matcher}(r.tool, p.tool)
`);
      const enforcer = await casbin.newEnforcer(model);
      await enforcer.addPolicies([
        ...policy.forbidden.map(({ pattern }) => [pattern, "deny"]),
        ...policy.capabilities.flatMap(({ tools }) => tools.map((glob) => [glob, "allow"])),
      ]);
      return {
        version: version("casbin"),
        answer: (tool) => (enforcer.enforceSync(tool) ? "allow" : "deny"),
        expected: ({ cause }) => (cause === "mapped" ? "allow" : "deny"),
        checker: (names) => cycle(names, (tool) => (enforcer.enforceSync(tool) ? 1 : 0)),
      };
    },
  };
}

const more = "does more: roles, domains, attribute conditions; answers allow or deny only";

export const globMatch = peer("globMatch", () => true, more);
export const keyMatch = peer(
  "keyMatch",
  (kind) => kind === "literal" || kind === "prefix",
  `${more}; reads prefixes only, so it is compared and timed on literals and prefixes`,
);
