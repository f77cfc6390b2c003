// From policy text to a decision. Run it: node examples/library/decide.mjs
import { readFileSync } from "node:fs";
import { compilePolicy, mergePolicies, parseCard, parsePolicy, renderDiagnostics } from "smoltbot-policy";
import { openEngine } from "smoltbot-policy/runtime";

const file = new URL("../support-agent/policy.yaml", import.meta.url);
const text = readFileSync(file, "utf8");
const { value: policy, diagnostics } = parsePolicy(text, { file: "policy.yaml" });
if (policy === undefined) {
  console.error(renderDiagnostics(diagnostics, { sources: new Map([["policy.yaml", text]]), color: false }));
  process.exit(1);
}

// Compiling happens once, at publishing; the bytes are what a gateway loads. The engine needs nothing else of the package.
const { bytes, report } = compilePolicy(mergePolicies({ agent: policy }).value);
console.log(`${report.globs} globs in ${bytes.length} bytes`);

const engine = openEngine(bytes);
const { value: card } = parseCard(readFileSync(new URL("../support-agent/card.yaml", import.meta.url)), { file: "card.yaml" });

// One session: counts such as `unmapped_tool_count` run over its calls.
const session = engine.openSession();
for (const tool of [
  "mcp__browser__navigate",
  "mcp__filesystem__delete_file",
  "mcp__payment__refund",
  "mcp__crm__find_customer",
]) {
  const { verdict, action, cause, rule } = engine.decide(tool, { session, card, nowMs: Date.now() });
  const by = rule === null ? "" : ` by ${rule.label} (${rule.file}:${rule.line})`;
  console.log(`${tool}: ${verdict}, ${action}, ${cause}${by}`);
}
