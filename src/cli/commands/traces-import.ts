import type { Command } from "commander";
import { hasErrors } from "../../diagnostics/diagnostic.js";
import { EXIT_FAILED, EXIT_OK } from "../exit-codes.js";
import { CommandFailure, failure } from "../failure.js";
import { warn } from "../load-policy.js";
import { addConfigOptions, addFormat, example } from "../options.js";
import { withRegistry } from "../registry/open.js";
import { addAgentOptions } from "../registry/options.js";
import { agentOf, type OwnerOptions } from "../registry/owner.js";
import type { Terminal } from "../terminal.js";

type Options = OwnerOptions & { format: string };

/** `smoltbot traces import`: recorded runs into the registry. */
export function define(command: Command, terminal: Terminal): void {
  command.argument("<source...>", "file, folder, pattern or `-`, in any format that `policy test` reads");
  addAgentOptions(command, "whose runs these are, where they do not say it themselves");
  addConfigOptions(command);
  addFormat(command);
  example(command, "$ smoltbot traces import runs/ --agent support-1");
  command.action(async (sources: string[], options: Options) => {
    const agent = await agentOf(options);
    terminal.exitCode = await withRegistry("made", async (registry) => {
      const { importTraces } = await import("../registry/import-traces.js");
      const outcome = await importTraces(registry, sources, agent, terminal);
      if (outcome.traces === 0 && outcome.repeatedCalls === 0 && !outcome.stopped) {
        const nothing = failure("import_nothing_stored", "no trace was found in what was named");
        throw hasErrors(outcome.findings) ? new CommandFailure(outcome.findings) : nothing;
      }
      warn(outcome.findings, new Map(), terminal);
      const reasons = [
        ...(outcome.stopped ? ["the import was stopped; run it again for the rest"] : []),
        ...(hasErrors(outcome.findings) ? ["some of the traces were not stored"] : []),
      ];
      const run = { place: registry.place, outcome, reasons };
      if (options.format === "json") {
        const { importJson } = await import("../../report/json/import.js");
        const { jsonText } = await import("../../report/json/rule.js");
        terminal.out(jsonText(importJson(run)));
      } else {
        const { importText } = await import("../../report/text/import.js");
        terminal.out(importText(run, terminal.paint));
      }
      return reasons.length === 0 ? EXIT_OK : EXIT_FAILED;
    });
  });
}
