import { folderOf } from "./command.js";
import { edited, validPolicy } from "./policy-text.js";

export const strict = edited("unmapped_tool_action: warn", "unmapped_tool_action: deny");
const orgPolicy = validPolicy.replace("scope: agent", "scope: org").replace("name: support", "name: company");
/** The org denies what nobody mapped, and maps nothing. */
export const denyingOrg = orgPolicy
  .replace("unmapped_tool_action: warn", "unmapped_tool_action: deny")
  .replace(/capability_mappings:[\s\S]*?forbidden:/, "capability_mappings: {}\nforbidden:");
export const broad = edited('["mcp__browser__*"]', '["mcp__browser__*", "*_*"]');
const card = "card_id: c1\nautonomy_envelope:\n  bounded_actions: [web_fetch, web_post]\n  forbidden_actions: [pay]\n";

/** A folder with policies and a card to publish. */
export function files(more: Record<string, string> = {}): string {
  return folderOf({ "policy.yaml": validPolicy, "strict.yaml": strict, "org.yaml": orgPolicy, "card.yaml": card, ...more });
}
