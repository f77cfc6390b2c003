import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/**
 * One part of a question in a process of its own: V8 specialises shared code for what it has seen, and what one policy
 * taught it would be paid for, or enjoyed, by the next.
 * @param file `import.meta.url` of the question, which handles `--part`
 */
export function isolated(file, part, options, nodeFlags = []) {
  const args = [...nodeFlags, fileURLToPath(file), "--part", JSON.stringify(part), ...(options.quick ? ["--quick"] : [])];
  const child = spawnSync(process.execPath, args, { encoding: "utf8", maxBuffer: 2 ** 28, stdio: ["ignore", "pipe", "inherit"] });
  const lines = child.stdout.split("\n").filter((line) => line.startsWith(mark));
  if (child.status !== 0 || lines.length !== 1)
    throw new Error(`the part ${JSON.stringify(part)} failed; its messages are above`);
  return JSON.parse(lines[0].slice(mark.length));
}

const mark = "@part ";

/** What a part hands to the process that asked for it. */
export function answerPart(value) {
  console.log(mark + JSON.stringify(value));
}
