// Why a tool gets its verdict, and what would apply without each rule. Run it: node examples/library/explain.mjs
import { readFileSync } from "node:fs";
import { compilePolicy, mergePolicies, parsePolicy } from "smoltbot-policy";
import { openEngine } from "smoltbot-policy/runtime";

const read = (path) => parsePolicy(readFileSync(new URL(path, import.meta.url)), { file: path }).value;
const merged = mergePolicies({ org: read("../org/policy.yaml"), agent: read("../support-agent/policy.yaml") }).value;
const engine = openEngine(compilePolicy(merged).bytes);

const { tool, decision, rules } = engine.explain("mcp__filesystem__read_credentials");
console.log(`${tool}: ${decision.verdict}`);
for (const { rule, decides, without } of rules) {
  console.log(
    `${decides ? "*" : " "} ${rule.kind} ${rule.label} (${rule.layer}, ${rule.file}:${rule.line}); without it: ${without.verdict}`,
  );
}
