import { decodeArtifact } from "../../src/artifact/decode.js";
import { compilePolicy } from "../../src/compiler/compile.js";
import { openArtifact } from "../../src/engine/engine.js";
import { RuleCatalog } from "../../src/engine/rule-catalog.js";
import { mergePolicies } from "../../src/policy/merge.js";
import { parsePolicy } from "../../src/syntax/policy.js";
import type { ReplayEngine } from "../../src/trace/replay-engine.js";

/** What a test says of a policy; the rest is always the same. */
export interface PolicySketch {
  readonly unmapped?: string;
  readonly graceHours?: number;
  readonly triggers?: string;
  readonly mode?: string;
  readonly failOn?: string;
  /** Tools of a third capability, `more`. */
  readonly more?: string;
}

export function sketchText(sketch: PolicySketch): string {
  const { unmapped = "warn", graceHours = 0, triggers = "[]", mode = "enforce", failOn = "low", more } = sketch;
  return `meta: {schema_version: "1.0", name: p, scope: agent}
capability_mappings:
  reading: {tools: ["read*", "*_a"], card_actions: [read]}
  writing: {tools: ["write*"], card_actions: [write]}
${more === undefined ? "" : `  more: {tools: ${more}, card_actions: [read]}\n`}forbidden:
  - {pattern: "*delete*", reason: never, severity: critical}
  - {pattern: "rm", reason: never ever, severity: low}
  - {pattern: "unused_*", reason: not here, severity: high}
escalation_triggers: ${triggers}
defaults: {unmapped_tool_action: ${unmapped}, unmapped_severity: medium, fail_open: false, enforcement_mode: ${mode}, fail_on: ${failOn}, grace_period_hours: ${graceHours}}
`;
}

/** A replay engine of policy text, as the command opens it. */
export function replayEngine(text: string, file = "p.yaml"): ReplayEngine {
  const { value, diagnostics } = parsePolicy(text, { file });
  if (value === undefined) throw new Error(JSON.stringify(diagnostics));
  const artifact = decodeArtifact(compilePolicy(mergePolicies({ agent: value }).value!).bytes);
  const engine = openArtifact(artifact, { evaluator: "js" });
  const rules = new RuleCatalog(artifact);
  return {
    rules,
    hasCountTriggers: rules.hasCountTests,
    evaluate: (tools, context) => engine.evaluate(tools, context),
    openSession: () => engine.openSession(),
  };
}

export const sketched = (sketch: PolicySketch) => replayEngine(sketchText(sketch));

/** The same policy without its catalogue: each call is evaluated by itself, in a session of the engine. */
export function callByCall(engine: ReplayEngine): ReplayEngine {
  return { evaluate: engine.evaluate, openSession: engine.openSession };
}
