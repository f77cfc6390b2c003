import { execFileSync } from "node:child_process";
import { accessSync, constants, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { gzipSync } from "node:zlib";
import { build as bundle } from "esbuild";
import { describe, expect, test } from "vitest";
import { compilePolicy, mergePolicies, parsePolicy } from "../src/index.js";
import { scanImports } from "./support/source-scan.js";

const root = join(import.meta.dirname, "..");
const build = join(root, "build");
const read = (file: string) => readFileSync(join(build, file), "utf8");
/** Kernel, loader and the checks of an artifact: what turns a name into a row. */
const evaluatorBytesMax = 30 * 1024;
/** All of `smoltbot-policy/runtime`: also the JavaScript evaluator, judge, sessions, guardrails, evaluate and explain. */
const runtimeBytesMax = 64 * 1024;
const runtimeGzipBytesMax = 30 * 1024;
/** All of `smoltbot-policy/client`. */
const clientBytesMax = 20 * 1024;

describe("build/runtime.js", () => {
  test("is small", () => {
    const bytes = readFileSync(join(build, "runtime.js"));
    expect(bytes.length).toBeLessThanOrEqual(runtimeBytesMax);
    expect(gzipSync(bytes).length).toBeLessThanOrEqual(runtimeGzipBytesMax);
  });

  test("kernel and loader are smaller still", async () => {
    const contents = `export { decodeArtifact } from "./artifact/decode.js"; export { openWasm } from "./engine/wasm.js";`;
    const { outputFiles } = await bundle({
      stdin: { contents, resolveDir: join(root, "src"), loader: "ts" },
      bundle: true,
      minify: true,
      format: "esm",
      platform: "neutral",
      target: "es2022",
      write: false,
    });
    expect(outputFiles[0].contents.length).toBeLessThanOrEqual(evaluatorBytesMax);
  });

  test("imports nothing", () => {
    expect(scanImports(read("runtime.js"))).toEqual([]);
    expect(read("runtime.js")).not.toMatch(/\brequire\(|\bprocess\b|\bBuffer\b/);
  });

  test("throws errors that its own users can tell apart", async () => {
    const { ArtifactError, openEngine } = await import(`file://${join(build, "runtime.js")}`);
    const refused = (() => {
      try {
        return openEngine(new Uint8Array(1));
      } catch (error) {
        return error;
      }
    })();
    expect(refused).toBeInstanceOf(ArtifactError);
    expect(refused.code).toBe("artifact_truncated");
  });

  test("decides where Node's own globals are missing", async () => {
    const source = readFileSync(join(root, "examples/first-steps/policy.yaml"), "utf8");
    const { value: policy } = parsePolicy(source, { file: "policy.yaml" });
    const { value: merged } = mergePolicies({ agent: policy });
    const { bytes } = compilePolicy(merged!);
    const program = `
      for (const name of ["process", "Buffer", "require", "global", "setImmediate"]) delete globalThis[name];
      const { parentPort, workerData } = await import("node:worker_threads");
      const { openEngine } = await import(workerData.runtime);
      parentPort.postMessage(["js", "wasm"].map((evaluator) => {
        const engine = openEngine(workerData.bytes, { evaluator });
        return [engine.info.evaluator, engine.decide("mcp__files__delete_all").verdict, engine.decide("mcp__browser__click").verdict];
      }));`;
    const url = new URL(`data:text/javascript,${encodeURIComponent(program)}`);
    const runtime = new URL(`file://${join(build, "runtime.js")}`).href;
    const answer = await new Promise((resolve, reject) => {
      const worker = new Worker(url, { workerData: { bytes, runtime } });
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    expect(answer).toEqual([
      ["js", "fail", "pass"],
      ["wasm", "fail", "pass"],
    ]);
  });
});

/** Where it runs: test/unit/client/hosts.test.ts. */
describe("build/client.js", () => {
  test("is small", () => {
    expect(readFileSync(join(build, "client.js")).length).toBeLessThanOrEqual(clientBytesMax);
  });

  test("imports nothing", () => {
    expect(scanImports(read("client.js"))).toEqual([]);
    expect(read("client.js")).not.toMatch(/\brequire\(|\bprocess\b|\bBuffer\b|\bglobal\b/);
  });
});

describe("build/smoltbot.js", () => {
  test("can be run by its name", () => {
    expect(read("smoltbot.js").startsWith("#!/usr/bin/env node\n")).toBe(true);
    accessSync(join(build, "smoltbot.js"), constants.X_OK);
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(execFileSync(join(build, "smoltbot.js"), ["--version"], { encoding: "utf8" }).trim()).toContain(version);
  });

  test("holds its dependencies, and asks at run time only for what the registry is kept and served with", () => {
    const files = ["smoltbot.js", ...readdirSync(join(build, "chunks")).map((file) => join("chunks", file))];
    const packages = files
      .flatMap((file) => scanImports(read(file)).map(({ specifier }) => specifier))
      .filter((s) => !/^(\.|node:)/.test(s));
    const builtins = new Set([
      "events",
      "child_process",
      "path",
      "fs",
      "process",
      "buffer",
      "tty",
      "readline",
      "util",
      "string_decoder",
    ]);
    const asked = [...new Set(packages)].filter((name) => !builtins.has(name)).sort();
    expect(asked).toEqual(["@opentelemetry/api", "better-sqlite3", "fastify", "kysely", "pg", "pino", "prom-client"]);
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(asked.filter((name) => !(name in { ...dependencies, ...optionalDependencies }))).toEqual([]);
  });

  test("does not load a YAML parser to print its version", () => {
    const first = scanImports(read("smoltbot.js")).filter(({ specifier }) => specifier.startsWith("."));
    const eager = new Set(["smoltbot.js"]);
    for (const file of eager) {
      const text = read(file);
      for (const match of text.matchAll(/(?:\bfrom|\bimport)\s*"(\.{1,2}\/[^"]+)"/g)) eager.add(join(file, "..", match[1]));
    }
    expect(first.length).toBeGreaterThan(0);
    for (const file of eager) expect([file, read(file).includes("YAMLParseError")]).toEqual([file, false]);
  });
});

test("what is published has types and schemas beside it", () => {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const entry of [exports["."], exports["./runtime"], exports["./client"]]) {
    for (const file of Object.values(entry)) accessSync(join(root, String(file)), constants.R_OK);
  }
  expect(readdirSync(join(build, "schemas"))).toContain("policy.schema.json");
});
