export interface WorkloadPolicy {
  readonly forbidden: readonly { readonly pattern: string; readonly severity: string }[];
  readonly capabilities: readonly { readonly name: string; readonly tools: readonly string[] }[];
}
export const mix: Readonly<Record<string, number>>;
export function kindOf(glob: string): "literal" | "prefix" | "suffix" | "stars" | "question";
export function toolNames(count: number, seed: number, recorded?: readonly string[]): string[];
export function namesFor(globs: readonly string[], count: number, seed: number, recorded?: readonly string[]): string[];
export function mixedGlobs(count: number, seed: number, recorded?: readonly string[]): string[];
export function policyOf(globs: readonly string[]): WorkloadPolicy;
export function policyText(policy: WorkloadPolicy): string;
export function repeatedCalls(names: readonly string[], count: number, seed: number): string[];
export function freshStrings(names: readonly string[]): string[];
