import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type Block, consoleSteps, fencedBlocks, runStep, shows } from "./support/console-blocks.js";

/**
 * Every console block of the README and the docs is typed again and must print what the page shows. Each page gets a
 * fresh folder with a copy of the examples; its blocks run there in order. Blocks that install things are `sh`, not `console`.
 * SMOLTBOT_UPDATE=1 writes what was printed into the pages instead of comparing.
 */
const root = join(import.meta.dirname, "..");
const smoltbot = join(root, "build", "smoltbot.js");
const update = process.env.SMOLTBOT_UPDATE === "1";
const pages = ["README.md", "ARCHITECTURE.md", ...markdownUnder("docs"), ...markdownUnder("examples")];
const folders: string[] = [];

function markdownUnder(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => join(folder, file))
    .sort();
}

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "smoltbot-page-"));
  folders.push(folder);
  cpSync(join(root, "examples"), join(folder, "examples"), { recursive: true });
  return folder;
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function rewrite(page: string, block: Block, body: string): void {
  const path = join(root, page);
  const fence = "```";
  const text = readFileSync(path, "utf8");
  writeFileSync(
    path,
    text.replace(`${fence}console\n${block.body}\n${fence}`, () => `${fence}console\n${body}\n${fence}`),
  );
}

const withBlocks = pages.filter((page) => existsSync(join(root, page)) && blocksOf(page).length > 0);

function blocksOf(page: string): Block[] {
  return fencedBlocks(readFileSync(join(root, page), "utf8")).filter((block) => block.language === "console");
}

describe.each(withBlocks)("%s", (page) => {
  const cwd = freshFolder();
  test.each(blocksOf(page).map((block) => [block.line, block] as const))(
    "the console block in line %i is what happens",
    (_, block) => {
      const steps = consoleSteps(block.body);
      const printed = steps.map((step) => runStep(step.command, { cwd, smoltbot }));
      if (update)
        rewrite(
          page,
          block,
          steps
            .map((step, i) => `$ ${step.command}\n${shows(step.output, printed[i]) ? step.output : printed[i]}`.trimEnd())
            .join("\n"),
        );
      else for (const [i, step] of steps.entries()) if (!shows(step.output, printed[i])) expect(printed[i]).toBe(step.output);
    },
  );
});

describe("README.md", () => {
  const blocks = fencedBlocks(readFileSync(join(root, "README.md"), "utf8"));

  test("shows the policy of examples/first-steps as it is", () => {
    const shown = blocks.find((block) => block.language === "yaml")?.body;
    expect(`${shown}\n`).toBe(readFileSync(join(root, "examples/first-steps/policy.yaml"), "utf8"));
  });

  test("shows a program that runs", () => {
    const program = blocks.find((block) => block.language === "js")?.body ?? "";
    // Inside the package its own name resolves to what it exports.
    const file = join(root, "build", `.readme-${process.pid}.mjs`);
    writeFileSync(file, program);
    try {
      const shown = /\n\/\/ (.+)$/.exec(program)?.[1] ?? "";
      expect(shown).not.toBe("");
      expect(runStep(`"${process.execPath}" "${file}"`, { cwd: root, smoltbot })).toBe(shown);
    } finally {
      rmSync(file);
    }
  });
});

describe("the check itself", () => {
  test("the README has examples to check", () => {
    expect(withBlocks).toContain("README.md");
  });
  test("commands and output are told apart", () => {
    expect(consoleSteps("$ a --b\none\n\ntwo\n$ c")).toEqual([
      { command: "a --b", output: "one\n\ntwo" },
      { command: "c", output: "" },
    ]);
    expect(() => consoleSteps("lost output")).toThrow();
  });
  test("a different output is seen, an ellipsis line stands for any lines", () => {
    expect([shows("a\nb", "a\nb"), shows("a", "a\nb"), shows("b", "a\nb")]).toEqual([true, false, false]);
    expect([shows("a\n...\nd", "a\nb\nc\nd"), shows("a\n...\ne", "a\nb\nc\nd"), shows("...\nd", "c\nd")]).toEqual([
      true,
      false,
      true,
    ]);
  });
  test("both streams are read", () => {
    expect(runStep("echo out; echo err >&2", { cwd: root, smoltbot })).toBe("out\nerr");
  });
});
