import { createHash, randomBytes } from "node:crypto";
import { connect } from "node:net";
import { openRegistry, type RegistryService } from "../../src/registry/open.js";
import type { Caller } from "../../src/registry/services.js";
import type { Aside } from "../../src/registry/surroundings.js";
import { createServer, type RegistryServer } from "../../src/server/app.js";
import { systemEffects } from "../../src/server/effects.js";
import type { Log } from "../../src/server/log.js";
import { defaultOptions, defaultRates, type Rates, type ServerOptions } from "../../src/server/options.js";
import type { Route } from "../../src/server/route.js";
import { componentSchemas } from "../../src/server/routes/schemas/components.js";
import { routes as allRoutes } from "../../src/server/routes/table.js";
import { openStore } from "../../src/store/open.js";
import type { Role, Store, StoredKey } from "../../src/store/store.js";

export interface Served {
  readonly server: RegistryServer;
  readonly service: RegistryService;
  readonly store: Store;
  /** What was logged, as one text. */
  readonly logged: () => string;
  readonly callers: Caller[];
  close(): Promise<void>;
}

export interface ServedOptions extends Partial<Omit<ServerOptions, "rates">> {
  readonly store?: Store;
  readonly routes?: readonly Route[];
  readonly rates?: Partial<Rates>;
  readonly elapsed?: () => number;
  readonly clock?: () => number;
  readonly aside?: Aside;
}

const noRates = Object.fromEntries(Object.keys(defaultRates).map((name) => [name, 0])) as unknown as Rates;

/** A server on a store in memory and a free port of this machine; no rate limits unless they are asked for. */
export async function serve(given: ServedOptions = {}): Promise<Served> {
  const { rates, routes = allRoutes, elapsed, clock, aside, ...options } = given;
  const store = given.store ?? (await openStore({ path: ":memory:" }));
  const effects = { ...systemEffects, ...(elapsed && { elapsed }), ...(clock && { clock }), ...(aside && { aside }) };
  const service = openRegistry({ store, ...effects, place: "memory" });
  const lines: string[] = [];
  const write = (level: string) => (fields: object, message: string) =>
    void lines.push(JSON.stringify({ level, ...fields, message }));
  const log: Log = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
  const callers: Caller[] = [];
  const server = await createServer({
    store,
    ...effects,
    registryOf: (caller) => {
      callers.push(caller);
      return service.as(caller);
    },
    routes,
    schemas: componentSchemas,
    openapi: () => ({ openapi: "3.1.0" }),
    options: { ...defaultOptions, port: 0, drainMs: 2_000, ...options, rates: { ...noRates, ...rates } },
    log,
    readings: () => service.services.engines.counts(),
  });
  const close = async () => {
    await server.close();
    await service.close();
  };
  return { server, service, store, logged: () => lines.join("\n"), callers, close };
}

/** A key in the store, and what its owner sends. */
export async function madeKey(
  store: Store,
  more: Partial<StoredKey> & { readonly role: Role },
): Promise<{ keyId: string; header: string }> {
  const letters = (count: number) =>
    [...randomBytes(count)].map((byte) => "abcdefghijklmnopqrstuvwxyz0123456789"[byte % 36]).join("");
  const [keyId, secret] = [letters(16), randomBytes(32).toString("base64url")];
  const key: StoredKey = {
    keyId,
    org: "acme",
    name: `a ${more.role}`,
    agents: undefined,
    secretHash: createHash("sha256").update(secret).digest("hex"),
    createdAtMs: Date.now(),
    createdBy: "tester",
    expiresAtMs: undefined,
    revokedAtMs: undefined,
    lastUsedAtMs: undefined,
    ...more,
  };
  await store.keys.create(key);
  return { keyId, header: `Bearer sbk_${keyId}_${secret}` };
}

/** Sends bytes as they are and resolves with all that came back once the server ends the connection, or after `waitMs`. */
export function exchange(port: number, chunks: readonly (string | Uint8Array)[], waitMs = 3_000): Promise<string> {
  return new Promise((resolve) => {
    let received = "";
    const socket = connect(port, "127.0.0.1");
    const end = () => {
      clearTimeout(late);
      socket.destroy();
      resolve(received);
    };
    const late = setTimeout(end, waitMs);
    socket.setEncoding("latin1");
    socket.on("data", (text) => {
      received += text;
    });
    socket.on("error", () => {});
    socket.on("close", end);
    for (const chunk of chunks) socket.write(chunk);
  });
}

/** `GET /path HTTP/1.1` and headers as they are sent. */
export function head(line: string, headers: Readonly<Record<string, string>> = {}): string {
  const all = { Host: "127.0.0.1", ...headers };
  return `${line} HTTP/1.1\r\n${Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")}\r\n`;
}
