import { decodeArtifact } from "../../src/artifact/decode.js";
import { compilePolicy } from "../../src/compiler/compile.js";
import { openArtifact } from "../../src/engine/engine.js";
import { RuleCatalog } from "../../src/engine/rule-catalog.js";
import { mergePolicies } from "../../src/policy/merge.js";
import { parsePolicy } from "../../src/syntax/policy.js";
import type { CallConsumer } from "../../src/trace/consumer.js";
import type { ReplayEngine } from "../../src/trace/replay-engine.js";
import { chance } from "./traces.js";

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

export const start = Date.UTC(2026, 1, 1);
export const hour = 3_600_000;
export const toldInputs = ["a", "b", "c"].map((name) => ({ name, format: "x", records: 0, badLines: 0, repeatedCalls: 0 }));

/**
 * What readers may say in any order: traces with and without agents, named late; calls alone and in batches, repeated ones,
 * undated ones, of subagents, of other sessions. The same seed says the same each time.
 */
export function tell(seed: number, consumer: CallConsumer, inTime = false): void {
  const next = chance(seed);
  const names = [
    "read_x",
    "read_y",
    "read_z",
    "newest",
    "write_a",
    "other",
    "new_one",
    "delete_x",
    "rm",
    "",
    "x\ufffd",
    "read_delete",
    "newer",
    "__proto__",
  ];
  let clock = start;
  const timeOf = () => {
    clock += next(hour / 2);
    if (inTime) return clock;
    return next(8) === 0 ? Number.NaN : next(3) === 0 ? start + next(120 * hour) : clock;
  };
  const agentOf = () => (next(3) === 0 ? undefined : `agent-${next(3)}`);
  for (let step = 0; step < 160; step++) {
    const input = Math.min(2, Math.floor(step / 60));
    const format = `f${next(2)}`;
    const key = `t${next(25)}`;
    const kind = next(8);
    if (kind < 2) {
      consumer.traceId(format, input, key, {
        agent: agentOf(),
        timeMs: start + next(99) * hour,
        id: next(2) ? undefined : `id-${key}`,
      });
    } else if (kind < 4) {
      const length = next(12);
      const ids = Array.from({ length: 3 }, (_, i) => consumer.traceId(format, input, `t${(next(20) + i) % 25}`, {}));
      const tools = Array.from({ length: 4 }, () =>
        consumer.toolId(names[next(names.length)]!, next(2) ? undefined : `raw${next(9)}`),
      );
      const column = (of: () => number) => Array.from({ length }, of);
      consumer.addBatch({
        input,
        length,
        trace: Uint32Array.from(column(() => ids[next(3)]!)),
        tool: Uint32Array.from(column(() => tools[next(4)]!)),
        timeMs: Float64Array.from(column(timeOf)),
        line: Uint32Array.from(column(() => step + 1)),
      });
    } else {
      const timeMs = timeOf();
      consumer.add(format, input, {
        trace: key,
        callId: next(3) === 0 ? `c${next(12)}` : undefined,
        tool: names[next(names.length)]!,
        rawTool: next(4) === 0 ? `raw${next(9)}` : undefined,
        timeMs: Number.isNaN(timeMs) ? undefined : timeMs,
        agent: next(9) === 0 ? agentOf() : undefined,
        session: next(5) === 0 ? `t${next(6)}` : undefined,
        subagent: next(6) === 0,
        line: step + 1,
      });
    }
  }
}
