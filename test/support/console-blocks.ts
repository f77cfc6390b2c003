import { spawnSync } from "node:child_process";

/** A fenced block of a Markdown page. */
export interface Block {
  readonly language: string;
  readonly body: string;
  /** 1-based line of the opening fence. */
  readonly line: number;
}

export interface Step {
  readonly command: string;
  readonly output: string;
}

export function fencedBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { language: string; line: number; body: string[] } | undefined;
  markdown.split("\n").forEach((text, index) => {
    if (open === undefined) {
      if (text.startsWith("```")) open = { language: text.slice(3).trim(), line: index + 1, body: [] };
    } else if (text.startsWith("```")) {
      blocks.push({ language: open.language, line: open.line, body: open.body.join("\n") });
      open = undefined;
    } else open.body.push(text);
  });
  return blocks;
}

/** A console block: lines with `$ ` are typed, what follows each is what it printed. */
export function consoleSteps(body: string): Step[] {
  const steps: { command: string; output: string[] }[] = [];
  for (const line of body.split("\n")) {
    if (line.startsWith("$ ")) steps.push({ command: line.slice(2), output: [] });
    else if (steps.length === 0) throw new Error(`console block begins with output: ${line}`);
    else steps[steps.length - 1].output.push(line);
  }
  return steps.map(({ command, output }) => ({ command, output: tidy(output.join("\n")) }));
}

/** Runs what a reader would type, both streams as a terminal would show them. */
export function runStep(command: string, options: { cwd: string; smoltbot: string }): string {
  const script = `smoltbot() { "${process.execPath}" "${options.smoltbot}" "$@"; }\nnpx() { "$@"; }\n{ ${command}\n} 2>&1`;
  const result = spawnSync("bash", ["-c", script], {
    cwd: options.cwd,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  return tidy(result.stdout);
}

/** Trailing blanks and what differs between two runs of the same command. */
function tidy(text: string): string {
  return text
    .replace(/[ \t]+$/gm, "")
    .replace(/\b\d+(\.\d+)? ms\b/g, "N ms")
    .trimEnd();
}

/** Whether printed text is what a page shows; a line `...` in the page stands for any lines. */
export function shows(expected: string, printed: string): boolean {
  const parts = `\n${expected}\n`.split(/(?<=\n)\.\.\.\n/);
  let rest = `\n${printed}\n`;
  if (parts.length === 1) return rest === parts[0];
  if (!rest.startsWith(parts[0])) return false;
  rest = rest.slice(parts[0].length);
  for (const part of parts.slice(1, -1)) {
    const at = rest.indexOf(part);
    if (at < 0) return false;
    rest = rest.slice(at + part.length);
  }
  return rest.endsWith(parts[parts.length - 1]);
}
