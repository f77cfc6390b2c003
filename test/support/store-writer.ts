// Publishes until the store refuses, then says with which error, and what can still be read: place (JSON), options.
import { openStore } from "../../src/store/open.js";
import { draftOf } from "./drafts.js";

const [place = "", roundsMax = "2000"] = process.argv.slice(2);
const owner = { org: "acme", agent: "a" };
const said: Record<string, unknown> = {};
try {
  const store = await openStore(JSON.parse(place), { lockWaitMs: 200 });
  let acknowledged = 0;
  try {
    while (acknowledged < Number(roundsMax)) {
      await store.policies.publish(draftOf(owner, `${acknowledged + 1} `.repeat(2_000)), { kind: "any" });
      acknowledged++;
    }
  } catch (error) {
    said.refused = [(error as Error).name, (error as Error).message];
  }
  said.acknowledged = acknowledged;
  const active = await store.policies.active(owner);
  said.active = active?.version;
  said.whole = active === undefined || Buffer.from(active.artifact).toString() === `compiled ${active.source}`;
  await store.close();
} catch (error) {
  said.failed = [(error as Error).name, (error as Error).message];
}
process.stdout.write(JSON.stringify(said));
