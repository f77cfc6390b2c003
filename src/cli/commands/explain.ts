import { type Command, Option } from "commander";
import type { Context } from "../../engine/result.js";
import { loadCard, loadPolicy } from "../load-policy.js";
import { openPolicy } from "../open-policy.js";
import { addConfigOptions, addFormat, agentIdOption, type ConfigOptions, example } from "../options.js";
import { withAgent } from "../registry/with-agent.js";
import { resolveSettings } from "../settings.js";
import type { Terminal } from "../terminal.js";

type Options = ConfigOptions & {
  agent?: string;
  agentId?: string;
  org?: string;
  card?: string;
  context: Context["kind"];
  format: string;
};

/** `smoltbot policy explain`: why a tool gets its verdict, and what would apply without each rule that matched. */
export function define(command: Command, terminal: Terminal): void {
  command
    .argument("<file>", "the policy")
    .argument("<tool...>", "tool names, each explained as a call of its own")
    .option("--org <file>", "org policy below it")
    .option("--card <file>", "alignment card to check against")
    .option("--agent <id>", "whose first uses of tools the registry is asked for")
    .addOption(agentIdOption())
    .addOption(
      new Option("--context <context>", "who asks").choices(["cicd", "gateway", "observer", "runtime", "audit"]).default("cicd"),
    );
  addConfigOptions(command);
  addFormat(command);
  example(command, "$ smoltbot policy explain policy.yaml mcp__filesystem__delete_file");
  command.action(async (file: string, tools: readonly string[], options: Options) => {
    const settings = await resolveSettings({ ...options, policy: file, agent: options.agent ?? options.agentId });
    const nowMs = Date.now();
    const { merged } = loadPolicy(settings, terminal);
    const sightings = await withAgent(settings, terminal, async (records) => records?.sightings());
    const context: Context = { kind: options.context, card: loadCard(settings, nowMs, terminal), nowMs, sightings };
    const { engine } = openPolicy(merged);
    const explanations = tools.map((tool) => engine.explain(tool, context));
    if (options.format === "json") {
      const { explanationsJson } = await import("../../report/json/explanation.js");
      const { jsonText } = await import("../../report/json/rule.js");
      terminal.out(jsonText(explanationsJson(explanations)));
    } else {
      const { explanationsText } = await import("../../report/text/explanation.js");
      terminal.out(explanationsText(explanations, terminal.paint));
    }
  });
}
