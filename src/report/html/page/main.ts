import type { Page } from "../payload.js";
import { tablesOf } from "../tables.js";
import { Listing } from "./listing.js";
import { followCells } from "./matrix.js";
import { followTimeline } from "./timeline.js";

/** Brings the page to life: everything it needs is in the page already. */
function start(): void {
  const payload = document.getElementById("page")?.textContent;
  if (payload === null || payload === undefined) return;
  const page = JSON.parse(payload) as Page;
  const listings = new Map<string, Listing>();
  // What was cut is said in the markup already.
  const totals = { tools: page.tools.length, traces: page.traces.length, unmapped: page.unmapped.length };
  for (const table of tablesOf(page, totals)) {
    const place = document.querySelector<HTMLElement>(`[data-table="${table.id}"]`);
    if (place !== null) listings.set(table.id, new Listing(table, place));
  }
  followCells(listings.get("changes"));
  followTools(listings.get("tools"));
  followTimeline();
  addEventListener("beforeprint", () => {
    for (const listing of listings.values()) listing.showForPrint();
  });
  document.documentElement.classList.add("scripted");
}

/** A tool named anywhere opens its row among the tools. */
function followTools(tools: Listing | undefined): void {
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest<HTMLElement>("[data-tool]");
    if (link === null || tools === undefined) return;
    event.stopPropagation();
    tools.openNamed(link.dataset["tool"] ?? "");
  });
}

start();
