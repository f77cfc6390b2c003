import { code, number } from "../pieces.js";
import { tableRow } from "../rows.js";
import type { Table } from "../table.js";
import { h } from "../tree.js";
import { elementOf } from "./dom.js";

/** Rows shown at first, and with each step further. */
const [firstRows, moreRows] = [25, 200];

/** A table of the page with search, filter, sorting and rows that open. Rows are made when they are shown. */
export class Listing {
  private readonly body: HTMLElement;
  private readonly heads: HTMLElement[];
  private readonly counter = elementOf<HTMLOutputElement>(h("output", { class: "counter" }));
  private readonly search: HTMLInputElement;
  private readonly chips: HTMLElement[] = [];
  private readonly more = elementOf<HTMLButtonElement>(h("button", { class: "more", type: "button" }));
  /** Called when another group is shown. */
  onChoose: (filter: string) => void = () => {};
  private texts: string[] | undefined;
  private sorted: { column: number; down: boolean } | undefined;
  private filter = "";
  private order: number[] = [];
  private shown = 0;

  constructor(
    private readonly table: Table,
    place: HTMLElement,
  ) {
    const [, many] = table.nouns;
    this.body = place.querySelector("tbody") as HTMLElement;
    this.heads = [...place.querySelectorAll<HTMLElement>("thead th")];
    const label = `Search ${many}`;
    this.search = elementOf(
      h("input", { type: "search", "aria-label": label, placeholder: label, autocomplete: "off", spellcheck: "false" }),
    );
    this.search.addEventListener("input", () => this.refresh());
    const tools = elementOf(h("div", { class: "controls" }));
    if (table.size > 5) tools.append(this.search);
    if (table.filters.length > 0) tools.append(this.filterChips());
    tools.append(this.counter);
    place.prepend(tools);
    place.querySelector(".beyond")?.remove();
    for (const [column, head] of this.heads.entries()) this.makeSortable(head, column);
    this.more.addEventListener("click", () => this.append(moreRows));
    place.append(this.more);
    this.body.addEventListener("click", (event) => this.clicked(event));
    this.refresh();
  }

  /** Shows only rows of one group; the empty group shows all. */
  choose(filter: string): void {
    this.filter = filter;
    this.refresh();
    this.onChoose(filter);
  }

  get chosen(): string {
    return this.filter;
  }

  /** Finds a row by the name in its first column, opens it and brings it into view. */
  openNamed(name: string): void {
    const row = this.rowNamed(name);
    if (row < 0) return;
    this.filter = "";
    this.search.value = "";
    this.refresh();
    const at = this.order.indexOf(row);
    if (at >= this.shown) this.append(at + 1 - this.shown);
    const element = this.body.querySelector<HTMLElement>(`tr[data-row="${row}"]`);
    const button = element?.querySelector<HTMLButtonElement>("button.opener");
    if (element === null || button === null || button === undefined) return;
    if (button.getAttribute("aria-expanded") !== "true") this.toggle(element);
    button.focus({ preventScroll: true });
    element.scrollIntoView({ block: "start" });
  }

  /** Paper has no buttons: what a reader would have asked for next is printed. */
  showForPrint(): void {
    if (this.shown < moreRows) this.append(moreRows - this.shown);
  }

  private rowNamed(name: string): number {
    for (let row = 0; row < this.table.size; row++) if (this.table.key(row, 0) === name) return row;
    return -1;
  }

  private filterChips(): HTMLElement {
    const group = elementOf(h("div", { class: "chips", role: "group", "aria-label": `Filter ${this.table.nouns[1]}` }));
    for (const choice of ["", ...this.table.filters]) {
      const chip = elementOf(
        h("button", { type: "button", class: "chip", "data-choice": choice }, choice === "" ? "all" : choice),
      );
      chip.addEventListener("click", () => this.choose(choice));
      this.chips.push(chip);
      group.append(chip);
    }
    return group;
  }

  private makeSortable(head: HTMLElement, column: number): void {
    const { title, kind } = this.table.columns[column]!;
    const button = elementOf(
      h("button", { type: "button", class: "sorter" }, title, h("span", { class: "direction", "aria-hidden": "true" })),
    );
    const numeric = kind === "number" || kind === "time";
    button.addEventListener("click", () => {
      const down = this.sorted?.column === column ? !this.sorted.down : numeric;
      this.sorted = { column, down };
      this.refresh();
    });
    head.replaceChildren(button);
  }

  private refresh(): void {
    const words = this.search.value
      .toLowerCase()
      .split(" ")
      .filter((word) => word !== "");
    this.order = [];
    for (let row = 0; row < this.table.size; row++) {
      if (this.filter !== "" && this.table.group(row) !== this.filter) continue;
      const text = words.length === 0 ? "" : this.textOf(row);
      if (words.every((word) => text.includes(word))) this.order.push(row);
    }
    if (this.sorted !== undefined) this.sort(this.sorted.column, this.sorted.down);
    for (const [column, head] of this.heads.entries()) {
      const down = this.sorted?.column === column ? this.sorted.down : undefined;
      if (down === undefined) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", down ? "descending" : "ascending");
    }
    for (const chip of this.chips) chip.setAttribute("aria-pressed", String(chip.dataset["choice"] === this.filter));
    this.body.replaceChildren();
    this.shown = 0;
    this.append(firstRows);
  }

  private sort(column: number, down: boolean): void {
    const keys = new Map(this.order.map((row) => [row, this.table.key(row, column)]));
    const sign = down ? -1 : 1;
    this.order.sort((a, b) => {
      const [x, y] = [keys.get(a)!, keys.get(b)!];
      return x < y ? -sign : x > y ? sign : a - b;
    });
  }

  private textOf(row: number): string {
    this.texts ??= Array.from({ length: this.table.size }, (_, each) => this.table.text(each).toLowerCase());
    return this.texts[row]!;
  }

  private append(count: number): void {
    const next = this.order.slice(this.shown, this.shown + count);
    this.body.append(...next.map((row) => this.rowElement(row)));
    this.shown += next.length;
    const { size, nouns } = this.table;
    const left = this.order.length - this.shown;
    this.more.hidden = left === 0;
    this.more.textContent = `Show ${left <= moreRows ? `the other ${number(left)}` : `${number(moreRows)} more of ${number(left)}`}`;
    const found = this.order.length;
    this.counter.textContent =
      found === size ? `${number(size)} ${nouns[size === 1 ? 0 : 1]}` : `${number(found)} of ${number(size)}`;
    if (found === 0) this.body.append(this.nothingFound());
  }

  private nothingFound(): HTMLElement {
    return elementOf(
      h("tr", { role: "row" }, h("td", { role: "cell", class: "empty", colspan: this.table.columns.length }, "Nothing matches.")),
    );
  }

  private rowElement(row: number): HTMLElement {
    const element = elementOf(tableRow(this.table, row));
    element.dataset["row"] = String(row);
    if (this.table.detail(row) === undefined) {
      makeLinks(element);
      return element;
    }
    element.classList.add("opens");
    const cell = element.firstElementChild as HTMLElement;
    const opener = elementOf<HTMLButtonElement>(h("button", { type: "button", class: "opener", "aria-expanded": "false" }));
    opener.append(...cell.childNodes);
    cell.append(opener);
    return element;
  }

  private clicked(event: Event): void {
    const target = event.target as Element;
    if (target.closest("[data-tool]") !== null) return;
    const row = target.closest<HTMLElement>("tr.opens");
    if (row !== null && getSelection()?.isCollapsed !== false) this.toggle(row);
  }

  private toggle(row: HTMLElement): void {
    const opener = row.querySelector("button.opener");
    const open = opener?.getAttribute("aria-expanded") !== "true";
    opener?.setAttribute("aria-expanded", String(open));
    row.classList.toggle("open", open);
    if (!open) {
      row.nextElementSibling?.remove();
      return;
    }
    const detail = this.table.detail(Number(row.dataset["row"]));
    if (detail === undefined) return;
    const content = h("td", { role: "cell", colspan: this.table.columns.length }, h("div", { class: "inside" }, detail));
    const below = elementOf(h("tr", { class: "detail", role: "row" }, content));
    makeLinks(below);
    row.after(below);
  }
}

/** Names of tools become buttons; the page follows them. */
function makeLinks(inside: HTMLElement): void {
  for (const link of inside.querySelectorAll<HTMLElement>("[data-tool]")) {
    const name = link.dataset["tool"] ?? "";
    link.replaceWith(elementOf(h("button", { type: "button", class: "tool", "data-tool": name }, code(name))));
  }
}
