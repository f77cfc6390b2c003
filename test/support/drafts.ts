import { createHash } from "node:crypto";
import type { Owner, VersionDraft } from "../../src/store/store.js";

/** A version to publish. */
export function draftOf(owner: Owner, text: string, more: Partial<VersionDraft> = {}): VersionDraft {
  const sha = (content: string) => createHash("sha256").update(content).digest("hex");
  return {
    owner,
    name: `name of ${text}`,
    description: undefined,
    source: text,
    mediaType: "yaml",
    sourceDigest: sha(text),
    digest: sha(`meaning of ${text}`),
    artifact: new TextEncoder().encode(`compiled ${text}`),
    orgVersion: undefined,
    createdAtMs: 1_000,
    createdBy: "ann",
    message: undefined,
    restoredFrom: undefined,
    newPolicyId: "pol-01234567890123456789",
    ...more,
  };
}
