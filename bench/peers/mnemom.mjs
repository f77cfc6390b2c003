import { version } from "./version.mjs";

/** The upstream engine, 64 tools a call as its gateway does; its policy is a card. */
const toolsPerCall = 64;

export const name = "@mnemom/policy-engine";
export const reads = (kind) => kind !== "question";
export const caveat =
  "reads `?` literally, reports the first forbidden rule only, derives its policy from the card and computes coverage on each call";

export async function open(policy) {
  const { evaluatePolicy } = await import("@mnemom/policy-engine");
  const card = {
    card_id: "benchmark",
    autonomy: { bounded_actions: ["act"] },
    capabilities: Object.fromEntries(
      policy.capabilities.map(({ name, tools }) => [name, { description: name, tools, required_actions: ["act"] }]),
    ),
    enforcement: {
      forbidden_tools: policy.forbidden.map(({ pattern, severity }, i) => ({ pattern, reason: `rule ${i}`, severity })),
      unmapped_tool_action: "warn",
      mode: "warn",
    },
  };
  const evaluate = (tools) => evaluatePolicy({ card, tools, context: "gateway" });
  return {
    version: version("@mnemom/policy-engine"),
    unit: toolsPerCall,
    answer(tool) {
      const { verdict, violations } = evaluate([{ name: tool }]);
      return `${verdict} ${violations[0]?.rule ?? ""}`;
    },
    expected: ({ verdict, rule }) => `${verdict} ${rule?.kind === "forbidden" ? rule.pattern : ""}`,
    /** `count` is a multiple of `unit`. */
    checker(names) {
      let at = 0;
      return (count) => {
        let sum = 0;
        for (let done = 0; done < count; done += toolsPerCall) {
          const tools = [];
          for (let i = 0; i < toolsPerCall; i++) {
            tools.push({ name: names[at] });
            if (++at === names.length) at = 0;
          }
          const result = evaluate(tools);
          sum += result.violations.length + result.warnings.length;
        }
        return sum;
      };
    },
  };
}
