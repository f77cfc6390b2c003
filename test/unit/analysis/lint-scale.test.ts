import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { lintPolicy } from "../../../src/analysis/lint/lint.js";
import { subjectOf } from "../../../src/analysis/subject.js";
import { editDistance } from "../../../src/diagnostics/suggest.js";
import { findingsOf, lintOf, policyOf } from "../../support/lint-cases.js";
import { Random } from "../../support/random.js";
import { scaled } from "../../support/scale.js";
import { defaultSeed } from "../../support/seed.js";

const words = ["read", "list", "get", "create", "update", "delete", "send", "search", "drop", "merge"];
const things = ["file", "issue", "user", "table", "message", "page", "invoice", "branch", "comment"];

/** As people write them: mostly whole names, then the tools of a server by their beginning, then any server's. */
function drawGlob(random: Random, servers: number): string {
  const [server, word, thing] = [`s${random.below(servers)}`, random.pick(words), random.pick(things)];
  const kind = random.next();
  if (kind < 0.55) return `mcp__${server}__${word}_${thing}`;
  if (kind < 0.85) return `mcp__${server}__${word.slice(0, 3)}*`;
  if (kind < 0.95) return random.chance(0.5) ? `mcp__*__${word}_${thing}*` : `*__${word}_${thing.slice(0, 4)}*`;
  return `*_${thing}s`;
}

function largePolicy(rules: number) {
  const random = new Random(defaultSeed);
  const glob = () => drawGlob(random, Math.ceil(rules / 40));
  const capabilities = random.times(Math.ceil(rules / 10), (i) => {
    const tools = random.times(4, () => JSON.stringify(glob())).join(", ");
    return `c${i}: {tools: [${tools}], card_actions: [${random.pick(["read", "write", "send"])}]}`;
  });
  return policyOf({
    capabilities: `{${capabilities.join(", ")}}`,
    forbidden: random.times(Math.ceil(rules / 2), () => `${glob()} ${random.pick(["low", "medium", "high", "critical"])}`),
    triggers: random.times(Math.ceil(rules / 10), () => `${random.pick(["warn", "escalate", "deny"])} tool_matches('${glob()}')`),
  });
}

test("large policies are decided to the last rule", { timeout: 600_000 }, () => {
  const rules = Math.min(10_000, scaled(1_000));
  const { findings, undecided } = lintPolicy({ subject: subjectOf({ agent: largePolicy(rules) }), scope: "agent" });
  expect(undecided).toBe(0);
  expect(findings.length).toBeGreaterThan(rules / 10);
});

test("equal input gives equal output", () => {
  const text = () => JSON.stringify(lintPolicy({ subject: subjectOf({ agent: largePolicy(150) }), scope: "agent" }));
  expect(text()).toBe(text());
});

/** Names of real tools, beside the project and never part of it. Absent: left out. */
const namesFile = fileURLToPath(new URL("../../../../shared/data/mcp-tool-names.txt", import.meta.url));

describe.skipIf(!existsSync(namesFile))("an inventory of real tools (left out without ../shared/data)", () => {
  const names = () => {
    const lines = readFileSync(namesFile, "utf8").split("\n");
    return lines.flatMap((line) => line.split("\t")[0] || []).filter((name) => !name.includes(" ") && name.startsWith("mcp__"));
  };
  const some = () => names().filter((name, i) => i % 29 === 0 && name.length > 20);

  test("a letter that is missing is found", () => {
    const forbidden = some().map((name) => name.slice(0, -5) + name.slice(-4));
    const inventory = names();
    const known = new Set(inventory);
    const findings = findingsOf("no_inventory_match", { forbidden }, { inventory });
    const near = new Map(findings.map(({ rule, witnesses }) => [rule?.label, witnesses[0]]));
    for (const pattern of forbidden) {
      if (known.has(pattern)) continue;
      expect(editDistance(near.get(pattern) ?? "", pattern), pattern).toBeLessThanOrEqual(1);
    }
    expect(near.size).toBeGreaterThan(10);
  });

  test("other case is told with the spelling of the inventory, and real globs match something", () => {
    const inventory = names();
    const known = new Set(inventory);
    const forbidden = some()
      .map((name) => name.toUpperCase())
      .filter((name) => !known.has(name));
    const findings = findingsOf("case_only_miss", { forbidden }, { inventory });
    expect(findings.length).toBe(forbidden.length);
    for (const { edit } of findings) expect(edit?.kind === "replace_glob" && known.has(edit.glob)).toBe(true);
    const globs = [...new Set(some().map((name) => `${name.slice(0, name.indexOf("__", 6))}__*`))];
    expect(lintOf({ forbidden: globs }, { inventory }).findings.filter(({ code }) => /miss|match/.test(code))).toEqual([]);
  });
});
