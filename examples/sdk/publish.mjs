// A policy from a file to a server, over the version that was looked at. Run it: node examples/sdk/publish.mjs
// It needs a server: SMOLTBOT_URL, and SMOLTBOT_API_KEY unless the server is open.
import { readFileSync } from "node:fs";
import { NotFoundError, PreconditionFailedError, SmoltbotClient } from "smoltbot-policy/client";

const client = new SmoltbotClient({ baseUrl: process.env.SMOLTBOT_URL, apiKey: process.env.SMOLTBOT_API_KEY });
const agentId = process.argv[2] ?? "support-1";
const policy = readFileSync(new URL("../support-agent/policy.yaml", import.meta.url), "utf8");

const { valid, diagnostics } = await client.policies.validate({ policy, agentId });
for (const { level, path, message } of diagnostics) console.log(`${level} ${path}: ${message}`);
if (!valid) process.exit(1);

const active = await client.agents.getPolicy(agentId).catch((error) => {
  if (error instanceof NotFoundError) return undefined;
  throw error;
});
if (active !== undefined) {
  const { equal, summary } = await client.policies.diff({ old: { agentId }, new: { agentId, policy } });
  console.log(equal ? "means the same" : `${summary.weaker} weaker, ${summary.stricter} stricter, ${summary.other} other`);
}

try {
  const ifVersion = active?.version ?? "none";
  const { version } = await client.agents.setPolicy(agentId, policy, { ifVersion, message: "from the example" });
  console.log(`version ${version} is active for ${agentId}`);
} catch (error) {
  if (!(error instanceof PreconditionFailedError)) throw error;
  console.log("somebody else published meanwhile: look again");
  process.exitCode = 1;
}
