import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { expect } from "vitest";
import { define } from "../../src/cli/commands/test.js";
import { type Case, type Fields, policyText } from "./cases.js";

interface Outcome {
  readonly exit: number;
  readonly report: Record<string, unknown> | undefined;
}

/** Runs `policy test` over the traces of a case, as a person would, and compares its report and exit code. */
export async function runTraceCase(c: Case): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "smoltbot-case-"));
  try {
    writeFileSync(join(folder, "policy.yaml"), policyText(c.fields.get("policy"), c.id, "agent"));
    mkdirSync(join(folder, "runs"));
    for (const trace of c.fields.get("traces") as Fields[]) {
      writeFileSync(join(folder, "runs", String(trace.get("name"))), String(trace.get("text")));
    }
    const options = (c.fields.get("options") as string[] | undefined) ?? [];
    compare(c.fields.get("expect") as Fields, await policyTest(folder, options));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function policyTest(folder: string, options: readonly string[]): Promise<Outcome> {
  const out: string[] = [];
  const paint = (text: string) => text;
  const command = new Command("test").exitOverride();
  const terminal = {
    paint: { strong: paint, faint: paint, pass: paint, warn: paint, fail: paint },
    colorErrors: false,
    stdin: (async function* () {})(),
    exitCode: 0,
    out: (text: string) => void out.push(text),
    err: () => {},
    progress: () => Promise.resolve({ update() {}, stop() {} }),
    onInterrupt: () => () => {},
  };
  define(command, terminal);
  try {
    const files = [join(folder, "policy.yaml"), "--traces", join(folder, "runs"), "--format", "json"];
    await command.parseAsync(["node", "test", ...files, ...options]);
    return { exit: terminal.exitCode, report: JSON.parse(out.join("")) as Record<string, unknown> };
  } catch {
    // What main() makes of every failure: diagnostics on stderr, no report, exit code 1.
    return { exit: 1, report: undefined };
  }
}

function compare(expected: Fields, { exit, report }: Outcome): void {
  expect(exit, "exit code").toBe(expected.get("exit"));
  expect(report === undefined, "refused").toBe(expected.get("error") ?? false);
  const summary = (report?.["summary"] ?? {}) as Record<string, unknown>;
  for (const key of ["traces", "pass", "warn", "fail", "skipped", "calls"]) {
    if (expected.has(key)) expect(summary[key], key).toBe(expected.get(key));
  }
  if (expected.has("bad")) expect(report?.["bad_lines"], "bad").toBe(expected.get("bad"));
}
