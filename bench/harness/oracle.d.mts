import type { WorkloadPolicy } from "./workload.mjs";

export interface Comparison {
  readonly names: number;
  readonly count: number;
  readonly differing: readonly { readonly name: string; readonly ours: string; readonly theirs: string }[];
}
interface RowReader {
  classify(name: string): number;
  row(id: number): { readonly forbidden: number; readonly capability: number };
}
interface BatchReader<Packed> extends RowReader {
  classifyBatch(names: Packed, from: number, rows: Uint32Array): number;
  resetRows(): void;
}
interface RowRanks {
  readonly forbidden: number;
  readonly capability: number;
}
export function globMatches(glob: string, name: string): boolean;
export function expectedRow(policy: WorkloadPolicy, name: string): RowRanks;
export function expectedCause(policy: WorkloadPolicy, row: RowRanks): string;
export function compareAnswers(
  names: readonly string[],
  ours: (name: string) => string,
  theirs: (name: string) => string,
  keep?: number,
): Comparison;
export function requireEqual(what: string, comparison: Comparison): number;
export function rowText(row: RowRanks): string;
export function classifiedRow(evaluator: RowReader, name: string, none: number): string;
export function readRow(evaluator: RowReader, id: number, none: number): string;
export function batchRows<Packed extends { readonly count: number }>(
  evaluator: BatchReader<Packed>,
  packed: Packed,
  none: number,
): string[];
