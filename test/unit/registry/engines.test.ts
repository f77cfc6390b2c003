import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type EngineCache, openEngineCache } from "../../../src/registry/engines.js";
import { Kept } from "../../../src/registry/kept.js";
import { Lru } from "../../../src/registry/lru.js";
import type { ServiceFault } from "../../../src/registry/services.js";
import type { Change } from "../../../src/store/changes.js";
import type { Store } from "../../../src/store/store.js";
import { openTestRegistry, type TestRegistry, yaml } from "../../support/registry.js";

/** A value whose loads end when the test says so. */
function slow() {
  const loads: { resolve: (value: number) => void; reject: (error: Error) => void }[] = [];
  const failures: unknown[] = [];
  const keeping = { elapsed: () => state.nowMs, healthy: () => state.healthy, failed: (error: unknown) => failures.push(error) };
  const state = { nowMs: 0, healthy: true };
  const kept = new Kept<number>(() => new Promise((resolve, reject) => loads.push({ resolve, reject })), keeping);
  return { kept, loads, failures, state };
}

describe("a kept value", () => {
  it("is loaded once, however many ask for it", async () => {
    const { kept, loads } = slow();
    const asked = Array.from({ length: 50 }, () => kept.get());
    expect(loads).toHaveLength(1);
    loads[0]!.resolve(7);
    expect(await Promise.all(asked)).toEqual(Array(50).fill(7));
    expect(kept.get()).toBe(7);
  });

  it("that changes while it is being loaded is loaded again for who asks after the change", async () => {
    const { kept, loads } = slow();
    const before = kept.get();
    kept.outdate();
    const after = [kept.get(), kept.get()];
    expect(loads).toHaveLength(1);
    loads[0]!.resolve(1);
    expect(await before).toBe(1);
    while (loads.length < 2) await Promise.resolve();
    loads[1]!.resolve(2);
    expect(await Promise.all(after)).toEqual([2, 2]);
    expect(kept.get()).toBe(2);
    expect(loads).toHaveLength(2);
  });

  it("stays as it was when it cannot be loaded again, says for how long, and is tried again", async () => {
    const { kept, loads, failures, state } = slow();
    const first = kept.get();
    loads[0]!.resolve(1);
    await first;
    expect(kept.outdatedForMs).toBe(0);
    kept.outdate();
    const second = kept.get();
    loads[1]!.reject(new Error("down"));
    expect(await second).toBe(1);
    expect(failures).toHaveLength(1);
    state.nowMs = 900;
    expect(kept.get()).toBe(1);
    expect(kept.outdatedForMs).toBe(900);
    state.nowMs = 1000;
    const third = kept.get();
    loads[2]!.resolve(3);
    expect(await third).toBe(3);
    expect(kept.outdatedForMs).toBe(0);
  });

  it("that was never there fails for who asks, each time anew", async () => {
    const { kept, loads } = slow();
    const first = kept.get();
    loads[0]!.reject(new Error("down"));
    await expect(first).rejects.toThrow("down");
    const second = kept.get();
    loads[1]!.resolve(1);
    expect(await second).toBe(1);
  });

  it("is looked at again after a second while nobody tells of changes", async () => {
    const { kept, loads, state } = slow();
    const first = kept.get();
    loads[0]!.resolve(1);
    await first;
    state.nowMs = 60_000;
    expect(kept.get()).toBe(1);
    state.healthy = false;
    const again = kept.get();
    loads[1]!.resolve(2);
    expect(await again).toBe(2);
    state.nowMs += 999;
    expect(kept.get()).toBe(2);
  });
});

describe("what was used least recently", () => {
  it("is forgotten first, by number and by weight", () => {
    const lru = new Lru<string, number>(3, 100);
    for (const [i, key] of ["a", "b", "c"].entries()) lru.set(key, i, 10);
    lru.get("a");
    lru.set("d", 3, 10);
    expect([...lru.entries()].map(([key]) => key)).toEqual(["c", "a", "d"]);
    lru.weigh("a", 85);
    expect([...lru.entries()].map(([key]) => key)).toEqual(["a", "d"]);
    lru.set("e", 4, 500);
    expect([lru.size, lru.weight, lru.get("e")]).toEqual([1, 500, 4]);
    lru.delete("e");
    lru.delete("e");
    expect([lru.size, lru.weight]).toEqual([0, 0]);
  });
});

const policy = (name: string) => `meta: {schema_version: "1.0", name: ${name}, scope: agent}
capability_mappings: {mail: {tools: ["mail_*"], card_actions: [send_mail]}}
forbidden: []
defaults: {unmapped_tool_action: deny, unmapped_severity: high, fail_open: false}
`;
const orgPolicy = (name: string) => policy(name).replace("scope: agent", "scope: org").replace("_action: deny", "_action: warn");

describe("the cache of engines", () => {
  let test: TestRegistry;
  let engines: EngineCache;
  let faults: ServiceFault[];
  let tell: (changes: readonly Change[] | undefined) => void;
  let queries: string[];
  const state = { healthy: true, elapsedMs: 0, isDown: false };

  beforeEach(async () => {
    test = await openTestRegistry();
    Object.assign(state, { healthy: true, elapsedMs: 0, isDown: false });
    queries = [];
    faults = [];
    const asked = <T extends unknown[], R>(name: string, ask: (...args: T) => Promise<R>) => {
      return (...args: T): Promise<R> => {
        queries.push(name);
        return state.isDown ? Promise.reject(new Error("the store is down")) : ask(...args);
      };
    };
    const { policies } = test.store;
    const store: Store = {
      ...test.store,
      policies: { ...policies, layers: asked("layers", policies.layers), active: asked("active", policies.active) },
      changes: {
        listen: (listener) => {
          tell = listener;
          return () => {};
        },
        get healthy() {
          return state.healthy;
        },
      },
    };
    const warn = (fault: ServiceFault) => faults.push(fault);
    const elapsed = () => state.elapsedMs;
    engines = openEngineCache({ store, elapsed, clock: () => 0, later: () => {}, pause: async () => {}, warn, enginesMax: 100 });
  });
  afterEach(() => test.service.close());

  const nameOf = async (agent: string) => (await engines.policyOf("acme", agent))?.artifact.name;
  const changed = (agent?: string) => tell([{ seq: 1, org: "acme", agent, kind: "policy", id: undefined }]);

  it("loads each policy once, and agents without one share the org's", async () => {
    await test.registry.publish({}, yaml(orgPolicy("floor")));
    await test.registry.publish({ agent: "own" }, yaml(policy("mine")));
    const found = await Promise.all(Array.from({ length: 20 }, (_, i) => engines.policyOf("acme", `other-${i % 2}`)));
    expect(new Set(found).size).toBe(1);
    expect(queries.filter((query) => query === "layers")).toHaveLength(2);
    expect(await nameOf("own")).toBe("mine (resolved)");
    expect(await engines.policyOf("acme", undefined)).toBe(found[0]);
    expect(engines.counts()).toMatchObject({ engines: 4, reloadsFailed: 0, policyAgeS: 0 });
  });

  it("serves what is kept until a change is told, and then nobody the old one", async () => {
    await test.registry.publish({ agent: "a" }, yaml(policy("one")));
    const first = await engines.policyOf("acme", "a");
    await test.registry.publish({ agent: "a" }, yaml(policy("two")));
    expect(await engines.policyOf("acme", "a")).toBe(first);
    changed("other");
    expect(engines.policyOf("acme", "a")).toBe(first);
    changed("a");
    expect(await nameOf("a")).toBe("two");
    expect(first?.artifact.name).toBe("one");
    await test.registry.publish({}, yaml(orgPolicy("floor")));
    changed();
    expect(await nameOf("a")).toBe("two (resolved)");
    await test.registry.removePolicy({ agent: "a" });
    changed("a");
    expect(await nameOf("a")).toBe("floor");
    await test.registry.removePolicy({});
    tell(undefined);
    expect(await nameOf("a")).toBeUndefined();
  });

  it("keeps the engine that it has when what is told to have changed is the same", async () => {
    await test.registry.publish({ agent: "a" }, yaml(policy("one")));
    const first = await engines.policyOf("acme", "a");
    tell(undefined);
    expect(await engines.policyOf("acme", "a")).toBe(first);
  });

  it("merges and compiles again where the stored artifact is of another org policy, or damaged", async () => {
    await test.registry.publish({ agent: "a" }, yaml(policy("one")));
    await test.registry.publish({}, yaml(orgPolicy("floor")));
    const fresh = await engines.policyOf("acme", "a");
    expect(fresh?.artifact.sources.map(({ layer }) => layer)).toEqual(["org", "agent"]);
    expect(fresh).toMatchObject({ version: 1, orgVersion: 1 });
    const { layers } = test.store.policies;
    Object.assign(test.store.policies, {
      layers: async (org: string, agent: string) => {
        const found = await layers(org, agent);
        return { ...found, agent: found.agent && { ...found.agent, artifact: found.agent.artifact.slice(0, 100) } };
      },
    });
    const other = openEngineCache({
      store: test.store,
      elapsed: () => 0,
      clock: () => 0,
      later: () => {},
      pause: async () => {},
      warn: () => {},
    });
    await test.registry.publish({ agent: "a" }, yaml(policy("two")));
    expect((await other.policyOf("acme", "a"))?.artifact.name).toBe("two (resolved)");
    await other.close();
  });

  it("goes on with the last good engine while the store is down, counts that, and says how old it is", async () => {
    await test.registry.publish({ agent: "a" }, yaml(policy("one")));
    await nameOf("a");
    await test.registry.publish({ agent: "a" }, yaml(policy("two")));
    state.isDown = true;
    changed("a");
    for (let i = 0; i < 10; i++) expect(await nameOf("a")).toBe("one");
    expect(engines.counts()).toMatchObject({ reloadsFailed: 1 });
    state.elapsedMs += 5000;
    expect(await nameOf("a")).toBe("one");
    expect(engines.counts()).toMatchObject({ reloadsFailed: 2, policyAgeS: 5 });
    expect(faults.map(({ kind }) => kind)).toEqual(["reload_failed", "reload_failed"]);
    await expect(engines.policyOf("acme", "b")).rejects.toThrow("the store is down");
    state.isDown = false;
    state.elapsedMs += 5000;
    expect(await nameOf("a")).toBe("two");
    expect(engines.counts()).toMatchObject({ policyAgeS: 0 });
  });

  it("asks the store itself, at most once a second, while the feed is down", async () => {
    await test.registry.publish({ agent: "a" }, yaml(policy("one")));
    await nameOf("a");
    await test.registry.publish({ agent: "a" }, yaml(policy("two")));
    state.healthy = false;
    expect(await nameOf("a")).toBe("one");
    state.elapsedMs += 1000;
    expect(await nameOf("a")).toBe("two");
    queries.length = 0;
    for (let i = 0; i < 10; i++) await nameOf("a");
    expect(queries).toEqual([]);
  });

  it("keeps a bounded number", async () => {
    await test.registry.publish({}, yaml(orgPolicy("floor")));
    for (let i = 0; i < 300; i++) await nameOf(`agent-${i}`);
    expect(engines.counts().engines).toBeLessThanOrEqual(100);
    expect(await nameOf("agent-0")).toBe("floor");
  });
});

describe("first sightings", () => {
  it("are written in blocks a moment later, once a minute at most, and wait while the store is down", async () => {
    const test = await openTestRegistry();
    const timers: (() => void)[] = [];
    const written: number[] = [];
    const { observe } = test.store.sightings;
    const state = { isDown: false, elapsedMs: 0 };
    const store: Store = {
      ...test.store,
      sightings: {
        ...test.store.sightings,
        observe: async (org, sightings) => {
          if (state.isDown) throw new Error("down");
          written.push(sightings.length);
          await observe(org, sightings);
        },
      },
    };
    const faults: ServiceFault[] = [];
    const engines = openEngineCache({
      store,
      elapsed: () => state.elapsedMs,
      clock: () => 0,
      later: (_, work) => timers.push(work),
      pause: async () => {},
      warn: (fault) => faults.push(fault),
    });
    const { firstSeen } = engines;
    const turn = async () => {
      for (const timer of timers.splice(0)) timer();
      await engines.flush();
    };
    const day = Date.UTC(2026, 0, 15);
    firstSeen.record("acme", "a", ["x", "y", "x"], day);
    firstSeen.record("acme", "b", ["x"], day);
    expect([written, timers.length, firstSeen.pending]).toEqual([[], 1, 3]);
    await turn();
    expect([written, firstSeen.pending]).toEqual([[3], 0]);
    firstSeen.record("acme", "a", ["x", "y"], day + 59_000);
    expect(firstSeen.pending).toBe(0);
    firstSeen.record("acme", "a", ["x"], day + 61_000);
    state.isDown = true;
    await turn();
    expect([firstSeen.pending, faults.length]).toEqual([1, 1]);
    firstSeen.record("acme", "a", ["z"], day + 62_000);
    state.isDown = false;
    await turn();
    expect([written, firstSeen.pending]).toEqual([[3, 2], 0]);
    const { items } = await test.store.sightings.list("acme", "a", { page: 1, perPage: 10 });
    expect(items.map(({ tool, firstMs, lastMs }) => [tool, firstMs - day, lastMs - day]).sort()).toEqual([
      ["x", 0, 61_000],
      ["y", 0, 0],
      ["z", 62_000, 62_000],
    ]);
    await engines.close();
    await test.service.close();
  });

  it("that came with traces are known at once", async () => {
    const test = await openTestRegistry();
    await test.registry.publish({ agent: "a" }, yaml(policy("p")));
    await test.registry.evaluate({ agent_id: "a", tools: ["odd"], context: "gateway" });
    const line = `{"tool":"odd","agent":"a","timestamp":"2026-01-01T00:00:00Z"}\n`;
    await test.registry.ingest(new TextEncoder().encode(line), { name: "body" });
    const answer = await test.registry.evaluate({ agent_id: "a", tools: ["odd"] });
    expect(answer.violations).toMatchObject([{ type: "unmapped_denied" }]);
    await test.service.close();
  });
});
