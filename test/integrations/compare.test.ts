import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { folderOf } from "../support/command.js";
import { edited, validPolicy } from "../support/policy-text.js";
import { apiServer } from "./api-server.js";
import { check, commit, type Files, git, githubEnvironment, gitlabEnvironment, pullRequest, write } from "./checkout.js";

const org = validPolicy.replace("scope: agent", "scope: org").replace("name: support", "name: org");
const weaker = edited('  - pattern: "mcp__admin__*"\n    reason: "people do that"\n    severity: high\n', "").replace(
  "forbidden:\n",
  "forbidden: []\n",
);
const stricter = edited("unmapped_tool_action: warn", "unmapped_tool_action: deny");
const settings = { SMOLTBOT_POLICY: "policies/*.yaml", SMOLTBOT_STEPS: "diff" };

async function compared(before: Files, after: Files, more: NodeJS.ProcessEnv = {}) {
  const pull = pullRequest(before, after);
  return check(pull.folder, { ...githubEnvironment(pull), ...settings, ...more });
}

describe("a pull request", () => {
  test("that weakens a policy closes the gate, and says where and for which tool", async () => {
    const pull = pullRequest({ "policies/a.yaml": validPolicy, "policies/b.yaml": validPolicy }, { "policies/a.yaml": weaker });
    const api = await apiServer();
    const env = { ...githubEnvironment(pull, api.url), ...settings, SMOLTBOT_COMMENT: "true" };
    const ran = await check(pull.folder, env);
    expect([ran.status, ran.stderr]).toEqual([1, ""]);
    expect([ran.outputs.get("weaker"), ran.outputs.get("failed")]).toEqual(["true", "diff"]);
    expect(ran.summary).toContain(`Compared with \`main (${pull.base.slice(0, 7)})\``);
    expect(ran.summary).toContain("**weaker**: `policies/a.yaml`");
    expect(ran.summary).toContain("mcp__admin__");
    expect(api.comments[0].body).toContain("**weaker**: `policies/a.yaml`");
    const { runs } = JSON.parse(ran.reports.get("sarif/diff.sarif") ?? "");
    expect(runs[0].results.length).toBeGreaterThan(0);
    for (const { locations } of runs[0].results) {
      expect(locations[0].physicalLocation.artifactLocation.uri).toBe("policies/a.yaml");
    }
  });
  test("that strengthens one passes, and one that changes none is not compared", async () => {
    const ran = await compared({ "policies/a.yaml": validPolicy }, { "policies/a.yaml": stricter });
    expect([ran.status, ran.outputs.get("weaker")]).toEqual([0, "false"]);
    expect(ran.summary).toContain("1 policy compared, none is weaker");
    const other = await compared({ "policies/a.yaml": validPolicy }, { "notes.md": "x" });
    expect([other.status, other.summary]).toEqual([0, expect.stringContaining("1 policy, none changed")]);
  });
  test("that weakens one may pass, where it is only to be said", async () => {
    const ran = await compared({ "policies/a.yaml": validPolicy }, { "policies/a.yaml": weaker }, { SMOLTBOT_FAIL_ON: "never" });
    expect([ran.status, ran.outputs.get("weaker")]).toEqual([0, "true"]);
    expect(ran.summary).toContain("⚠️ changes");
  });
  test("names new, deleted and renamed policies; a renamed one is compared", async () => {
    const json = (name: string) => JSON.stringify(parse(validPolicy.replace("support", name)));
    const before = { "policies/old.yaml": validPolicy, "policies/gone.json": json("x") };
    const block = Array.from({ length: 30 }, (_, i) => `  - {pattern: t${i}, reason: r, severity: low}\n`).join("");
    const added = edited("forbidden:\n", `forbidden:\n${block}`).replaceAll(": ", ":   ");
    const after = {
      "policies/old.yaml": null,
      "policies/moved.yaml": weaker,
      "policies/gone.json": null,
      "policies/new.yaml": added,
    };
    const ran = await compared(before, after, { SMOLTBOT_POLICY: "policies/*" });
    expect(ran.summary).toContain("| `policies/moved.yaml` | taken for `policies/old.yaml`, renamed |");
    expect(ran.summary).toContain("| `policies/gone.json` | deleted");
    expect(ran.summary).toContain("| `policies/new.yaml` | new");
    expect([ran.status, ran.outputs.get("weaker")]).toEqual([1, "true"]);
  });
  test("whose new file only looks like a deleted one of another kind passes, and says so", async () => {
    const ran = await compared({ "policies/old.yaml": validPolicy }, { "policies/old.yaml": null, "policies/new.yaml": org });
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
    expect(ran.summary).toContain("| `policies/new.yaml` | cannot be compared with `policies/old.yaml` |");
  });
  test("that weakens the org policy weakens the agents on it", async () => {
    const files = {
      "org.yaml": org,
      "policies/a.yaml": edited("forbidden:\n", "forbidden:\n  - {pattern: x, reason: r, severity: low}\n"),
    };
    const after = { "org.yaml": org.replace("unmapped_tool_action: warn", "unmapped_tool_action: allow") };
    const ran = await compared(files, after, { SMOLTBOT_ORG: "./org.yaml", SMOLTBOT_POLICY: "policies/*.yaml\norg.yaml" });
    expect([ran.status, ran.outputs.get("weaker")]).toEqual([1, "true"]);
    expect(ran.summary).toContain("**weaker**: `org.yaml`");
    expect(ran.summary).toContain("changes: <code>policies/a.yaml</code>");
  });
  test("that gives the card more actions weakens every agent that uses them", async () => {
    const card = (actions: string) => `autonomy: {bounded_actions: [${actions}]}\n`;
    const files = { "policies/a.yaml": validPolicy, "card.yaml": card("other") };
    const ran = await compared(files, { "card.yaml": card("other, web_fetch") }, { SMOLTBOT_CARD: "card.yaml" });
    expect([ran.status, ran.stderr, ran.outputs.get("weaker")]).toEqual([1, "", "true"]);
    expect(ran.summary).toContain("mcp__browser__");
    const same = await compared(files, { "notes.md": "x" }, { SMOLTBOT_CARD: "card.yaml" });
    expect([same.status, same.summary]).toEqual([0, expect.stringContaining("1 policy, none changed")]);
  });
  test("whose new policy cannot be read is a failure, not a comparison", async () => {
    const ran = await compared({ "policies/a.yaml": validPolicy }, { "policies/a.yaml": "meta: 1\n" });
    expect([ran.status, ran.outputs.get("weaker")]).toEqual([1, "false"]);
    expect(ran.summary).toContain("1 policy could not be compared");
  });
  test("from a folder below the top of the repository", async () => {
    const ran = await compared(
      { "sub/policies/a.yaml": validPolicy, "org.yaml": org },
      { "sub/policies/a.yaml": weaker },
      { SMOLTBOT_WORKING_DIRECTORY: "sub", SMOLTBOT_ORG: "../org.yaml" },
    );
    // The org forbids the same, so nothing is weaker for it.
    expect([ran.status, ran.outputs.get("weaker")]).toEqual([0, "false"]);
    expect(ran.summary).toContain("compared, none is weaker");
    expect(ran.summary).not.toContain("new, so there is nothing");
  });
});

describe("the floor", () => {
  const denying = org.replace("unmapped_tool_action: warn", "unmapped_tool_action: deny");
  const env = { SMOLTBOT_POLICY: "policies/*.yaml", SMOLTBOT_STEPS: "floor", SMOLTBOT_ORG: "org.yaml", SMOLTBOT_OUT: "out" };
  const added = edited('"mcp__browser__*"', '"mcp__browser__*", "mcp__new__tool"');

  test("is held by agents that add mappings, unless they are to add none", async () => {
    const folder = folderOf();
    git(folder, "init", "--quiet");
    write(folder, { "org.yaml": denying, "policies/a.yaml": added, "policies/b.yaml": validPolicy });
    const held = await check(folder, env);
    expect([held.status, held.stderr]).toEqual([0, ""]);
    expect(held.reports.get("report.md")).toContain("| ✅ floor of the org | no agent is below it |");
    const kept = await check(folder, { ...env, SMOLTBOT_FLOOR_FAIL_ON: "denied" });
    expect([kept.status, kept.reports.get("report.md")]).toEqual([1, expect.stringContaining("mcp__new__tool")]);
    expect(kept.reports.get("sarif/floor.sarif")).toContain("policies/a.yaml");
  });
  test("of a policy that is no org policy closes the gate", async () => {
    const folder = folderOf();
    write(folder, { "org.yaml": validPolicy, "a.yaml": validPolicy });
    const ran = await check(folder, { ...env, SMOLTBOT_POLICY: "a.yaml" });
    expect([ran.status, ran.reports.get("report.md")]).toEqual([1, expect.stringContaining("could not be run")]);
  });
});

describe("the base", () => {
  const change = () => pullRequest({ "policies/a.yaml": validPolicy }, { "policies/a.yaml": weaker });

  test("that cannot be had closes the gate", async () => {
    const pull = change();
    git(pull.folder, "remote", "set-url", "origin", "file:///nonexistent");
    const ran = await check(pull.folder, { ...githubEnvironment(pull), ...settings });
    expect([ran.status, ran.summary]).toEqual([1, expect.stringContaining("is not in this clone and could not be fetched")]);
    const named = await check(pull.folder, { ...settings, SMOLTBOT_BASE: "--output=owned", SMOLTBOT_OUT: "out" });
    expect(named.status).toBe(1);
  });
  test("that git cannot read whole closes the gate", async () => {
    const folder = folderOf();
    git(folder, "init", "--quiet", "--initial-branch", "main");
    write(folder, { "policies/a.yaml": validPolicy });
    const base = commit(folder, "base");
    const tree = git(folder, "rev-parse", `${base}:policies`);
    write(folder, { "policies/a.yaml": weaker });
    commit(folder, "change");
    rmSync(join(folder, ".git", "objects", tree.slice(0, 2), tree.slice(2)));
    const ran = await check(folder, { ...settings, SMOLTBOT_BASE: base, SMOLTBOT_OUT: "out" });
    expect([ran.status, ran.reports.get("report.md")]).toEqual([
      1,
      expect.stringContaining("| ❌ changes | git could not say what changed |"),
    ]);
  });
  test("is what a push replaced; none for the first push of a branch", async () => {
    const pull = change();
    const push = async (before: string) => {
      const env = githubEnvironment(pull);
      writeFileSync(String(env["GITHUB_EVENT_PATH"]), JSON.stringify({ before }));
      return check(pull.folder, { ...env, ...settings, GITHUB_EVENT_NAME: "push", GITHUB_BASE_REF: "" });
    };
    expect((await push(pull.base)).outputs.get("weaker")).toBe("true");
    const first = await push("0".repeat(40));
    expect([first.status, first.summary]).toEqual([0, expect.stringContaining("belongs to no pull request")]);
    const overwritten = await push("1".repeat(40));
    expect([overwritten.status, overwritten.summary]).toEqual([0, expect.stringContaining("could not be fetched")]);
  });
  test("is what a merge queue puts the change on", async () => {
    const pull = change();
    const env = githubEnvironment(pull);
    writeFileSync(
      String(env["GITHUB_EVENT_PATH"]),
      JSON.stringify({ merge_group: { base_sha: pull.base, base_ref: "refs/heads/main" } }),
    );
    const ran = await check(pull.folder, { ...env, ...settings, GITHUB_EVENT_NAME: "merge_group", GITHUB_BASE_REF: "" });
    expect([ran.status, ran.outputs.get("weaker")]).toEqual([1, "true"]);
  });
  test("is the common ancestor, so that what others changed meanwhile is not counted", async () => {
    const folder = folderOf();
    git(folder, "init", "--quiet", "--initial-branch", "main");
    write(folder, { "policies/a.yaml": weaker });
    commit(folder, "first");
    git(folder, "checkout", "--quiet", "-b", "change");
    write(folder, { "notes.md": "x" });
    commit(folder, "change");
    git(folder, "checkout", "--quiet", "main");
    write(folder, { "policies/a.yaml": validPolicy });
    commit(folder, "stricter meanwhile");
    git(folder, "checkout", "--quiet", "change");
    const ran = await check(folder, { ...settings, SMOLTBOT_BASE: "main", SMOLTBOT_OUT: "out" });
    expect([ran.status, ran.reports.get("report.md")]).toEqual([0, expect.stringContaining("1 policy, none changed")]);
  });
});

test("a merge request on GitLab", async () => {
  const pull = pullRequest({ "policies/a.yaml": validPolicy }, { "policies/a.yaml": weaker });
  const api = await apiServer({ me: 8 });
  const env = { ...gitlabEnvironment(pull, api.url), ...settings, SMOLTBOT_COMMENT: "true" };
  const ran = await check(pull.folder, env);
  expect([ran.status, ran.stderr]).toEqual([1, ""]);
  expect(api.comments[0].body).toContain("**weaker**: `policies/a.yaml`");
  const quality = JSON.parse(ran.reports.get("code-quality.json") ?? "");
  expect(quality[0].location.path).toBe("policies/a.yaml");
});
