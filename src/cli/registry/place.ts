import { dirname, join } from "node:path";
import { escapeText, quoteText } from "../../diagnostics/escape.js";
import { isId } from "../../registry/ids.js";
import { failure } from "../failure.js";
import { exists, shownPath } from "../files.js";

/** Where the registry of a command line is. */
export type RegistryPlace =
  | { readonly kind: "server"; readonly url: string; readonly apiKey: string | undefined }
  | { readonly kind: "postgres"; readonly url: string }
  | { readonly kind: "sqlite"; readonly path: string; readonly exists: boolean; readonly upwards: boolean };

const fileName = "registry.db";
const folderName = ".smoltbot";

/**
 * SMOLTBOT_URL names a server, DATABASE_URL a PostgreSQL database; otherwise it is a file, in SMOLTBOT_HOME or the nearest
 * `.smoltbot` folder upwards that has one. Reads the environment and looks for files; opens nothing.
 */
export function registryPlace(): RegistryPlace {
  const url = variable("SMOLTBOT_URL");
  if (url !== undefined) {
    if (!/^https?:$/.test(parsedUrl(url, "SMOLTBOT_URL").protocol))
      throw failure("registry_address", `SMOLTBOT_URL is no http or https address: ${quoteText(shownUrl(url), 400)}`);
    return { kind: "server", url, apiKey: variable("SMOLTBOT_API_KEY") };
  }
  const database = variable("DATABASE_URL");
  if (database !== undefined) {
    parsedUrl(database, "DATABASE_URL");
    if (!isPostgres(database))
      throw failure("registry_address", `DATABASE_URL is no PostgreSQL address: ${quoteText(shownUrl(database), 400)}`);
    return { kind: "postgres", url: database };
  }
  const home = variable("SMOLTBOT_HOME");
  if (home !== undefined) return fileAt(home, false);
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const found = fileAt(join(folder, folderName), true);
    if (found.exists) return found;
    if (dirname(folder) === folder) return fileAt(join(process.cwd(), folderName), true);
  }
}

/**
 * The registry that commands ask which also work without one; undefined where there is none. DATABASE_URL of another kind belongs to
 * something else, and is no mistake there.
 */
export function placeToAsk(): RegistryPlace | undefined {
  const database = variable("DATABASE_URL");
  if (variable("SMOLTBOT_URL") === undefined && database !== undefined && !isPostgres(database)) return undefined;
  const place = registryPlace();
  return hasRegistry(place) ? place : undefined;
}

/** Whether there is one to ask: a server or a database is taken at its word. */
function hasRegistry(place: RegistryPlace): boolean {
  return place.kind !== "sqlite" || place.exists;
}

export function registryOrg(): string {
  const org = variable("SMOLTBOT_ORG") ?? "default";
  if (!isId(org)) throw failure("registry_address", `SMOLTBOT_ORG is no id: ${quoteText(org)}`);
  return org;
}

/** For people: a path, or an address without what is secret in it. Escaped. */
export function placeText(place: RegistryPlace): string {
  return escapeText(place.kind === "sqlite" ? shownPath(place.path) : shownUrl(place.url));
}

/** `upwards`: it was looked for in the folders above, too. */
function fileAt(folder: string, upwards: boolean): RegistryPlace & { readonly kind: "sqlite" } {
  const path = join(folder, fileName);
  return { kind: "sqlite", path, exists: exists(path), upwards };
}

/** Unset and empty are the same. */
function variable(name: string): string | undefined {
  return process.env[name] || undefined;
}

function isPostgres(address: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(address);
}

function parsedUrl(text: string, name: string): URL {
  try {
    return new URL(text);
  } catch {
    throw failure("registry_address", `${name} is no address`);
  }
}

/** Without user, password and query. */
function shownUrl(text: string): string {
  const { protocol, host, pathname } = new URL(text);
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}
