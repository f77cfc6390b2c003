import type { Table } from "./table.js";
import { h, type Tree } from "./tree.js";

/** One row of a table: in the page as it is made, and when its script shows more. */
export function tableRow(table: Table, row: number): Tree {
  const cells = table.cells(row);
  return h(
    "tr",
    { role: "row" },
    cells.map((cell, i) => h("td", { role: "cell", class: table.columns[i]!.kind, "data-title": table.columns[i]!.title }, cell)),
  );
}
