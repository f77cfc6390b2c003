import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { openRegistry } from "../../../src/registry/open.js";
import { policyTasks } from "../../../src/registry/policy-tasks.js";
import type { Registry } from "../../../src/registry/registry.js";
import type { AsideTask } from "../../../src/registry/surroundings.js";
import { systemEffects } from "../../../src/server/effects.js";
import { TaskThreads, type TaskThreadsOptions } from "../../../src/server/task-threads.js";
import { openStore } from "../../../src/store/open.js";
import { yaml } from "../../support/registry.js";
import { type Served, serve } from "../../support/served.js";

const url = new URL("../../../build/task-worker.js", import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "task-threads-"));
const opened: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

function threads(options: Partial<TaskThreadsOptions> = {}): TaskThreads {
  const made = new TaskThreads({ url, ...options });
  opened.push(made);
  return made;
}

/** With 1,000 globs 60 KB, and 6 MB with 100,000. */
function policyOf(globs: number, scope = "agent", action = "deny"): string {
  const tools = Array.from({ length: globs }, (_, i) => `      - "mcp__server${i % 97}__some_tool_with_a_long_name_${i}*"\n`);
  return `meta:
  schema_version: "1.0"
  name: many
  scope: ${scope}
capability_mappings:
  work:
    tools:
${tools.join("")}    card_actions: [work]
forbidden:
  - pattern: "*delete*"
    reason: never
    severity: high
escalation_triggers: []
defaults:
  unmapped_tool_action: ${action}
  unmapped_severity: medium
  fail_open: false
  enforcement_mode: enforce
`;
}

const read = (globs: number): AsideTask => {
  const source = policyOf(globs);
  const input = { owner: { org: "acme", agent: "a" }, source, mediaType: "yaml" };
  return { name: "readForPublishing", input, units: source.length };
};

/** A body of a thread that is made for one test. */
const bodyOf = (script: string) => new URL(`data:text/javascript,${encodeURIComponent(script)}`);
const silent = 'import { parentPort } from "node:worker_threads"; parentPort.on("message", () => {});';

describe("what takes long", () => {
  it("is done aside: small requests are answered while a large policy is verified", async () => {
    const asked: string[] = [];
    const { aside } = threads();
    const served: Served = await serve({
      aside: (task) => {
        asked.push(task.name);
        return aside(task);
      },
    });
    opened.push(served);
    const put = (path: string, payload: string) =>
      served.server.inject({
        method: "PUT",
        url: path,
        headers: { "content-type": "application/yaml", host: "localhost" },
        payload,
      });
    expect((await put("/v1/agents/small/policy", policyOf(3))).statusCode).toBe(200);
    let isPublished = false;
    const large = put("/v1/agents/large/policy", policyOf(20_000)).finally(() => {
      isPublished = true;
    });
    const evaluate = (tools: readonly string[]) =>
      served.server.inject({
        method: "POST",
        url: "/v1/policies/evaluate",
        headers: { host: "localhost" },
        payload: { agent_id: "small", tools },
      });
    for (let i = 0; i < 20; i++) {
      expect((await evaluate([`delete_${i}`])).json()).toMatchObject({ verdict: "fail" });
      expect(isPublished).toBe(false);
    }
    // A small publish does not wait for the large one either.
    expect((await put("/v1/agents/small/policy", policyOf(4))).statusCode).toBe(200);
    expect(isPublished).toBe(false);
    expect((await large).statusCode).toBe(200);
    expect(new Set(asked)).toEqual(new Set(["verifyTexts", "readForPublishing"]));
  });

  it("answers as in place, whatever is asked, also what is refused", async () => {
    const questions: ((registry: Registry) => Promise<unknown>)[] = [
      (r) => r.publish({}, yaml(policyOf(1_300, "org", "warn"))),
      (r) => r.publish({ agent: "a" }, yaml(policyOf(1_300))),
      (r) => r.publish({ agent: "b" }, yaml(policyOf(1_400, "agent", "allow")), { confirmBroad: true }),
      (r) => r.publish({ agent: "b" }, yaml(policyOf(1_300, "org"))),
      (r) => r.publish({ agent: "b" }, yaml(`${policyOf(1_300)}surplus: 1\n`)),
      (r) => r.publish({}, yaml(policyOf(1_301, "org"))),
      (r) => r.getPolicy({ agent: "a" }),
      (r) => r.getResolvedPolicy("a"),
      (r) => r.validate({ policy: policyOf(1_300), agent_id: "a" }),
      (r) => r.validate({ policy: `${policyOf(1_300)}surplus: 1\n`, agent_id: "a" }),
      (r) => r.evaluate({ agent_id: "a", tools: ["x", "mcp__server1__some_tool_with_a_long_name_1"] }),
      (r) => r.evaluate({ agent_id: "a", policy: policyOf(1_350), tools: ["x", "delete"] }),
      (r) => r.explain({ agent_id: "a", tools: ["x", "delete"] }),
      (r) => r.diff({ old: { agent_id: "a" }, new: { agent_id: "a", policy: policyOf(1, "agent", "warn") } }),
      (r) => r.lint({ policy: policyOf(30) }),
      (r) => r.createTransaction({ agent_id: "a", description: "d", action_type: "t", policy: policyOf(1_250) }),
      (r) => r.rollback({ agent: "a" }, 1),
    ];
    const answers = async (aside?: TaskThreads["aside"]) => {
      const store = await openStore({ path: ":memory:" });
      const effects = { ...systemEffects, clock: () => 1_768_000_000_000, elapsed: () => 0 };
      const randomBytes = (count: number) => new Uint8Array(count).fill(7);
      const service = openRegistry({ ...effects, randomBytes, aside, store, place: "memory" });
      const registry = service.as({ org: "acme", actor: "t" });
      const all: unknown[] = [];
      for (const question of questions) {
        all.push(await question(registry).catch(({ name, code, message, details }) => ({ name, code, message, details })));
      }
      await service.close();
      return all;
    };
    const { aside: run } = threads();
    const names = new Set<string>();
    const recorded = (task: AsideTask) => {
      names.add(task.name);
      return run(task);
    };
    const [inPlace, aside] = [await answers(), await answers(recorded)];
    for (const [i, answer] of inPlace.entries()) expect([i, aside[i]]).toEqual([i, answer]);
    expect(JSON.stringify(inPlace)).toContain("RegistryFailure");
    expect([...names].sort()).toEqual(Object.keys(policyTasks).sort());
  });
});

describe("a thread", () => {
  it("is given up when a task takes too long, and the next one gets another", async () => {
    const endless = `import { parentPort } from "node:worker_threads";
      parentPort.on("message", ({ input }) => {
        while (input === "endless");
        parentPort.postMessage({ kind: "done", value: input });
      });`;
    const { aside } = threads({ url: bodyOf(endless), taskMsMax: 1_500 });
    const late = aside({ name: "any", input: "endless", units: 1 });
    const next = aside({ name: "any", input: "next", units: 1 });
    const message = expect.stringMatching(/takes longer than 1.5 s/);
    await expect(late).rejects.toMatchObject({ code: "validation_error", message });
    await expect(next).resolves.toBe("next");
  });

  it("does not end the process when a task takes too much memory", async () => {
    const { aside } = threads({ heapMb: 24 });
    await expect(aside(read(15_000))).rejects.toMatchObject({
      code: "validation_error",
      message: expect.stringMatching(/too much memory/),
    });
    await expect(aside({ name: "inlineDocument", input: policyOf(1), units: 1 })).resolves.toBeTypeOf("object");
  });

  it("that dies is replaced once, and then the task has failed", async () => {
    const marker = join(folder, "died");
    const once = threads({
      url: bodyOf(`import { parentPort } from "node:worker_threads"; import { existsSync, writeFileSync } from "node:fs";
        parentPort.on("message", () => {
          if (existsSync(${JSON.stringify(marker)})) parentPort.postMessage({ kind: "done", value: 7 });
          else { writeFileSync(${JSON.stringify(marker)}, ""); process.exit(3); }
        });`),
    });
    await expect(once.aside({ name: "any", input: 1, units: 1 })).resolves.toBe(7);
    expect(existsSync(marker)).toBe(true);
    const never = threads({ url: bodyOf("process.exit(3)") });
    await expect(never.aside({ name: "any", input: 1, units: 1 })).rejects.toThrow("the thread ended with code 3");
  });

  it("tells faults as faults, and goes on", async () => {
    const { aside } = threads();
    await expect(aside({ name: "constructor", input: 1, units: 1 })).rejects.toThrow("there is no such task: constructor");
    await expect(aside({ name: "inlineDocument", input: () => 1, units: 1 })).rejects.toThrow(/could not be cloned/);
    await expect(aside({ name: "inlineDocument", input: policyOf(1), units: 1 })).resolves.toBeTypeOf("object");
  });

  it("turns away what it has no room for, by number and by size", async () => {
    const { aside } = threads({ url: bodyOf(silent), waitingMax: 2 });
    const units = 1;
    const waiting = [1, 2, 3].map((input) => aside({ name: "any", input, units }).catch(({ code }) => code));
    await expect(aside({ name: "any", input: 4, units })).rejects.toMatchObject({ code: "unavailable", retryAfterS: 5 });
    const large = [1, 2].map((input) => aside({ name: "any", input, units: 40 * 1024 * 1024 }).catch(({ code }) => code));
    const third = aside({ name: "any", input: 3, units: 40 * 1024 * 1024 });
    await expect(third).rejects.toMatchObject({ code: "unavailable" });
    for (const each of opened.splice(0)) await each.close();
    expect(await Promise.all([...waiting, ...large])).toEqual(Array(5).fill("unavailable"));
    await expect(aside({ name: "any", input: 1, units })).rejects.toMatchObject({ code: "unavailable" });
  });

  it("is given up when there is nothing to do, and there again for the next task", async () => {
    const { aside } = threads({ idleMs: 20 });
    for (let i = 0; i < 2; i++) {
      await expect(aside({ name: "inlineDocument", input: policyOf(1), units: 1 })).resolves.toBeTypeOf("object");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
});
