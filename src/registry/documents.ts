import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { hasErrors } from "../diagnostics/diagnostic.js";
import { Findings } from "../diagnostics/findings.js";
import { policyBytesMax } from "../limits.js";
import type { Examples, Policy } from "../policy/model.js";
import { orderedJson } from "../report/json/ordered.js";
import { timeJson } from "../report/json/rule.js";
import type { MediaType, PolicyVersion } from "../store/store.js";
import { readDocument } from "../syntax/document.js";
import type { DocumentNode, MappingNode } from "../syntax/node.js";
import { parsePolicy, policyFromDocument } from "../syntax/policy.js";
import { decodeSource } from "../syntax/source.js";
import { type FailureDetail, RegistryFailure } from "./failure.js";
import { keepParsed, parsedBefore } from "./parsed-texts.js";
import type { PolicyOwner } from "./registry.js";
import type { FindingShape, PolicyDocument } from "./shapes.js";

/** A policy text that somebody sent. */
export interface ReadPolicy {
  /** Absent when there are errors. */
  readonly policy: Policy | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** What is kept: as it was sent, or, where more than a policy was sent, the policy alone as JSON. */
  readonly text: string;
  readonly mediaType: MediaType;
}

/** Answers carry these beside the policy; who sends one back is not made to remove them. */
const answerKeys: ReadonlySet<string> = new Set([
  "id",
  "version",
  "created_at",
  "updated_at",
  "updated_by",
  "digest",
  "message",
  "archived_version",
  "warnings",
]);

/** How places in a published policy name their file: the same for each version, and no path of any machine. */
export function policyLabel(org: string, { agent }: PolicyOwner, mediaType: MediaType): string {
  return `${agent === undefined ? `orgs/${org}` : `agents/${agent}`}/policy.${mediaType}`;
}

/**
 * Reads a policy as `parsePolicy` does, and tolerates what the documented interface does: `{"policy_json": {...}}` around it, and the
 * keys of an answer beside it. Places are those of the text as it was sent. `label` ends with `.json` where only JSON will do.
 */
export function readPolicy(source: string | Uint8Array, options: { label: string; mediaType: MediaType }): ReadPolicy {
  const { label, mediaType } = options;
  const decoded = decodeSource(source, { file: label, bytesMax: policyBytesMax });
  const refused = (diagnostics: readonly Diagnostic[]) => ({ policy: undefined, diagnostics, text: "", mediaType });
  if (decoded.value === undefined) return refused(decoded.diagnostics);
  const findings = new Findings();
  const document = readDocument(decoded.value, findings);
  if (document === undefined) return refused(findings.list());
  const root = policyNode(document.root);
  const { value, diagnostics } = policyFromDocument({ source: document.source, root }, findings);
  if (value === undefined || root === document.root) {
    return { policy: value, diagnostics, text: decoded.value.text, mediaType };
  }
  // What is kept must be a policy by itself, and what is compiled must have the places of what is kept.
  const text = `${orderedJson(orderedValue(root))}\n`;
  const again = parsePolicy(text, { file: label.replace(/\.yaml$/, ".json") });
  return { policy: again.value, diagnostics, text, mediaType: "json" };
}

/** The policy inside of what was sent; the same node where there is nothing around it. */
function policyNode(root: DocumentNode): DocumentNode {
  if (root.kind !== "mapping") return root;
  const wrapped = root.entries.get("policy_json")?.value;
  const others = [...root.entries.keys()].filter((key) => key !== "policy_json");
  if (wrapped?.kind === "mapping" && others.every((key) => answerKeys.has(key))) return withoutAnswerKeys(wrapped);
  return withoutAnswerKeys(root);
}

function withoutAnswerKeys(node: MappingNode): MappingNode {
  const entries = new Map([...node.entries].filter(([key]) => !answerKeys.has(key)));
  return entries.size === node.entries.size ? node : { ...node, entries };
}

/** A value in which mappings are Maps: `orderedJson` prints them with any key in its place. */
export function orderedValue(node: DocumentNode): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(orderedValue);
  return new Map([...node.entries].map(([key, entry]) => [key, orderedValue(entry.value)]));
}

/** What a policy is read from again. */
export type StoredText = Pick<PolicyVersion, "owner" | "source" | "mediaType" | "version">;

/** The texts of one agent's layers, or of an org's alone. */
export interface LayerTexts {
  readonly org?: StoredText | undefined;
  readonly agent?: StoredText | undefined;
}

/** Without the artifact, which is large, and nothing is read from. */
export function textOf({ owner, source, mediaType, version }: StoredText): StoredText {
  return { owner, source, mediaType, version };
}

export function textsOf({ org, agent }: LayerTexts): LayerTexts {
  return { org: org && textOf(org), agent: agent && textOf(agent) };
}

export function unitsOf({ org, agent }: LayerTexts): number {
  return (org?.source.length ?? 0) + (agent?.source.length ?? 0);
}

/** The policy of a stored version. @throws Error when it does not parse any more, which is a fault of this program. */
export function storedPolicy({ owner, source, mediaType, version }: StoredText): Policy {
  const label = policyLabel(owner.org, owner, mediaType);
  const known = parsedBefore(source, label);
  if (known !== undefined) return known;
  const { value, diagnostics } = parsePolicy(source, { file: label });
  if (value !== undefined) {
    keepParsed(source, label, value);
    return value;
  }
  throw new Error(`version ${version} of the stored policy does not parse: ${diagnostics[0]?.message ?? "no reason"}`);
}

/** The policy itself as JSON, in the order of its source: whoever publishes it again publishes the same. */
export function policyJson({ meta, capabilities, forbidden, triggers, defaults }: Policy): object {
  return {
    meta: {
      schema_version: meta.schemaVersion,
      name: meta.name,
      description: meta.description,
      scope: meta.scope,
    },
    capability_mappings: new Map(
      capabilities.map((c) => [
        c.name,
        {
          description: c.description,
          tools: c.tools.map(({ glob }) => glob.source),
          card_actions: c.cardActions.map(({ value }) => value),
          examples: examplesJson(c.examples),
        },
      ]),
    ),
    forbidden: forbidden.map((rule) => ({
      pattern: rule.pattern.glob.source,
      reason: rule.reason,
      severity: rule.severity,
      examples: examplesJson(rule.examples),
    })),
    escalation_triggers: triggers.map((rule) => ({
      condition: rule.condition.text,
      action: rule.action,
      reason: rule.reason,
      examples: examplesJson(rule.examples),
    })),
    defaults: {
      unmapped_tool_action: defaults.unmappedToolAction,
      unmapped_severity: defaults.unmappedSeverity,
      fail_open: defaults.failOpen,
      enforcement_mode: defaults.enforcementMode,
      grace_period_hours: defaults.gracePeriodHours,
      fail_on: defaults.failOn,
    },
  };
}

function examplesJson(examples: Examples | undefined): object | undefined {
  if (examples === undefined) return undefined;
  const names = (list: Examples["match"]) => (list.length === 0 ? undefined : list.map(({ value }) => value));
  return { match: names(examples.match), not_match: names(examples.notMatch) };
}

/** The policy of a stored version as it is shown. */
export function storedDocument(stored: StoredText): object {
  return policyJson(storedPolicy(stored));
}

/** `shown` comes of `policyJson`. Its `capability_mappings` is a Map: print it with `orderedJson`. */
export function policyDocument(stored: PolicyVersion, shown: object): PolicyDocument {
  const document = {
    id: stored.policyId,
    version: stored.version,
    ...shown,
    digest: stored.digest,
    message: stored.message,
    created_at: timeJson(stored.firstCreatedAtMs),
    updated_at: timeJson(stored.createdAtMs),
    updated_by: stored.createdBy,
  };
  return document as unknown as PolicyDocument;
}

export function findingShape({ code, level, path, message, fix, span }: Diagnostic): FindingShape {
  return { code, level, path, message, fix, ...(span && { line: span.line, column: span.column }) };
}

export function failureDetail({ code, path, message, fix, span }: Diagnostic): FailureDetail {
  return { path, message, code, fix, ...(span && { line: span.line, column: span.column }) };
}

/** What `validate` refuses. */
export function refusedDocument(what: "policy" | "card", diagnostics: readonly Diagnostic[]): RegistryFailure {
  const errors = diagnostics.filter(({ level }) => level === "error");
  const tooLarge = errors.some(({ code }) => code === "source_too_large");
  const first = errors.find(({ code }) => code !== "more_problems") ?? errors[0];
  const message = `the ${what} is not valid: ${first?.message ?? "no reason was given"}`;
  return new RegistryFailure(tooLarge ? "payload_too_large" : "invalid_request", message, { details: errors.map(failureDetail) });
}

/** @throws RegistryFailure `invalid_request` with every problem and its place */
export function checkedPolicy(read: ReadPolicy): Policy {
  if (read.policy === undefined || hasErrors(read.diagnostics)) throw refusedDocument("policy", read.diagnostics);
  return read.policy;
}
