import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCommand } from "../src/cli/program.js";
import { expectRefused, fakeTerminal, folderOf, type Ran, root, schemaFaults, smoltbot, spawned } from "./support/command.js";
import { behindServer, type Found, registryKinds } from "./support/found-registries.js";
import { files, strict } from "./support/policy-folder.js";
import { edited, validPolicy } from "./support/policy-text.js";

const traces = join(root, "examples", "support-agent", "traces");

/** Types a command at a terminal where somebody answers. */
async function asked(cwd: string, answer: boolean, ...args: string[]): Promise<Ran & { questions: string[] }> {
  const questions: string[] = [];
  const { terminal, ran } = fakeTerminal();
  terminal.confirm = async (question) => {
    questions.push(question);
    return answer;
  };
  const before = process.cwd();
  process.chdir(cwd);
  try {
    const status = await runCommand(args, terminal);
    return { status, ...ran, questions };
  } finally {
    process.chdir(before);
  }
}

describe.each(registryKinds)("the commands on $name", ({ name, open }) => {
  let found: Found;
  let env: Record<string, string>;
  beforeAll(async () => {
    found = await open();
    env = found.env;
  });
  afterAll(() => found.remove());

  const type = (cwd: string, ...args: string[]) => smoltbot(args, { cwd, env });
  const json = async (cwd: string, name: string, ...args: string[]) => {
    const ran = await type(cwd, ...args, "--format", "json");
    expect([ran.stderr, ran.status]).toEqual(["", 0]);
    expect(schemaFaults(name, ran.stdout)).toEqual([]);
    return JSON.parse(ran.stdout);
  };

  test("a policy is published, changed, listed, rolled back and withdrawn", async () => {
    const cwd = files();
    if (name !== "a server") expectRefused(await type(cwd, "policy", "list"), "registry_missing");
    const first = await type(cwd, "policy", "publish", "policy.yaml", "--agent", "a1", "--yes", "-m", "to begin with");
    expect([first.status, first.stderr]).toEqual([0, ""]);
    expect(first.stdout).toContain('✓ meta: "support", scope agent');
    expect(first.stdout).toContain("No policy is active for agent a1: this would be the first.");
    expect(first.stdout).toMatch(/✓ Published version 1 for agent a1 in .+\n$/);

    const second = await type(cwd, "policy", "publish", "strict.yaml", "--agent-id", "a1", "--yes");
    expect(second.stdout).toContain("Policy diff a1@1 -> strict.yaml");
    expect(second.stdout).toContain("defaults.unmapped_tool_action: warn -> deny");
    expect(second.stdout).toContain("  Version 1 was archived.\n");

    const org = await json(cwd, "publish", "policy", "publish", "org.yaml", "--org", "--yes");
    expect(org).toMatchObject({ agent_id: null, version: 1, active_before: null, published: true, diff: null, floor: null });
    const list = await json(cwd, "policy-list", "policy", "list", "--agent", "a1");
    expect(list.policies.map((each: { scope: string; version: number }) => [each.scope, each.version])).toEqual([
      ["org", 1],
      ["agent", 2],
    ]);
    expect(list.resolved.sources).toMatchObject({ org_policy_version: 1, agent_policy_version: 2 });
    expect((await type(cwd, "policy", "list", "--agent", "a1")).stdout).toMatch(
      /\nResolved for agent a1: org version 1 \+ agent version 2, digest [0-9a-f]{12}\n$/,
    );

    const back = await json(cwd, "publish", "policy", "rollback", "1", "--agent", "a1", "--yes", "-m", "too strict");
    expect(back).toMatchObject({
      version: 3,
      archived_version: 2,
      published: true,
      diff: { equal: false },
      floor: { org: "org@1" },
    });
    const history = await json(cwd, "policy-history", "policy", "history", "--agent", "a1");
    expect(
      history.versions.map((each: Record<string, unknown>) => [each.version, each.active, each.restored_from, each.message]),
    ).toEqual([
      [3, true, 1, "too strict"],
      [2, false, null, null],
      [1, false, null, "to begin with"],
    ]);
    expect((await type(cwd, "policy", "history", "--agent", "a1")).stdout).toMatch(
      /\n3 {8}active {4}\S+ \S+ {2}\S+ +[0-9a-f]{12} {2}\(version 1 again\) too strict\n/,
    );
    expect((await type(cwd, "policy", "get", "--agent", "a1")).stdout).toBe(validPolicy);
    expect((await type(cwd, "policy", "get", "--agent", "a1", "--version", "2")).stdout).toBe(strict);

    const gone = await json(cwd, "unpublish", "policy", "unpublish", "--agent", "a1", "--yes");
    expect(gone).toMatchObject({ archived_version: 3, org_version: 1, agent_id: "a1" });
    expectRefused(await type(cwd, "policy", "get", "--agent", "a1"), "registry_not_found");
    expectRefused(await type(cwd, "policy", "unpublish", "--agent", "a1", "--yes"), "registry_not_found");
    expect(await json(cwd, "publish", "policy", "publish", "policy.yaml", "--agent", "a1", "--yes")).toMatchObject({
      version: 4,
    });
  });

  test("what a person would lose is not lost: versions that moved, nobody to ask, a second thought", async () => {
    const cwd = files();
    const publish = ["policy", "publish", "policy.yaml", "--agent", "b1"];
    expectRefused({ ...(await type(cwd, ...publish)), stdout: "" }, "usage_not_confirmed", "--yes");
    expectRefused(
      { ...(await type(cwd, ...publish, "--yes", "--if-version", "3")), stdout: "" },
      "registry_precondition_failed",
      "nothing is active for agent b1, and --if-version names 3",
    );
    const dry = await type(cwd, ...publish, "--dry-run");
    expect([dry.status, dry.stdout.trimEnd().split("\n").at(-1)]).toEqual([0, "Nothing was published: this is a dry run."]);
    expectRefused(await type(cwd, "policy", "history", "--agent", "b1", "--page", "0"), "--page");
    expect((await type(cwd, ...publish, "--yes", "--if-version", "0")).status).toBe(0);
    expectRefused({ ...(await type(cwd, ...publish, "--yes", "--if-version", "0")), stdout: "" }, "registry_precondition_failed");
    const again = await json(cwd, "publish", ...publish, "--yes");
    expect(again).toMatchObject({ version: 1, published: false, diff: { equal: true } });
    const dryJson = await json(cwd, "publish", "policy", "publish", "strict.yaml", "--agent", "b1", "--dry-run");
    expect(dryJson).toMatchObject({ dry_run: true, published: false, version: null, active_before: 1 });
  });

  test("cards and keys", async () => {
    const cwd = files();
    expect(await json(cwd, "card", "card", "publish", "card.yaml", "--agent", "c1")).toMatchObject({
      version: 1,
      agent_id: "c1",
    });
    const shown = await type(cwd, "card", "show", "--agent", "c1");
    expect(shown.stdout).toContain("  bounded actions\n    web_fetch\n    web_post\n  forbidden actions\n    pay\n");
    expect((await json(cwd, "card", "card", "show", "--agent", "c1")).card.card_id).toBe("c1");
    expectRefused(await type(cwd, "card", "show", "--agent", "nobody"), "registry_not_found");
    expectRefused(
      await type(cwd, "card", "publish", "card.yaml", "--agent", "c1", "--if-version", "0"),
      "registry_precondition_failed",
    );
    expectRefused(await type(cwd, "card", "publish", "policy.yaml", "--agent", "c1"), "card_without_actions");

    const made = await json(
      cwd,
      "key",
      "keys",
      "create",
      "--name",
      "ci",
      "--role",
      "reader",
      "--agents",
      "c1, c2",
      "--expires",
      "90d",
    );
    expect(made).toMatchObject({ role: "reader", agents: ["c1", "c2"], revoked_at: null });
    expect(made.key).toMatch(/^sbk_[a-z0-9]{16}_[A-Za-z0-9_-]{43}$/);
    expect(Date.parse(made.expires_at) - Date.now()).toBeGreaterThan(89 * 86_400_000);
    const admin = await type(cwd, "keys", "create", "--name", "root", "--role", "admin");
    expect(admin.stdout).toMatch(/✓ Created the key [a-z0-9]{16} \(admin, all agents\) in .+\n\n {2}sbk_\S+\n/);
    expect(await json(cwd, "key-revoked", "keys", "revoke", made.id)).toMatchObject({ id: made.id });
    expectRefused(await type(cwd, "keys", "revoke", "nonesuch"), "registry_not_found");
    const list = await json(cwd, "keys", "keys", "list");
    const live = list.keys.map((key: { name: string; revoked_at: unknown }) => [key.name, key.revoked_at === null]);
    expect(live).toEqual(
      expect.arrayContaining([
        ["ci", false],
        ["root", true],
      ]),
    );
    const text = await type(cwd, "keys", "list");
    expect(text.stdout).toMatch(/ci +reader +c1,c2 +revoked /);
    expect(text.stdout).not.toContain("sbk_");
    expectRefused(await type(cwd, "keys", "create", "--name", "old", "--role", "reader", "--expires", "2020-01-01"), "--expires");
  });

  test("recorded runs are imported once, and judged as files are", async () => {
    const cwd = files();
    const imported = await json(cwd, "traces-import", "traces", "import", traces, "--agent", "support-7f3a");
    expect(imported).toMatchObject({ ok: true, repeated_calls: 0, skipped_records: 0, findings: [] });
    expect(imported.calls).toBeGreaterThan(10);
    const again = await json(cwd, "traces-import", "traces", "import", traces, "--agent", "support-7f3a");
    expect([again.calls, again.repeated_calls]).toEqual([0, imported.calls]);

    await type(cwd, "policy", "publish", "policy.yaml", "--agent", "support-7f3a", "--yes");
    const stored = await type(cwd, "policy", "test", "--agent", "support-7f3a", "--format", "json", "--limit", "0");
    const read = await type(
      cwd,
      ...["policy", "test", "policy.yaml", "--agent", "support-7f3a", "--traces", traces, "--format", "json", "--limit", "0"],
    );
    expect(schemaFaults("test", stored.stdout)).toEqual([]);
    expect(JSON.parse(stored.stdout).summary).toEqual(JSON.parse(read.stdout).summary);
    expect(JSON.parse(stored.stdout).summary.traces).toBeGreaterThan(10);
    const text = await type(cwd, "policy", "test", "policy.yaml", "--agent", "support-7f3a", "--limit", "3");
    expect(text.stdout).toMatch(/^Testing policy\.yaml against 3 recent traces of agent support-7f3a\.\.\.\n/);

    const listed = await type(cwd, "traces", "list", "--agent", "support-7f3a", "--format", "json");
    const ofFiles = await type(cwd, "traces", "list", "--agent", "support-7f3a", "--traces", traces, "--format", "json");
    expect(JSON.parse(listed.stdout)).toEqual(JSON.parse(ofFiles.stdout));

    const judged = await type(cwd, "policy", "evaluate", "--agent", "support-7f3a");
    expect(judged.stdout).toContain("recorded runs of agent support-7f3a in the registry");
    const judgedFiles = await type(
      cwd,
      "policy",
      "evaluate",
      "policy.yaml",
      "--agent",
      "support-7f3a",
      "--traces",
      traces,
      "--format",
      "json",
    );
    const judgedStore = await type(cwd, "policy", "evaluate", "policy.yaml", "--agent", "support-7f3a", "--format", "json");
    expect(schemaFaults("evaluate", judgedStore.stdout)).toEqual([]);
    expect(JSON.parse(judgedStore.stdout).tools).toEqual(JSON.parse(judgedFiles.stdout).tools);
  });
});

describe("keys and servers", () => {
  let found: Found;
  beforeAll(async () => {
    found = await behindServer();
  });
  afterAll(() => found.remove());

  test("a key for one agent publishes for it, and what it cannot see is said", async () => {
    const cwd = files();
    const admin = (...args: string[]) => smoltbot(args, { cwd, env: found.env });
    await admin("policy", "publish", "org.yaml", "--org", "--yes");
    const made = await admin("keys", "create", "--name", "k", "--role", "writer", "--agents", "k1", "--format", "json");
    const { id, key } = JSON.parse(made.stdout);
    const env = { ...found.env, SMOLTBOT_API_KEY: key };
    const limited = (...args: string[]) => smoltbot(args, { cwd, env });
    const published = await limited("policy", "publish", "strict.yaml", "--agent", "k1", "--yes");
    expect([published.status, published.stdout.includes("The org's policy cannot be read with this key")]).toEqual([0, true]);
    const judged = await limited("policy", "evaluate", "--agent", "k1", "--tools", "mcp__browser__open");
    expect(judged.stderr).toContain("warning registry_forbidden: the org's policy cannot be read with this key");
    const whole = JSON.parse((await limited("policy", "get", "--agent", "k1", "--resolved", "--format", "json")).stdout);
    expect(whole.sources).toMatchObject({ org_policy_version: 1, agent_policy_version: 1 });
    expect(JSON.parse((await limited("policy", "get", "--agent", "k1", "--resolved")).stdout).sources).toEqual(whole.sources);
    expectRefused(await limited("policy", "history", "--agent", "k2"), "registry_not_found");
    expectRefused(await limited("policy", "history", "--org"), "registry_forbidden");
    expectRefused(await limited("keys", "list"), "registry_forbidden", "admin");
    const history = await admin("policy", "history", "--agent", "k1");
    expect(history.stdout).toContain(`key/${id}`);
    await admin("keys", "revoke", id);
    // The server hears of it within a second.
    await expect
      .poll(async () => (await limited("policy", "list")).stderr, { timeout: 10_000 })
      .toContain("registry_unauthorized");
  });

  test("a server that is gone: no grace, and the rest goes on", async () => {
    const cwd = files();
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as AddressInfo;
    closed.close();
    const env = { SMOLTBOT_URL: `http://127.0.0.1:${port}` };
    const args = ["policy", "evaluate", "strict.yaml", "--agent", "a1", "--tools", "mcp__new__tool", "--format", "json"];
    const ran = await smoltbot(args, { cwd, env });
    expect(JSON.parse(ran.stdout)).toMatchObject({ grace: "store_down", verdict: "fail" });
    expect(ran.stderr).toContain("warning registry_unavailable");
    expectRefused(await smoltbot(["policy", "list"], { cwd, env }), "registry_unavailable");
  });
});

describe("sightings", () => {
  const denying = strict.replace("fail_open: false", "fail_open: false\n  grace_period_hours: 24");

  test("grace begins when the registry first saw a tool; without a registry there is none", async () => {
    const hour = 3_600_000;
    const line = (tool: string, ageHours: number) =>
      `${JSON.stringify({ tool, agent_id: "g1", session_id: "s", timestamp: new Date(Date.now() - ageHours * hour).toISOString() })}\n`;
    const cwd = folderOf({ "policy.yaml": denying, "runs.jsonl": line("mcp__new__tool", 2) + line("mcp__old__tool", 30) });
    const evaluate = async (...more: string[]) => {
      const tools = ["--tools", "mcp__new__tool,mcp__old__tool,mcp__never__seen"];
      const ran = await smoltbot(["policy", "evaluate", "policy.yaml", ...tools, "--format", "json", ...more], { cwd });
      const { grace, tools: outcomes } = JSON.parse(ran.stdout);
      return [grace, ...outcomes.map((each: { cause: string }) => each.cause)];
    };
    const denied = ["unmapped_denied", "unmapped_denied", "unmapped_denied"];
    expect(await evaluate("--agent", "g1")).toEqual(["no_store", ...denied]);
    expect((await smoltbot(["traces", "import", "runs.jsonl"], { cwd })).status).toBe(0);
    expect(await evaluate()).toEqual(["no_store", ...denied]);
    expect(await evaluate("--agent", "g1")).toEqual(["applied", "unmapped_in_grace", "unmapped_denied", "unmapped_in_grace"]);
    expect(await evaluate("--agent", "another")).toEqual([
      "applied",
      "unmapped_in_grace",
      "unmapped_in_grace",
      "unmapped_in_grace",
    ]);

    const explained = await smoltbot(["policy", "explain", "policy.yaml", "mcp__new__tool", "--agent", "g1"], { cwd });
    expect(explained.stdout).toContain("mcp__new__tool: warn, unmapped, in grace");

    // The file shows the old tool only now; the registry knows better.
    writeFileSync(join(cwd, "today.jsonl"), line("mcp__old__tool", 0));
    const replay = ["policy", "test", "policy.yaml", "--traces", "today.jsonl", "--format", "json"];
    const summary = async (...more: string[]) => JSON.parse((await smoltbot([...replay, ...more], { cwd })).stdout).summary;
    expect(await summary()).toMatchObject({ fail: 0, warn: 1 });
    expect(await summary("--agent", "g1")).toMatchObject({ fail: 1, warn: 0 });
  });

  test("a registry that cannot be opened: no grace, and both the result and stderr say so", async () => {
    const cwd = folderOf({ "policy.yaml": denying });
    mkdirSync(join(cwd, ".smoltbot"));
    writeFileSync(join(cwd, ".smoltbot", "registry.db"), "this is no database".repeat(100));
    const tools = ["--tools", "mcp__new__tool", "--agent", "g1"];
    const ran = await smoltbot(["policy", "evaluate", "policy.yaml", ...tools, "--format", "json"], { cwd });
    expect(JSON.parse(ran.stdout)).toMatchObject({ grace: "store_down", verdict: "fail" });
    expect(ran.stderr).toContain("warning registry_unavailable");
    expect(ran.stderr).toContain("no tool has a grace period");
    expectRefused(await smoltbot(["policy", "evaluate", ...tools], { cwd }), "registry_unavailable");
    expectRefused(await smoltbot(["policy", "list"], { cwd }), "registry_unavailable");
  });
});

describe("asking", () => {
  test("the question names whose policy it is; no changes nothing, yes publishes", async () => {
    const cwd = files();
    const no = await asked(cwd, false, "policy", "publish", "policy.yaml", "--agent", "a1");
    expect(no.questions).toEqual(["Publish this policy for agent a1?"]);
    expect([no.status, no.stdout.trimEnd().split("\n").at(-1)]).toEqual([1, "Nothing was published."]);
    expect(existsSync(join(cwd, ".smoltbot"))).toBe(false);
    const yes = await asked(cwd, true, "policy", "publish", "policy.yaml", "--agent", "a1", "--format", "json");
    expect([yes.status, JSON.parse(yes.stdout).version]).toEqual([0, 1]);
    expect(yes.stderr).toContain("No policy is active for agent a1");
    const org = await asked(cwd, true, "policy", "publish", "org.yaml", "--org");
    expect(org.questions).toEqual(["Publish this policy for org default?"]);
    const away = await asked(cwd, false, "policy", "unpublish", "--agent", "a1");
    expect(away.questions).toEqual([
      "Version 1 for agent a1 would no longer be active; the agent would fall back to the org's version 1. Go on?",
    ]);
    expect([away.status, away.stderr]).toEqual([1, "Nothing was changed.\n"]);
  });

  test("somebody publishes while the question stands: what was shown is not what would be replaced", async () => {
    const cwd = files();
    await smoltbot(["policy", "publish", "policy.yaml", "--agent", "a1", "--yes"], { cwd });
    const { terminal, ran } = fakeTerminal();
    terminal.confirm = async () => {
      expect(spawned(["policy", "publish", "strict.yaml", "--agent", "a1", "--yes"], { cwd }).status).toBe(0);
      return true;
    };
    const before = process.cwd();
    process.chdir(cwd);
    try {
      const changed = edited('"people do that"', '"people only"');
      writeFileSync("changed.yaml", changed);
      expect(await runCommand(["policy", "publish", "changed.yaml", "--agent", "a1"], terminal)).toBe(1);
    } finally {
      process.chdir(before);
    }
    expect(ran.stderr).toContain("registry_precondition_failed");
    expect((await smoltbot(["policy", "get", "--agent", "a1"], { cwd })).stdout).toBe(strict);
  });
});

describe("the stored card", () => {
  test("is what a comparison judges with, and the active policy is tested with", async () => {
    const granted = edited("card_actions: [web_fetch]", "card_actions: [web_fetch, fly]");
    const cwd = files({ "granted.yaml": granted });
    const run = (...args: string[]) => smoltbot(args, { cwd });
    await run("card", "publish", "card.yaml", "--agent", "a1");
    await run("policy", "publish", "policy.yaml", "--agent", "a1", "--yes");
    const changed = await run("policy", "publish", "granted.yaml", "--agent", "a1", "--yes");
    expect(changed.stdout).toContain("pass (mapped) -> fail (exceeds the card, high)");
    expect(changed.stdout).not.toContain("No card given");
    const judged = await run("policy", "evaluate", "--agent", "a1", "--tools", "mcp__browser__open", "--format", "json");
    expect(JSON.parse(judged.stdout)).toMatchObject({ verdict: "fail", card_checked: true });
    const named = await run(
      "policy",
      "evaluate",
      "granted.yaml",
      "--agent",
      "a1",
      "--tools",
      "mcp__browser__open",
      "--format",
      "json",
    );
    expect(JSON.parse(named.stdout)).toMatchObject({ verdict: "pass", card_checked: false });
  });
});

describe("examples/registry/deploy.sh", () => {
  test("publishes a folder; the second time there is nothing to do", () => {
    const cwd = folderOf();
    const script = join(root, "examples", "registry", "deploy.sh");
    const command = `${process.execPath} ${join(root, "build", "smoltbot.js")}`;
    const deploy = () =>
      spawnSync("sh", [script, join(root, "examples", "registry", "policies")], {
        cwd,
        encoding: "utf8",
        env: { ...process.env, SMOLTBOT: command, SMOLTBOT_URL: "", DATABASE_URL: "", SMOLTBOT_HOME: "", SMOLTBOT_ORG: "" },
      });
    const first = deploy();
    expect([first.status, first.stderr, first.stdout.match(/✓ Published version 1 for /g)?.length]).toEqual([0, "", 3]);
    const second = deploy();
    expect([second.status, second.stdout.match(/nothing was stored/g)?.length]).toEqual([0, 3]);
    expect(second.stdout).toContain("Org default in .smoltbot/registry.db: 3 active policies");
  });
});
