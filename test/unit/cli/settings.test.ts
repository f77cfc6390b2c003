import { describe, expect, test } from "vitest";
import { resolveSettings } from "../../../src/cli/settings.js";
import { folderOf } from "../../support/command.js";

async function inFolder<T>(
  files: Readonly<Record<string, string>>,
  environment: string | undefined,
  run: () => Promise<T>,
): Promise<T> {
  const before = { cwd: process.cwd(), agent: process.env["SMOLTBOT_AGENT"] };
  process.chdir(folderOf(files));
  process.env["SMOLTBOT_AGENT"] = environment ?? "";
  try {
    return await run();
  } finally {
    process.chdir(before.cwd);
    if (before.agent === undefined) delete process.env["SMOLTBOT_AGENT"];
    else process.env["SMOLTBOT_AGENT"] = before.agent;
  }
}

const config = {
  "smoltbot.config.yaml": `
agent: configured
policy: base.yaml
traces: [runs, "more/*.jsonl"]
environments:
  prod: {policy: prod.yaml, agent: prod-agent}
  bare: {}
`,
};

describe("settings", () => {
  test("an option beats the environment variable, which beats the config file", async () => {
    expect((await inFolder(config, "from-env", () => resolveSettings({ agent: "given" }))).agent).toBe("given");
    expect((await inFolder(config, "from-env", () => resolveSettings({}))).agent).toBe("from-env");
    expect((await inFolder(config, undefined, () => resolveSettings({}))).agent).toBe("configured");
    expect((await inFolder({}, undefined, () => resolveSettings({}))).agent).toBeUndefined();
  });
  test("an environment replaces what it names and inherits the rest", async () => {
    const prod = await inFolder(config, undefined, () => resolveSettings({ env: "prod" }));
    expect(prod).toMatchObject({ policy: "prod.yaml", agent: "prod-agent", traces: ["runs", "more/*.jsonl"] });
    const bare = await inFolder(config, undefined, () => resolveSettings({ env: "bare" }));
    expect(bare).toMatchObject({ policy: "base.yaml", agent: "configured" });
  });
  test("given values replace the configured ones whole", async () => {
    const settings = await inFolder(config, undefined, () => resolveSettings({ traces: ["-"], policy: "mine.yaml" }));
    expect([settings.traces, settings.policy]).toEqual([["-"], "mine.yaml"]);
    expect((await inFolder(config, undefined, () => resolveSettings({ config: false }))).policy).toBeUndefined();
  });
  test.each(["constructor", "__proto__", "toString"])("%s is an environment like any other: unknown", async (env) => {
    await expect(inFolder(config, undefined, () => resolveSettings({ env }))).rejects.toThrow("defines no environment");
  });
});
