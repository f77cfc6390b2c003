/** Brings tool names of other dialects to `mcp__server__tool` (docs/traces.md). */
export interface NameMap {
  /** The canonical name; the name itself when no rule applies. */
  canonical(tool: string): string;
}

/** What a user says of the names in the traces. Exact names come first, then servers, then the prefix. */
export interface NameRules {
  /** Names joined in one of the dialects `server-tool`, `server__tool`, `server.tool`, `mcp_server_tool`. */
  readonly servers: readonly string[];
  /** Name in the input -> canonical name. */
  readonly names: ReadonlyMap<string, string>;
  /** The server of names without `__`. */
  readonly serverPrefix?: string | undefined;
}

const canonicalStart = "mcp__";

/**
 * `mcp__server__tool` as Claude Code spells it: whatever a server name may not hold becomes `_`. A name that is joined
 * already stays what it is only if it names the same server: a server may give its tool the full name of another one's.
 */
export function qualifiedName(server: string, tool: string): string {
  const start = `${canonicalStart}${serverSlug(server)}__`;
  return tool.length > start.length && tool.toLowerCase().startsWith(start.toLowerCase()) ? tool : start + tool;
}

function serverSlug(server: string): string {
  return server.replace(/[^A-Za-z0-9_-]/g, "_");
}

interface Dialect {
  readonly start: string;
  readonly server: string;
}

/** Linear in the servers for a name; the caller asks once per distinct name. Of two servers that fit, the longer one. */
export function createNameMap(rules: NameRules): NameMap {
  const dialects = rules.servers.flatMap(dialectsOf).sort((a, b) => b.start.length - a.start.length);
  const { names, serverPrefix } = rules;
  return {
    canonical(tool) {
      const exact = names.get(tool);
      if (exact !== undefined) return exact;
      // The empty name stands for something that was no name, and must stay invalid (semantics G2).
      if (tool === "" || tool.startsWith(canonicalStart)) return tool;
      const dialect = dialects.find(({ start }) => tool.length > start.length && tool.startsWith(start));
      if (dialect !== undefined) return qualifiedName(dialect.server, tool.slice(dialect.start.length));
      return serverPrefix === undefined || tool.includes("__") ? tool : qualifiedName(serverPrefix, tool);
    },
  };
}

function dialectsOf(server: string): readonly Dialect[] {
  const spellings = new Set([server, serverSlug(server)].filter((spelling) => spelling !== ""));
  return [...spellings].flatMap((spelling) =>
    [`${spelling}-`, `${spelling}__`, `${spelling}.`, `mcp_${spelling}_`].map((start) => ({ start, server })),
  );
}
