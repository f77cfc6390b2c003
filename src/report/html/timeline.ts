import type { Timeline } from "../../trace/replay-report.js";
import { badge, countsWords, dayOf, number, round, some } from "./pieces.js";
import { h, type Tree } from "./tree.js";

const [width, height] = [1000, 160];
/** The least a bucket shows of a verdict it has: one failure beside ten thousand passes must be seen. */
const least = 3;

/** Calls by verdict over time: failures at the base line, where their heights can be compared. */
export function timelineFigure({ bucketMs, buckets, undated }: Timeline): Tree {
  const first = buckets[0];
  const last = buckets.at(-1);
  const loose = undated.pass + undated.warn + undated.fail;
  const note = loose === 0 ? undefined : h("p", { class: "beyond" }, `${some(loose, "call")} without a time not shown`);
  if (first === undefined || last === undefined) return h("div", {}, h("p", { class: "empty" }, "No call has a time."), note);
  const slots = Math.round((last.startMs - first.startMs) / bucketMs) + 1;
  const slot = width / Math.max(slots, 12);
  const most = buckets.reduce((max, { pass, warn, fail }) => Math.max(max, pass + warn + fail), 1);
  const bars = buckets.map((bucket) => {
    const x = ((bucket.startMs - first.startMs) / bucketMs) * slot;
    const words = `${bucketWords(bucket.startMs, bucketMs)}: ${countsWords([bucket.pass, bucket.warn, bucket.fail])}`;
    let y = height;
    const parts = (["fail", "warn", "pass"] as const).flatMap((verdict) => {
      if (bucket[verdict] === 0) return [];
      const tall = Math.max(least, (bucket[verdict] / most) * (height - 3 * least));
      y -= tall;
      return [h("rect", { class: verdict, x: round(x), y: round(y), width: round(slot * 0.86), height: round(tall) })];
    });
    const area = h("rect", { class: "area", x: round(x), y: 0, width: round(slot), height });
    return h("g", { class: "bucket", "data-words": words }, h("title", {}, words), area, ...parts);
  });
  const middle = slots > 2 ? [h("span", {}, dayOf(first.startMs + (slots / 2) * bucketMs))] : [];
  const ends = slots > 1 ? [...middle, h("span", {}, dayOf(last.startMs))] : [];
  return h(
    "figure",
    { class: "timeline" },
    h(
      "figcaption",
      {},
      h(
        "span",
        {},
        `Calls in ${bucketMs % 86_400_000 === 0 ? some(bucketMs / 86_400_000, "day") : some(bucketMs / 3_600_000, "hour")} each, at most ${number(most)} `,
      ),
      h("span", { class: "key" }, badge("fail"), badge("warn"), badge("pass")),
    ),
    h("output", { class: "readout" }),
    h(
      "svg",
      {
        class: "chart",
        viewBox: `0 0 ${width} ${height}`,
        preserveAspectRatio: "none",
        role: "img",
        "aria-label": "Calls by verdict over time",
      },
      ...bars,
      h("line", { class: "base", x1: 0, x2: width, y1: height, y2: height }),
    ),
    h("div", { class: "axis", "aria-hidden": "true" }, h("span", {}, dayOf(first.startMs)), ...ends),
    note,
  );
}

function bucketWords(startMs: number, bucketMs: number): string {
  const text = (ms: number) => new Date(ms).toISOString().slice(0, 16).replace("T", " ");
  return bucketMs % 86_400_000 === 0 ? dayOf(startMs) : `${text(startMs)} to ${text(startMs + bucketMs).slice(11)}`;
}
