import { compilePolicy } from "../../src/compiler/compile.js";
import type { LaneBudget } from "../../src/compiler/lanes.js";
import { type TinyPolicy, tinyPolicy } from "./tiny-policy.js";

/** One small policy for every kind of lane, with the budget that forces it. */
export interface LanePolicy {
  readonly name: string;
  readonly policy: TinyPolicy;
  readonly budget?: Partial<LaneBudget>;
}

const verbs = ["create", "delete", "update", "search", "export", "import", "rotate", "revoke", "approve", "archive"];

export const lanePolicies: readonly LanePolicy[] = [
  { name: "empty", policy: {} },
  {
    name: "literals",
    policy: {
      forbidden: [
        ["rm", "critical"],
        ["delete_all", "high", "org"],
        ["größe", "low"],
        ["名前", "medium"],
      ],
      capabilities: [["read", ["cat", "ls", "rm"], ["read", "list"]]],
    },
  },
  {
    name: "automaton",
    budget: { wholeStatesMax: 0 },
    policy: {
      description: "every table has something in it",
      forbidden: [["*delete*", "critical"], ["mcp__*__drop?", "medium"], ["mcp__db__drop_all"]],
      capabilities: [
        ["search", ["mcp__web__*", "mcp__web__search"], ["browse"]],
        ["files", ["mcp__fs__read_?*", "*é*"], ["read", "write"]],
      ],
      triggers: [
        ["warn", [{ globs: ["*_all"] }]],
        [
          "escalate",
          [{ globs: ["mcp__*", "*admin*"] }, { globs: ["*prod*"], tests: [{ count: "tool_count", comparison: ">", value: 3 }] }],
        ],
        ["deny", [{ globs: [], tests: [{ count: "violation_count", comparison: ">=", value: -2 }] }]],
      ],
    },
  },
  {
    name: "indexed",
    budget: { statesMax: 0 },
    policy: {
      forbidden: [
        ["mcp__prod__*", "high"],
        ["mcp__prod__d*", "critical"],
        ["*_secret", "critical"],
        ["*top_secret", "low"],
        ["*drop*table*", "critical"],
        ["*a*b?c*", "medium"],
        ["?é?*x", "low"],
        ["mcp__prod__drop_table", "low"],
      ],
      capabilities: [
        ["any", ["*", "????", "?*abc*?", ...verbs.map((verb) => `mcp__*__${verb}*`)]],
        ["odd", ["x?y*z", "?????*"]],
      ],
      triggers: [["escalate", [{ globs: ["*é*ö*"] }, { globs: ["*wx*yz*"] }, { globs: verbs.map((verb) => `*${verb}*`) }]]],
    },
  },
  {
    name: "open",
    budget: { statesMax: 0, literalWorkMax: 0 },
    policy: {
      forbidden: [
        ["mcp__prod__*", "low"],
        ["*drop*db*", "high"],
      ],
      capabilities: [["all", ["mcp__prod__drop_db", "mcp__prod__drop", "*drop_db*"]]],
    },
  },
];

export function compileLanePolicy({ policy, budget = {}, name }: LanePolicy) {
  return compilePolicy(tinyPolicy({ name, ...policy }), { budget });
}
