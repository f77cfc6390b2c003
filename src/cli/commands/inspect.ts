import type { Command } from "commander";
import { loadPolicy } from "../load-policy.js";
import { addConfigOptions, addFormat, type ConfigOptions, example } from "../options.js";
import { resolveSettings } from "../settings.js";
import type { Terminal } from "../terminal.js";

/** `smoltbot policy inspect`: the effective policy with the layer of each field. */
export function define(command: Command, terminal: Terminal): void {
  command.argument("[file]", "the agent's policy (default: from the config file)").option("--org <file>", "org policy below it");
  addConfigOptions(command);
  addFormat(command);
  example(command, "$ smoltbot policy inspect policy.yaml --org org.yaml");
  command.action(async (file: string | undefined, options: ConfigOptions & { org?: string; format: string }) => {
    const settings = await resolveSettings({ ...options, policy: file });
    const { merged } = loadPolicy(settings, terminal);
    if (options.format === "json") {
      const { resolvedJson } = await import("../../report/json/resolved.js");
      const { jsonText } = await import("../../report/json/rule.js");
      terminal.out(jsonText(resolvedJson(merged)));
    } else {
      const { resolvedText } = await import("../../report/text/resolved.js");
      terminal.out(resolvedText(merged, terminal.paint));
    }
  });
}
