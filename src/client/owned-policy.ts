import type { HistoryPage, PolicyDocument, PolicyInput, PublishedPolicy } from "../registry/shapes.js";
import { UnexpectedAnswerError } from "./errors.js";
import {
  documentOf,
  type ExpectedVersion,
  type MediaType,
  type PageOptions,
  pageQuery,
  posted,
  precondition,
} from "./request.js";
import type { CallOptions, Outgoing, Transport } from "./transport.js";

/** A policy to publish: the document as an object, or its text (YAML keeps comments and the order of all names), or its bytes. */
export type PolicySource = PolicyInput | PolicyDocument | string | Uint8Array;

export interface PublishOptions extends CallOptions {
  /** For the history. */
  readonly message?: string | undefined;
  /** Publish only over this version. Otherwise `PreconditionFailedError`. */
  readonly ifVersion?: ExpectedVersion | undefined;
  /** Globs of any server may map tools over an org deny (semantics M4). */
  readonly confirmBroad?: boolean | undefined;
  /** Of a policy that is a text or bytes; default: JSON if it is JSON. */
  readonly mediaType?: MediaType | undefined;
}

export type Versioned = CallOptions & { readonly version?: number | undefined };
export type Removal = CallOptions & { readonly ifVersion?: ExpectedVersion | undefined };

/** A document's text as it was published. */
export interface DocumentText {
  readonly text: string;
  readonly mediaType: MediaType;
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

  async get(options: Versioned = {}): Promise<PolicyDocument> {
    return this.#transport.json(this.#reading(options.version), options);
  }

  async text(options: Versioned = {}): Promise<DocumentText> {
    const { text, headers } = await this.#transport.text(this.#reading(options.version), options, "application/yaml");
    const mediaType = headers.get("content-type")?.includes("json") === true ? "json" : "yaml";
    // Proxies that compress make tags weak, and pages of another origin do not see them.
    const tag = /^(?:W\/)?"([0-9]{1,15})"$/.exec(headers.get("etag") ?? "")?.[1];
    const version = options.version ?? (tag === undefined ? undefined : Number(tag));
    if (version === undefined)
      throw new UnexpectedAnswerError("the answer names no version: is its ETag header kept on the way?");
    return { text, mediaType, version };
  }

  async put(policy: PolicySource, options: PublishOptions = {}): Promise<PublishedPolicy> {
    const { body, type } = documentOf(policy, options.mediaType);
    return this.#transport.json(
      {
        method: "PUT",
        path: this.#path,
        query: publishQuery(options),
        headers: { "content-type": type, ...precondition(options.ifVersion) },
        body,
        // Tried again without a condition, a write whose answer was lost could undo somebody else's.
        safe: options.ifVersion !== undefined,
      },
      options,
    );
  }

  async remove(options: Removal = {}): Promise<void> {
    const headers = precondition(options.ifVersion);
    return this.#transport.none({ method: "DELETE", path: this.#path, headers, safe: options.ifVersion !== undefined }, options);
  }

  async history(options: PageOptions = {}): Promise<HistoryPage> {
    return this.#transport.json({ method: "GET", path: `${this.#path}/history`, query: pageQuery(options), safe: true }, options);
  }

  async rollback(version: number, options: PublishOptions = {}): Promise<PublishedPolicy> {
    const { message, confirmBroad, ifVersion } = options;
    return this.#transport.json(
      {
        ...posted(`${this.#path}/rollback`, { version, message, confirm_broad: confirmBroad }, ifVersion !== undefined),
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

/** It travels in the address, and servers bound that. */
const messageBytesMax = 4096;

/** @throws TypeError for a message that is too long */
function publishQuery({ message, confirmBroad }: PublishOptions): Map<string, string> {
  const query = new Map<string, string>();
  if (message !== undefined && new TextEncoder().encode(message).length > messageBytesMax) {
    throw new TypeError(`the message is longer than ${messageBytesMax} bytes`);
  }
  if (message !== undefined) query.set("message", message);
  if (confirmBroad === true) query.set("confirm_broad", "true");
  return query;
}
