// docs/limits.md from src/limits.ts: `node scripts/limits-page.mjs` writes it, a test compares.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root, writeAtomically } from "./freshness.mjs";

/** Name, value and reason of every limit, from the source text: a doc comment of one line, then the constant. */
export function readLimits(source) {
  const limits = [];
  const lines = source.split("\n");
  for (const [i, line] of lines.entries()) {
    const found = /^export const (\w+) = ([\d_* ]+);$/.exec(line);
    if (found === null) continue;
    const reason = /^\/\*\* (.+) \*\/$/.exec(lines[i - 1] ?? "");
    if (reason === null) throw new Error(`${found[1]} has no reason in one line above it`);
    const value = found[2]
      .split("*")
      .map((factor) => Number(factor.trim().replaceAll("_", "")))
      .reduce((a, b) => a * b);
    limits.push({ name: found[1], value, reason: reason[1] });
  }
  return limits;
}

export function limitsPage(source) {
  const rows = readLimits(source).map(
    ({ name, value, reason }) => `| \`${name}\` | ${shown(name, value)} | ${reason.replaceAll("|", "\\|")} |`,
  );
  return `# Limits

Made from \`src/limits.ts\` by \`node scripts/limits-page.mjs\`. A limit bounds what is accepted or kept; none makes a rule stop applying
([semantics](semantics.md) G2). What passes a limit is reported with a code, see [errors](errors.md).

| limit | value | why |
|---|---|---|
${rows.join("\n")}
`;
}

function shown(name, value) {
  const plain = value.toLocaleString("en-US");
  if (!name.includes("Bytes") || value % 1024 !== 0) return plain;
  return value % (1024 * 1024) === 0 ? `${value / 1024 / 1024} MiB` : `${value / 1024} KiB`;
}

if (process.argv[1] === import.meta.filename) {
  writeAtomically(join(root, "docs", "limits.md"), limitsPage(readFileSync(join(root, "src", "limits.ts"), "utf8")));
}
