import { describe, expect, test } from "vitest";
import { activeLayers } from "../../../../src/cli/registry/layers.js";
import { previewOf } from "../../../../src/cli/registry/preview.js";
import { RegistryFailure } from "../../../../src/registry/failure.js";
import type { PolicyOwner, Registry } from "../../../../src/registry/registry.js";
import { plain } from "../../../../src/report/paint.js";
import { previewText } from "../../../../src/report/text/publish.js";
import { parsePolicy } from "../../../../src/syntax/policy.js";
import { edited, validPolicy } from "../../../support/policy-text.js";

const orgText = validPolicy.replace("scope: agent", "scope: org").replace("name: support", "name: company");
const newer = "meta: {schema_version: '9.0'}\n";
const policy = parsePolicy(edited("severity: high", "severity: critical"), { file: "new.yaml" }).value!;

/** A registry of these texts, or of refusals. */
function registryOf(texts: { org?: string | RegistryFailure; agent?: string }): Registry {
  const getPolicySource = async ({ agent }: PolicyOwner) => {
    const text = agent === undefined ? texts.org : texts.agent;
    if (text instanceof RegistryFailure) throw text;
    if (text === undefined) throw new RegistryFailure("not_found", "there is none");
    return { text, mediaType: "yaml", version: 7 };
  };
  return { getPolicySource } as unknown as Registry;
}

async function shown(texts: Parameters<typeof registryOf>[0]): Promise<string> {
  const owner = { agent: "a1" };
  const layers = await activeLayers(registryOf(texts), owner);
  const preview = previewOf(owner, layers, policy, undefined, new Map());
  const frame = { org: "default", agent: "a1", place: "here" };
  return previewText(
    {
      ...{ ...preview, owner: frame, after: "new.yaml", compared: "new.yaml", below: layers.org?.label, dryRun: false },
      ...{ orgHidden: layers.orgHidden, activeVersion: layers.agent?.version, published: undefined, version: "0" },
    },
    plain,
  );
}

describe("the preview of a change", () => {
  test("compares what is in force with what would be", async () => {
    expect(await shown({ org: orgText, agent: validPolicy })).toContain("Policy diff org@7 + a1@7 -> new.yaml");
    expect(await shown({ agent: validPolicy })).toContain("Policy diff a1@7 -> new.yaml");
  });
  test("a first version is compared with the org alone, or with nothing", async () => {
    const first = await shown({ org: orgText });
    expect(first).toContain("this would be the first");
    expect(first).toContain("Policy diff org@7 -> new.yaml");
    expect(await shown({})).toBe("No policy is active for agent a1: this would be the first.\n");
  });
  test("a version that this release does not read is not passed over: there is no comparison, and it is said", async () => {
    const text = await shown({ org: orgText, agent: newer });
    expect(text).toContain("Version 7 is active, and this release does not read it: there is no comparison.");
    expect(text).not.toContain("Policy diff");
    expect(text).toContain("keeps to the floor");
    await expect(shown({ org: newer, agent: validPolicy })).rejects.toThrow("does not read version 7 of the org's policy");
  });
  test("an org that cannot be seen is told from one that has no policy", async () => {
    const hidden = await shown({ org: new RegistryFailure("forbidden", "no"), agent: validPolicy });
    expect(hidden).toContain("The org's policy cannot be read with this key");
    await expect(shown({ org: new RegistryFailure("unavailable", "down"), agent: validPolicy })).rejects.toThrow("down");
  });
});
