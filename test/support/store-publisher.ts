// Publishes for as long as it lives, or a number of times, and prints each version when it was acknowledged:
// place (JSON), owners (JSON), rounds (0: for ever), whether with If-Match.
import { writeSync } from "node:fs";
import { ExpectationFailed } from "../../src/store/failures.js";
import { openStore } from "../../src/store/open.js";
import type { Expectation, Owner } from "../../src/store/store.js";
import { draftOf } from "./drafts.js";

const [place = "", ownersJson = "[]", rounds = "0", matching = ""] = process.argv.slice(2);
const owners = JSON.parse(ownersJson) as readonly Owner[];
const store = await openStore(JSON.parse(place), { poolSize: owners.length, lockWaitMs: 30_000 });

async function publish(owner: Owner, round: number): Promise<number> {
  // Some pages long, so that there is something to tear.
  const text = `${process.pid} ${owner.agent} ${round} `.repeat(1 + ((round * 97) % 600));
  for (;;) {
    const active = matching === "" ? undefined : (await store.policies.active(owner))?.version;
    const expected: Expectation =
      matching === "" ? { kind: "any" } : active === undefined ? { kind: "absent" } : { kind: "version", versions: [active] };
    try {
      const { version, sourceDigest } = await store.policies.publish(draftOf(owner, text), expected);
      // At once and whole: what stands in the pipe was acknowledged.
      writeSync(1, `${JSON.stringify([owner.agent, version, sourceDigest])}\n`);
      return version;
    } catch (error) {
      if (!(error instanceof ExpectationFailed)) throw error;
    }
  }
}

await Promise.all(
  owners.map(async (owner) => {
    for (let round = 0; rounds === "0" || round < Number(rounds); round++) await publish(owner, round);
  }),
);
await store.close();
