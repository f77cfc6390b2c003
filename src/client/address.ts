/** Where requests go. @throws TypeError for what is no http(s) address, or holds a password */
export function baseOf(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new TypeError("baseUrl is no address: it looks like https://policies.example.com");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") throw new TypeError("baseUrl has to begin with http:// or https://");
  if (url.username !== "" || url.password !== "") throw new TypeError("baseUrl holds a password: use apiKey");
  url.search = "";
  url.hash = "";
  return url;
}

/** `path` below the base, whose own path is kept. */
export function addressOf(base: URL, path: string, query: ReadonlyMap<string, string> | undefined): string {
  const url = new URL(base);
  const prefix = url.pathname.endsWith("/") ? url.pathname.slice(0, -1) : url.pathname;
  url.pathname = prefix + path;
  for (const [name, value] of query ?? []) url.searchParams.set(name, value);
  return url.href;
}

/** A key over plain http may travel on this machine alone. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** An id that cannot be sent: no text, or what a URL would resolve away. */
export class IdError extends TypeError {
  override readonly name = "IdError";
}

/** One segment of a path. @throws IdError for what cannot be sent */
export function segment(id: string): string {
  if (typeof id !== "string" || id === "" || id === "." || id === ".." || !isWellFormed(id))
    throw new IdError("an id is a text that is not empty, `.` or `..`");
  return encodeURIComponent(id);
}

/** Half a surrogate pair cannot be encoded. */
function isWellFormed(text: string): boolean {
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (point >= 0xd800 && point <= 0xdfff) return false;
  }
  return true;
}
