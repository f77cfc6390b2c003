import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { validate } from "dockerfile-utils";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { spawned } from "./support/command.js";

const root = join(import.meta.dirname, "..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
const dockerfile = read("docker/Dockerfile");

/** Instructions with their continuation lines joined, comments left out. */
function instructions(text: string): { readonly name: string; readonly rest: string }[] {
  const lines = text.replaceAll("\\\n", " ").split("\n");
  return lines
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => ({ name: line.slice(0, line.indexOf(" ")), rest: line.slice(line.indexOf(" ") + 1).trim() }));
}

function valuesOf(name: string): string[] {
  return instructions(dockerfile)
    .filter((instruction) => instruction.name === name)
    .map(({ rest }) => rest);
}

describe("the image", () => {
  test("is a Dockerfile without mistakes", () => {
    expect(validate(dockerfile)).toEqual([]);
    expect(validate("FORM node\nRUN")).not.toEqual([]);
  });

  test("copies what exists, and the build gets what it reads", () => {
    const allowed = read("docker/Dockerfile.dockerignore")
      .split("\n")
      .filter((line) => line.startsWith("!"))
      .map((line) => line.slice(1));
    expect(allowed.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    const sources = valuesOf("COPY")
      .filter((rest) => !rest.startsWith("--from"))
      .flatMap((rest) => rest.split(/\s+/).slice(0, -1))
      .filter((path) => path !== ".");
    expect(sources.length).toBeGreaterThan(0);
    expect(sources.filter((path) => !allowed.includes(path))).toEqual([]);
    const inputs = /const inputs = (\[.*?\]);/s.exec(read("scripts/build.mjs"))?.[1] ?? "[]";
    const missing = (JSON.parse(inputs) as string[]).filter((path) => existsSync(join(root, path)) && !allowed.includes(path));
    expect(missing).toEqual([]);
  });

  test("starts a command that exists, as nobody in particular, and stops it as it wants to be", () => {
    const [entry] = valuesOf("ENTRYPOINT");
    const [command] = valuesOf("CMD").slice(-1);
    expect((JSON.parse(entry ?? "[]") as string[])[1]).toMatch(/build\/smoltbot\.js$/);
    const words = JSON.parse(command ?? "[]") as string[];
    const help = spawned([words[0] ?? "", "--help"]);
    expect(help.status).toBe(0);
    for (const option of words.filter((word) => word.startsWith("--"))) expect(help.stdout).toContain(option);
    expect(valuesOf("EXPOSE")).toEqual([words[words.indexOf("--port") + 1]]);
    expect([valuesOf("USER"), valuesOf("STOPSIGNAL")]).toEqual([["node"], ["SIGTERM"]]);
  });
});

describe("the compose file", () => {
  const file = "docker/compose.yaml";
  const { services, volumes } = parse(read(file)) as {
    services: Record<string, Record<string, unknown>>;
    volumes: Record<string, unknown>;
  };

  test("names files, services and volumes that exist", () => {
    const build = services["registry"]?.["build"] as { context: string; dockerfile: string } | undefined;
    const { context = "", dockerfile: path = "" } = build ?? {};
    expect(existsSync(join(root, dirname(file), context, path)) && path !== "").toBe(true);
    for (const service of Object.values(services)) {
      const needed = Object.entries((service["depends_on"] ?? {}) as Record<string, { condition: string }>);
      for (const [name, { condition }] of needed) {
        expect(services).toHaveProperty(name);
        if (condition === "service_healthy") expect(services[name]).toHaveProperty("healthcheck");
      }
      for (const mount of (service["volumes"] ?? []) as string[]) expect(volumes).toHaveProperty(mount.split(":")[0] ?? "");
    }
  });

  test("opens the port of the image to this machine alone, and waits for what it has to finish", () => {
    const { ports, stop_grace_period: grace } = services["registry"] as { ports: string[]; stop_grace_period: string };
    expect(ports.every((port) => port.startsWith("127.0.0.1:") && port.endsWith(`:${valuesOf("EXPOSE")[0]}`))).toBe(true);
    expect(Number.parseInt(grace, 10)).toBeGreaterThan(10);
  });
});
