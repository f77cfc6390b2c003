import type { Child, Tree } from "./tree.js";

/** A table of the page: how its rows are shown, found, sorted and opened. Rows are known by their position. */
export interface Table {
  readonly id: string;
  /** One row and many, in words. */
  readonly nouns: readonly [one: string, many: string];
  readonly columns: readonly Column[];
  readonly size: number;
  /** Rows there were before they were cut for this page. */
  readonly total: number;
  /** Choices of a filter over the rows; none where there are fewer than two. */
  readonly filters: readonly string[];
  cells(row: number): readonly Child[];
  /** What a column sorts by. */
  key(row: number, column: number): number | string;
  /** What the search looks through. */
  text(row: number): string;
  /** Which choice of the filter the row belongs to. */
  group(row: number): string;
  /** What opens below a row; undefined where there is no more to say. */
  detail(row: number): Tree | undefined;
}

export interface Column {
  readonly title: string;
  readonly kind: "name" | "text" | "number" | "time";
}

/** A table over typed rows. */
export function table<R>(
  frame: Pick<Table, "id" | "nouns"> & {
    readonly rows: readonly R[];
    readonly total?: number;
    readonly filters?: readonly string[];
  },
  columns: readonly (Column & { readonly cell: (row: R) => Child; readonly key: (row: R) => number | string })[],
  about: { readonly text: (row: R) => string; readonly group?: (row: R) => string; readonly detail?: (row: R) => Tree },
): Table {
  const { rows } = frame;
  const at = (row: number) => rows[row] as R;
  const group = about.group ?? (() => "");
  const used = new Set(rows.map(group));
  const filters = (frame.filters ?? []).filter((choice) => used.has(choice));
  return {
    id: frame.id,
    nouns: frame.nouns,
    columns,
    size: rows.length,
    total: frame.total ?? rows.length,
    filters: filters.length > 1 ? filters : [],
    cells: (row) => columns.map((column) => column.cell(at(row))),
    key: (row, column) => columns[column]?.key(at(row)) ?? 0,
    text: (row) => about.text(at(row)),
    group: (row) => group(at(row)),
    detail: (row) => about.detail?.(at(row)),
  };
}
