import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { expect } from "vitest";
import { openRegistry, type RegistryService } from "../../../../src/registry/open.js";
import type { Role } from "../../../../src/registry/shapes.js";
import { createServer, type RegistryServer } from "../../../../src/server/app.js";
import { systemEffects } from "../../../../src/server/effects.js";
import { openLog } from "../../../../src/server/log.js";
import { openApiDocument } from "../../../../src/server/openapi.js";
import { defaultOptions, type Rates } from "../../../../src/server/options.js";
import type { Route } from "../../../../src/server/route.js";
import { componentSchemas } from "../../../../src/server/routes/schemas/components.js";
import { routes } from "../../../../src/server/routes/table.js";
import { openStore } from "../../../../src/store/open.js";
import type { Store } from "../../../../src/store/store.js";
import type { StoreKind } from "../../../support/stores.js";
import { SeenSchemas } from "./seen-schemas.js";

export const org = "acme";

export const unlimited: Rates = {
  policy_read: 0,
  policy_write: 0,
  evaluate: 0,
  policy_other: 0,
  recommend: 0,
  transactions: 0,
  ingest: 0,
};

export interface Sent {
  /** `json` unless the headers say otherwise: a text or bytes go as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Undefined: the admin's. `null`: none. */
  readonly key?: string | null;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly bytes: Uint8Array;
  // biome-ignore lint/suspicious/noExplicitAny: what it is, is checked against the schema of the route
  readonly json: any;
}

/** A registry behind a real socket. Every answer is compared with what openapi.json says of its route and status. */
export class RestServer {
  /** `operation status` of every answer so far. */
  readonly seen = new Set<string>();
  readonly schemas = new SeenSchemas();
  readonly #validators = new Map<object, ValidateFunction>();
  readonly #ajv = new Ajv2020({ allErrors: true, strict: false });

  private constructor(
    readonly url: string,
    readonly adminKey: string,
    readonly store: Store,
    readonly service: RegistryService,
    private readonly server: RegistryServer,
    private readonly faults: readonly string[],
    private readonly remove: () => Promise<void>,
  ) {
    this.#ajv.addSchema({ $id: "openapi", components: { schemas: componentSchemas } });
  }

  static async start(kind: StoreKind, parts: { rates?: Rates; wrap?: (store: Store) => Store } = {}): Promise<RestServer> {
    const place = await kind.place();
    const opened = await openStore(place.where, { poolSize: 3 });
    const store = parts.wrap?.(opened) ?? opened;
    const service = openRegistry({ ...systemEffects, store, place: "test" });
    const faults: string[] = [];
    const admin = await service.as({ org, actor: "test" }).createKey({ name: "admin", role: "admin" });
    const server = await createServer({
      ...systemEffects,
      store,
      registryOf: (caller) => service.as(caller),
      routes,
      schemas: componentSchemas,
      openapi: () => openApiDocument(routes, "0.0.0"),
      options: { ...defaultOptions, port: 0, rates: parts.rates ?? unlimited, drainMs: 1_000 },
      log: openLog("error", { write: (line: string) => void faults.push(line) }),
    });
    const { port } = await server.listen();
    return new RestServer(`http://127.0.0.1:${port}`, admin.key, store, service, server, faults, place.remove);
  }

  async stop(): Promise<void> {
    await this.server.close();
    await this.service.close();
    await this.remove();
  }

  async key(role: Role, agents?: readonly string[]): Promise<string> {
    const { key } = await this.service.as({ org, actor: "test" }).createKey({ name: role, role, agents });
    return key;
  }

  /** `GET /v1/agents`, or a path outside of the table, which nothing is known of. */
  async ask(line: string, { body, headers = {}, key = this.adminKey }: Sent = {}): Promise<Answered> {
    const [method = "GET", path = ""] = line.split(" ");
    const isRaw = typeof body === "string" || body instanceof Uint8Array;
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(body !== undefined && !isRaw && { "content-type": "application/json" }),
        ...(key !== null && { authorization: `Bearer ${key}` }),
        ...headers,
      },
      ...(body !== undefined && { body: (isRaw ? body : JSON.stringify(body)) as BodyInit }),
      redirect: "error",
    });
    if (response.status === 500) throw new Error(`a fault of the server:\n${this.faults.join("")}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const text = new TextDecoder().decode(bytes);
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    const json: unknown = isJson ? JSON.parse(text) : undefined;
    const answered: Answered = { status: response.status, headers: response.headers, text, bytes, json };
    const route = routeOf(method, path);
    // A policy that was published as JSON is no PolicyDocument when it is asked for as it was published.
    const asPublished = headers["accept"] === "application/yaml";
    if (route !== undefined) this.#check(route, answered, asPublished ? { $ref: "#/components/schemas/PolicyInput" } : undefined);
    return answered;
  }

  #check(route: Route, { status, headers, text, json }: Answered, instead: object | undefined): void {
    this.seen.add(`${route.operation} ${status}`);
    const contract = route.answers[status];
    const type = (headers.get("content-type") ?? "").split(";")[0];
    if (status >= 400 && type === "application/x-protobuf") return;
    if (contract === undefined && status < 400) throw new Error(`${route.operation} does not document ${status}: ${text}`);
    const schema = status >= 400 ? { $ref: "#/components/schemas/ErrorAnswer" } : (instead ?? contract?.schema);
    if (schema === undefined || (status < 400 && type !== "application/json")) {
      if (schema === undefined) expect(text, `${route.operation} ${status}`).toBe("");
      return;
    }
    if (status >= 400 && status !== 404) {
      const documented = [400, 401, 403, 405, 413, 415, 429, 500, 503, ...Object.keys(route.answers).map(Number)];
      expect(documented, `${route.operation}: ${text}`).toContain(status);
    }
    const validate = this.#validator(schema);
    if (!validate(json)) {
      const problems = validate.errors?.map(
        ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
      );
      throw new Error(`${route.operation} ${status} is not as documented:\n${problems?.join("\n")}\n${text.slice(0, 2000)}`);
    }
    this.schemas.see(schema, json);
    for (const name of contract?.headers ?? []) expect(headers.has(name), `${route.operation} sends ${name}`).toBe(true);
  }

  #validator(schema: object): ValidateFunction {
    let found = this.#validators.get(schema);
    if (found === undefined) {
      const absolute = JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"openapi#/components')) as object;
      found = this.#ajv.compile(absolute);
      this.#validators.set(schema, found);
    }
    return found;
  }
}

export function routeOf(method: string, path: string): Route | undefined {
  const parts = (path.split("?")[0] ?? "").split("/");
  const fits = routes.filter(
    (route) =>
      route.method === method &&
      route.path.split("/").length === parts.length &&
      route.path.split("/").every((part, i) => part === parts[i] || (part.startsWith("{") && parts[i] !== "")),
  );
  // A fixed part is nearer than a parameter: `/v1/teams/recommend-policy`.
  return fits.sort((a, b) => placeholders(a) - placeholders(b))[0];
}

function placeholders({ path }: Route): number {
  return path.split("{").length;
}
