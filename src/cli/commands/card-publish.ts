import type { Command } from "commander";
import { hasErrors } from "../../diagnostics/diagnostic.js";
import { parseCard } from "../../syntax/card.js";
import { CommandFailure } from "../failure.js";
import { readNamedFile } from "../files.js";
import { warn } from "../load-policy.js";
import { addConfigOptions, addFormat, example } from "../options.js";
import { decodedText } from "../policy-file.js";
import { withRegistry } from "../registry/open.js";
import { addAgentOptions, versionNumber } from "../registry/options.js";
import { type OwnerOptions, requiredAgent } from "../registry/owner.js";
import type { Terminal } from "../terminal.js";

type Options = OwnerOptions & { ifVersion?: number; format: string };

/** `smoltbot card publish`: the alignment card by which an agent's calls are judged. */
export function define(command: Command, terminal: Terminal): void {
  command.argument("<file>", "the card, YAML or JSON");
  addAgentOptions(command, "the agent whose card it is");
  command.option("--if-version <n>", "only when this version is stored; 0: when none is", versionNumber);
  addConfigOptions(command);
  addFormat(command);
  example(command, "$ smoltbot card publish card.yaml --agent support-1");
  command.action(async (file: string, options: Options) => {
    const agent = await requiredAgent(options);
    const bytes = readNamedFile(file, "card");
    const sources = new Map([[file, decodedText(bytes)]]);
    const { value: card, diagnostics } = parseCard(bytes, { file, nowMs: Date.now() });
    if (card === undefined || hasErrors(diagnostics)) throw new CommandFailure(diagnostics, sources);
    warn(diagnostics, sources, terminal);
    const mediaType = file.toLowerCase().endsWith(".json") ? "json" : "yaml";
    const { ifVersion } = options;
    const expected =
      ifVersion === undefined
        ? undefined
        : ifVersion === 0
          ? ({ kind: "absent" } as const)
          : ({ kind: "version", versions: [ifVersion] } as const);
    await withRegistry(
      "made",
      async (registry) => {
        const document = await registry.putCard(agent, { bytes, mediaType, file }, expected);
        const run = { place: registry.place, document, card };
        if (options.format === "json") {
          const { cardJson } = await import("../../report/json/card.js");
          terminal.out(cardJson(run));
        } else {
          const { publishedCardText } = await import("../../report/text/card.js");
          terminal.out(publishedCardText(run, terminal.paint));
        }
      },
      { file, sources },
    );
  });
}
