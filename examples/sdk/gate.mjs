// One task under a guardrail: every call is asked for first, and without an answer nothing runs. Run publish.mjs before, then:
// node examples/sdk/gate.mjs
import { ConnectionError, SmoltbotClient } from "smoltbot-policy/client";

const client = new SmoltbotClient({ baseUrl: process.env.SMOLTBOT_URL, apiKey: process.env.SMOLTBOT_API_KEY, timeoutMs: 2_000 });
const agentId = process.argv[2] ?? "support-1";
const sessionId = "case-4711";

const { transaction_id: transactionId } = await client.transactions.create({
  agentId,
  sessionId,
  description: "Look something up for case 4711",
  actionType: "support",
  tools: ["mcp__browser__*"],
  durationHours: 1,
});

/** `deny`, `escalate` (a person has to agree), or `allow`; `warn` where the mode of the policy is warn: it runs, and somebody should look. */
async function decide(tool) {
  try {
    const { decision } = await client.policies.evaluate({ agentId, tools: [tool], context: "gateway", transactionId, sessionId });
    return decision;
  } catch (error) {
    if (error instanceof ConnectionError) return "deny";
    throw error;
  }
}

for (const tool of ["mcp__browser__click", "mcp__filesystem__read_file", "mcp__filesystem__delete_file"]) {
  console.log(`${tool}: ${await decide(tool)}`);
}
await client.transactions.end(transactionId);
console.log(`mcp__browser__click: ${await decide("mcp__browser__click")}`);
