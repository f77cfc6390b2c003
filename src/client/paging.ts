/** Every item of a paged list, page after page: `for await (const t of everyItem((page) => client.agents.listTools(id, { page }), (p) => p.tools))`. */
export async function* everyItem<P extends { readonly total: number }, T>(
  read: (page: number) => Promise<P>,
  itemsOf: (page: P) => readonly T[],
): AsyncGenerator<T> {
  let met = 0;
  for (let page = 1; ; page++) {
    const answer = await read(page);
    const items = itemsOf(answer);
    yield* items;
    met += items.length;
    if (items.length === 0 || met >= answer.total) return;
  }
}
