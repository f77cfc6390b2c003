import type { CodeEntry } from "./entry.js";

/** Commands of the registry: finding it, and what it refuses. Codes that end like those of the REST interface mean the same. */
export const registryCodes = {
  registry_missing: {
    level: "error",
    title: "no registry yet",
    meaning: "The command reads a registry, and there is none where one was looked for. Nothing was made.",
    fix: "publish a policy, which makes one, or name one with SMOLTBOT_URL, DATABASE_URL or SMOLTBOT_HOME",
  },
  registry_address: {
    level: "error",
    title: "an address of a registry that cannot be used",
    meaning: "SMOLTBOT_URL is not an http or https address, DATABASE_URL is not a PostgreSQL one, or SMOLTBOT_ORG is no id.",
    fix: "correct the environment variable, or unset it",
  },
  registry_unavailable: {
    level: "error",
    title: "a registry that does not answer",
    meaning: "The database or the server cannot be reached, is full, is locked for too long or is overloaded.",
    fix: "check that it runs and has room, and try again",
  },
  registry_invalid_request: {
    level: "error",
    title: "a request that the registry cannot read",
    meaning: "An id, a version or a document is not of the documented form.",
    fix: "correct what the message names",
  },
  registry_unauthorized: {
    level: "error",
    title: "no valid API key",
    meaning: "The server asks for a key, and SMOLTBOT_API_KEY is absent, expired, revoked or unknown to it.",
    fix: "set SMOLTBOT_API_KEY to a key that `smoltbot keys create` made",
  },
  registry_forbidden: {
    level: "error",
    title: "a key that may not do this",
    meaning: "The key is valid, but its role or its list of agents does not allow the operation.",
    fix: "use a key with the role writer or admin, or one for this agent",
  },
  registry_not_found: {
    level: "error",
    title: "nothing of this name in the registry",
    meaning: "There is no active policy, version, card, key or agent of this name in the org.",
    fix: "look at `smoltbot policy list` and `smoltbot policy history`",
  },
  registry_conflict: {
    level: "error",
    title: "a change that met another one",
    meaning: "Somebody else changed the same thing at the same time. Nothing of this command was stored.",
    fix: "run the command again and look at the difference anew",
  },
  registry_precondition_failed: {
    level: "error",
    title: "the active version is another one",
    meaning: "What is active is not what --if-version names, or not what the difference was shown against. Nothing was stored.",
    fix: "look at `smoltbot policy history`, and run the command again",
  },
  registry_payload_too_large: {
    level: "error",
    title: "more than the registry takes at once",
    meaning: "The document or the traces are larger than the registry takes in one request.",
    fix: "divide the input into smaller files",
  },
  registry_validation_error: {
    level: "error",
    title: "a policy that cannot be published",
    meaning:
      "The document is readable, but does not fit: its scope is another one, it does not merge, it does not compile, or a broad glob over an org deny was not confirmed.",
    fix: "correct the policy as the message says",
  },
  registry_rate_limited: {
    level: "error",
    title: "too many requests",
    meaning: "The server counts requests of a key by the minute, and this key has used its share.",
    fix: "wait a minute, or have the limit raised where the server is started",
  },
  registry_refused: {
    level: "error",
    title: "an answer that this command does not understand",
    meaning: "The server refused the request in another way than the documented ones, or is no registry.",
    fix: "check SMOLTBOT_URL, and that server and command are of the same release",
  },
  usage_agent_missing: {
    level: "error",
    title: "neither an agent nor the org was named",
    meaning: "The registry keeps a policy for each agent and one for the org, and nothing says which is meant.",
    fix: "add --agent <id>, set SMOLTBOT_AGENT, name it under `agent:` in smoltbot.config.yaml, or add --org",
  },
  usage_agent_and_org: {
    level: "error",
    title: "both an agent and the org",
    meaning: "--agent and --org were given, and a policy belongs to one of them.",
    fix: "leave one of them out",
  },
  usage_scope_and_owner: {
    level: "error",
    title: "a policy of another scope than its owner",
    meaning: "A policy with scope org belongs to the org, one with scope agent to an agent (semantics M1).",
    fix: "add --org for a policy of scope org, --agent <id> for one of scope agent",
  },
  usage_not_confirmed: {
    level: "error",
    title: "nobody to ask",
    meaning: "The command asks before it changes what is active, and standard input is no terminal.",
    fix: "add --yes when the change is wanted, or --dry-run to only look at it",
  },
  usage_broad_not_confirmed: {
    level: "error",
    title: "a broad glob over an org deny",
    meaning:
      "The org denies tools that nobody mapped, and a glob of the agent maps tools of any server (semantics M4). Publishing this needs a word of its own.",
    fix: "write the glob for one server, such as `mcp__search__*`, or add --confirm-broad",
  },
  usage_resolved_text: {
    level: "error",
    title: "YAML of a resolved policy",
    meaning: "A resolved policy was merged from two documents and was never written down as one.",
    fix: "use --format text or --format json with --resolved, or leave --resolved out",
  },
  usage_resolved_version: {
    level: "error",
    title: "an old version of a resolved policy",
    meaning: "The resolved policy is that of the active versions; which ones lay below an old version is not asked here.",
    fix: "leave out --version or --resolved",
  },
  import_nothing_stored: {
    level: "error",
    title: "traces without a single trace",
    meaning: "What was named was read, and the registry found no trace in it that could be stored.",
    fix: "check the path and docs/traces.md for what is read; name the agent with --agent when the traces do not",
  },
  floor_not_proven: {
    level: "notice",
    title: "agents whose floor was not proven name by name",
    meaning:
      "An org policy was published that many agents build on. Layers merge so that no agent is below its org; for some agents there was no time to prove it name by name as well.",
    fix: "prove it with `smoltbot policy floor` when there is time",
  },
  card_other_agent: {
    level: "warning",
    title: "a card of another agent",
    meaning: "The card was published for one agent and says in `agent_id` that it is another one's. It was taken all the same.",
    fix: "check that it is the right card, and correct its agent_id or the agent it is published for",
  },
} as const satisfies Record<string, CodeEntry>;
