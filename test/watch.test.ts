import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { folderOf, root } from "./support/command.js";
import { edited, validPolicy } from "./support/policy-text.js";

const suite = (expected: string) => `tests: [{name: go, tools: [mcp__browser__go], expect: ${expected}}]\n`;

/** A command that is on its own, and what it has written so far. */
class Running {
  stdout = "";
  stderr = "";
  readonly #child: ChildProcess;
  readonly ended: Promise<number | null>;
  #seen = 0;

  constructor(cwd: string, args: readonly string[]) {
    this.#child = spawn(process.execPath, [join(root, "build", "smoltbot.js"), "policy", "test", ...args], {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, HOME: "/nonexistent", NO_COLOR: "1" },
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.ended = new Promise((done) => this.#child.once("close", (code) => done(code)));
    onTestFinished(() => void this.#child.kill("SIGKILL"));
  }

  /** Waits until a further run has been reported and its files are watched; gives what was written since the last time. */
  async next(): Promise<string> {
    const watching = () => this.stderr.split("Watching ").length - 1;
    const before = this.stdout.length;
    while (watching() <= this.#seen) {
      if (this.#child.exitCode !== null) throw new Error(`it ended: ${this.stderr}`);
      await new Promise((done) => setTimeout(done, 10));
    }
    // Both pipes have been read by the next turn.
    await new Promise((done) => setTimeout(done, 10));
    this.#seen = watching();
    return this.stdout.slice(before);
  }

  interrupt(): void {
    this.#child.kill("SIGINT");
  }
}

describe("policy test --watch", () => {
  test("runs again when the suite or the policy changes, however it is written, and ends with the last exit code", async () => {
    const cwd = folderOf({ "policy.yaml": validPolicy, "policy.test.yaml": suite("pass") });
    const running = new Running(cwd, ["policy.yaml", "--watch"]);
    await running.next();
    expect(running.stdout).toContain("1 case: 1 passed");
    expect(running.stderr).toBe("Watching 2 files for changes; Ctrl-C ends.\n");

    writeFileSync(join(cwd, "policy.test.yaml"), suite("fail"));
    expect(await running.next()).toContain("1 case: 0 passed, 1 failed");

    // As editors do it: a new file in the place of the old one.
    writeFileSync(join(cwd, ".swap"), edited("mcp__admin__*", "mcp__browser__*"));
    renameSync(join(cwd, ".swap"), join(cwd, "policy.yaml"));
    expect(await running.next()).toContain("1 case: 1 passed");

    // A mistake is reported and waited upon.
    writeFileSync(join(cwd, "policy.test.yaml"), "tests: []\n");
    expect(await running.next()).toBe("");
    expect(running.stderr).toContain("list_too_short");

    rmSync(join(cwd, "policy.yaml"));
    await running.next();
    writeFileSync(join(cwd, "policy.test.yaml"), suite("pass"));
    await running.next();
    expect(running.stderr).toContain("file_not_found");
    writeFileSync(join(cwd, "policy.yaml"), validPolicy);
    expect(await running.next()).toContain("1 case: 1 passed");

    writeFileSync(join(cwd, "policy.test.yaml"), suite("warn"));
    await running.next();
    running.interrupt();
    expect(await running.ended).toBe(1);
    // No screen is cleared where there is none.
    expect(running.stdout).not.toContain("\u001b");
  });

  test("notices new suites in a folder, a card and an org policy, and leaves its own report alone", async () => {
    const cwd = folderOf({ "policy.yaml": validPolicy });
    mkdirSync(join(cwd, "tests"));
    writeFileSync(join(cwd, "tests/a.test.yaml"), `card: ../card.yaml\norg: ../org.yaml\n${suite("mapped")}`);
    writeFileSync(join(cwd, "card.yaml"), "autonomy_envelope: {bounded_actions: [web_fetch]}\n");
    const org = validPolicy
      .replace("scope: agent", "scope: org")
      .replace("mcp__admin__*", "other")
      .replace("mcp__browser__*", "x");
    writeFileSync(join(cwd, "org.yaml"), org);
    const running = new Running(cwd, ["policy.yaml", "--suite", "tests", "--watch", "--format", "json", "-o", "tests/out.json"]);
    const summary = async () => {
      await running.next();
      return JSON.parse(readFileSync(join(cwd, "tests/out.json"), "utf8")).suites.summary;
    };
    expect(await summary()).toMatchObject({ cases: 1, passed: 1 });
    writeFileSync(join(cwd, "tests/b.test.yaml"), suite("pass"));
    expect(await summary()).toMatchObject({ cases: 2, passed: 2 });
    writeFileSync(join(cwd, "card.yaml"), "autonomy_envelope: {bounded_actions: [other]}\n");
    expect(await summary()).toMatchObject({ cases: 2, passed: 1 });
    writeFileSync(join(cwd, "card.yaml"), "autonomy_envelope: {bounded_actions: [web_fetch]}\n");
    expect(await summary()).toMatchObject({ cases: 2, passed: 2 });
    writeFileSync(join(cwd, "org.yaml"), org.replace('pattern: "other"', 'pattern: "mcp__browser__go"'));
    expect(await summary()).toMatchObject({ cases: 2, passed: 1 });
    expect(existsSync(join(cwd, "tests/out.json"))).toBe(true);
    running.interrupt();
    expect(await running.ended).toBe(1);
    // One run for each change, none for the report.
    expect([...running.stderr.matchAll(/Watching (\d) files/g)].map(([, n]) => Number(n))).toEqual([4, 5, 5, 5, 5]);
  });

  test("waits upon a mistake in the config file, and notices what a link leads to", async () => {
    const cwd = folderOf({ "link.test.yaml": suite("pass"), "smoltbot.config.yaml": "policy: [\n" });
    mkdirSync(join(cwd, "real"));
    writeFileSync(join(cwd, "real/policy.yaml"), validPolicy);
    symlinkSync("real/policy.yaml", join(cwd, "link.yaml"));
    const running = new Running(cwd, ["--watch"]);
    expect(await running.next()).toBe("");
    expect(running.stderr).toContain("smoltbot.config.yaml:");
    writeFileSync(join(cwd, "smoltbot.config.yaml"), "policy: link.yaml\n");
    expect(await running.next()).toContain("1 case: 1 passed");
    writeFileSync(join(cwd, "real/policy.yaml"), edited("mcp__admin__*", "mcp__browser__*"));
    expect(await running.next()).toContain("1 case: 0 passed, 1 failed");
    running.interrupt();
    expect(await running.ended).toBe(1);
  });

  test("ends with 1 when there is nothing to watch", async () => {
    const running = new Running(folderOf({}), ["--watch", "--env", "ci"]);
    expect(await running.ended).toBe(1);
    expect(running.stderr).toMatch(/^error config_missing: .*\n.*\n$/);
  });
});
