import { h } from "../tree.js";
import { elementOf } from "./dom.js";
import type { Listing } from "./listing.js";

/** A cell of the matrix shows the tools behind it; pressed again it shows all. */
export function followCells(changes: Listing | undefined): void {
  if (changes === undefined) return;
  const buttons: HTMLElement[] = [];
  for (const cell of document.querySelectorAll<HTMLElement>("[data-cell]")) {
    const name = cell.dataset["cell"] ?? "";
    const button = elementOf(
      h("button", {
        type: "button",
        "data-choice": name,
        "aria-pressed": "false",
        "aria-label": `${cell.textContent}: show the tools that went ${name}`,
      }),
    );
    button.append(...cell.childNodes);
    cell.append(button);
    buttons.push(button);
    button.addEventListener("click", () => changes.choose(changes.chosen === name ? "" : name));
  }
  changes.onChoose = (chosen) => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset["choice"] === chosen));
  };
}
