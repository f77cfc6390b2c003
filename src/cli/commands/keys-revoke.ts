import type { Command } from "commander";
import { escapeText } from "../../diagnostics/escape.js";
import { addFormat, example } from "../options.js";
import { withRegistry } from "../registry/open.js";
import type { Terminal } from "../terminal.js";

/** `smoltbot keys revoke`: the key is refused from now on. */
export function define(command: Command, terminal: Terminal): void {
  command.argument("<id>", "the id of the key, as `keys list` shows it");
  addFormat(command);
  example(command, "$ smoltbot keys revoke k3v9x2m4q8r7t1w5");
  command.action(async (id: string, { format }: { format: string }) => {
    await withRegistry("existing", async (registry) => {
      await registry.revokeKey(id);
      if (format === "json") {
        const { revokedKeyJson } = await import("../../report/json/keys.js");
        const { jsonText } = await import("../../report/json/rule.js");
        terminal.out(jsonText(revokedKeyJson(registry.place, id)));
      } else terminal.out(`${terminal.paint.pass("✓")} The key ${escapeText(id)} is refused from now on.\n`);
    });
  });
}
