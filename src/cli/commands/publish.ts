import type { Command } from "commander";
import { hasErrors } from "../../diagnostics/diagnostic.js";
import { quoteText } from "../../diagnostics/escape.js";
import { renderDiagnostics } from "../../diagnostics/render.js";
import { readPolicy } from "../../registry/documents.js";
import type { PublishOptions, Registry } from "../../registry/registry.js";
import { EXIT_FAILED } from "../exit-codes.js";
import { CommandFailure, failure } from "../failure.js";
import { readNamedFile } from "../files.js";
import { addConfigOptions, addFormat, example } from "../options.js";
import { decodedText } from "../policy-file.js";
import { type ChangeOptions, changePolicy } from "../registry/change.js";
import { activeLayers } from "../registry/layers.js";
import { withRegistry } from "../registry/open.js";
import { addChangeOptions, addOwnerOptions } from "../registry/options.js";
import { type OwnerOptions, ownerOf } from "../registry/owner.js";
import type { Terminal } from "../terminal.js";

type Options = OwnerOptions & ChangeOptions;

/** `smoltbot policy publish`: checks a policy, shows what changes, asks, and makes it the active version. */
export function define(command: Command, terminal: Terminal): void {
  command.argument("<file>", "the policy, YAML or JSON");
  addOwnerOptions(command);
  addChangeOptions(command);
  addConfigOptions(command);
  addFormat(command);
  example(
    command,
    "$ smoltbot policy publish policy.yaml --agent support-1",
    '$ smoltbot policy publish org.yaml --org --yes -m "no shell for anybody"',
  );
  command.action(async (file: string, options: Options) => {
    terminal.exitCode = await publish(file, options, terminal);
  });
}

async function publish(file: string, options: Options, terminal: Terminal): Promise<number> {
  const owner = await ownerOf(options);
  const bytes = readNamedFile(file, "policy");
  const sources = new Map([[file, decodedText(bytes)]]);
  const mediaType = file.toLowerCase().endsWith(".json") ? "json" : "yaml";
  // What a server takes is taken here, too: also a document as `policy get --format json` printed it.
  const { policy, diagnostics } = readPolicy(bytes, { label: file, mediaType });
  const valid = policy !== undefined && !hasErrors(diagnostics);
  if (options.format === "json" && !valid) throw new CommandFailure(diagnostics, sources);
  if (diagnostics.length > 0)
    terminal.err(`${renderDiagnostics(diagnostics, { sources, color: terminal.colorErrors }).trimEnd()}\n\n`);
  if (options.format !== "json") {
    const { validatedText } = await import("../../report/text/validated.js");
    terminal.out(validatedText([{ file, diagnostics, ...(valid && { policy }) }], terminal.paint));
  }
  if (policy === undefined || !valid) return EXIT_FAILED;
  const scope = owner.agent === undefined ? "org" : "agent";
  if (policy.meta.scope !== scope) {
    const whose = owner.agent === undefined ? "the org" : `the agent ${quoteText(owner.agent)}`;
    throw failure(
      "usage_scope_and_owner",
      `${quoteText(file, 400)} has scope ${policy.meta.scope}, and the policy is for ${whose}`,
    );
  }
  const sent = { file, sources };
  const perform = (to: Registry, how: PublishOptions) => to.publish(owner, { bytes, mediaType, file }, how);
  const work = async (registry: Registry) =>
    changePolicy(
      registry,
      {
        owner,
        policy,
        label: file,
        layers: await activeLayers(registry, owner),
        sources,
        question: "Publish this policy",
        // Until somebody agreed, an empty one may have stood in for it.
        perform: (how) => withRegistry("made", (made) => perform(made, how), sent),
      },
      options,
      terminal,
    );
  return withRegistry("look", work, sent);
}
