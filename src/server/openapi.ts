import type { AnswerContract, BodyContract, Parameter, Route } from "./route.js";
import type { Schema } from "./routes/schemas/build.js";
import { componentSchemas } from "./routes/schemas/components.js";

/** OpenAPI 3.1 of a route table; equal tables, equal text. */
export function openApiDocument(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "smoltbot registry",
      version,
      description:
        "Policies of AI agents: versions, verdicts and recorded calls. What a policy means: docs/semantics.md. How to use this: docs/rest.md.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/", description: "The server that gave this document." }],
    security: [{ key: [] }],
    tags: tags.filter(({ name }) => routes.some(({ tag }) => tag === name)),
    paths,
    components: {
      securitySchemes: {
        key: {
          type: "http",
          scheme: "bearer",
          description: "`Authorization: Bearer sbk_...`, made by `smoltbot keys create` or `POST /v1/keys`.",
        },
      },
      headers,
      responses: Object.fromEntries(
        [...everywhere].map(([status, { name, description }]) => [
          name,
          { description, ...(retried.has(status) && { headers: namedHeaders(["Retry-After"]) }), content: json(errorSchema) },
        ]),
      ),
      schemas: componentSchemas,
    },
  };
}

const tags = [
  { name: "policies", description: "Publishing, versions, the policy in force." },
  { name: "evaluation", description: "Verdicts on lists of tools and on recorded traces." },
  { name: "questions", description: "What a policy means, before it is published." },
  { name: "agents", description: "Agents, their cards, the tools they use." },
  { name: "traces", description: "Recorded calls." },
  { name: "teams", description: "Agents in groups, and drafts from what they did." },
  { name: "transactions", description: "Guardrails for one task." },
  { name: "keys", description: "API keys, and who changed what." },
  { name: "operations", description: "For those who run the server." },
];

const headers = {
  ETag: { description: 'The version in double quotes, for If-Match: `"7"`.', schema: { type: "string" } },
  Location: { description: "Where it can be read.", schema: { type: "string" } },
  "Retry-After": { description: "Seconds.", schema: { type: "integer", minimum: 0 } },
  "X-Policy-Verdict": {
    description:
      "The verdict after the enforcement mode: a fail in warn mode is `warn`, and off is `pass` unless a transaction denies.",
    schema: { enum: ["pass", "warn", "fail"] },
  },
};

const errorSchema = { $ref: "#/components/schemas/ErrorAnswer" };

/** What every route can answer; `when` says of which it is true. */
const everywhere: ReadonlyMap<number, { name: string; description: string; when: (route: Route) => boolean }> = new Map([
  [400, { name: "InvalidRequest", description: "`invalid_request`: a parameter or the body is wrong.", when: () => true }],
  [401, { name: "Unauthorized", description: "`unauthorized`: no key, or none that is known and live.", when: needsKey }],
  [403, { name: "Forbidden", description: "`forbidden`: the key may not do this.", when: needsKey }],
  [413, { name: "PayloadTooLarge", description: "`payload_too_large`: the body is too long.", when: hasBody }],
  [415, { name: "UnsupportedMediaType", description: "`unsupported_media_type`: see the types of the body.", when: hasBody }],
  [429, { name: "RateLimited", description: "`rate_limited`: too many requests a minute.", when: isCounted }],
  [500, { name: "InternalError", description: "`internal_error`: a fault of the server; its log says more.", when: () => true }],
  [503, { name: "Unavailable", description: "`unavailable`: too busy, stopping, or without its store.", when: () => true }],
]);
const retried: ReadonlySet<number> = new Set([429, 503]);

function needsKey({ role }: Route): boolean {
  return role !== "none";
}

function hasBody({ body }: Route): boolean {
  return body !== undefined;
}

function isCounted({ rate, oneAtATime }: Route): boolean {
  return rate !== "none" || oneAtATime === true;
}

function operation(route: Route): object {
  const { summary, description, tag, parameters = [], body } = route;
  return {
    operationId: route.operation,
    summary,
    description: [description, roleText(route)].filter((text) => text !== undefined).join("\n\n"),
    tags: [tag],
    ...(!needsKey(route) && { security: [] }),
    // The standard has its own place for what is accepted: the types of the answer.
    parameters: parameters.filter(({ name }) => name !== "Accept").map(parameter),
    ...(body !== undefined && { requestBody: requestBody(body) }),
    responses: responses(route),
  };
}

function roleText({ role, scope }: Route): string {
  if (role === "none") return "Needs no key.";
  const limited = scope === "org" ? ", with a key that is not limited to some agents" : "";
  return `Role: ${role}${limited}.`;
}

function parameter({ in: place, name, description, required, schema }: Parameter): object {
  return { in: place, name, description, required: required === true, schema };
}

function requestBody({ types, schema, required, kind }: BodyContract): object {
  const shown = named(schema);
  const content = types.map((type) => {
    const isText = kind === "document" && type.includes("yaml");
    return [type, { schema: isText ? { type: "string", description: "YAML of the same." } : shown }];
  });
  return { required, content: Object.fromEntries(content) };
}

/** Bodies stand in the table as they are, so that they can be checked; here they are named. */
function named(schema: object): object {
  const found = Object.entries(componentSchemas).find(([, component]) => component === (schema as Schema));
  return found === undefined ? schema : { $ref: `#/components/schemas/${found[0]}` };
}

function responses(route: Route): object {
  const all: Record<string, object> = {};
  for (const [status, contract] of Object.entries(route.answers)) all[status] = response(contract);
  for (const [status, { name, when }] of everywhere) {
    if (when(route)) all[status] ??= { $ref: `#/components/responses/${name}` };
  }
  return all;
}

function response({ description, schema, types = ["application/json"], headers: sent }: AnswerContract): object {
  return {
    description,
    ...(sent !== undefined && { headers: namedHeaders(sent) }),
    ...(schema !== undefined && {
      content: Object.fromEntries(types.map((type) => [type, { schema: contentSchema(type, schema) }])),
    }),
  };
}

function contentSchema(type: string, schema: object): object {
  if (type === "application/json" || type === "application/x-ndjson") return schema;
  if (type.includes("protobuf")) return { description: "ExportTraceServiceResponse." };
  return { type: "string" };
}

function namedHeaders(names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function json(schema: object): object {
  return { "application/json": { schema } };
}
