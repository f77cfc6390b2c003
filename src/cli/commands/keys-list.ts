import type { Command } from "commander";
import { addFormat, example } from "../options.js";
import { withRegistry } from "../registry/open.js";
import { addPaging } from "../registry/options.js";
import type { Terminal } from "../terminal.js";

/** `smoltbot keys list`: keys without their secrets. */
export function define(command: Command, terminal: Terminal): void {
  addPaging(command);
  addFormat(command);
  example(command, "$ smoltbot keys list");
  command.action(async ({ page, perPage, format }: { page: number; perPage: number; format: string }) => {
    await withRegistry("existing", async (registry) => {
      const list = await registry.listKeys({ page, perPage });
      if (format === "json") {
        const { keysJson } = await import("../../report/json/keys.js");
        const { jsonText } = await import("../../report/json/rule.js");
        terminal.out(jsonText(keysJson(registry.place, list)));
      } else {
        const { keysText } = await import("../../report/text/keys.js");
        terminal.out(keysText(registry.place, list, Date.now(), terminal.paint));
      }
    });
  });
}
