import { homedir } from "node:os";
import { hasErrors } from "../diagnostics/diagnostic.js";
import type { ReadProgress } from "../trace/io/options.js";
import { defaultTraces, readTraces } from "../trace/io/read.js";
import type { TraceSet } from "../trace/trace-set.js";
import { CommandFailure, failure } from "./failure.js";
import { warn } from "./load-policy.js";
import type { Terminal } from "./terminal.js";

export interface LoadedTraces {
  readonly set: TraceSet;
  /** Some input, line or record was not understood: the command answers for the rest and exits 1. */
  readonly damaged: boolean;
}

/**
 * Reads the traces a command was given, or the Claude Code transcripts of the current folder. What is wrong with them goes
 * to stderr; an input in which no trace was recognised ends the command (semantics R1).
 */
export async function loadTraces(inputs: readonly string[], terminal: Terminal): Promise<LoadedTraces> {
  const named = inputs.length > 0 ? inputs : await transcriptsHere();
  const progress = await terminal.progress("Reading traces");
  const onProgress = ({ bytesRead }: ReadProgress) => progress.update(`${(bytesRead / 1_000_000).toFixed(1)} MB`);
  const set = await readTraces(named, { stdin: terminal.stdin, onProgress });
  progress.stop();
  if (set.traces.length === 0) throw new CommandFailure(set.diagnostics);
  warn(set.diagnostics, new Map(), terminal);
  return { set, damaged: hasErrors(set.diagnostics) };
}

async function transcriptsHere(): Promise<string[]> {
  const folder = await defaultTraces(homedir(), process.cwd());
  if (folder === undefined)
    throw failure("usage_no_default_traces", "no traces were named, and this folder has no Claude Code transcripts");
  return [folder];
}
