import {
  closed,
  digest,
  flag,
  id,
  list,
  nullable,
  oneOf,
  open,
  page,
  ref,
  type Schema,
  severity,
  text,
  time,
  whole,
} from "./build.js";

const version = whole("From 1, without gaps.", 1);
const examples = closed("Names that must and must not match.", {}, { match: list(text()), not_match: list(text()) });
const policyId: Schema = { type: "string", pattern: "^pol-[a-z0-9]{20}$" };

/** Sections of the policy language, as the reader of policies takes them; it says more about mistakes than a schema can. */
function sections(scopes: readonly string[]): Record<string, Schema> {
  return {
    meta: closed("", { schema_version: oneOf(["1.0"]), name: text(), scope: oneOf(scopes) }, { description: text() }),
    capability_mappings: {
      description: "By name; the first that matches a tool decides, in the order written.",
      type: "object",
      additionalProperties: closed(
        "",
        { tools: list(text("A glob: * is any run of characters, ? is exactly one.")), card_actions: list(text()) },
        { description: text(), examples },
      ),
    },
    forbidden: list(closed("", { pattern: text(), reason: text(), severity }, { examples }), "Tools that are always blocked."),
    escalation_triggers: list(
      closed("", { condition: text(), action: oneOf(["escalate", "warn", "deny"]), reason: text() }, { examples }),
    ),
    defaults: closed(
      "",
      { unmapped_tool_action: oneOf(["allow", "warn", "deny"]), unmapped_severity: severity, fail_open: flag },
      {
        enforcement_mode: oneOf(["off", "warn", "enforce"], "Default warn."),
        grace_period_hours: { description: "Default 24.", type: "number", minimum: 0, maximum: 8760 },
        fail_on: severity,
      },
    ),
  };
}

function policy(description: string, scopes: readonly string[], more: Record<string, Schema> = {}): Schema {
  const { escalation_triggers, ...required } = sections(scopes);
  return closed(description, { ...required, ...more }, { escalation_triggers: escalation_triggers ?? {} });
}

const documentFields = {
  id: policyId,
  version,
  digest,
  created_at: time,
  updated_at: time,
  updated_by: text(),
};

function withMessage(schema: Schema): Schema {
  return { ...schema, properties: { ...(schema["properties"] as object), message: text("Why, in the publisher's words.") } };
}

const input: Schema = {
  ...policy("What people write. JSON or YAML; the order of capabilities is meaning.", ["org", "agent"]),
  examples: [
    {
      meta: { schema_version: "1.0", name: "support", scope: "agent" },
      capability_mappings: { mail: { tools: ["mcp__mail__*"], card_actions: ["send_mail"] } },
      forbidden: [{ pattern: "*delete*", reason: "Nothing is deleted without a person.", severity: "critical" }],
      defaults: { unmapped_tool_action: "deny", unmapped_severity: "medium", fail_open: false, enforcement_mode: "enforce" },
    },
  ],
};

const place = {
  file: nullable(text()),
  line: nullable(whole()),
  column: nullable(whole()),
};
const layer = oneOf(["org", "agent", "transaction", "default"]);
const field = (value: Schema) => closed("", { value, layer, ...place });

/** Of `policy inspect --format json`. */
const fields = open("Every field with the layer and the place it comes from.", {
  meta: open("", { schema_version: text(), name: text(), scope: text() }),
  capability_mappings: list(
    open("", {
      name: text(),
      layers: list(layer),
      tools: list(closed("", { pattern: text(), layer, ...place })),
      card_actions: list(closed("", { action: text(), layer, ...place })),
    }),
  ),
  forbidden: list(closed("", { pattern: text(), reason: text(), severity, layer, ...place })),
  escalation_triggers: list(closed("", { condition: text(), action: text(), reason: text(), layer, ...place })),
  defaults: open("", {
    unmapped_tool_action: field(text()),
    unmapped_severity: field(severity),
    fail_open: field(flag),
    enforcement_mode: field(text()),
    grace_period_hours: field({ type: "number" }),
    fail_on: field(severity),
  }),
});

export const policySchemas: Readonly<Record<string, Schema>> = {
  PolicyInput: input,
  PolicyDocument: withMessage(policy("A saved version.", ["org", "agent"], documentFields)),
  PublishedPolicy: withMessage(
    policy("The saved version and what the change means.", ["org", "agent"], {
      ...documentFields,
      archived_version: nullable(whole("The version that was active before; null for the first.", 1)),
      warnings: list(ref("Finding")),
    }),
  ),
  Finding: closed(
    "Something that is wrong or worth knowing.",
    {
      code: text("Stable; see docs/errors.md."),
      level: oneOf(["error", "warning", "notice"]),
      path: text("Where in the document, such as `forbidden[2].severity`."),
      message: text(),
      fix: text("What to do."),
    },
    { line: whole(), column: whole() },
  ),
  ResolvedPolicy: closed("The org's policy and the agent's, merged.", {
    agent_id: id,
    org_id: id,
    resolved_policy: open("A policy document whose scope is `resolved`.", {
      meta: open("", { name: text(), scope: oneOf(["resolved"]) }),
      capability_mappings: { type: "object" },
      forbidden: list({ type: "object" }),
      defaults: { type: "object" },
    }),
    fields,
    sources: closed("", {
      org_policy_version: nullable(version),
      agent_policy_version: nullable(version),
      merge_strategy: oneOf(["org_floor"]),
    }),
    digest,
    resolved_at: time,
  }),
  HistoryPage: page(
    "Versions, newest first.",
    "versions",
    closed("", {
      version,
      id: policyId,
      meta: closed("", { name: text() }, { description: text() }),
      digest,
      message: nullable(text()),
      restored_from: nullable(whole("The version it repeats.", 1)),
      active: flag,
      updated_at: time,
      updated_by: text(),
    }),
  ),
  PolicyList: page(
    "Active policies: the org's own, then the agents' by id.",
    "policies",
    closed("", {
      scope: oneOf(["org", "agent"]),
      agent_id: nullable(text()),
      id: policyId,
      name: text(),
      version,
      updated_at: time,
      updated_by: text(),
    }),
    { org_id: id },
  ),
};
