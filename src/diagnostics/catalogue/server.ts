import type { CodeEntry } from "./entry.js";

/** `smoltbot serve`: why it does not start. */
export const serverCodes = {
  serve_public_without_keys: {
    level: "error",
    title: "a server for others without API keys",
    meaning: "The address can be reached from other machines, and the registry has no API key: everybody could publish policies.",
    fix: "make a key with `smoltbot keys create --name first --role admin`, or listen on 127.0.0.1",
  },
  serve_proxy_without_keys: {
    level: "error",
    title: "a server behind a proxy without API keys",
    meaning: "A proxy brings requests from other machines, and the registry has no API key: everybody could publish policies.",
    fix: "make a key with `smoltbot keys create --name first --role admin`, or leave out --trust-proxy",
  },
  serve_address: {
    level: "error",
    title: "an address that cannot be listened on",
    meaning: "Another program listens there, the port needs more rights, or the address is not one of this machine.",
    fix: "name another one with --host and --port, or end the other program",
  },
  serve_needs_database: {
    level: "error",
    title: "a server that was given another server",
    meaning: "SMOLTBOT_URL names a server. A server works on a database or a file, never on another server.",
    fix: "unset SMOLTBOT_URL for this command, or name a database with --database",
  },
} as const satisfies Record<string, CodeEntry>;
