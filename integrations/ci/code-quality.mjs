/**
 * SARIF as the Code Quality report that GitLab shows in a merge request: `node code-quality.mjs report.json a.sarif b.sarif`.
 * Suppressed results are left out. Exit 1 when an input is no SARIF log.
 */

import { createHash } from "node:crypto";
import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const severities = { error: "major", warning: "minor", note: "info", none: "info" };

/** A list of findings, each with a fingerprint of its own that stays when lines move. */
export function codeQuality(logs) {
  const seen = new Map();
  const findings = [];
  for (const run of logs.flatMap((log) => log.runs)) {
    const rules = new Map((run.tool.driver.rules ?? []).map((rule) => [rule.id, rule]));
    for (const result of run.results ?? []) {
      if ((result.suppressions ?? []).length > 0) continue;
      const place = result.locations?.[0]?.physicalLocation;
      const path = pathOf(place?.artifactLocation?.uri ?? "unnamed");
      const description = result.message?.text ?? result.ruleId ?? "finding";
      const key = JSON.stringify([result.ruleId, path, result.partialFingerprints ?? description]);
      const nth = seen.get(key) ?? 0;
      seen.set(key, nth + 1);
      findings.push({
        description,
        check_name: result.ruleId ?? "smoltbot-policy",
        fingerprint: createHash("sha256").update(`${key}${nth}`).digest("hex"),
        severity: severityOf(result, rules.get(result.ruleId)),
        location: { path, lines: { begin: Math.max(1, place?.region?.startLine ?? 1) } },
      });
    }
  }
  return findings;
}

/** GitLab knows five levels; those of rules with a security severity come first. */
function severityOf(result, rule) {
  const level = result.level ?? rule?.defaultConfiguration?.level ?? "warning";
  if (level !== "error") return severities[level] ?? "minor";
  const score = Number(rule?.properties?.["security-severity"] ?? 0);
  return score >= 9 ? "blocker" : score >= 7 ? "critical" : "major";
}

function pathOf(uri) {
  const path = uri.replace(/^file:\/\//, "");
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function main([output, ...inputs]) {
  if (output === undefined || inputs.length === 0) throw new Error("usage: code-quality.mjs <report.json> <log.sarif>...");
  const logs = inputs.map((input) => {
    const log = JSON.parse(readFileSync(input, "utf8"));
    if (!Array.isArray(log?.runs)) throw new Error(`${input} is no SARIF log`);
    return log;
  });
  writeFileSync(output, `${JSON.stringify(codeQuality(logs), null, 2)}\n`);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
