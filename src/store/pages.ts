import type { SelectQueryBuilder } from "kysely";
import type { Page, Paged } from "./store.js";

/**
 * One page of `rows`, and how many there are in all: two queries, so call it in a snapshot. `fetch` adds columns and order.
 */
export async function pageOf<DB, From extends keyof DB, T>(
  rows: SelectQueryBuilder<DB, From, object>,
  { page, perPage }: Page,
  fetch: (rows: SelectQueryBuilder<DB, From, object>) => Promise<readonly T[]>,
): Promise<Paged<T>> {
  // The name of the column is lost in a type this general.
  const counted = (await rows.select((e) => e.fn.countAll<number>().as("total")).executeTakeFirstOrThrow()) as { total: number };
  const { total } = counted;
  const items = await fetch(rows.limit(perPage).offset((page - 1) * perPage));
  return { items, total };
}
