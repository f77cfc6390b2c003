import { isIPv4 } from "node:net";

/** Where a server may listen without a key: nobody but this machine reaches it. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  const v4 = name.replace(/^::ffff:/, "");
  return name === "localhost" || name === "::1" || (isIPv4(v4) && v4.startsWith("127."));
}

const ofProxies = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/**
 * Whether a request to a server without keys comes from a program of this machine. A page in a browser could reach it, too: directly
 * (then it has a foreign origin), or through a name that resolves to this machine (then the Host header is not local). So could
 * somebody behind a proxy of this machine. Returns why not.
 */
export function foreign(headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
  const host = headers["host"];
  if (typeof host !== "string" || !isLoopback(hostName(host))) return "the Host header does not name this machine";
  const origin = headers["origin"];
  if (origin !== undefined && origin !== `http://${host}`) return "the Origin header names a page of another site";
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") return "a page of another site asks";
  if (ofProxies.some((name) => headers[name] !== undefined)) return "it comes through a proxy";
  return undefined;
}

function hostName(host: string): string {
  return /^(\[[0-9a-fA-F:.]+\]|[^:]+)(:\d{1,5})?$/.exec(host)?.[1] ?? "";
}
