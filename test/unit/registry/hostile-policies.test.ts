import { describe, expect, it } from "vitest";
import { orderedJson } from "../../../src/report/json/ordered.js";
import { openStore } from "../../../src/store/open.js";
import { json, openTestRegistry } from "../../support/registry.js";
import { hostileTexts, storeKinds } from "../../support/stores.js";

const texts = hostileTexts.filter(([, text]) => text.length < 4096 && text.trim() !== "");

describe.each(storeKinds)("texts that databases change, refuse or obey, on $name", ({ place }) => {
  it("come back as they went in: names, reasons, messages", async () => {
    const { where, remove } = await place();
    const { registry, service } = await openTestRegistry(await openStore(where, { poolSize: 2 }));
    for (const [i, [what, text]] of texts.entries()) {
      // Half pairs are refused in documents; messages are plain text.
      const name = /\p{Surrogate}/u.test(text) ? what : text;
      const document = {
        meta: { schema_version: "1.0", name, description: name, scope: "agent" },
        capability_mappings: Object.fromEntries([["a", { tools: [`t${i}`], card_actions: [name] }]]),
        forbidden: [{ pattern: "x*", reason: name, severity: "low" }],
        defaults: { unmapped_tool_action: "allow", unmapped_severity: "low", fail_open: false },
      };
      const sent = JSON.stringify(document).replace('"a":', () => `${JSON.stringify(name)}:`);
      const published = await registry.publish({ agent: "a" }, json(sent), { message: text });
      expect(published.message).toBe(text);
      const got = await registry.getPolicy({ agent: "a" });
      expect(got.meta).toMatchObject({ name, description: name });
      expect([...(got.capability_mappings as unknown as Map<string, unknown>).keys()]).toEqual([name]);
      expect(orderedJson(got)).toContain(JSON.stringify(name));
      expect((await registry.getPolicySource({ agent: "a" })).text).toBe(sent);
      const [latest] = (await registry.history({ agent: "a" })).versions;
      expect(latest).toMatchObject({ version: i + 1, message: text, meta: { name, description: name } });
      expect((await registry.list()).policies).toMatchObject([{ name }]);
      const { resolved_policy } = await registry.getResolvedPolicy("a");
      expect(orderedJson(resolved_policy)).toContain(JSON.stringify(name));
    }
    await service.close();
    await remove();
  });

  it("are no ids", async () => {
    const { where, remove } = await place();
    const { as, service } = await openTestRegistry(await openStore(where, { poolSize: 2 }));
    for (const id of ["x' or '1'='1", "%", "a;drop table policy_versions", "$1", "a\0"]) {
      await expect(as().getPolicy({ agent: id })).rejects.toMatchObject({ code: "invalid_request" });
      await expect(as().getResolvedPolicy(id)).rejects.toMatchObject({ code: "invalid_request" });
      await expect(as().getCard(id)).rejects.toMatchObject({ code: "invalid_request" });
      await expect(as().getTeam(id)).rejects.toMatchObject({ code: "invalid_request" });
    }
    await service.close();
    await remove();
  });
});

describe("documents made to hurt", () => {
  const policy = (inner: string) => `{"policy_json": ${inner}}`;

  it("are refused in time, with a code and no trace of the program", async () => {
    const { registry, service } = await openTestRegistry();
    const cases: [string, string][] = [
      ["deep", "[".repeat(1_000_000)],
      ["deep in a wrapper", policy(`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`)],
      ["wrappers in wrappers", `${'{"policy_json":'.repeat(12)}{}${"}".repeat(12)}`],
      ["many keys", `{${Array.from({ length: 50_000 }, (_, i) => `"k${i}":1`).join(",")}}`],
      ["the same key", `{${'"id":1,'.repeat(100_000)}"id":1}`],
      ["prototype keys", '{"__proto__": {"meta": 1}, "constructor": {"prototype": {}}}'],
      ["not UTF-8 in effect", '{"meta": "\\ud800"}'],
      ["empty", ""],
      ["null", "null"],
      ["a list of policies", "[{}]"],
    ];
    for (const [what, text] of cases) {
      const began = performance.now();
      const failure = await registry.publish({ agent: "a" }, json(text)).catch((error) => error);
      expect(failure, what).toMatchObject({ code: "invalid_request" });
      expect(failure.details.length, what).toBeGreaterThan(0);
      expect(failure.details.length, what).toBeLessThanOrEqual(51);
      expect(JSON.stringify([failure.message, failure.details]), what).not.toMatch(/\.ts:|\.js:|at Object|node_modules/);
      expect(performance.now() - began, what).toBeLessThan(10_000);
    }
    expect((await registry.history({ agent: "a" })).total).toBe(0);
    expect(Object.keys(Object.prototype)).toEqual([]);
    await service.close();
  });
});
