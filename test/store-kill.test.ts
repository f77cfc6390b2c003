import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../src/store/open.js";
import { BundledChild, ended } from "./support/bundled-child.js";
import { Random } from "./support/random.js";
import { scaledTo } from "./support/scale.js";
import { defaultSeed } from "./support/seed.js";
import { type Acknowledged, faultsOf } from "./support/store-integrity.js";
import { type Place, storeKinds } from "./support/stores.js";

const atOnce = 5;
const kills = scaledTo(10, 300);
/** So that looking at everything after each wave stays quick. */
const killsPerStore = 50;

describe.each(storeKinds)("kill -9 during publish on $name", (kind) => {
  const random = new Random(Number(process.env.SMOLTBOT_SEED ?? defaultSeed));
  let publisher: BundledChild;
  beforeAll(async () => {
    publisher = await BundledChild.of("store-publisher.ts");
  });
  afterAll(() => publisher.remove());

  /** Publishes to its own agent and to one that all share, until it is killed. What it was told. */
  async function publishUntilKilled({ where }: Place, name: string, aliveMs: number): Promise<Acknowledged[]> {
    const owners = [name, "shared"].map((agent) => ({ org: "acme", agent }));
    const child = publisher.start([JSON.stringify(where), JSON.stringify(owners)]);
    const running = ended(child);
    await new Promise((resolve) => {
      child.stdout?.once("data", resolve);
      child.once("close", resolve);
    });
    await pause(aliveMs);
    child.kill("SIGKILL");
    const { out, error } = await running;
    expect([error, child.signalCode]).toEqual(["", "SIGKILL"]);
    const lines = out.slice(0, out.lastIndexOf("\n")).split("\n");
    return lines.map((line) => JSON.parse(line) as Acknowledged);
  }

  async function killAndLook(place: Place, times: number): Promise<number> {
    const acknowledged: Acknowledged[] = [];
    for (let killed = 0; killed < times; killed += atOnce) {
      const wave = Array.from({ length: atOnce }, (_, i) => publishUntilKilled(place, `a${i}`, random.below(60)));
      acknowledged.push(...(await Promise.all(wave)).flat());
      const db = await openDatabase(place.where, { poolSize: 2 });
      expect(await faultsOf(db, "acme", acknowledged)).toEqual([]);
      await db.close();
    }
    return acknowledged.length;
  }

  it(`leaves old or new and loses nothing acknowledged, ${kills} times`, async () => {
    let acknowledged = 0;
    for (let killed = 0; killed < kills; killed += killsPerStore) {
      const place = await kind.place();
      try {
        acknowledged += await killAndLook(place, Math.min(killsPerStore, kills - killed));
      } finally {
        await place.remove();
      }
    }
    process.stderr.write(`${kind.name}: ${kills} kills, ${acknowledged} versions acknowledged\n`);
    expect(acknowledged).toBeGreaterThan(kills);
  });
});
