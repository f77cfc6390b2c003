import { describe, expect, it } from "vitest";
import { policyDocument, policyJson, readPolicy, refusedDocument } from "../../../src/registry/documents.js";
import { orderedJson } from "../../../src/report/json/ordered.js";
import type { PolicyVersion } from "../../../src/store/store.js";
import { parsePolicy } from "../../../src/syntax/policy.js";
import { randomPolicy } from "../../support/generate.js";
import { edited, validPolicy } from "../../support/policy-text.js";
import { Random } from "../../support/random.js";
import { scaled } from "../../support/scale.js";

const read = (text: string, mediaType: "yaml" | "json" = "json") =>
  readPolicy(text, { label: `agents/a/policy.${mediaType}`, mediaType });
const codes = (text: string, mediaType: "yaml" | "json" = "json") => read(text, mediaType).diagnostics.map(({ code }) => code);

const shape = {
  meta: { schema_version: "1.0", name: "n", scope: "agent" },
  capability_mappings: { web: { tools: ["a"], card_actions: ["read"] } },
  forbidden: [],
  defaults: { unmapped_tool_action: "deny", unmapped_severity: "high", fail_open: false },
};

describe("reading what was sent", () => {
  it("keeps the text as it is, comments included", () => {
    const text = `# why\n${validPolicy}`;
    expect(read(text, "yaml")).toMatchObject({ text, mediaType: "yaml", diagnostics: [] });
  });

  it("takes an answer back, without what is no policy", () => {
    const answer = { id: "pol-1", version: 3, ...shape, digest: "d", message: "m", created_at: "t", updated_at: "t" };
    const sent = read(JSON.stringify({ ...answer, updated_by: "me", archived_version: null, warnings: [] }));
    expect(sent.diagnostics).toEqual([]);
    expect(JSON.parse(sent.text)).toEqual(shape);
    expect(parsePolicy(sent.text, { file: "p.json" }).value?.meta.name).toBe("n");
  });

  it("takes the documented wrapper, also around an answer", () => {
    for (const inner of [shape, { id: "pol-1", ...shape }]) {
      const sent = read(JSON.stringify({ policy_json: inner, version: 2 }));
      expect(sent.diagnostics).toEqual([]);
      expect(JSON.parse(sent.text)).toEqual(shape);
    }
  });

  it("takes the same in YAML, and keeps it as JSON", () => {
    const sent = read(`version: 4\nid: pol-x\n${validPolicy}`, "yaml");
    expect(sent.mediaType).toBe("json");
    expect(JSON.parse(sent.text).meta.name).toBe("support");
    expect(sent.policy?.file).toBe("agents/a/policy.json");
  });

  it("says places of the text as it was sent", () => {
    const text = '{"policy_json":\n  {"meta": 1}}';
    const found = read(text).diagnostics.find(({ path }) => path === "meta");
    expect(found).toMatchObject({ code: "wrong_type", span: { line: 2, column: 12 } });
  });

  it("refuses everything else that is no policy", () => {
    expect(codes(JSON.stringify({ ...shape, versions: 1 }))).toEqual(["unknown_key"]);
    expect(codes(JSON.stringify({ policy_json: shape, meta: {} }))).toContain("unknown_key");
    expect(codes(JSON.stringify({ policy_json: [shape] }))).toContain("unknown_key");
    expect(codes(JSON.stringify({ policy_json: { policy_json: shape } }))).toContain("unknown_key");
    expect(codes(`{"version": 1, "version": 2, ${JSON.stringify(shape).slice(1)}`)).toEqual(["duplicate_key"]);
    expect(codes(validPolicy, "json")).toContain("json_syntax");
    expect(codes("[1]")).toContain("wrong_type");
  });

  it("says of a large text that it is too large, of others that they are wrong", () => {
    const large = readPolicy(new Uint8Array(16 * 1024 * 1024 + 1), { label: "p.yaml", mediaType: "yaml" });
    expect(refusedDocument("policy", large.diagnostics)).toMatchObject({ code: "payload_too_large", status: 413 });
    const failure = refusedDocument("policy", read(edited("severity: high", "severity: huge"), "yaml").diagnostics);
    expect(failure).toMatchObject({ code: "invalid_request", status: 400 });
    expect(failure.details).toEqual([
      expect.objectContaining({ path: "forbidden[0].severity", code: "unknown_value", line: 12, column: 15 }),
    ]);
  });
});

describe("writing a policy", () => {
  const stored = { policyId: "pol-1", version: 7, firstCreatedAtMs: 0, createdAtMs: 1000, createdBy: "me" } as PolicyVersion;

  it("keeps the order of names that JavaScript would reorder, and names that reach prototypes", () => {
    const names = ["z", "1", "0", "__proto__", "constructor"];
    const capabilities = names.map((name) => `${JSON.stringify(name)}: {"tools": ["a"], "card_actions": ["r"]}`).join(",");
    const text = JSON.stringify({ ...shape, capability_mappings: {} }).replace('"capability_mappings":{}', () => {
      return `"capability_mappings":{${capabilities}}`;
    });
    const { policy } = read(text);
    const printed = orderedJson(policyDocument(stored, policyJson(policy ?? expect.fail("no policy"))));
    const places = names.map((name) => printed.indexOf(`${JSON.stringify(name)}: {`));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
  });

  it("carries the identity, the times and who", () => {
    const { policy } = read(JSON.stringify(shape));
    expect(JSON.parse(orderedJson(policyDocument(stored, policyJson(policy ?? expect.fail("no policy")))))).toMatchObject({
      id: "pol-1",
      version: 7,
      escalation_triggers: [],
      created_at: "1970-01-01T00:00:00.000Z",
      updated_at: "1970-01-01T00:00:01.000Z",
      updated_by: "me",
    });
  });

  it("prints what parses to the same policy, for random policies", () => {
    const random = new Random(55);
    for (let round = 0; round < scaled(150); round++) {
      const { layers } = randomPolicy(random, { globs: random.between(1, 30), counts: true });
      for (const layer of Object.values(layers)) {
        const parsed = read(JSON.stringify(layer));
        const policy = parsed.policy ?? expect.fail("no policy");
        const again = read(orderedJson(policyJson(policy))).policy ?? expect.fail("no policy");
        expect(policyJson(again)).toEqual(policyJson(policy));
        const source = JSON.parse(JSON.stringify(layer));
        expect(JSON.parse(orderedJson(policyJson(policy)))).toEqual(source);
      }
    }
  });
});
