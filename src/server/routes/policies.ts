import { policyBytesMax } from "../../limits.js";
import type { PolicyOwner, PublishOptions } from "../../registry/registry.js";
import type { PublishedPolicy } from "../../registry/shapes.js";
import type { Answer, AnswerContract, Asked, Parameter, Route } from "../route.js";
import { documentOf, numberOf, ownOrg, pagingOf } from "./asked.js";
import { documentTypes, prefersYaml, typeOf } from "./media.js";
import * as part from "./parts.js";
import { etagOf, expectationOf, isKnown } from "./preconditions.js";
import { bodySchemas } from "./schemas/bodies.js";
import { ref } from "./schemas/build.js";

/** The routes of agents' policies and of the org's own are the same but for their owner. */
interface Family {
  readonly prefix: string;
  readonly name: "Agent" | "Org";
  readonly words: string;
  readonly owned: Parameter;
  readonly scope: "agent_id" | "org";
  /** Who may write: the org's policy is the floor of every agent. */
  readonly writer: "writer" | "admin";
  readonly ownerOf: (asked: Asked) => PolicyOwner;
  /** An old version may not fit today's org policy; an org's own always fits. */
  readonly rollbackRefusals: Readonly<Record<number, AnswerContract>>;
}

const agents: Family = {
  prefix: "/v1/agents/{agent_id}/policy",
  name: "Agent",
  words: "an agent's policy",
  owned: part.agentId,
  scope: "agent_id",
  writer: "writer",
  ownerOf: (asked) => ({ agent: asked.param("agent_id") }),
  rollbackRefusals: { 422: part.unfit },
};

const orgs: Family = {
  prefix: "/v1/orgs/{org_id}/policy",
  name: "Org",
  words: "the org's policy, the floor of every agent",
  owned: part.orgId,
  scope: "org",
  writer: "admin",
  ownerOf: (asked) => {
    ownOrg(asked);
    return {};
  },
  rollbackRefusals: {},
};

const versionQuery: Parameter = {
  in: "query",
  name: "version",
  description: "This version in place of the active one.",
  schema: { type: "integer", minimum: 1, maximum: 2_147_483_647 },
};

const publishQueries: readonly Parameter[] = [
  { in: "query", name: "message", description: "Why, for the history.", schema: { type: "string", maxLength: 2000 } },
  {
    in: "query",
    name: "confirm_broad",
    description: "`true`: yes, globs of any server may map tools over an org deny (docs/semantics.md, M4).",
    schema: { type: "string", enum: ["true", "false"] },
  },
];

function readRoute(family: Family): Route {
  return {
    method: "GET",
    path: family.prefix,
    operation: `get${family.name}Policy`,
    summary: `Get ${family.words}`,
    description:
      "The active version as JSON, or with `Accept: application/yaml` the text as it was published; where that was JSON it comes as `application/json`, without what the document adds.",
    tag: "policies",
    role: "reader",
    scope: family.scope,
    rate: "policy_read",
    parameters: [family.owned, versionQuery, part.acceptDocument, part.ifNoneMatchRead],
    answers: {
      200: { ...part.answer("The policy.", "PolicyDocument", ["ETag"]), types: ["application/json", "application/yaml"] },
      304: { description: "The version is known already; no body.", headers: ["ETag"] },
      404: part.missing,
    },
    handle: async (asked) => {
      const owner = family.ownerOf(asked);
      const version = numberOf(asked, "version");
      if (prefersYaml(asked.header("accept"))) {
        const source = await asked.registry.getPolicySource(owner, version);
        return ofVersion(asked, source.version, { text: source.text, type: typeOf(source.mediaType) });
      }
      const document = await asked.registry.getPolicy(owner, version);
      return ofVersion(asked, document.version, { json: document });
    },
  };
}

function ofVersion(asked: Asked, version: number, body: NonNullable<Answer["body"]>): Answer {
  const headers = { etag: etagOf(version), vary: "Accept" };
  return isKnown(asked, version) ? { status: 304, headers } : { status: 200, headers, body };
}

function published(document: PublishedPolicy): Answer {
  return { status: 200, headers: { etag: etagOf(document.version) }, body: { json: document } };
}

function publishRoute(family: Family): Route {
  return {
    method: "PUT",
    path: family.prefix,
    operation: `set${family.name}Policy`,
    summary: `Publish ${family.words}`,
    description:
      'Validated, compiled, and proved not to weaken the org\'s policy; only then active. All of it or nothing. What a GET added (`id`, `version`, times) is ignored, and `{"policy_json": {...}}` around the document is tolerated.',
    tag: "policies",
    role: family.writer,
    scope: family.scope,
    rate: "policy_write",
    parameters: [family.owned, ...publishQueries, part.ifMatch, part.ifNoneMatch],
    body: { kind: "document", types: documentTypes, bytesMax: policyBytesMax, schema: ref("PolicyInput"), required: true },
    answers: {
      200: part.answer("The saved version.", "PublishedPolicy", ["ETag"]),
      409: part.raced,
      412: part.moved,
      422: part.unfit,
    },
    handle: async (asked) => {
      const owner = family.ownerOf(asked);
      const options: PublishOptions = {
        message: asked.query("message"),
        expected: expectationOf(asked),
        confirmBroad: asked.query("confirm_broad") === "true",
      };
      return published(await asked.registry.publish(owner, documentOf(asked), options));
    },
  };
}

function removeRoute(family: Family): Route {
  return {
    method: "DELETE",
    path: family.prefix,
    operation: `delete${family.name}Policy`,
    summary: `Take ${family.words} out of use`,
    description: "The versions stay in the history and can be rolled back to.",
    tag: "policies",
    role: family.writer,
    scope: family.scope,
    rate: "policy_write",
    parameters: [family.owned, part.ifMatch],
    answers: { 204: part.nothing, 404: part.missing, 412: part.moved },
    handle: async (asked) => {
      await asked.registry.removePolicy(family.ownerOf(asked), expectationOf(asked));
      return { status: 204 };
    },
  };
}

function historyRoute(family: Family): Route {
  return {
    method: "GET",
    path: `${family.prefix}/history`,
    operation: `get${family.name}PolicyHistory`,
    summary: `List the versions of ${family.words}`,
    tag: "policies",
    role: "reader",
    scope: family.scope,
    rate: "policy_other",
    parameters: [family.owned, ...part.paging],
    answers: { 200: part.answer("Newest first.", "HistoryPage"), 404: part.missing },
    handle: async (asked) => ({
      status: 200,
      body: { json: await asked.registry.history(family.ownerOf(asked), pagingOf(asked)) },
    }),
  };
}

function rollbackRoute(family: Family): Route {
  return {
    method: "POST",
    path: `${family.prefix}/rollback`,
    operation: `rollback${family.name}Policy`,
    summary: `Publish an old version of ${family.words} again`,
    description: "A new version with the text of an old one, verified like any other.",
    tag: "policies",
    role: family.writer,
    scope: family.scope,
    rate: "policy_write",
    parameters: [family.owned, part.ifMatch],
    body: part.jsonBody(bodySchemas.RollbackRequest),
    answers: {
      200: part.answer("The new version.", "PublishedPolicy", ["ETag"]),
      404: part.missing,
      409: part.raced,
      412: part.moved,
      ...family.rollbackRefusals,
    },
    handle: async (asked) => {
      const owner = family.ownerOf(asked);
      const { version, message, confirm_broad } = asked.json as { version: number; message?: string; confirm_broad?: boolean };
      const options = { message, expected: expectationOf(asked), confirmBroad: confirm_broad };
      return published(await asked.registry.rollback(owner, version, options));
    },
  };
}

const resolvedRoute: Route = {
  method: "GET",
  path: "/v1/agents/{agent_id}/policy/resolved",
  operation: "getResolvedAgentPolicy",
  summary: "Get the policy in force: the org's and the agent's, merged",
  tag: "policies",
  role: "reader",
  scope: "agent_id",
  rate: "policy_read",
  parameters: [part.agentId],
  answers: { 200: part.answer("The merged policy.", "ResolvedPolicy"), 404: part.missing },
  handle: async (asked) => ({ status: 200, body: { json: await asked.registry.getResolvedPolicy(asked.param("agent_id")) } }),
};

const listRoute: Route = {
  method: "GET",
  path: "/v1/policies",
  operation: "listPolicies",
  summary: "List the active policies",
  tag: "policies",
  role: "reader",
  scope: "any",
  rate: "policy_other",
  parameters: part.paging,
  answers: { 200: part.answer("A page of them.", "PolicyList") },
  handle: async (asked) => ({ status: 200, body: { json: await asked.registry.list(pagingOf(asked)) } }),
};

const ofFamily = [readRoute, publishRoute, removeRoute, historyRoute, rollbackRoute];

export const policyRoutes: readonly Route[] = [
  ...ofFamily.map((route) => route(agents)),
  resolvedRoute,
  ...ofFamily.map((route) => route(orgs)),
  listRoute,
];
