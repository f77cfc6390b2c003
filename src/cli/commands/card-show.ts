import type { Command } from "commander";
import { hasErrors } from "../../diagnostics/diagnostic.js";
import { orderedJson } from "../../report/json/ordered.js";
import { parseCard } from "../../syntax/card.js";
import { warn } from "../load-policy.js";
import { addConfigOptions, addFormat, example } from "../options.js";
import { withRegistry } from "../registry/open.js";
import { addAgentOptions } from "../registry/options.js";
import { type OwnerOptions, requiredAgent } from "../registry/owner.js";
import type { Terminal } from "../terminal.js";

type Options = OwnerOptions & { format: string };

/** `smoltbot card show`: the stored card of an agent. */
export function define(command: Command, terminal: Terminal): void {
  addAgentOptions(command, "the agent whose card it is");
  addConfigOptions(command);
  addFormat(command);
  example(command, "$ smoltbot card show --agent support-1");
  command.action(async (options: Options) => {
    const agent = await requiredAgent(options);
    await withRegistry("existing", async (registry) => {
      const document = await registry.getCard(agent);
      const file = `card of ${agent}`;
      const { value, diagnostics } = parseCard(orderedJson(document.card), { file, nowMs: Date.now() });
      warn(
        // Places would be those of a text that nobody wrote.
        diagnostics.map(({ span: _, ...finding }) => finding),
        new Map(),
        terminal,
      );
      const run = { place: registry.place, document, card: hasErrors(diagnostics) ? undefined : value };
      if (options.format === "json") {
        const { cardJson } = await import("../../report/json/card.js");
        terminal.out(cardJson(run));
      } else {
        const { cardText } = await import("../../report/text/card.js");
        terminal.out(cardText(run, terminal.paint));
      }
    });
  });
}
