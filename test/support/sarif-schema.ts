/** The part of the SARIF 2.1.0 schema that a log of ours uses, written down from the standard: what is required, what is allowed. */

const text = { type: "string" };
const message = {
  type: "object",
  required: ["text"],
  additionalProperties: false,
  properties: { text: { type: "string", minLength: 1 } },
};
const bag = { type: "object", properties: { tags: { type: "array", uniqueItems: true, items: text } } };

const artifactLocation = {
  type: "object",
  required: ["uri"],
  additionalProperties: false,
  properties: { uri: { type: "string", minLength: 1 } },
};
const region = {
  type: "object",
  required: ["startLine"],
  additionalProperties: false,
  properties: {
    startLine: { type: "integer", minimum: 1 },
    startColumn: { type: "integer", minimum: 1 },
    endLine: { type: "integer", minimum: 1 },
    endColumn: { type: "integer", minimum: 1 },
  },
};
const location = {
  type: "object",
  additionalProperties: false,
  properties: {
    id: { type: "integer", minimum: -1 },
    physicalLocation: {
      type: "object",
      required: ["artifactLocation"],
      additionalProperties: false,
      properties: { artifactLocation, region },
    },
    message,
  },
};
const level = { enum: ["none", "note", "warning", "error"] };

const descriptor = {
  type: "object",
  required: ["id"],
  additionalProperties: false,
  properties: {
    id: { type: "string", minLength: 1 },
    shortDescription: message,
    fullDescription: message,
    help: message,
    properties: bag,
  },
};

const notification = {
  type: "object",
  required: ["message"],
  additionalProperties: false,
  properties: {
    level,
    message,
    descriptor: { type: "object", required: ["id"], additionalProperties: false, properties: { id: text } },
    locations: { type: "array", uniqueItems: true, items: location },
  },
};

const invocation = {
  type: "object",
  required: ["executionSuccessful"],
  additionalProperties: false,
  properties: {
    executionSuccessful: { type: "boolean" },
    exitCode: { type: "integer" },
    exitCodeDescription: text,
    endTimeUtc: { type: "string", pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?Z$" },
    toolExecutionNotifications: { type: "array", items: notification },
  },
};

const suppression = {
  type: "object",
  required: ["kind"],
  additionalProperties: false,
  properties: { kind: { enum: ["inSource", "external"] }, justification: text, location },
};

const fix = {
  type: "object",
  required: ["artifactChanges"],
  additionalProperties: false,
  properties: {
    description: message,
    artifactChanges: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        required: ["artifactLocation", "replacements"],
        additionalProperties: false,
        properties: {
          artifactLocation,
          replacements: {
            type: "array",
            minItems: 1,
            items: {
              type: "object",
              required: ["deletedRegion"],
              additionalProperties: false,
              properties: {
                deletedRegion: region,
                insertedContent: { type: "object", required: ["text"], additionalProperties: false, properties: { text } },
              },
            },
          },
        },
      },
    },
  },
};

const result = {
  type: "object",
  required: ["message", "locations"],
  additionalProperties: false,
  properties: {
    ruleId: text,
    ruleIndex: { type: "integer", minimum: -1 },
    level,
    message,
    locations: { type: "array", items: location },
    relatedLocations: { type: "array", items: location },
    partialFingerprints: { type: "object", additionalProperties: text },
    occurrenceCount: { type: "integer", minimum: 1 },
    suppressions: { type: "array", uniqueItems: true, items: suppression },
    fixes: { type: "array", uniqueItems: true, items: fix },
    properties: bag,
  },
};

const driver = {
  type: "object",
  required: ["name"],
  additionalProperties: false,
  properties: {
    name: text,
    version: text,
    semanticVersion: text,
    rules: { type: "array", uniqueItems: true, items: descriptor },
  },
};

export const sarifSchema = {
  type: "object",
  required: ["version", "runs"],
  additionalProperties: false,
  properties: {
    $schema: text,
    version: { const: "2.1.0" },
    runs: {
      type: "array",
      items: {
        type: "object",
        required: ["tool"],
        additionalProperties: false,
        properties: {
          tool: { type: "object", required: ["driver"], additionalProperties: false, properties: { driver } },
          automationDetails: { type: "object", additionalProperties: false, properties: { id: text } },
          invocations: { type: "array", items: invocation },
          results: { type: "array", items: result },
          columnKind: { enum: ["utf16CodeUnits", "unicodeCodePoints"] },
          properties: bag,
        },
      },
    },
  },
};
