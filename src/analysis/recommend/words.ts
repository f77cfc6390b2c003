/** "1 call", "2 calls", "1,234 capabilities". */
export function words(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString("en-US")} ${n === 1 ? one : many}`;
}

/** The beginning of a text, at most so many UTF-16 units; never half a surrogate pair, which no document may hold. */
export function cutText(text: string, unitsMax: number): string {
  const cut = text.slice(0, unitsMax);
  return cut.length < text.length && /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}
