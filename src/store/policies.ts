import type { Kysely, Transaction } from "kysely";
import { enter } from "./audit.js";
import type { Database } from "./database.js";
import { ExpectationFailed, LayerMoved } from "./failures.js";
import { ensureOwner } from "./owners.js";
import { pageOf } from "./pages.js";
import type {
  Actor,
  Expectation,
  MediaType,
  Owner,
  PolicyVersion,
  PolicyVersions,
  VersionDraft,
  VersionSummary,
} from "./store.js";
import type { PolicyOwnerRow, PolicyVersionRow, Tables } from "./tables.js";
import { fromStored, fromStoredMaybe, toStored, toStoredMaybe } from "./text.js";

export function policiesOf(db: Database): PolicyVersions {
  const one = async (owner: Owner, version: number | "active") => {
    const rows = await db.read((q) => {
      const found = versions(q).where("v.org", "=", owner.org).where("v.agent", "=", column(owner));
      return (
        version === "active" ? found.whereRef("v.version", "=", "o.active_version") : found.where("v.version", "=", version)
      )
        .selectAll("v")
        .select(ownerColumns)
        .execute();
    });
    return rows[0] && versionOf(rows[0]);
  };
  return {
    active: (owner) => one(owner, "active"),
    version: (owner, version) => one(owner, version),
    layers: async (org, agent) => {
      // One statement sees one state.
      const rows = await db.read((q) =>
        activeVersions(q)
          .where("o.org", "=", org)
          .where("o.agent", "in", ["", agent])
          .selectAll("v")
          .select(ownerColumns)
          .execute(),
      );
      const [own, agents] = ["", agent].map((who) => rows.find((row) => row.agent === who));
      return { ...(own && { org: versionOf(own) }), ...(agents && { agent: versionOf(agents) }) };
    },
    history: (owner, page) =>
      db.snapshot((q) =>
        pageOf(versions(q).where("o.org", "=", owner.org).where("o.agent", "=", column(owner)), page, async (found) => {
          const rows = await found
            .select([...summaryColumns, ...ownerColumns])
            .orderBy("v.version", "desc")
            .execute();
          return rows.map(summaryOf);
        }),
      ),
    list: (org, page) =>
      db.snapshot((q) =>
        pageOf(activeVersions(q).where("o.org", "=", org), page, async (found) => {
          const rows = await found
            .select(["v.agent", ...summaryColumns, ...ownerColumns])
            .orderBy("o.agent")
            .execute();
          return rows.map((row) => ({ ...summaryOf(row), owner: ownerOf(org, row.agent) }));
        }),
      ),
    publish: (draft, expected) => db.write((trx) => publish(db, trx, draft, expected)),
    remove: (owner, expected, by) => db.write((trx) => remove(db, trx, owner, expected, by)),
  };
}

const summaryColumns = [
  "v.version",
  "v.name",
  "v.description",
  "v.source_digest",
  "v.digest",
  "v.created_at_ms",
  "v.created_by",
  "v.message",
  "v.restored_from",
] as const;
const ownerColumns = ["o.policy_id", "o.active_version", "o.first_created_at_ms"] as const;

type SummaryRow = Omit<PolicyVersionRow, "org" | "agent" | "org_version" | "media_type" | "source" | "artifact"> &
  Pick<PolicyOwnerRow, "policy_id" | "active_version">;
type FullRow = PolicyVersionRow & SummaryRow & Pick<PolicyOwnerRow, "first_created_at_ms">;

function versions(q: Kysely<Tables>) {
  return q
    .selectFrom("policy_owners as o")
    .innerJoin("policy_versions as v", (on) => on.onRef("v.org", "=", "o.org").onRef("v.agent", "=", "o.agent"));
}

/** The number is part of the join, so that each owner is one look into the key and not into all its versions. */
function activeVersions(q: Kysely<Tables>) {
  return q
    .selectFrom("policy_owners as o")
    .innerJoin("policy_versions as v", (on) =>
      on.onRef("v.org", "=", "o.org").onRef("v.agent", "=", "o.agent").onRef("v.version", "=", "o.active_version"),
    );
}

/** `agent` as the tables have it. */
function column(owner: Owner): string {
  return owner.agent ?? "";
}

function ownerOf(org: string, agent: string): Owner {
  return agent === "" ? { org } : { org, agent };
}

function summaryOf(row: SummaryRow): VersionSummary {
  return {
    policyId: row.policy_id,
    version: row.version,
    name: fromStored(row.name),
    description: fromStoredMaybe(row.description),
    sourceDigest: row.source_digest,
    digest: row.digest,
    createdAtMs: row.created_at_ms,
    createdBy: fromStored(row.created_by),
    message: fromStoredMaybe(row.message),
    restoredFrom: row.restored_from ?? undefined,
    active: row.version === row.active_version,
  };
}

function versionOf(row: FullRow): PolicyVersion {
  const { buffer, byteOffset, byteLength } = row.artifact;
  return {
    ...summaryOf(row),
    owner: ownerOf(row.org, row.agent),
    source: fromStored(row.source),
    mediaType: row.media_type as MediaType,
    artifact: new Uint8Array(buffer, byteOffset, byteLength),
    orgVersion: row.org_version ?? undefined,
    firstCreatedAtMs: row.first_created_at_ms,
  };
}

function rowOf(draft: VersionDraft, version: number): PolicyVersionRow {
  return {
    org: draft.owner.org,
    agent: column(draft.owner),
    version,
    name: toStored(draft.name),
    description: toStoredMaybe(draft.description),
    source_digest: draft.sourceDigest,
    digest: draft.digest,
    org_version: draft.orgVersion ?? null,
    created_at_ms: draft.createdAtMs,
    created_by: toStored(draft.createdBy),
    message: toStoredMaybe(draft.message),
    restored_from: draft.restoredFrom ?? null,
    media_type: draft.mediaType,
    source: toStored(draft.source),
    artifact: draft.artifact,
  };
}

/**
 * Nobody else publishes for this owner until the transaction ends, nor moves the org's layer below an agent's. SQLite has one writer
 * anyway. Always in this order, so that no two wait for each other.
 */
async function lock(db: Database, trx: Transaction<Tables>, owner: Owner): Promise<PolicyOwnerRow | undefined> {
  const postgres = db.kind === "postgres";
  const org = trx.selectFrom("orgs").where("org", "=", owner.org).select("org");
  if (postgres) await (owner.agent === undefined ? org.forUpdate() : org.forShare()).execute();
  const row = trx.selectFrom("policy_owners").where("org", "=", owner.org).where("agent", "=", column(owner)).selectAll();
  return (postgres ? row.forUpdate() : row).executeTakeFirst();
}

function check(expected: Expectation, active: number | undefined): void {
  const met =
    expected.kind === "any" ||
    (expected.kind === "absent" && active === undefined) ||
    (expected.kind === "present" && active !== undefined) ||
    (expected.kind === "version" && active !== undefined && expected.versions.includes(active));
  if (!met) throw new ExpectationFailed(active);
}

async function publish(
  db: Database,
  trx: Transaction<Tables>,
  draft: VersionDraft,
  expected: Expectation,
): Promise<PolicyVersion & { readonly archived: number | undefined }> {
  const { owner, createdAtMs: atMs } = draft;
  await ensureOwner(trx, owner.org, owner.agent, atMs);
  await trx
    .insertInto("policy_owners")
    .values({
      org: owner.org,
      agent: column(owner),
      policy_id: draft.newPolicyId,
      last_version: 0,
      active_version: null,
      first_created_at_ms: atMs,
    })
    .onConflict((c) => c.columns(["org", "agent"]).doNothing())
    .execute();
  const before = await lock(db, trx, owner);
  if (before === undefined) throw new TypeError("the owner was just made");
  const archived = before.active_version ?? undefined;
  check(expected, archived);
  await checkLayer(trx, draft);
  const version = before.last_version + 1;
  await trx.insertInto("policy_versions").values(rowOf(draft, version)).execute();
  await activate(trx, owner, { last_version: version, active_version: version });
  const detail = { version, archived, digest: draft.digest, restored_from: draft.restoredFrom };
  const action = draft.restoredFrom === undefined ? "policy.publish" : "policy.rollback";
  await told(db, trx, owner, { actor: draft.createdBy, atMs }, action, detail);
  const { newPolicyId: _, ...same } = draft;
  const firstCreatedAtMs = before.first_created_at_ms;
  return {
    ...same,
    owner: ownerOf(owner.org, column(owner)),
    policyId: before.policy_id,
    version,
    active: true,
    firstCreatedAtMs,
    archived,
  };
}

async function checkLayer(trx: Transaction<Tables>, { owner, orgVersion }: VersionDraft): Promise<void> {
  if (owner.agent === undefined) return;
  const layer = await trx
    .selectFrom("policy_owners")
    .where("org", "=", owner.org)
    .where("agent", "=", "")
    .select("active_version")
    .executeTakeFirst();
  const active = layer?.active_version ?? undefined;
  if (active !== orgVersion) throw new LayerMoved(active);
}

async function activate(
  trx: Transaction<Tables>,
  owner: Owner,
  change: Partial<Pick<PolicyOwnerRow, "last_version" | "active_version">>,
): Promise<void> {
  await trx.updateTable("policy_owners").set(change).where("org", "=", owner.org).where("agent", "=", column(owner)).execute();
}

async function told(
  db: Database,
  trx: Transaction<Tables>,
  { org, agent }: Owner,
  by: Actor,
  action: string,
  detail: object,
): Promise<void> {
  const subject = agent === undefined ? `org/${org}` : `agent/${agent}`;
  await enter(trx, org, { ...by, action, subject, detail: JSON.stringify(detail) });
  await db.announce(trx, { org, agent, kind: "policy", id: undefined });
}

async function remove(
  db: Database,
  trx: Transaction<Tables>,
  owner: Owner,
  expected: Expectation,
  by: Actor,
): Promise<number | undefined> {
  const archived = (await lock(db, trx, owner))?.active_version ?? undefined;
  check(expected, archived);
  if (archived === undefined) return undefined;
  await activate(trx, owner, { active_version: null });
  await told(db, trx, owner, by, "policy.remove", { archived });
  return archived;
}
