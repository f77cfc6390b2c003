import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStore } from "../../../src/store/open.js";
import type { Sighting, Store } from "../../../src/store/store.js";
import { hostileNames } from "../../support/hostile-names.js";
import { Random } from "../../support/random.js";
import { type Place, storeKinds } from "../../support/stores.js";

const page = { page: 1, perPage: 100 };

function sighting(tool: string, firstMs: number, lastMs = firstMs, agent = "a"): Sighting {
  return { agent, tool, firstMs, lastMs };
}

describe.each(storeKinds)("sightings on $name", (kind) => {
  let place: Place;
  let store: Store;
  let orgs = 0;
  const newOrg = () => `org-${orgs++}`;

  beforeAll(async () => {
    place = await kind.place();
    store = await openStore(place.where, { poolSize: 4 });
  });
  afterAll(async () => {
    await store?.close();
    await place?.remove();
  });

  it("keeps the earliest and the latest time, whatever the order and however often it is said", async () => {
    const org = newOrg();
    await store.sightings.observe(org, [sighting("x", 50), sighting("x", 20, 90), sighting("y", 7), sighting("x", 30)]);
    await store.sightings.observe(org, [sighting("x", 10, 40)]);
    await store.sightings.observe(org, [sighting("x", 60, 95), sighting("y", 7)]);
    await store.sightings.observe(org, []);
    expect(await store.sightings.list(org, "a", page)).toEqual({ items: [sighting("x", 10, 95), sighting("y", 7)], total: 2 });
    expect(await store.sightings.firstSeen(org, "a", ["x", "y", "z", "x"])).toEqual(
      new Map([
        ["x", 10],
        ["y", 7],
      ]),
    );
    expect(await store.sightings.firstSeen(org, "b", ["x"])).toEqual(new Map());
    expect(await store.sightings.firstSeen(newOrg(), "a", ["x"])).toEqual(new Map());
    expect(await store.sightings.firstSeen(org, "a", [])).toEqual(new Map());
  });

  it("makes the agents that were seen, with the latest time", async () => {
    const org = newOrg();
    await store.sightings.observe(org, [sighting("x", 5, 9, "b"), sighting("y", 3, 4, "b"), sighting("x", 1, 1, "a")]);
    await store.sightings.observe(org, [sighting("x", 2, 7, "b")]);
    const { items } = await store.agents.list(org, page);
    expect(items.map(({ agent, createdAtMs, lastSeenAtMs }) => [agent, createdAtMs, lastSeenAtMs])).toEqual([
      ["a", 1, 1],
      ["b", 1, 9],
    ]);
  });

  it("takes the nearest whole millisecond", async () => {
    const org = newOrg();
    await store.sightings.observe(org, [sighting("x", 1.9, 7.2), sighting("y", -Infinity, Infinity), sighting("z", NaN)]);
    const seen = await store.sightings.firstSeen(org, "a", ["x", "y", "z"]);
    expect(seen).toEqual(
      new Map([
        ["x", 1],
        ["y", -8.64e15],
        ["z", 8.64e15],
      ]),
    );
  });

  it("keeps tools of any name apart", async () => {
    const org = newOrg();
    await store.sightings.observe(
      org,
      hostileNames.map((tool, i) => sighting(tool, i)),
    );
    const found = await store.sightings.firstSeen(org, "a", hostileNames);
    expect(found).toEqual(new Map(hostileNames.map((tool, i) => [tool, i])));
    const { items } = await store.sightings.list(org, "a", page);
    expect(items.map(({ tool }) => tool)).toEqual(hostileNames.toReversed());
  });

  it("lists the most recent first, page by page, of one agent", async () => {
    const org = newOrg();
    const all = Array.from({ length: 25 }, (_, i) => sighting(`tool-${i}`, i, 100 + (i % 5)));
    await store.sightings.observe(org, [...all, sighting("other", 1, 1_000, "b")]);
    const pages = await Promise.all([1, 2, 3, 4].map((n) => store.sightings.list(org, "a", { page: n, perPage: 10 })));
    expect(pages.map(({ items, total }) => [items.length, total])).toEqual([
      [10, 25],
      [10, 25],
      [5, 25],
      [0, 25],
    ]);
    const listed = pages.flatMap(({ items }) => items);
    expect(new Set(listed.map(({ tool }) => tool)).size).toBe(25);
    expect(listed.map(({ lastMs }) => lastMs)).toEqual(all.map(({ lastMs }) => lastMs).toSorted((a, b) => b - a));
  });

  it("gives the most recent of many agents, and no more than asked for", async () => {
    const org = newOrg();
    const r = new Random(3);
    const agents = r.times(130, (i) => `agent-${i}`);
    const all = agents.flatMap((agent) => r.times(r.below(9), (i) => sighting(`tool-${i}`, 0, r.below(500), agent)));
    await store.sightings.observe(org, all);
    for (const some of [agents, agents.slice(0, 3), [...agents, ...agents], ["nobody"], []]) {
      for (const limit of [1, 7, 100, 10_000]) {
        const wanted = all.filter(({ agent }) => some.includes(agent)).map(({ lastMs }) => lastMs);
        const found = await store.sightings.recent(org, some, limit);
        expect(found.map(({ lastMs }) => lastMs)).toEqual(wanted.toSorted((a, b) => b - a).slice(0, limit));
        for (const one of found) expect(all).toContainEqual(one);
        expect(new Set(found.map(({ agent, tool }) => `${agent} ${tool}`)).size).toBe(found.length);
      }
    }
  });

  it("joins what several processes see at once", async () => {
    const org = newOrg();
    const r = new Random(4);
    const others = await Promise.all([1, 2, 3].map(() => openStore(place.where, { poolSize: 2 })));
    try {
      const all = r.times(40, () =>
        r.times(60, () => sighting(`tool-${r.below(30)}`, r.below(1_000), 1_000 + r.below(1_000), `agent-${r.below(3)}`)),
      );
      await Promise.all(all.map((some, i) => (others[i % 3] as Store).sightings.observe(org, some)));
      for (const agent of ["agent-0", "agent-1", "agent-2"]) {
        const own = all.flat().filter((one) => one.agent === agent);
        const { items } = await store.sightings.list(org, agent, page);
        expect(items).toHaveLength(new Set(own.map(({ tool }) => tool)).size);
        for (const { tool, firstMs, lastMs } of items) {
          const same = own.filter((one) => one.tool === tool);
          expect([firstMs, lastMs]).toEqual([Math.min(...same.map((s) => s.firstMs)), Math.max(...same.map((s) => s.lastMs))]);
        }
      }
    } finally {
      await Promise.all(others.map((other) => other.close()));
    }
  });
});
