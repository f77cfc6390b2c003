import { markdownLengthMax } from "../../limits.js";
import { count } from "../text/words.js";

/** Room kept for the note that says the comment was cut. */
const noteLength = 200;

/** Whole blocks as long as there is room, so that no table and no element is cut in its middle. */
export function joinedBlocks(blocks: readonly (readonly string[])[], foot: string, elsewhere = "HTML"): string {
  let text = "";
  let left = 0;
  for (const block of blocks) {
    const next = `${block.join("\n")}\n\n`;
    if (text.length + next.length + foot.length + noteLength > markdownLengthMax) left++;
    else text += next;
  }
  const note =
    left === 0
      ? ""
      : `_${count(left, "part")} left out: a comment may have ${count(markdownLengthMax, "character")}. The ${elsewhere} report has everything._\n\n`;
  return text + note + foot;
}

/** Content behind a title, nothing without content. */
export function folded(title: string, content: readonly string[]): string[] {
  return content.length === 0 ? [] : ["<details>", `<summary>${title}</summary>`, "", ...content, "", "</details>"];
}
