import type { Command } from "commander";
import { EXIT_FAILED, EXIT_OK } from "../exit-codes.js";
import { failure } from "../failure.js";
import { addConfigOptions, addFormat, example } from "../options.js";
import { confirmed } from "../registry/change.js";
import { activeLayers } from "../registry/layers.js";
import { withRegistry } from "../registry/open.js";
import { addOwnerOptions, positive } from "../registry/options.js";
import { type OwnerOptions, ownerOf, ownerText } from "../registry/owner.js";
import type { Terminal } from "../terminal.js";

type Options = OwnerOptions & { yes?: boolean; ifVersion?: number; format: string };

/** `smoltbot policy unpublish`: no version is active afterwards; the versions stay. */
export function define(command: Command, terminal: Terminal): void {
  addOwnerOptions(command);
  command.option("-y, --yes", "do not ask").option("--if-version <n>", "only when this version is active", positive);
  addConfigOptions(command);
  addFormat(command);
  example(command, "$ smoltbot policy unpublish --agent support-1");
  command.action(async (options: Options) => {
    terminal.exitCode = await unpublish(options, terminal);
  });
}

async function unpublish(options: Options, terminal: Terminal): Promise<number> {
  const owner = await ownerOf(options);
  return withRegistry("existing", async (registry) => {
    const layers = await activeLayers(registry, owner);
    const active = owner.agent === undefined ? layers.org : layers.agent;
    const whose = ownerText(owner, registry.org);
    if (active === undefined) throw failure("registry_not_found", `no policy is active for ${whose}`);
    const { version } = active;
    if (options.ifVersion !== undefined && options.ifVersion !== version)
      throw failure(
        "registry_precondition_failed",
        `version ${version} is active for ${whose}, and --if-version names ${options.ifVersion}`,
      );
    const below = owner.agent === undefined || layers.org === undefined ? undefined : layers.org.version;
    const frame = { org: registry.org, agent: owner.agent, place: registry.place, version, below };
    const { unpublishQuestion, unpublishedText } = await import("../../report/text/unpublish.js");
    if (!(await confirmed(unpublishQuestion(frame), options.yes === true, terminal))) {
      terminal.err("Nothing was changed.\n");
      return EXIT_FAILED;
    }
    await registry.removePolicy(owner, { kind: "version", versions: [version] });
    if (options.format === "json") {
      const { unpublishedJson } = await import("../../report/json/unpublish.js");
      const { jsonText } = await import("../../report/json/rule.js");
      terminal.out(jsonText(unpublishedJson(frame)));
    } else terminal.out(unpublishedText(frame, terminal.paint));
    return EXIT_OK;
  });
}
