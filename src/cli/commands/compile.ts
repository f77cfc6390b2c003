import type { Command } from "commander";
import { decodeArtifact } from "../../artifact/decode.js";
import { writeWhole } from "../files.js";
import { loadPolicy } from "../load-policy.js";
import { compile } from "../open-policy.js";
import { addConfigOptions, addFormat, type ConfigOptions, example } from "../options.js";
import { resolveSettings } from "../settings.js";
import type { Terminal } from "../terminal.js";

type Options = ConfigOptions & { org?: string; output: string; format: string };

/** `smoltbot policy compile`: the merged policy as one artifact file. */
export function define(command: Command, terminal: Terminal): void {
  command
    .argument("[file]", "the policy (default: from the config file)")
    .requiredOption("-o, --output <file>", "where to write the artifact")
    .option("--org <file>", "org policy below it");
  addConfigOptions(command);
  addFormat(command);
  example(command, "$ smoltbot policy compile policy.yaml --org org.yaml -o policy.bin");
  command.action(async (file: string | undefined, options: Options) => {
    const { merged } = loadPolicy(await resolveSettings({ ...options, policy: file }), terminal);
    const { bytes, report } = compile(merged);
    // What is written must be loadable: the check costs milliseconds, a broken artifact in a gateway costs more.
    const { digest } = decodeArtifact(bytes);
    writeWhole(options.output, bytes);
    if (options.format === "json") {
      const { compiledJson } = await import("../../report/json/compiled.js");
      const { jsonText } = await import("../../report/json/rule.js");
      terminal.out(jsonText(compiledJson(options.output, digest, report)));
    } else {
      const { compiledText } = await import("../../report/text/compiled.js");
      terminal.out(compiledText(options.output, digest, report, terminal.paint));
    }
  });
}
