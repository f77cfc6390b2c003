import { dirname, isAbsolute, join, resolve } from "node:path";
import { quoteText } from "../diagnostics/escape.js";
import { Findings } from "../diagnostics/findings.js";
import { suggest } from "../diagnostics/suggest.js";
import { policyBytesMax } from "../limits.js";
import { readDocument } from "../syntax/document.js";
import { type DocumentNode, describe, keySpan, type MappingNode, nodeSpan, type PathStep, pathText } from "../syntax/node.js";
import { decodeSource, type Source } from "../syntax/source.js";
import { CommandFailure, failure } from "./failure.js";
import { readNamedFile, shownPath } from "./files.js";
import { decodedText } from "./policy-file.js";

/** What a config file, or one of its environments, names. Paths are ready to open. */
export interface ConfigValues {
  readonly agent?: string;
  readonly org?: string;
  readonly policy?: string;
  readonly card?: string;
  readonly traces: readonly string[];
  readonly nameMap?: string;
}

const pathKeys = ["org", "policy", "card"] as const;
const valueKeys = ["agent", ...pathKeys, "traces", "name_map"];

/**
 * Reads a config file: the values at the top, and over them those of `environment`. Everything in the file is checked, also
 * the environments that are not asked for. Paths count from the folder of the file.
 */
export function readConfig(file: string, environment: string | undefined): ConfigValues {
  const bytes = readNamedFile(file, "config file");
  const sources = new Map([[file, decodedText(bytes)]]);
  const findings = new Findings();
  const decoded = decodeSource(bytes, { file, bytesMax: policyBytesMax });
  if (decoded.value === undefined) throw new CommandFailure(decoded.diagnostics, sources);
  const document = readDocument(decoded.value, findings);
  if (document === undefined) throw new CommandFailure(findings.list(), sources);
  const reader = new ConfigReader(document.source, findings);
  const { values, environments } = reader.read(document.root);
  if (findings.hasErrors) throw new CommandFailure(findings.list(), sources);
  if (environment === undefined) return values;
  const chosen = environments.get(environment);
  if (chosen === undefined) throw unknownEnvironment(file, environment, [...environments.keys()]);
  return { ...values, ...chosen, traces: chosen.traces.length > 0 ? chosen.traces : values.traces };
}

function unknownEnvironment(file: string, name: string, known: readonly string[]): CommandFailure {
  const meant = suggest(name, known);
  const fix =
    known.length === 0
      ? "add an `environments:` section to the config file"
      : meant === undefined
        ? `use one of ${known.map((k) => quoteText(k)).join(", ")}`
        : `did you mean ${quoteText(meant)}?`;
  return failure("config_unknown_environment", `${quoteText(file, 400)} defines no environment ${quoteText(name)}`, { fix });
}

class ConfigReader {
  constructor(
    readonly source: Source,
    readonly findings: Findings,
  ) {}

  read(root: DocumentNode): { values: ConfigValues; environments: Map<string, ConfigValues> } {
    const environments = new Map<string, ConfigValues>();
    if (root.kind !== "mapping") {
      this.#wrong(root, [], "a mapping of keys such as `policy`");
      return { values: { traces: [] }, environments };
    }
    const values = this.#values(root, [], [...valueKeys, "environments"]);
    const section = root.entries.get("environments")?.value;
    if (section?.kind === "mapping") {
      for (const { key, value } of section.entries.values()) {
        const path = ["environments", key];
        if (value.kind === "mapping") environments.set(key, this.#values(value, path, valueKeys));
        else this.#wrong(value, path, "a mapping of keys such as `policy`");
      }
    } else if (section !== undefined) this.#wrong(section, ["environments"], "a mapping of environment names");
    return { values, environments };
  }

  #values(node: MappingNode, path: readonly PathStep[], known: readonly string[]): ConfigValues {
    const values: { agent?: string; org?: string; policy?: string; card?: string; nameMap?: string; traces: string[] } = {
      traces: [],
    };
    for (const entry of node.entries.values()) {
      if (known.includes(entry.key)) continue;
      const meant = suggest(entry.key, known);
      this.findings.add("config_unknown_key", {
        message: `unknown key ${quoteText(entry.key)}`,
        span: keySpan(this.source, entry),
        path: pathText([...path, entry.key]),
        fix: meant === undefined ? `use one of ${known.join(", ")}` : `did you mean \`${meant}\`?`,
      });
    }
    for (const key of pathKeys) {
      const text = this.#text(node.entries.get(key)?.value, [...path, key], "a path");
      if (text !== undefined) values[key] = this.#path(text);
    }
    const agent = this.#text(node.entries.get("agent")?.value, [...path, "agent"], "an agent id");
    if (agent !== undefined) values.agent = agent;
    const nameMap = this.#text(node.entries.get("name_map")?.value, [...path, "name_map"], "a path");
    if (nameMap !== undefined) values.nameMap = this.#path(nameMap);
    values.traces = this.#traces(node.entries.get("traces")?.value, [...path, "traces"]);
    return values;
  }

  #traces(node: DocumentNode | undefined, path: readonly PathStep[]): string[] {
    const items = node?.kind === "list" ? node.items : node === undefined ? [] : [node];
    const steps = (i: number): readonly PathStep[] => (node?.kind === "list" ? [...path, i] : path);
    return items.flatMap((item, i) => {
      const text = this.#text(item, steps(i), "a path or a pattern");
      return text === undefined ? [] : [this.#path(text)];
    });
  }

  #text(node: DocumentNode | undefined, path: readonly PathStep[], wanted: string): string | undefined {
    if (node === undefined) return undefined;
    if (node.kind === "scalar" && typeof node.value === "string" && node.value.trim() !== "") return node.value;
    this.#wrong(node, path, wanted);
    return undefined;
  }

  #wrong(node: DocumentNode, path: readonly PathStep[], wanted: string): void {
    const message = `expected ${wanted}, found ${describe(this.source, node)}`;
    this.findings.add("config_value", { message, span: nodeSpan(this.source, node), path: pathText(path) });
  }

  #path(text: string): string {
    return isAbsolute(text) ? text : shownPath(resolve(join(dirname(this.source.file), text)));
  }
}
