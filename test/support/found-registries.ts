import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, spawned } from "./command.js";
import { storeKinds } from "./stores.js";

/** A registry that the commands find by their environment. */
export interface Found {
  readonly env: Record<string, string>;
  remove(): Promise<void>;
}

function onStore(kind: (typeof storeKinds)[number]) {
  return async (): Promise<Found> => {
    const place = await kind.place();
    const { url, path = "" } = place.where;
    return { env: url === undefined ? { SMOLTBOT_HOME: join(path, "..", "home") } : { DATABASE_URL: url }, remove: place.remove };
  };
}

/** The same over HTTP: a server on a database of its own, and an admin's key. */
export async function behindServer(): Promise<Found> {
  const home = mkdtempSync(join(tmpdir(), "smoltbot-server-"));
  const rates = ["policy_read", "policy_write", "policy_other", "ingest", "evaluate"].flatMap((name) => ["--rate", `${name}=0`]);
  const made = spawned(["keys", "create", "--name", "tests", "--role", "admin", "--format", "json"], {
    env: { SMOLTBOT_HOME: home },
  });
  const built = join(root, "build", "smoltbot.js");
  const server = spawn(process.execPath, [built, "serve", "--port", "0", "--log-level", "silent", ...rates], {
    env: { ...process.env, SMOLTBOT_HOME: home, SMOLTBOT_URL: "", DATABASE_URL: "" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(server, "exit");
  let said = "";
  for await (const chunk of server.stderr) {
    said += chunk;
    if (/http:\/\/\S+:\d+/.test(said)) break;
  }
  return {
    env: { SMOLTBOT_URL: /http:\/\/[\w.]+:\d+/.exec(said)?.[0] ?? said, SMOLTBOT_API_KEY: JSON.parse(made.stdout).key },
    remove: async () => {
      server.kill("SIGTERM");
      await ended;
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Stores of both kinds, and a server. */
export const registryKinds = [
  ...storeKinds.map((kind) => ({ name: kind.name, open: onStore(kind) })),
  { name: "a server", open: behindServer },
];
