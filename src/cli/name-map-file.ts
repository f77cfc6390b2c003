import { quoteText } from "../diagnostics/escape.js";
import { Findings } from "../diagnostics/findings.js";
import { suggest } from "../diagnostics/suggest.js";
import { policyBytesMax } from "../limits.js";
import { readDocument } from "../syntax/document.js";
import { type DocumentNode, describe, keySpan, nodeSpan, type PathStep, pathText } from "../syntax/node.js";
import { decodeSource, type Source } from "../syntax/source.js";
import type { NameRules } from "../trace/name-map.js";
import { CommandFailure } from "./failure.js";
import { readNamedFile } from "./files.js";
import { decodedText } from "./policy-file.js";

const keys = ["servers", "names", "server_prefix"];

/**
 * Reads a name map (docs/traces.md): `servers`, a list of MCP servers whose tools go by other dialects; `names`, raw name
 * to canonical name; `server_prefix`, the server of bare names. @throws CommandFailure with the place of what is wrong.
 */
export function readNameRules(file: string): NameRules {
  const bytes = readNamedFile(file, "name map");
  const sources = new Map([[file, decodedText(bytes)]]);
  const findings = new Findings();
  const decoded = decodeSource(bytes, { file, bytesMax: policyBytesMax });
  if (decoded.value === undefined) throw new CommandFailure(decoded.diagnostics, sources);
  const document = readDocument(decoded.value, findings);
  if (document === undefined) throw new CommandFailure(findings.list(), sources);
  const rules = new NameMapReader(document.source, findings).read(document.root);
  if (findings.hasErrors) throw new CommandFailure(findings.list(), sources);
  return rules;
}

class NameMapReader {
  constructor(
    private readonly source: Source,
    private readonly findings: Findings,
  ) {}

  read(root: DocumentNode): NameRules {
    const names = new Map<string, string>();
    if (root.kind !== "mapping") {
      this.wrong(root, [], "a mapping with `servers` and `names`");
      return { servers: [], names };
    }
    for (const entry of root.entries.values()) {
      if (keys.includes(entry.key)) continue;
      const meant = suggest(entry.key, keys);
      this.findings.add("config_unknown_key", {
        message: `unknown key ${quoteText(entry.key)}`,
        span: keySpan(this.source, entry),
        path: entry.key,
        fix: meant === undefined ? `use one of ${keys.join(", ")}` : `did you mean \`${meant}\`?`,
      });
    }
    const section = root.entries.get("names")?.value;
    if (section?.kind === "mapping") {
      for (const { key, value } of section.entries.values()) {
        const name = this.text(value, ["names", key], "a tool name");
        if (name !== undefined) names.set(key, name);
      }
    } else if (section !== undefined) this.wrong(section, ["names"], "a mapping of raw names to tool names");
    const prefix = root.entries.get("server_prefix")?.value;
    return {
      servers: this.servers(root.entries.get("servers")?.value),
      names,
      serverPrefix: prefix === undefined ? undefined : this.text(prefix, ["server_prefix"], "the name of an MCP server"),
    };
  }

  private servers(node: DocumentNode | undefined): string[] {
    if (node === undefined) return [];
    if (node.kind !== "list") {
      this.wrong(node, ["servers"], "a list of MCP servers");
      return [];
    }
    return node.items.flatMap((item, i) => this.text(item, ["servers", i], "the name of an MCP server") ?? []);
  }

  private text(node: DocumentNode, path: readonly PathStep[], wanted: string): string | undefined {
    if (node.kind === "scalar" && typeof node.value === "string" && node.value.trim() !== "") return node.value;
    this.wrong(node, path, wanted);
    return undefined;
  }

  private wrong(node: DocumentNode, path: readonly PathStep[], wanted: string): void {
    const message = `expected ${wanted}, found ${describe(this.source, node)}`;
    this.findings.add("config_value", { message, span: nodeSpan(this.source, node), path: pathText(path) });
  }
}
