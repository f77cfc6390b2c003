import { writeWhole } from "./files.js";
import type { Terminal } from "./terminal.js";

/** A report to stdout, or to a file with the exit reasons on stderr. */
export function printReport(
  text: string,
  exitReasons: readonly string[],
  output: string | undefined,
  terminal: Pick<Terminal, "out" | "err">,
): void {
  if (output === undefined) {
    terminal.out(text);
    return;
  }
  writeWhole(output, text);
  for (const reason of exitReasons) terminal.err(`${reason}\n`);
}
