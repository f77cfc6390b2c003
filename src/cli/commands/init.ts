import { basename, dirname, resolve } from "node:path";
import { type Command, Option } from "commander";
import { escapeText } from "../../diagnostics/escape.js";
import type { Scope } from "../../policy/model.js";
import { initTemplate } from "../../syntax/print.js";
import { failure } from "../failure.js";
import { exists, writeWhole } from "../files.js";
import { example } from "../options.js";
import type { Terminal } from "../terminal.js";

/** `smoltbot policy init`: an annotated policy covering every section. */
export function define(command: Command, terminal: Terminal): void {
  command
    .argument("[file]", "where to write it (default: policy.yaml, with --scope org: org.yaml)")
    .addOption(
      new Option("--scope <scope>", "org: a baseline for all agents; agent: one agent's policy")
        .choices(["agent", "org"])
        .default("agent"),
    )
    .option("--name <name>", "the policy's name (default: from the folder)")
    .option("--force", "overwrite an existing file");
  example(command, "$ smoltbot policy init", "$ smoltbot policy init baseline.yaml --scope org");
  command.action((file: string | undefined, options: { scope: Scope; name?: string; force?: boolean }) => {
    const { scope } = options;
    const path = file ?? (scope === "org" ? "org.yaml" : "policy.yaml");
    const shown = escapeText(path);
    if (!options.force && exists(path)) {
      throw failure("file_exists", `\`${shown}\` exists already`);
    }
    writeWhole(path, initTemplate({ scope, name: options.name ?? defaultName(path, scope) }));
    terminal.out(`Wrote ${shown} (scope ${scope}).\nNext: edit it, then run: smoltbot policy validate ${shown}\n`);
  });
}

/** The folder says what the agent is called more often than the file does. */
function defaultName(path: string, scope: Scope): string {
  const folder = basename(dirname(resolve(path)));
  const letters = [...folder].filter((c) => /[A-Za-z0-9._-]/.test(c)).join("");
  return `${letters === "" ? "my" : letters}-${scope === "org" ? "baseline" : "policy"}`;
}
