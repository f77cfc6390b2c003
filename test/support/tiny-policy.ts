import { type Glob, parseGlob } from "../../src/glob/parse.js";
import type { CountTest, MergedPolicy, Scope, Severity, TriggerAction } from "../../src/policy/model.js";

export interface TinyPolicy {
  readonly name?: string;
  readonly description?: string;
  /** Pattern and severity (default high), org's first. */
  readonly forbidden?: readonly (readonly [pattern: string, severity?: Severity, layer?: Scope])[];
  readonly capabilities?: readonly (readonly [name: string, tools: readonly string[], actions?: readonly string[]])[];
  /** Action and terms: each term its globs, and count tests. */
  readonly triggers?: readonly (readonly [
    action: TriggerAction,
    terms: readonly { globs: readonly string[]; tests?: readonly CountTest[] }[],
  ])[];
}

const file = "tiny.yaml";

function spanAt(line: number, column = 5) {
  return { file, line, column, endLine: line, endColumn: column + 1 };
}

export function globOf(source: string): Glob {
  const glob = parseGlob(source);
  if (typeof glob === "string") throw new Error(`test glob is ${glob}`);
  return glob;
}

/** A merged policy for tests of the compiler and the evaluators, without parser and merge. */
export function tinyPolicy(tiny: TinyPolicy): MergedPolicy {
  let line = 1;
  const ref = (source: string) => ({ glob: globOf(source), span: spanAt(++line) });
  const indexes = { org: 0, agent: 0 };
  const sourced = <T>(value: T) => ({ value, layer: "default" as const });
  return {
    name: tiny.name ?? "tiny",
    ...(tiny.description === undefined ? {} : { description: tiny.description }),
    sources: [{ layer: "agent", file, name: tiny.name ?? "tiny" }],
    forbidden: (tiny.forbidden ?? []).map(([pattern, severity = "high", layer = "agent"]) => ({
      layer,
      index: indexes[layer]++,
      rule: { pattern: ref(pattern), reason: `no \`${pattern}\``, severity, span: spanAt(line) },
    })),
    capabilities: (tiny.capabilities ?? []).map(([name, tools, actions = ["act"]], index) => ({
      layer: "agent",
      index,
      rule: {
        name,
        tools: tools.map(ref),
        cardActions: actions.map((value) => ({ value, span: spanAt(++line) })),
        span: spanAt(++line),
      },
    })),
    triggers: (tiny.triggers ?? []).map(([action, terms], index) => ({
      layer: "agent",
      index,
      rule: {
        action,
        condition: {
          text: `trigger ${index}`,
          terms: terms.map(({ globs, tests = [] }) => ({ globs: globs.map(globOf), tests })),
        },
        reason: `because ${index}`,
        span: spanAt(++line),
      },
    })),
    defaults: {
      unmappedToolAction: { value: "deny", layer: "agent", span: spanAt(++line) },
      unmappedSeverity: sourced("medium"),
      failOpen: sourced(false),
      enforcementMode: sourced("enforce"),
      gracePeriodHours: sourced(24),
      failOn: sourced("low"),
    },
  };
}
