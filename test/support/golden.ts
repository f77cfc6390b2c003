import { existsSync, readFileSync } from "node:fs";
import { compilePolicy } from "../../src/compiler/compile.js";
import type { LaneBudget } from "../../src/compiler/lanes.js";
import { mergePolicies } from "../../src/policy/merge.js";
import type { Policy } from "../../src/policy/model.js";
import { parsePolicy } from "../../src/syntax/policy.js";

export interface Golden {
  readonly name: string;
  /** Lanes that the artifact must have, as the compile report counts them. */
  readonly lanes: readonly ("literal" | "dfa" | "prefix" | "suffix" | "gram" | "length" | "parallel")[];
  readonly budget?: Partial<LaneBudget>;
}

export const goldens: readonly Golden[] = [
  { name: "empty", lanes: [] },
  { name: "literals", lanes: ["literal"] },
  { name: "automaton", lanes: ["literal", "dfa"], budget: { wholeStatesMax: 0 } },
  { name: "edges", lanes: ["literal", "prefix", "suffix", "length"], budget: { statesMax: 0 } },
  { name: "grams", lanes: ["gram"], budget: { statesMax: 0 } },
  { name: "parallel", lanes: ["parallel"], budget: { statesMax: 0 } },
  { name: "open-literals", lanes: ["literal", "prefix", "gram"], budget: { statesMax: 0, literalWorkMax: 0 } },
];

export function goldenPath(name: string, ending: string): string {
  return `${import.meta.dirname}/../golden/${name}.${ending}`;
}

/** The committed bytes. */
export function goldenBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(goldenPath(name, "bin")));
}

/** The bytes and the report of compiling the committed source now. */
export function compileGolden({ name, budget = {} }: Golden) {
  const parse = (ending: string): Policy => {
    const { value, diagnostics } = parsePolicy(readFileSync(goldenPath(name, ending)), { file: `${name}.${ending}` });
    if (value === undefined) throw new Error(diagnostics.map((d) => d.message).join("; "));
    return value;
  };
  const org = existsSync(goldenPath(name, "org.yaml")) ? { org: parse("org.yaml") } : {};
  const merged = mergePolicies({ ...org, agent: parse("yaml") });
  if (merged.value === undefined) throw new Error(merged.diagnostics.map((d) => d.message).join("; "));
  return compilePolicy(merged.value, { budget });
}
