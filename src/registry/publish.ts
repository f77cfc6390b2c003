import { publishRoundsMax, textBytesMax } from "../limits.js";
import { ExpectationFailed, LayerMoved } from "../store/failures.js";
import type { Owner, PolicyVersion } from "../store/store.js";
import { utf8Length } from "../syntax/source.js";
import { checkedOwner, ownerText } from "./access.js";
import { policyDocument, type StoredText, textOf, unitsOf } from "./documents.js";
import { checkExpectation, expectationFailure, whatever } from "./expectation.js";
import { RegistryFailure } from "./failure.js";
import { newPolicyId } from "./ids.js";
import { perform } from "./perform.js";
import type { PolicyOwner, PublishOptions, SourceText } from "./registry.js";
import type { Caller, Services } from "./services.js";
import type { FindingShape, PublishedPolicy } from "./shapes.js";
import { verifyAgents } from "./verify-agents.js";
import type { ReadForPublishing } from "./verify-texts.js";

/** What one publish works with. */
interface Publication {
  readonly services: Services;
  readonly caller: Caller;
  readonly owner: Owner;
  readonly read: ReadForPublishing;
  readonly options: PublishOptions;
  readonly restoredFrom: number | undefined;
}

export async function publish(
  services: Services,
  caller: Caller,
  policyOwner: PolicyOwner,
  source: SourceText,
  options: PublishOptions = {},
): Promise<PublishedPolicy> {
  const owner = checkedOwner(caller, policyOwner);
  return publishText({ services, caller, owner, options, restoredFrom: undefined }, source.bytes, source.mediaType);
}

/** A new version with the text of an old one, verified like any other. */
export async function rollback(
  services: Services,
  caller: Caller,
  policyOwner: PolicyOwner,
  version: number,
  options: PublishOptions = {},
): Promise<PublishedPolicy> {
  const owner = checkedOwner(caller, policyOwner);
  const old = await findVersion(services, owner, version);
  return publishText({ services, caller, owner, options, restoredFrom: version }, old.source, old.mediaType);
}

/** @throws RegistryFailure `not_found`, or `invalid_request` for what is no version */
export async function findVersion({ store }: Services, owner: Owner, version: number | undefined): Promise<PolicyVersion> {
  if (version !== undefined && !(Number.isSafeInteger(version) && version > 0)) {
    const details = [{ path: "version", message: "a whole number from 1" }];
    throw new RegistryFailure("invalid_request", "versions are whole numbers from 1", { details });
  }
  const found = await (version === undefined ? store.policies.active(owner) : store.policies.version(owner, version));
  if (found !== undefined) return found;
  const what = version === undefined ? "no active policy" : `no version ${version} of the policy`;
  throw new RegistryFailure("not_found", `there is ${what} of ${ownerText(owner)}`);
}

async function publishText(
  publication: Omit<Publication, "read">,
  source: string | Uint8Array,
  mediaType: "yaml" | "json",
): Promise<PublishedPolicy> {
  const { services, owner, options } = publication;
  checkMessage(options.message);
  const read = await perform(services, "readForPublishing", { owner, source, mediaType }, source.length);
  return inRounds({ ...publication, read });
}

function checkMessage(message: string | undefined): void {
  if (message === undefined || message.length * 3 <= textBytesMax || utf8Length(message) <= textBytesMax) return;
  const details = [{ path: "message", message: `at most ${textBytesMax} bytes` }];
  throw new RegistryFailure("invalid_request", "the message is too long", { details });
}

/** Verified against the org's policy as it is; should that move before the version is stored, verified again. */
async function inRounds(publication: Publication): Promise<PublishedPolicy> {
  const { services, owner, options } = publication;
  const expected = options.expected ?? whatever;
  for (let round = 0; round < publishRoundsMax; round++) {
    const { org, own } = await present(services, owner);
    checkExpectation(expected, own?.version);
    if (own !== undefined && repeats(publication, own)) return answered(publication, own, undefined, []);
    try {
      return await verifyAndStore(publication, org);
    } catch (error) {
      if (error instanceof ExpectationFailed) throw expectationFailure(expected, error.active);
      if (!(error instanceof LayerMoved)) throw error;
    }
  }
  throw new RegistryFailure("conflict", `the org's policy changed ${publishRoundsMax} times meanwhile; publish again`);
}

async function present({ store }: Services, owner: Owner): Promise<{ org?: PolicyVersion; own: PolicyVersion | undefined }> {
  if (owner.agent === undefined) return { own: await store.policies.active(owner) };
  const { org, agent } = await store.policies.layers(owner.org, owner.agent);
  return { ...(org && { org }), own: agent };
}

/** The same bytes again, with nothing new to say about them: no new version. */
function repeats({ read, options }: Publication, active: PolicyVersion): boolean {
  const sameText = active.source === read.text && active.mediaType === read.mediaType;
  return sameText && (options.message === undefined || options.message === active.message);
}

async function verifyAndStore(publication: Publication, org: PolicyVersion | undefined): Promise<PublishedPolicy> {
  const { services, caller, owner, read, options, restoredFrom } = publication;
  const own: StoredText = { owner, source: read.text, mediaType: read.mediaType, version: 0 };
  const layers = owner.agent === undefined ? { org: own } : { org: org && textOf(org), agent: own };
  const asked = { layers, confirmBroad: options.confirmBroad === true };
  const verified = await perform(services, "verifyTexts", asked, unitsOf(layers));
  const warnings = [...verified.warnings];
  if (owner.agent === undefined) warnings.push(...(await verifyAgents(services, own)));
  const stored = await services.store.policies.publish(
    {
      owner,
      name: read.name,
      description: read.description,
      source: read.text,
      mediaType: read.mediaType,
      sourceDigest: read.sourceDigest,
      digest: read.digest,
      artifact: verified.artifact,
      orgVersion: org?.version,
      createdAtMs: services.clock(),
      createdBy: caller.actor,
      message: options.message,
      restoredFrom,
      newPolicyId: newPolicyId(services.randomBytes),
    },
    options.expected ?? whatever,
  );
  services.engines.changed({ org: owner.org, agent: owner.agent, kind: "policy", id: undefined });
  // Storing a large one and writing the answer take a moment each.
  await services.pause();
  return answered(publication, stored, stored.archived, warnings);
}

function answered(
  { read }: Publication,
  stored: PolicyVersion,
  archived: number | undefined,
  warnings: readonly FindingShape[],
): PublishedPolicy {
  const all = [...read.warnings, ...warnings];
  return { ...policyDocument(stored, read.shown), archived_version: archived ?? null, warnings: all };
}
