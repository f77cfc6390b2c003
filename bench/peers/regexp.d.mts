import type { WorkloadPolicy } from "../harness/workload.mjs";

interface DecisionLike {
  readonly cause: string;
  readonly rule: { readonly pattern?: string; readonly index: number } | null;
}
export function globRegExp(glob: string): string;
export function ruleText(decision: DecisionLike): string;
export function open(policy: WorkloadPolicy): Promise<{
  answer(tool: string): string;
  expected(decision: DecisionLike): string;
  checker(names: readonly string[]): (count: number) => number;
}>;
