/** Positions of a longest subsequence that never falls, ascending; of several always the same one. n log n. */
export function longestAscending(values: readonly number[]): number[] {
  /** tails[k]: position of the least value that ends a subsequence of k + 1. */
  const tails: number[] = [];
  const previous: number[] = [];
  values.forEach((value, i) => {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[tails[middle]] <= value) low = middle + 1;
      else high = middle;
    }
    previous.push(low === 0 ? -1 : tails[low - 1]);
    tails[low] = i;
  });
  const found: number[] = [];
  for (let at = tails.at(-1) ?? -1; at >= 0; at = previous[at]) found.push(at);
  return found.reverse();
}
