import type { HistoryPage, PolicyDocument, PolicyInput, PublishedPolicy } from "../registry/shapes.js";
import type { CallOptions, Outgoing, Transport } from "./transport.js";

/** A policy to publish: the document as an object, or its text (YAML keeps comments and the order of all names), or its bytes. */
export type PolicySource = PolicyInput | PolicyDocument | string | Uint8Array;

export interface PublishOptions extends CallOptions {
  /** For the history. */
  readonly message?: string | undefined;
  /** Publish only over this version; `none`: only where nothing is active. Otherwise `PreconditionFailedError`. */
  readonly ifVersion?: number | "none" | undefined;
  /** Globs of any server may map tools over an org deny (semantics M4). */
  readonly confirmBroad?: boolean | undefined;
}

export interface PageOptions extends CallOptions {
  /** From 1. */
  readonly page?: number | undefined;
  /** At most 100; default 20. */
  readonly perPage?: number | undefined;
}

/** A document's text as it was published. */
export interface DocumentText {
  readonly text: string;
  readonly mediaType: "yaml" | "json";
  readonly version: number;
}

/** The same operations on the policy of an agent and on that of an org: only the path differs. */
export class OwnedPolicy {
  readonly #transport: Transport;
  readonly #path: string;

  constructor(transport: Transport, path: string) {
    this.#transport = transport;
    this.#path = path;
  }

  get(options: CallOptions & { readonly version?: number | undefined } = {}): Promise<PolicyDocument> {
    return this.#transport.json(this.#reading(options.version), options);
  }

  async text(options: CallOptions & { readonly version?: number | undefined } = {}): Promise<DocumentText> {
    const { text, headers } = await this.#transport.text(this.#reading(options.version), options, "application/yaml");
    const mediaType = headers.get("content-type")?.includes("json") === true ? "json" : "yaml";
    return { text, mediaType, version: Number(headers.get("etag")?.replaceAll('"', "")) };
  }

  put(policy: PolicySource, options: PublishOptions = {}): Promise<PublishedPolicy> {
    const { body, type } = documentOf(policy);
    return this.#transport.json(
      {
        method: "PUT",
        path: this.#path,
        query: publishQuery(options),
        headers: { "content-type": type, ...precondition(options.ifVersion) },
        body,
        // Tried again, a write whose answer was lost would make a second version.
        safe: false,
      },
      options,
    );
  }

  async remove(options: CallOptions & { readonly ifVersion?: number | undefined } = {}): Promise<void> {
    await this.#transport.json(
      { method: "DELETE", path: this.#path, headers: precondition(options.ifVersion), safe: false },
      options,
    );
  }

  history(options: PageOptions = {}): Promise<HistoryPage> {
    return this.#transport.json({ method: "GET", path: `${this.#path}/history`, query: pageQuery(options), safe: true }, options);
  }

  rollback(version: number, options: PublishOptions = {}): Promise<PublishedPolicy> {
    const { message, confirmBroad, ifVersion } = options;
    return this.#transport.json(
      {
        ...posted(`${this.#path}/rollback`, { version, message, confirm_broad: confirmBroad }, false),
        headers: { "content-type": "application/json", ...precondition(ifVersion) },
      },
      options,
    );
  }

  #reading(version: number | undefined): Outgoing {
    const query = new Map(version === undefined ? [] : [["version", String(version)] as const]);
    return { method: "GET", path: this.#path, query, safe: true };
  }
}

/** A JSON request. */
export function posted(path: string, body: object, safe: boolean): Outgoing {
  return { method: "POST", path, headers: { "content-type": "application/json" }, body: JSON.stringify(body), safe };
}

export function pageQuery(
  options: PageOptions,
  more: readonly (readonly [string, string | undefined])[] = [],
): Map<string, string> {
  const query = new Map<string, string>();
  if (options.page !== undefined) query.set("page", String(options.page));
  if (options.perPage !== undefined) query.set("per_page", String(options.perPage));
  for (const [name, value] of more) if (value !== undefined) query.set(name, value);
  return query;
}

/** One segment of a path. @throws TypeError for what a URL would resolve away. */
export function segment(id: string): string {
  if (id === "" || id === "." || id === "..") throw new TypeError(`${JSON.stringify(id)} is no id`);
  return encodeURIComponent(id);
}

export function documentOf(source: object | string | Uint8Array): { body: string | Uint8Array<ArrayBuffer>; type: string } {
  if (typeof source === "string") return { body: source, type: typeOf(source.trimStart().slice(0, 1)) };
  if (source instanceof Uint8Array) {
    const start = source.findIndex((byte) => byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09);
    return { body: new Uint8Array(source), type: typeOf(source[start] === 0x7b ? "{" : "") };
  }
  return { body: JSON.stringify(source), type: "application/json" };
}

function typeOf(first: string): string {
  return first === "{" ? "application/json" : "application/yaml";
}

export function precondition(ifVersion: number | "none" | undefined): Record<string, string> {
  if (ifVersion === undefined) return {};
  return ifVersion === "none" ? { "if-none-match": "*" } : { "if-match": `"${ifVersion}"` };
}

function publishQuery({ message, confirmBroad }: PublishOptions): Map<string, string> {
  const query = new Map<string, string>();
  if (message !== undefined) query.set("message", message);
  if (confirmBroad === true) query.set("confirm_broad", "true");
  return query;
}
