import type { Command } from "commander";
import { dumpArtifact } from "../../artifact/dump.js";
import { decodeNamed } from "../artifact-file.js";
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
    terminal.out(dumpArtifact(decodeNamed(readNamedFile(file, "artifact"), file), options));
  });
}
