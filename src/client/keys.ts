import type { AuditPage, CreatedKey, KeyList, Role } from "../registry/shapes.js";
import { segment } from "./address.js";
import { asked, type PageOptions, pageQuery, posted, timeText } from "./request.js";
import type { CallOptions, Transport } from "./transport.js";

export interface KeySpec {
  readonly name: string;
  readonly role: Role;
  readonly agents?: readonly string[] | undefined;
  readonly expiresAt?: Date | string | undefined;
}

export class KeyOperations {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The answer holds the key: it is shown this once. */
  async create(request: KeySpec, options: CallOptions = {}): Promise<CreatedKey> {
    const { name, role, agents, expiresAt } = request;
    return this.#transport.json(posted("/v1/keys", { name, role, agents, expires_at: timeText(expiresAt) }, false), options);
  }

  async list(options: PageOptions = {}): Promise<KeyList> {
    return this.#transport.json(asked("/v1/keys", pageQuery(options)), options);
  }

  async revoke(id: string, options: CallOptions = {}): Promise<void> {
    return this.#transport.none({ method: "DELETE", path: `/v1/keys/${segment(id)}`, safe: true }, options);
  }
}

export class AuditOperations {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async list(options: PageOptions = {}): Promise<AuditPage> {
    return this.#transport.json(asked("/v1/audit", pageQuery(options)), options);
  }
}
