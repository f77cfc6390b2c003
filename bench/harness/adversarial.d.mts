export interface Family {
  readonly name: string;
  readonly why: string;
}
export const families: readonly Family[];
export function adversary(
  family: Family,
  globCount: number,
  nameCount: number,
  lengths: readonly number[],
  seed: number,
): { readonly globs: readonly string[]; readonly names: ReadonlyMap<number, readonly string[]> };
