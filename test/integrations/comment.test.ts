import { describe, expect, test } from "vitest";
import { validPolicy } from "../support/policy-text.js";
import { apiServer, bot, commentBy } from "./api-server.js";
import { type Checked, check, githubEnvironment, gitlabEnvironment, type PullRequest, pullRequest, write } from "./checkout.js";

const step = { SMOLTBOT_POLICY: "policies/*.yaml", SMOLTBOT_STEPS: "validate", SMOLTBOT_COMMENT: "true" };
const pull = () => pullRequest({ "policies/a.yaml": validPolicy }, { "policies/b.yaml": "meta: 1\n" });
const github = (at: PullRequest, url: string, more = {}): Promise<Checked> =>
  check(at.folder, { ...githubEnvironment(at, url), ...step, ...more });
const gitlab = (at: PullRequest, url: string, more = {}): Promise<Checked> =>
  check(at.folder, { ...gitlabEnvironment(at, url), ...step, ...more });
const marker = /^<!-- smoltbot-policy:[0-9a-f]{24} -->\n## ❌ Policy check failed\n/;

describe("the comment on GitHub", () => {
  test("is written once, and then kept up to date", async () => {
    const [at, api] = [pull(), await apiServer()];
    const first = await github(at, api.url);
    expect([first.status, first.stderr]).toEqual([1, ""]);
    expect(first.stdout).toContain("comment: created");
    expect(api.requests).toEqual([
      "GET /user",
      "GET /repos/acme/agents/issues/7/comments?per_page=100&page=1",
      "POST /repos/acme/agents/issues/7/comments",
    ]);
    expect(api.comments[0].body).toMatch(marker);
    expect(api.comments[0].body).toContain("(https://github.example/acme/agents/actions/runs/42)");
    expect([...api.tokens]).toEqual(["Bearer job-token"]);

    write(at.folder, { "policies/b.yaml": validPolicy });
    const second = await github(at, api.url);
    expect([second.status, api.comments.length]).toEqual([0, 1]);
    expect(api.requests.at(-1)).toBe("PATCH /repos/acme/agents/issues/comments/1000");
    expect(api.comments[0].body).toContain("✅ Policy check passed");
  });

  test("is found behind hundreds of others, and never one that somebody else wrote", async () => {
    const [at, seen] = [pull(), await apiServer()];
    await github(at, seen.url);
    const { body } = seen.comments[0];
    const forged = commentBy(1, 666, body);
    const others = Array.from({ length: 250 }, (_, i) => commentBy(i + 2, 5, i % 2 === 0 ? "fine" : `> ${body}`));
    const own = commentBy(900, bot, body.replace("failed", "went badly"), "Bot");
    const api = await apiServer({ comments: [forged, ...others, own] });
    await github(at, api.url);
    expect(api.requests.at(-1)).toBe("PATCH /repos/acme/agents/issues/comments/900");
    expect(api.comments.length).toBe(252);
    expect([forged.body, own.body]).toEqual([body, body]);

    const without = await apiServer({ comments: [forged] });
    await github(at, without.url);
    expect(without.comments).toHaveLength(2);
  });

  test("a token of a person updates that person's comment only", async () => {
    const [at, seen] = [pull(), await apiServer()];
    await github(at, seen.url);
    const { body } = seen.comments[0];
    const api = await apiServer({ me: 3, comments: [commentBy(1, bot, body, "Bot"), commentBy(2, 3, body)] });
    await github(at, api.url);
    expect(api.requests.at(-1)).toBe("PATCH /repos/acme/agents/issues/comments/2");
  });

  test("two checks of one pull request have a comment each", async () => {
    const [at, api] = [pull(), await apiServer()];
    await github(at, api.url);
    await github(at, api.url, { SMOLTBOT_COMMENT_KEY: "second" });
    await github(at, api.url, { GITHUB_JOB: "other" });
    await github(at, api.url, { SMOLTBOT_COMMENT_KEY: "second", GITHUB_JOB: "other" });
    expect(api.comments).toHaveLength(3);
  });

  test.each([
    ["a fork may not write", { refuses: 403 }, "POST was answered with 403"],
    ["the service is down", { refuses: 500 }, "POST was answered with 500"],
    ["an answer is no JSON", { answer: "<html>" }, "not JSON"],
    ["an answer is no list", { answer: "{}" }, "no list"],
  ])("%s: a warning, and the result of the check stands", async (_, behaviour, words) => {
    const [at, api] = [pull(), await apiServer(behaviour)];
    const failed = await github(at, api.url);
    expect(failed.stdout).toContain("::warning title=smoltbot policy::the comment was not written");
    expect(failed.stdout).toContain(words);
    expect([failed.status, failed.outputs.get("failed"), failed.stderr]).toEqual([1, "validate", ""]);
    const passed = await github(at, api.url, { SMOLTBOT_POLICY: "policies/a.yaml" });
    expect(passed.status).toBe(0);
  });

  test("an answer that leads elsewhere is not followed, and the token stays here", async () => {
    const elsewhere = await apiServer();
    const api = await apiServer({ redirectsTo: `${elsewhere.url}/repos/acme/agents/issues/7/comments` });
    const ran = await github(pull(), api.url);
    expect(ran.stdout).toContain("GET was not answered");
    expect([ran.status, elsewhere.requests]).toEqual([1, []]);
  });

  test("nobody answers at all", async () => {
    const ran = await github(pull(), "http://127.0.0.1:1");
    expect(ran.stdout).toContain("GET was not answered (");
    expect(ran.status).toBe(1);
  });

  test("nothing is sent without a token, outside of a pull request, or unasked", async () => {
    const [at, api] = [pull(), await apiServer()];
    expect((await github(at, api.url, { SMOLTBOT_TOKEN: "" })).stdout).toContain("comment: none, there is no token");
    expect((await github(at, api.url, { GITHUB_EVENT_PATH: "" })).stdout).toContain("belongs to no pull request");
    expect((await github(at, api.url, { SMOLTBOT_COMMENT: "false" })).stdout).not.toContain("comment:");
    expect(api.requests).toEqual([]);
    // Policies that are as they were, and pass, are no news.
    const quiet = await github(at, api.url, { SMOLTBOT_POLICY: "policies/a.yaml" });
    expect(quiet.stdout).toContain("comment: none, there is nothing to say yet");
    expect(api.comments).toEqual([]);
  });

  test("the command never sees the token", async () => {
    const at = pull();
    write(at.folder, { "spy.mjs": "process.stdout.write(JSON.stringify(Object.values(process.env)));process.exitCode = 1;\n" });
    const ran = await github(at, (await apiServer()).url, { SMOLTBOT_BIN: "spy.mjs" });
    expect(ran.reports.get("report.md")).toContain("acme/agents");
    for (const text of [ran.stdout, ...ran.reports.values()]) expect(text).not.toContain("job-token");
  });

  test("a report that is too long is cut between its parts", async () => {
    const broken = Array.from({ length: 60 }, (_, i) => `"k${i}${"|".repeat(200)}": 1\n`).join("");
    const names = [1, 2, 3].map((i) => `policies/${"|".repeat(100)}${i}.yaml`);
    const at = pullRequest({ "policies/a.yaml": validPolicy }, Object.fromEntries(names.map((name) => [name, broken])));
    const api = await apiServer();
    const ran = await github(at, api.url);
    expect(ran.reports.get("report.md")?.length).toBeGreaterThan(65_536);
    const { body } = api.comments[0];
    expect(body.length).toBeLessThan(65_536);
    expect(body).toContain("1 of 1 parts do not fit");
    expect(body).toContain("| ❌ validation | 3 of 4 files invalid |");
    expect(body.match(/<details/g)?.length ?? 0).toBe(body.match(/<\/details>/g)?.length ?? 0);
  });
});

describe("the note on GitLab", () => {
  test("is written once, and then kept up to date", async () => {
    const [at, api] = [pull(), await apiServer({ me: 8 })];
    const first = await gitlab(at, api.url);
    expect([first.status, first.stderr]).toEqual([1, ""]);
    expect(api.comments[0].body).toMatch(marker);
    expect([...api.tokens]).toEqual(["project-token"]);
    await gitlab(at, api.url);
    expect(api.requests.filter((line) => !line.startsWith("GET"))).toEqual([
      "POST /projects/11/merge_requests/7/notes",
      "PUT /projects/11/merge_requests/7/notes/1000",
    ]);
  });
  test("of somebody else is left alone", async () => {
    const [at, seen] = [pull(), await apiServer({ me: 8 })];
    await gitlab(at, seen.url);
    const api = await apiServer({ me: 8, comments: [commentBy(1, 9, seen.comments[0].body)] });
    await gitlab(at, api.url);
    expect(api.requests.at(-1)).toBe("POST /projects/11/merge_requests/7/notes");
  });
  test("that cannot be written is a warning", async () => {
    const [at, api] = [pull(), await apiServer({ me: 8, refuses: 403 })];
    const ran = await gitlab(at, api.url);
    expect(ran.stdout).toContain("warning: the comment was not written: POST was answered with 403");
    expect(ran.status).toBe(1);
  });
});
