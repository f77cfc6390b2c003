/** Says what the bucket under the pointer holds; with the arrow keys, the next one. */
export function followTimeline(): void {
  const chart = document.querySelector<SVGElement>(".timeline .chart");
  const readout = document.querySelector<HTMLElement>(".timeline .readout");
  if (chart === null || readout === null) return;
  const buckets = [...chart.querySelectorAll<SVGElement>(".bucket")];
  let current = -1;
  const show = (index: number) => {
    buckets[current]?.classList.remove("current");
    current = Math.max(-1, Math.min(buckets.length - 1, index));
    buckets[current]?.classList.add("current");
    readout.textContent = buckets[current]?.dataset["words"] ?? "";
  };
  // The words are read out beside the chart; the browser's own tip would say them twice.
  for (const bucket of buckets) bucket.querySelector("title")?.remove();
  chart.setAttribute("tabindex", "0");
  chart.setAttribute("aria-label", `${chart.getAttribute("aria-label")}; arrow keys step through it`);
  chart.addEventListener("pointermove", (event) => {
    const bucket = (event.target as Element).closest<SVGElement>(".bucket");
    show(bucket === null ? -1 : buckets.indexOf(bucket));
  });
  chart.addEventListener("pointerleave", () => show(-1));
  chart.addEventListener("blur", () => show(-1));
  chart.addEventListener("focus", () => show(current < 0 ? buckets.length - 1 : current));
  chart.addEventListener("keydown", (event) => {
    const steps = new Map([
      ["ArrowLeft", current - 1],
      ["ArrowRight", current + 1],
      ["Home", 0],
      ["End", buckets.length - 1],
    ]);
    const to = steps.get(event.key);
    if (to === undefined) return;
    event.preventDefault();
    show(Math.max(0, to));
  });
}
