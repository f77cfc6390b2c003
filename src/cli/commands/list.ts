import type { Command } from "commander";
import { addConfigOptions, addFormat, example } from "../options.js";
import { withRegistry } from "../registry/open.js";
import { addAgentOptions, addPaging } from "../registry/options.js";
import { agentOf, type OwnerOptions } from "../registry/owner.js";
import { isRefusal } from "../registry/refusal.js";
import type { Terminal } from "../terminal.js";

type Options = OwnerOptions & { page: number; perPage: number; format: string };

/** `smoltbot policy list`: the active policies of the org, and what is resolved for an agent. */
export function define(command: Command, terminal: Terminal): void {
  addAgentOptions(command, "also say what is resolved for this agent");
  addPaging(command);
  addConfigOptions(command);
  addFormat(command);
  example(command, "$ smoltbot policy list", "$ smoltbot policy list --agent support-1");
  command.action(async (options: Options) => {
    const agent = await agentOf(options);
    await withRegistry("existing", async (registry) => {
      const { page, perPage } = options;
      const list = await registry.list({ page, perPage });
      const resolved =
        agent === undefined
          ? undefined
          : await registry.getResolvedPolicy(agent).catch((error: unknown) => {
              if (isRefusal(error, "not_found")) return undefined;
              throw error;
            });
      const run = { place: registry.place, agent, list, resolved };
      if (options.format === "json") {
        const { policyListJson } = await import("../../report/json/registry-lists.js");
        const { jsonText } = await import("../../report/json/rule.js");
        terminal.out(jsonText(policyListJson(run)));
      } else {
        const { policyListText } = await import("../../report/text/registry-lists.js");
        terminal.out(policyListText(run, terminal.paint));
      }
    });
  });
}
