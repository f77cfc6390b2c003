import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { lintCodes } from "../src/analysis/lint/lint-report.js";
import { codeTexts } from "../src/cli/lint/code-texts.js";
import { suppressionCodes } from "../src/syntax/suppressions.js";
import { folderOf, root, smoltbot } from "./support/command.js";
import { fencedBlocks } from "./support/console-blocks.js";

const page = readFileSync(join(root, "docs/lint.md"), "utf8");
const severities: Readonly<Record<string, string>> = { ...lintCodes, ...suppressionCodes };

/** The page's sections by title. */
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf("\n")), section.slice(section.indexOf("\n") + 1).trim()]),
);

/** What a fragment leaves out. */
const rest: readonly (readonly [string, string])[] = [
  ["capability_mappings", "capability_mappings: {}\n"],
  ["forbidden", "forbidden: []\n"],
  ["defaults", "defaults: {unmapped_tool_action: deny, unmapped_severity: high, fail_open: false}\n"],
];

/** The files that a section shows, each named in its first line; policies made whole. */
function filesOf(section: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const { language, body } of fencedBlocks(section)) {
    const name = /^# (\S+)\n/.exec(body)?.[1];
    if (language === "console" || name === undefined) continue;
    const scope = name === "org.yaml" ? "org" : "agent";
    const missing = /^(policy|org)\.yaml$/.test(name) ? rest.filter(([key]) => !body.includes(`\n${key}:`)) : [];
    const head = missing.length === 0 ? "" : `meta: {schema_version: "1.0", name: example, scope: ${scope}}\n`;
    files.set(name, `${body}\n${head}${missing.map(([, text]) => text).join("")}`);
  }
  return files;
}

describe("docs/lint.md", () => {
  test("has a section for every code, with what the code's text says", () => {
    const codes = Object.keys(severities);
    expect([...sections.keys()].slice(-codes.length)).toEqual(codes);
    for (const [code, { title, meaning, fix }] of Object.entries(codeTexts)) {
      const section = sections.get(code) ?? "";
      expect(section.startsWith(`${severities[code]}: ${title}\n\n${meaning}\n`), code).toBe(true);
      expect(section.endsWith(`What to do: ${fix}.`), code).toBe(true);
    }
  });
  test.each(Object.keys(severities).filter((code) => code !== "not_decided"))("%s: its example brings it about", async (code) => {
    const files = filesOf(sections.get(code) ?? "");
    expect([...files.keys()]).toContain("policy.yaml");
    const cwd = folderOf();
    for (const [name, text] of files) writeFileSync(join(cwd, name), text);
    const given = [
      ["org.yaml", "--org"],
      ["card.yaml", "--card"],
      ["tools.txt", "--inventory"],
    ].flatMap(([name, option]) => (files.has(name!) ? [option!, name!] : []));
    const ran = await smoltbot(["policy", "lint", "policy.yaml", ...given, "--format", "json"], { cwd });
    const found = JSON.parse(ran.stdout).files[0];
    expect(found.diagnostics.filter(({ level }: { level: string }) => level === "error")).toEqual([]);
    expect(found.findings.map((finding: { code: string }) => finding.code)).toContain(code);
  });
  test("its suppressions are understood", async () => {
    const cwd = folderOf(Object.fromEntries(filesOf(sections.get("Taking a finding back") ?? "")));
    const ran = await smoltbot(["policy", "lint", "policy.yaml", "--format", "json"], { cwd });
    const codes = JSON.parse(ran.stdout).files[0].findings.map(({ code }: { code: string }) => code);
    expect(codes.filter((code: string) => code.startsWith("suppression_") && code !== "suppression_unused")).toEqual([]);
  });
});
