/** An agent's policy as JSON, with everything that is not a default. */
export const agentPolicy = {
  meta: { schema_version: "1.0", name: "support", description: "Answers mail", scope: "agent" },
  capability_mappings: {
    mail: {
      description: "Reads and answers",
      tools: ["mcp__mail__*"],
      card_actions: ["send_mail"],
      examples: { match: ["mcp__mail__send"], not_match: ["mcp__files__read"] },
    },
  },
  forbidden: [
    {
      pattern: "*delete*",
      reason: "Nothing is deleted without a person",
      severity: "critical",
      examples: { match: ["mcp__files__delete_all"], not_match: ["mcp__files__read"] },
    },
  ],
  escalation_triggers: [
    {
      condition: "tool_matches('mcp__pay__*')",
      action: "escalate",
      reason: "Payments are approved",
      examples: { match: ["mcp__pay__refund"], not_match: ["mcp__mail__send"] },
    },
  ],
  defaults: {
    unmapped_tool_action: "warn",
    unmapped_severity: "medium",
    fail_open: false,
    enforcement_mode: "enforce",
    grace_period_hours: 0,
  },
};

export const agentYaml = `# What support may do
meta: { schema_version: "1.0", name: support-yaml, scope: agent }
capability_mappings:
  mail: { tools: ["mcp__mail__*"], card_actions: [send_mail] }
forbidden:
  - { pattern: "*delete*", reason: deleting is for people, severity: critical }
defaults: { unmapped_tool_action: warn, unmapped_severity: medium, fail_open: false, enforcement_mode: enforce }
`;

export const orgPolicy = {
  meta: { schema_version: "1.0", name: "acme", scope: "org" },
  capability_mappings: {},
  forbidden: [{ pattern: "*drop_database*", reason: "Never", severity: "critical" }],
  defaults: { unmapped_tool_action: "deny", unmapped_severity: "high", fail_open: false },
};

export const card = {
  card_id: "ac-1",
  agent_id: "support-1",
  issued_at: "2026-01-01T00:00:00Z",
  expires_at: "2099-01-01T00:00:00Z",
  principal: { name: "Support" },
  values: ["care"],
  autonomy_envelope: { bounded_actions: ["send_mail", "look_up"], forbidden_actions: [] },
};

/** Bounds nothing that mail is for. */
export const narrowCard = { ...card, autonomy_envelope: { bounded_actions: ["look_up"], forbidden_actions: [] } };

/** Two AP-Trace records with three calls, an hour apart. */
export function apTraces(agent: string, at = new Date("2026-01-15T10:00:00Z")): string {
  const record = (id: string, session: string, afterMs: number, tools: readonly string[]) => ({
    trace_id: id,
    agent_id: agent,
    card_id: "ac-1",
    timestamp: new Date(at.getTime() + afterMs).toISOString(),
    action: { type: "execute", name: tools.join(", "), category: "bounded", parameters: { tools } },
    decision: { selected: "answer", selection_reasoning: "as asked" },
    context: { session_id: session },
  });
  const records = [
    record("tr-1", "s-1", 0, ["mcp__mail__send", "mcp__files__delete_all"]),
    record("tr-2", "s-2", 600_000, ["mcp__mail__read"]),
  ];
  return `${records.map((each) => JSON.stringify(each)).join("\n")}\n`;
}

/** A span of a tool call, with `fields` in place of its own, and more spans. */
export function otlpJson(service: string, more: readonly unknown[] = [], fields: object = {}): object {
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const span = {
    traceId: "5b8efff798038103d269b633813fc60c",
    spanId: "eee19b7ec3c1b174",
    name: "execute_tool search",
    kind: 1,
    startTimeUnixNano: "1768471200000000000",
    endTimeUnixNano: "1768471201000000000",
    attributes: [
      text("gen_ai.operation.name", "execute_tool"),
      text("gen_ai.tool.name", "search"),
      text("gen_ai.tool.call.id", "call-1"),
    ],
    status: {},
    ...fields,
  };
  return {
    resourceSpans: [
      {
        resource: { attributes: [text("service.name", service)] },
        scopeSpans: [{ scope: { name: "app" }, spans: [span, ...more] }],
      },
    ],
  };
}
