import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Change } from "../../../src/store/changes.js";
import { openStore } from "../../../src/store/open.js";
import type { Store, StoredTransaction } from "../../../src/store/store.js";
import { hostileNames } from "../../support/hostile-names.js";
import { type Place, storeKinds } from "../../support/stores.js";

const by = { actor: "tests", atMs: 900 };
const page = { page: 1, perPage: 100 };

function transaction(transactionId: string, more: Partial<StoredTransaction> = {}): StoredTransaction {
  return {
    transactionId,
    agent: "a",
    description: "refund",
    actionType: "payment",
    tools: undefined,
    allowedCapabilities: undefined,
    session: undefined,
    policySource: undefined,
    createdAtMs: 100,
    createdBy: "tests",
    expiresAtMs: 500,
    endedAtMs: undefined,
    ...more,
  };
}

describe.each(storeKinds)("transactions on $name", (kind) => {
  let place: Place;
  let store: Store;
  let orgs = 0;
  const newOrg = () => `org-${orgs++}`;

  beforeAll(async () => {
    place = await kind.place();
    store = await openStore(place.where, { poolSize: 5 });
  });
  afterAll(async () => {
    await store?.close();
    await place?.remove();
  });

  it.each(["\u0000", "\ud800", "' or 1=1 --", "x".repeat(10_000)])(
    "an id that nobody has given is not there (%j)",
    async (id) => {
      const org = newOrg();
      expect(await store.transactions.get(org, id)).toBeUndefined();
      expect(await store.transactions.bind(org, id, "s")).toBeUndefined();
      expect(await store.transactions.end(org, id, by)).toBe(false);
    },
  );

  it("gives back what was made, and makes its agent", async () => {
    const org = newOrg();
    const full = transaction("full", {
      description: "\0 \ud800",
      actionType: "名",
      tools: hostileNames,
      allowedCapabilities: [],
      session: "名".repeat(1_000),
      policySource: hostileNames.join("\n"),
      createdBy: "\u0010",
      endedAtMs: 300,
    });
    await store.transactions.create(org, full);
    await store.transactions.create(org, transaction("bare"));
    expect(await store.transactions.get(org, "full")).toEqual(full);
    expect(await store.transactions.get(org, "bare")).toEqual(transaction("bare"));
    expect(await store.transactions.get(org, "none")).toBeUndefined();
    expect(await store.transactions.get(newOrg(), "full")).toBeUndefined();
    expect((await store.agents.get(org, "a"))?.createdAtMs).toBe(100);
  });

  it("binds the first session that comes, for good", async () => {
    const org = newOrg();
    await store.transactions.create(org, transaction("t"));
    const bound = await Promise.all(hostileNames.map((session) => store.transactions.bind(org, "t", session)));
    expect(new Set(bound).size).toBe(1);
    const [winner] = bound as [string];
    expect(hostileNames).toContain(winner);
    expect(await store.transactions.bind(org, "t", "later")).toBe(winner);
    expect((await store.transactions.get(org, "t"))?.session).toBe(winner);
    expect(await store.transactions.bind(org, "none", "s")).toBeUndefined();
    expect(await store.transactions.bind(newOrg(), "t", "s")).toBeUndefined();
  });

  it("finds all that bind a session, ended or not, of this agent only, up to a limit", async () => {
    const org = newOrg();
    const ids = async (session: string, limit = 10) =>
      (await store.transactions.ofSession(org, "a", session, limit)).map(({ transactionId }) => transactionId);
    for (const session of hostileNames) expect(await ids(session)).toEqual([]);
    for (const [i, session] of hostileNames.entries()) await store.transactions.create(org, transaction(`t-${i}`, { session }));
    for (const [i, session] of hostileNames.entries()) {
      expect(await ids(session)).toEqual([`t-${i}`]);
    }
    await store.transactions.create(org, transaction("later", { createdAtMs: 200 }));
    await store.transactions.create(org, transaction("later of b", { createdAtMs: 300, agent: "b", session: "" }));
    await store.transactions.bind(org, "later", "");
    await store.transactions.end(org, "later", by);
    const bound = await store.transactions.ofSession(org, "a", "", 10);
    expect(bound).toMatchObject([{ session: "" }, { transactionId: "later", endedAtMs: 900 }]);
    expect(await ids("", 1)).toEqual([bound[0]?.transactionId]);
  });

  it("tells other processes what was made, bound and ended, once each", async () => {
    const org = newOrg();
    const other = await openStore(place.where, { poolSize: 2 });
    const heard: Change[] = [];
    let listening = false;
    const stop = other.changes.listen((changes) => {
      // The first call says from where on it listens.
      listening = true;
      heard.push(...(changes ?? []).filter((one) => one.org === org));
    });
    try {
      await vi.waitFor(() => expect(listening).toBe(true), { timeout: 10_000 });
      await store.transactions.create(org, transaction("t"));
      await store.transactions.bind(org, "t", "s");
      await store.transactions.bind(org, "t", "s");
      await store.transactions.end(org, "t", by);
      await store.transactions.end(org, "t", by);
      await vi.waitFor(() => expect(new Set(heard.map(({ seq }) => seq)).size).toBe(3), { timeout: 10_000 });
      for (const { agent, kind: what, id } of heard) expect([agent, what, id]).toEqual(["a", "transaction", "t"]);
    } finally {
      stop();
      await other.close();
    }
  });

  it("ends once", async () => {
    const org = newOrg();
    await store.transactions.create(org, transaction("t"));
    const ended = await Promise.all(Array.from({ length: 8 }, () => store.transactions.end(org, "t", by)));
    expect(ended.filter((one) => one)).toHaveLength(1);
    expect(await store.transactions.end(org, "none", by)).toBe(false);
    expect(await store.transactions.end(newOrg(), "t", by)).toBe(false);
    expect((await store.transactions.get(org, "t"))?.endedAtMs).toBe(900);
    const audited = (await store.audit.list(org, page)).items.map(({ action, subject }) => `${action} ${subject}`);
    expect(audited).toEqual(["transaction.end transaction/t", "transaction.create transaction/t"]);
  });

  it("lists the newest first, page by page, of the org or of one agent", async () => {
    const org = newOrg();
    const all = Array.from({ length: 12 }, (_, i) =>
      transaction(`t-${String(i).padStart(2, "0")}`, { agent: i % 3 === 0 ? "b" : "a", createdAtMs: 100 + (i >> 1) }),
    );
    for (const one of all) await store.transactions.create(org, one);
    const newest = all.toReversed();
    expect(await store.transactions.list(org, undefined, page)).toEqual({ items: newest, total: 12 });
    expect(await store.transactions.list(org, undefined, { page: 2, perPage: 5 })).toEqual({
      items: newest.slice(5, 10),
      total: 12,
    });
    const ofB = newest.filter(({ agent }) => agent === "b");
    expect(await store.transactions.list(org, "b", { page: 1, perPage: 3 })).toEqual({ items: ofB.slice(0, 3), total: 4 });
    expect(await store.transactions.list(org, "nobody", page)).toEqual({ items: [], total: 0 });
  });
});
