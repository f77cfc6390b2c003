import { type Command, Option } from "commander";
import { hasErrors } from "../../diagnostics/diagnostic.js";
import { mergePolicies } from "../../policy/merge.js";
import type { Registry } from "../../registry/registry.js";
import { failure } from "../failure.js";
import { addConfigOptions, example } from "../options.js";
import { activeLayers } from "../registry/layers.js";
import { withRegistry } from "../registry/open.js";
import { addOwnerOptions, positive } from "../registry/options.js";
import { type OwnerOptions, ownerOf } from "../registry/owner.js";
import type { Terminal } from "../terminal.js";

type Options = OwnerOptions & { resolved?: boolean; version?: number; format?: "yaml" | "json" | "text" };

/** `smoltbot policy get`: a version as it was published, or what is resolved for an agent. */
export function define(command: Command, terminal: Terminal): void {
  addOwnerOptions(command);
  command
    .option("--resolved", "the agent's policy merged over the org's, with the layer of each field")
    .option("--version <n>", "an old version (default: the active one)", positive)
    .addOption(
      new Option(
        "--format <format>",
        "yaml: the text as it was published (default); with --resolved text (default) or json",
      ).choices(["yaml", "json", "text"]),
    );
  addConfigOptions(command);
  example(command, "$ smoltbot policy get --agent support-1 > policy.yaml", "$ smoltbot policy get --agent support-1 --resolved");
  command.action(async (options: Options) => {
    const owner = await ownerOf(options);
    const { resolved, version, format } = options;
    if (resolved === true && format === "yaml") throw failure("usage_resolved_text", "--resolved was given with --format yaml");
    if (resolved === true && version !== undefined)
      throw failure("usage_resolved_version", "--resolved was given with --version");
    await withRegistry("existing", async (registry) => {
      if (resolved === true && owner.agent !== undefined) await showResolved(registry, owner.agent, format, terminal);
      else if (format === "json") terminal.out(await documentText(await registry.getPolicy(owner, version)));
      else {
        const { text } = await registry.getPolicySource(owner, version);
        terminal.out(text.endsWith("\n") ? text : `${text}\n`);
      }
    });
  });
}

async function showResolved(registry: Registry, agent: string, format: string | undefined, terminal: Terminal): Promise<void> {
  const answer = await registry.getResolvedPolicy(agent);
  if (format === "json") {
    terminal.out(await documentText(answer));
    return;
  }
  // The listing of `policy inspect`, of the layers that the answer names.
  const { org, agent: own, orgHidden } = await activeLayers(registry, { agent });
  const { value, diagnostics } = mergePolicies({ org: org?.policy, agent: own?.policy });
  if (orgHidden || value === undefined || hasErrors(diagnostics)) terminal.out(await documentText(answer));
  else terminal.out((await import("../../report/text/resolved.js")).resolvedText(value, terminal.paint));
}

/** Objects keyed by names keep their order. */
async function documentText(document: object): Promise<string> {
  const { orderedJson } = await import("../../report/json/ordered.js");
  const { visibleJson } = await import("../../report/json/rule.js");
  return `${visibleJson(orderedJson(document))}\n`;
}
