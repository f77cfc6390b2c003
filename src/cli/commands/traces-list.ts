import type { Command } from "commander";
import { quoteText } from "../../diagnostics/escape.js";
import { EXIT_FAILED } from "../exit-codes.js";
import { failure } from "../failure.js";
import { tracesOf } from "../load-traces.js";
import { addConfigOptions, addFormat, agentIdOption, agentOption, type ConfigOptions, example } from "../options.js";
import { withAgent } from "../registry/with-agent.js";
import { resolveSettings } from "../settings.js";
import type { Terminal } from "../terminal.js";
import { addTraceOptions, readOptionsOf, type TraceOptions } from "../trace-options.js";
import { usedTools } from "../used-tools.js";

type Options = ConfigOptions & TraceOptions & { agent?: string; agentId?: string; format: string };

/** `smoltbot traces list`: which tools agents really used. */
export function define(command: Command, terminal: Terminal): void {
  addTraceOptions(command, "file, folder, pattern or `-`; may be given again (default: this folder's Claude Code transcripts)");
  command.addOption(agentOption()).addOption(agentIdOption());
  addConfigOptions(command);
  addFormat(command, ["text", "json", "tools"]);
  example(
    command,
    "$ smoltbot traces list --traces runs/ --agent support-7f3a",
    "$ smoltbot traces list --traces 'runs/**/*.jsonl' --format tools",
  );
  command.action(async (options: Options) => {
    const settings = await resolveSettings({ ...options, agent: options.agent ?? options.agentId });
    const { usage, damaged } = await withAgent(settings, terminal, async (records) => {
      const reading = await readOptionsOf(options, settings, terminal);
      const fromStore = records !== undefined && settings.traces.length === 0 && (await records.hasRuns());
      const inputs = fromStore ? [records.runs()] : await tracesOf(settings);
      const { names, unwrap } = reading;
      return usedTools(inputs, settings.agent, fromStore ? { names, unwrap } : reading, terminal);
    });
    if (usage.traces === 0) throw failure("usage_no_such_agent", `no trace is of the agent ${quoteText(settings.agent ?? "")}`);
    if (options.format === "json") {
      const { usageJson } = await import("../../report/json/usage.js");
      const { jsonText } = await import("../../report/json/rule.js");
      terminal.out(jsonText(usageJson(usage)));
    } else {
      const { usageNames, usageText } = await import("../../report/text/usage.js");
      terminal.out(options.format === "tools" ? usageNames(usage) : usageText(usage, terminal.paint));
    }
    if (damaged) terminal.exitCode = EXIT_FAILED;
  });
}
