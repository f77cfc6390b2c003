export interface Measured {
  readonly ns: number;
  readonly low: number;
  readonly high: number;
  readonly samples: readonly number[];
}
export function median(values: readonly number[]): number;
export function ratio(slow: Pick<Measured, "samples">, fast: Pick<Measured, "samples">): number;
export function cycle<T>(names: readonly T[], each: (name: T) => number): (count: number) => number;
