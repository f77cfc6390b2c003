import type { Command } from "commander";
import { addConfigOptions, addFormat, example } from "../options.js";
import { withRegistry } from "../registry/open.js";
import { addOwnerOptions, addPaging } from "../registry/options.js";
import { type OwnerOptions, ownerOf } from "../registry/owner.js";
import type { Terminal } from "../terminal.js";

type Options = OwnerOptions & { page: number; perPage: number; format: string };

/** `smoltbot policy history`: every version, who published it, when and why. */
export function define(command: Command, terminal: Terminal): void {
  addOwnerOptions(command);
  addPaging(command);
  addConfigOptions(command);
  addFormat(command);
  example(command, "$ smoltbot policy history --agent support-1", "$ smoltbot policy history --org --format json");
  command.action(async (options: Options) => {
    const owner = await ownerOf(options);
    await withRegistry("existing", async (registry) => {
      const { page, perPage } = options;
      const history = await registry.history(owner, { page, perPage });
      const run = { owner: { org: registry.org, agent: owner.agent, place: registry.place }, history };
      if (options.format === "json") {
        const { historyJson } = await import("../../report/json/registry-lists.js");
        const { jsonText } = await import("../../report/json/rule.js");
        terminal.out(jsonText(historyJson(run)));
      } else {
        const { historyText } = await import("../../report/text/registry-lists.js");
        terminal.out(historyText(run, terminal.paint));
      }
    });
  });
}
