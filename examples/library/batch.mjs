// Many names at once, over packed bytes: what a replay does. Run it: node examples/library/batch.mjs
import { readFileSync } from "node:fs";
import { compilePolicy, mergePolicies, parsePolicy } from "smoltbot-policy";
import { openEngine, packNames } from "smoltbot-policy/runtime";

const read = (path) => parsePolicy(readFileSync(new URL(path, import.meta.url)), { file: path }).value;
const merged = mergePolicies({ org: read("../org/policy.yaml"), agent: read("../support-agent/policy.yaml") }).value;
const engine = openEngine(compilePolicy(merged).bytes);

const verbs = ["navigate", "read_file", "delete_file", "list_tables", "drop_table"];
const names = ["browser", "filesystem", "admin", "postgres"].flatMap((server) => verbs.map((verb) => `mcp__${server}__${verb}`));
const result = engine.decideBatch(packNames(names));

console.log(`${result.count} calls: ${result.counts.pass} pass, ${result.counts.warn} warn, ${result.counts.fail} fail`);
for (const [i, name] of names.entries()) {
  const { verdict, rule } = result.at(i);
  if (verdict === "fail") console.log(`${name}: ${rule.label}`);
}
