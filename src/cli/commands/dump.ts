import type { Command } from "commander";
import type { Artifact } from "../../artifact/artifact.js";
import { decodeArtifact } from "../../artifact/decode.js";
import { dumpArtifact } from "../../artifact/dump.js";
import { ArtifactError, artifactErrors } from "../../artifact/errors.js";
import { quoteText } from "../../diagnostics/escape.js";
import { CommandFailure } from "../failure.js";
import { readNamedFile } from "../files.js";
import { example } from "../options.js";
import type { Terminal } from "../terminal.js";

/** `smoltbot policy dump`: a compiled artifact as text; equal bytes give equal text. */
export function define(command: Command, terminal: Terminal): void {
  command
    .argument("<file>", "artifact written by `smoltbot policy compile`")
    .option("--automaton", "also list every state and transition");
  example(command, "$ smoltbot policy dump policy.bin", "$ smoltbot policy dump policy.bin --automaton | less");
  command.action((file: string, options: { automaton?: boolean }) => {
    terminal.out(dumpArtifact(decodeNamed(file), options));
  });
}

/** Decodes a file, or fails with the decoder's own code. */
function decodeNamed(file: string): Artifact {
  const bytes = readNamedFile(file, "artifact");
  try {
    return decodeArtifact(bytes);
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    const { code } = error;
    const text = artifactErrors.find((entry) => entry.code === code);
    const message = `${quoteText(file, 400)}: ${error.message}`;
    throw new CommandFailure([{ code, level: "error", path: "", message, fix: lowerFirst(text?.fix ?? "") }]);
  }
}

/** Advice reads on after "fix:", so it begins in lower case and has no full stop. */
function lowerFirst(sentence: string): string {
  const open = sentence.endsWith(".") ? sentence.slice(0, -1) : sentence;
  return open.charAt(0).toLowerCase() + open.slice(1);
}
