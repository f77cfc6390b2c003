import type { Command } from "commander";
import { renderDiagnostics } from "../../diagnostics/render.js";
import type { ValidatedFile } from "../../report/text/validated.js";
import { EXIT_FAILED, EXIT_OK } from "../exit-codes.js";
import { CommandFailure } from "../failure.js";
import { readNamedFile } from "../files.js";
import { addFormat, example } from "../options.js";
import { decodedText, parsePolicyFile } from "../policy-file.js";
import type { Terminal } from "../terminal.js";

/** `smoltbot policy validate`: reads as little code as it can, because editors and hooks run it often. */
export function define(command: Command, terminal: Terminal): void {
  command.argument("<file...>", "policy files, YAML or JSON");
  addFormat(command);
  example(command, "$ smoltbot policy validate policy.yaml", "$ smoltbot policy validate org.yaml agents/*.yaml --format json");
  command.action(async (files: string[], options: { format: string }) => {
    const sources = new Map<string, string>();
    const checked = files.map((file) => check(file, sources));
    if (options.format === "json") {
      const { validatedJson } = await import("../../report/json/validated.js");
      const { jsonText } = await import("../../report/json/rule.js");
      terminal.out(jsonText(validatedJson(checked)));
    } else {
      const { validatedText } = await import("../../report/text/validated.js");
      const diagnostics = checked.flatMap((f) => f.diagnostics);
      if (diagnostics.length > 0)
        terminal.err(`${renderDiagnostics(diagnostics, { sources, color: terminal.colorErrors }).trimEnd()}\n\n`);
      terminal.out(validatedText(checked, terminal.paint));
    }
    terminal.exitCode = checked.every((f) => f.policy !== undefined) ? EXIT_OK : EXIT_FAILED;
  });
}

/** An unreadable file is one more problem to report, so that the other files are still checked. */
function check(file: string, sources: Map<string, string>): ValidatedFile {
  try {
    const bytes = readNamedFile(file, "policy");
    sources.set(file, decodedText(bytes));
    return { file, ...parsePolicyFile(bytes, file) };
  } catch (error) {
    if (error instanceof CommandFailure) return { file, diagnostics: error.diagnostics };
    throw error;
  }
}
