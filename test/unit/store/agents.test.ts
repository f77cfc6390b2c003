import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStore } from "../../../src/store/open.js";
import type { Store, VersionDraft } from "../../../src/store/store.js";
import { type Place, storeKinds } from "../../support/stores.js";

const by = { actor: "tests", atMs: 5_000 };
const page = { page: 1, perPage: 100 };

function draft(org: string, agent: string): VersionDraft {
  const texts = {
    name: "p",
    description: undefined,
    source: "p: 1",
    mediaType: "yaml",
    sourceDigest: "00",
    digest: "11",
  } as const;
  const rest = { orgVersion: undefined, createdAtMs: 10, createdBy: "tests", message: undefined, restoredFrom: undefined };
  return { owner: { org, agent }, ...texts, ...rest, artifact: new Uint8Array([1]), newPolicyId: "pol-00000000000000000000" };
}

describe.each(storeKinds)("agents and teams on $name", (kind) => {
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

  it("lists agents by id, with what each has", async () => {
    const org = newOrg();
    await store.sightings.observe(org, [{ agent: "seen", tool: "x", firstMs: 3, lastMs: 8 }]);
    await store.policies.publish(draft(org, "Both"), { kind: "any" });
    await store.policies.publish(draft(org, "Both"), { kind: "any" });
    const card = {
      agent: "Both",
      cardId: undefined,
      source: "{}",
      mediaType: "json",
      sourceDigest: "22",
      createdAtMs: 12,
      createdBy: "t",
    } as const;
    await store.cards.put(org, card, { kind: "any" });
    await store.cards.put(org, { ...card, agent: "card" }, { kind: "any" });
    await store.policies.publish(draft(newOrg(), "elsewhere"), { kind: "any" });
    const none = { lastSeenAtMs: undefined, policyVersion: undefined, cardVersion: undefined };
    const expected = [
      { ...none, agent: "Both", createdAtMs: 10, policyVersion: 2, cardVersion: 1 },
      { ...none, agent: "card", createdAtMs: 12, cardVersion: 1 },
      { ...none, agent: "seen", createdAtMs: 3, lastSeenAtMs: 8 },
    ];
    expect(await store.agents.list(org, page)).toEqual({ items: expected, total: 3 });
    expect(await store.agents.list(org, { page: 2, perPage: 2 })).toEqual({ items: expected.slice(2), total: 3 });
    expect(await store.agents.list(org, { page: 3, perPage: 2 })).toEqual({ items: [], total: 3 });
    expect(await store.agents.get(org, "Both")).toEqual(expected[0]);
    expect(await store.agents.get(org, "elsewhere")).toBeUndefined();
    await store.policies.remove({ org, agent: "Both" }, { kind: "any" }, by);
    expect((await store.agents.get(org, "Both"))?.policyVersion).toBeUndefined();
  });

  it("keeps teams: replaced whole, counted, removed", async () => {
    const org = newOrg();
    expect(await store.agents.team(org, "t")).toBeUndefined();
    await store.agents.putTeam(org, "t", ["b", "a", "b"], by);
    await store.agents.putTeam(org, "empty", [], by);
    await store.agents.putTeam(newOrg(), "t", ["z"], by);
    expect(await store.agents.team(org, "t")).toEqual(["a", "b"]);
    expect(await store.agents.team(org, "empty")).toEqual([]);
    await store.agents.putTeam(org, "t", ["c"], by);
    expect(await store.agents.team(org, "t")).toEqual(["c"]);
    expect(await store.agents.teams(org, page)).toEqual({
      items: [
        { team: "empty", agents: 0 },
        { team: "t", agents: 1 },
      ],
      total: 2,
    });
    expect(await store.agents.removeTeam(org, "t", by)).toBe(true);
    expect(await store.agents.removeTeam(org, "t", by)).toBe(false);
    expect(await store.agents.team(org, "t")).toBeUndefined();
    const audited = (await store.audit.list(org, page)).items.map(({ action, subject, actor }) => [action, subject, actor]);
    expect(audited).toEqual([
      ["team.remove", "team/t", "tests"],
      ["team.put", "team/t", "tests"],
      ["team.put", "team/empty", "tests"],
      ["team.put", "team/t", "tests"],
    ]);
  });

  it("never mixes two writers of one team", async () => {
    const org = newOrg();
    const sets = Array.from({ length: 12 }, (_, i) =>
      Array.from({ length: 40 }, (_, k) => `m${i}-${String(k).padStart(2, "0")}`),
    );
    await Promise.all(sets.map((agents) => store.agents.putTeam(org, "t", agents, by)));
    expect(sets).toContainEqual(await store.agents.team(org, "t"));
  });

  it("takes a team of more than one statement holds", async () => {
    const org = newOrg();
    const agents = Array.from({ length: 3_000 }, (_, i) => `agent-${String(i).padStart(4, "0")}`);
    await store.agents.putTeam(org, "t", agents, by);
    expect(await store.agents.team(org, "t")).toEqual(agents);
  });
});
