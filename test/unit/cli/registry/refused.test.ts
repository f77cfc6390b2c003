import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { expectRefused, root, schemaFaults, smoltbot, spawned } from "../../../support/command.js";
import { broad, denyingOrg, files } from "../../../support/policy-folder.js";
import { edited, validPolicy } from "../../../support/policy-text.js";

const traces = join(root, "examples", "support-agent", "traces");

describe("what is refused", () => {
  test("a policy with mistakes, as `validate` refuses it", async () => {
    const cwd = files({ "bad.yaml": edited("severity: high", "severity: huge") });
    const published = await smoltbot(["policy", "publish", "bad.yaml", "--agent", "a1", "--yes"], { cwd });
    const validated = await smoltbot(["policy", "validate", "bad.yaml"], { cwd });
    expect(published).toEqual(validated);
    const json = await smoltbot(["policy", "publish", "bad.yaml", "--agent", "a1", "--yes", "--format", "json"], { cwd });
    expect([json.status, schemaFaults("error", json.stdout)]).toEqual([1, []]);
    expect(readdirSync(cwd)).not.toContain(".smoltbot");
  });

  test("an owner that is missing, double, wrong or no id", async () => {
    const cwd = files();
    const publish = (...more: string[]) => smoltbot(["policy", "publish", "policy.yaml", "--yes", ...more], { cwd });
    expectRefused(await publish(), "usage_agent_missing");
    expectRefused(await publish("--org", "--agent", "a1"), "usage_agent_and_org");
    expectRefused({ ...(await publish("--org")), stdout: "" }, "usage_scope_and_owner", "add --org for a policy of scope org");
    expectRefused(await publish("--agent", "../up"), "registry_invalid_request");
    expectRefused(await smoltbot(["card", "show"], { cwd }), "usage_agent_missing", "add --agent");
    const env = { SMOLTBOT_AGENT: "of-environment" };
    const ran = await smoltbot(["policy", "publish", "policy.yaml", "--yes"], { cwd, env });
    expect(ran.stdout).toContain("✓ Published version 1 for agent of-environment");
  });

  test("a glob of any server over an org deny, until somebody says so", async () => {
    const cwd = files({ "org.yaml": denyingOrg, "broad.yaml": broad });
    await smoltbot(["policy", "publish", "org.yaml", "--org", "--yes"], { cwd });
    const publish = ["policy", "publish", "broad.yaml", "--agent", "a1", "--yes"];
    expectRefused({ ...(await smoltbot(publish, { cwd })), stdout: "" }, "usage_broad_not_confirmed", "--confirm-broad");
    const done = await smoltbot([...publish, "--confirm-broad"], { cwd });
    expect([done.status, done.stdout.includes("Published version 1")]).toEqual([0, true]);
  });

  test("questions that mean nothing", async () => {
    const cwd = files();
    await smoltbot(["policy", "publish", "policy.yaml", "--agent", "a1", "--yes"], { cwd });
    const get = (...more: string[]) => smoltbot(["policy", "get", "--agent", "a1", ...more], { cwd });
    expectRefused(await get("--resolved", "--format", "yaml"), "usage_resolved_text");
    expectRefused(await get("--resolved", "--version", "1"), "usage_resolved_version");
    expectRefused(await get("--version", "9"), "registry_not_found");
    expectRefused(await smoltbot(["policy", "rollback", "9", "--agent", "a1", "--yes"], { cwd }), "registry_not_found");
    expectRefused(
      await smoltbot(["policy", "test", "--agent", "nobody"], { cwd }),
      "registry_not_found",
      "publish one for this agent",
    );
    expect((await get("--resolved")).stdout).toContain("support (resolved) from a1@1 (agent");
    const resolved = JSON.parse((await get("--resolved", "--format", "json")).stdout);
    expect(resolved).toMatchObject({ agent_id: "a1", org_id: "default", resolved_policy: { meta: { scope: "resolved" } } });
    const document = JSON.parse((await get("--format", "json")).stdout);
    expect(document).toMatchObject({ version: 1, meta: { name: "support" } });
    // What was printed can be published as it is.
    writeFileSync(join(cwd, "printed.json"), JSON.stringify({ ...document, meta: { ...document.meta, name: "renamed" } }));
    const back = await smoltbot(["policy", "publish", "printed.json", "--agent", "a1", "--yes"], { cwd });
    expect(back.stdout).toContain("Published version 2");
  });

  test("imports without a trace, and paths that are not there", async () => {
    const cwd = files({ "notes.txt": "nothing of the kind" });
    const load = (...sources: string[]) => smoltbot(["traces", "import", ...sources, "--agent", "a1"], { cwd });
    expectRefused(await load("missing.jsonl"), "trace_not_found");
    expectRefused(await load("notes.txt"), "trace_");
    mkdirSync(join(cwd, "empty"));
    expectRefused(await load("empty"), "import_nothing_stored");
    const some = await load(join(traces, "session-4711.jsonl"), "notes.txt");
    expect([some.status, some.stdout.includes("Stored 1 trace with")]).toEqual([1, true]);
    expect(some.stdout).toContain("✗ some of the traces were not stored");
    const input = readFileSync(join(traces, "ap-traces.jsonl"));
    const piped = await smoltbot(["traces", "import", "-", "--format", "json"], { cwd, input });
    expect([piped.status, schemaFaults("traces-import", piped.stdout), JSON.parse(piped.stdout).inputs]).toEqual([0, [], 1]);
  });

  test("addresses of other kinds", async () => {
    const cwd = files();
    const list = (env: Record<string, string>) => smoltbot(["policy", "list"], { cwd, env });
    expectRefused(await list({ SMOLTBOT_URL: "ftp://user:secret@host/x" }), "registry_address", "ftp://host/x");
    expectRefused(await list({ SMOLTBOT_URL: "nowhere" }), "registry_address");
    expectRefused(await list({ DATABASE_URL: "mysql://root:secret@host/db" }), "registry_address", "mysql://host/db");
    expectRefused(await list({ SMOLTBOT_ORG: "no org", SMOLTBOT_HOME: cwd }), "registry_missing");
    await smoltbot(["policy", "publish", "policy.yaml", "--agent", "a1", "--yes"], { cwd });
    expectRefused(await list({ SMOLTBOT_ORG: "no org" }), "registry_address", "SMOLTBOT_ORG");
    expectRefused(await list({ DATABASE_URL: "postgres://u:secret@127.0.0.1:1/db" }), "registry_unavailable");
    const refused = await list({ DATABASE_URL: "postgres://u:secret@127.0.0.1:1/db" });
    expect(refused.stdout + refused.stderr).not.toContain("secret");
    // A database of another kind belongs to something else: what works without a registry goes on without one.
    const args = ["policy", "evaluate", "policy.yaml", "--tools", "mcp__browser__open", "--agent", "a1", "--format", "json"];
    for (const database of ["mysql://root:secret@host/db", "file:./dev.db", "no address"]) {
      const ran = await smoltbot(args, { cwd, env: { DATABASE_URL: database } });
      expect([ran.status, ran.stderr, JSON.parse(ran.stdout).grace]).toEqual([0, "", "no_store"]);
    }
  });
});

describe("help", () => {
  test.each([
    ...["publish", "list", "history", "rollback", "get", "unpublish"].map((verb) => ["policy", verb]),
    ...["publish", "show"].map((verb) => ["card", verb]),
    ...["create", "list", "revoke"].map((verb) => ["keys", verb]),
    ["traces", "import"],
  ])("%s %s --help shows an example", async (group, verb) => {
    const ran = await smoltbot([group, verb, "--help"]);
    expect(ran.stdout).toContain(`Usage: smoltbot ${group} ${verb}`);
    expect(ran.stdout).toContain(`\nExample:\n  $ smoltbot ${group} ${verb}`);
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
  });
});

describe("what is loaded", () => {
  test("commands that need no registry load none of its packages, and those that do load them", () => {
    const cwd = files();
    const packagesOf = (...args: string[]) => {
      const folder = join(cwd, `coverage-${args[1]}`);
      spawned(args, { cwd, env: { NODE_V8_COVERAGE: folder } });
      const texts = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
      return ["kysely", "fastify"].filter((name) => texts.some((text) => text.includes(`/node_modules/${name}/`)));
    };
    expect(packagesOf("policy", "validate", "policy.yaml")).toEqual([]);
    expect(packagesOf("policy", "evaluate", "policy.yaml", "--tools", "a", "--agent", "a1")).toEqual([]);
    expect(packagesOf("policy", "publish", "policy.yaml", "--agent", "a1", "--yes")).toEqual(["kysely"]);
  });
});

describe("where the registry is", () => {
  test("the nearest folder upwards that has one; the first write makes one here", async () => {
    const cwd = files();
    const inner = join(cwd, "deep", "er");
    mkdirSync(inner, { recursive: true });
    await smoltbot(["policy", "publish", "policy.yaml", "--agent", "a1", "--yes"], { cwd });
    const list = await smoltbot(["policy", "list"], { cwd: inner });
    expect(list.stdout).toContain("Org default in ../../.smoltbot/registry.db: 1 active policy");
    const elsewhere = files();
    expectRefused(await smoltbot(["policy", "list"], { cwd: elsewhere }), "registry_missing");
    expect(existsSync(join(elsewhere, ".smoltbot"))).toBe(false);
    const home = { SMOLTBOT_HOME: join(cwd, ".smoltbot"), SMOLTBOT_ORG: "acme" };
    expect((await smoltbot(["policy", "list"], { cwd: elsewhere, env: home })).stdout).toContain("Org acme in ");
  });

  test("the built command, in processes of its own", () => {
    const cwd = files();
    expect(spawned(["policy", "publish", "policy.yaml", "--agent", "a1", "--yes"], { cwd })).toMatchObject({
      status: 0,
      stderr: "",
    });
    expect(spawned(["policy", "get", "--agent", "a1"], { cwd })).toMatchObject({ status: 0, stdout: validPolicy });
    expectRefused(
      { ...spawned(["policy", "publish", "strict.yaml", "--agent", "a1"], { cwd }), stdout: "" },
      "usage_not_confirmed",
    );
  });
});
