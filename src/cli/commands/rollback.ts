import type { Command } from "commander";
import { failure } from "../failure.js";
import { addConfigOptions, addFormat, example } from "../options.js";
import { type ChangeOptions, changePolicy } from "../registry/change.js";
import { activeLayers, storedLayer } from "../registry/layers.js";
import { withRegistry } from "../registry/open.js";
import { addChangeOptions, addOwnerOptions, positive } from "../registry/options.js";
import { type OwnerOptions, ownerOf, ownerText } from "../registry/owner.js";
import type { Terminal } from "../terminal.js";

type Options = OwnerOptions & ChangeOptions;

/** `smoltbot policy rollback`: publishes the text of an old version again, as a new one. */
export function define(command: Command, terminal: Terminal): void {
  command.argument("<version>", "the version to go back to", positive);
  addOwnerOptions(command);
  addChangeOptions(command);
  addConfigOptions(command);
  addFormat(command);
  example(command, "$ smoltbot policy rollback 3 --agent support-1");
  command.action(async (version: number, options: Options) => {
    terminal.exitCode = await rollback(version, options, terminal);
  });
}

async function rollback(version: number, options: Options, terminal: Terminal): Promise<number> {
  const owner = await ownerOf(options);
  return withRegistry("existing", async (registry) => {
    const layers = await activeLayers(registry, owner);
    const old = await storedLayer(registry, owner, version);
    const whose = ownerText(owner, registry.org);
    if (old === undefined) throw failure("registry_not_found", `there is no version ${version} for ${whose}`);
    if (old.policy === undefined) throw failure("registry_validation_error", `this release does not read version ${version}`);
    const change = {
      owner,
      policy: old.policy,
      label: old.label,
      layers,
      sources: new Map([[old.label, old.text]]),
      question: `Go back to version ${version}`,
      perform: (how: Parameters<typeof registry.rollback>[2]) => registry.rollback(owner, version, how),
    };
    return changePolicy(registry, change, options, terminal);
  });
}
