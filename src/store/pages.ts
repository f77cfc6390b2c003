import type { SelectQueryBuilder } from "kysely";
import type { Page, Paged } from "./store.js";
import type { Tables } from "./tables.js";

/**
 * One page of `rows`, and how many there are in all: two queries, so call it in a snapshot. `fetch` adds columns and order.
 */
export async function pageOf<From extends keyof Tables, T>(
  rows: SelectQueryBuilder<Tables, From, object>,
  { page, perPage }: Page,
  fetch: (rows: SelectQueryBuilder<Tables, From, object>) => Promise<readonly T[]>,
): Promise<Paged<T>> {
  const { total } = await rows.select((e) => e.fn.countAll<number>().as("total")).executeTakeFirstOrThrow();
  const items = await fetch(rows.limit(perPage).offset((page - 1) * perPage));
  return { items, total };
}
