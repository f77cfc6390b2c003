import type { Registry } from "../../../../src/registry/registry.js";
import type { Asked } from "../../../../src/server/route.js";

export interface AskedParts {
  readonly registry?: Partial<Registry>;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** Names in small letters, as Node gives them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A JSON body. */
  readonly json?: string;
  readonly document?: Asked["document"];
  readonly bytes?: Asked["bytes"];
  readonly contentType?: string;
}

/** A request that passed the frame. */
export function askedWith(parts: AskedParts): Asked {
  return {
    registry: parts.registry as Registry,
    param: (name) => parts.params?.[name] ?? "",
    query: (name) => parts.query?.[name],
    header: (name) => parts.headers?.[name.toLowerCase()],
    json: parts.json === undefined ? undefined : JSON.parse(parts.json),
    jsonText: parts.json ?? "",
    document: parts.document,
    bytes: parts.bytes,
    contentType: parts.contentType,
    signal: new AbortController().signal,
  };
}
