import { homedir } from "node:os";
import { diagnostic } from "../diagnostics/codes.js";
import { type Diagnostic, hasErrors } from "../diagnostics/diagnostic.js";
import type { ReadOptions, ReadProgress } from "../trace/io/options.js";
import { defaultTraces, readTraces } from "../trace/io/read.js";
import type { TraceSet } from "../trace/trace-set.js";
import { CommandFailure, failure } from "./failure.js";
import { warn } from "./load-policy.js";
import type { Settings } from "./settings.js";
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
export async function loadTraces(settings: Settings, reading: ReadOptions, terminal: Terminal): Promise<LoadedTraces> {
  const inputs = await tracesOf(settings);
  const set = await watched("Reading traces", terminal, (watch) => readTraces(inputs, { ...reading, ...watch }));
  if (set.traces.length === 0) throw noTraces(set.diagnostics);
  warn(set.diagnostics, new Map(), terminal);
  return { set, damaged: hasErrors(set.diagnostics) };
}

/** There is no trace to answer for. With nothing said of it, reading was stopped before it met one. */
export function noTraces(diagnostics: readonly Diagnostic[]): CommandFailure {
  const stopped = { message: "reading was stopped before a trace was met", fix: "let it read for longer" };
  return new CommandFailure(diagnostics.length > 0 ? diagnostics : [diagnostic("trace_none_selected", stopped)]);
}

/** The sources the user named, or the default. */
export async function tracesOf({ traces }: Settings): Promise<readonly string[]> {
  if (traces.length > 0) return traces;
  const folder = await transcripts();
  if (folder === undefined) throw noTranscripts();
  return [folder];
}

/** What `tracesOf` throws where no source is named, or undefined. */
export async function missingTraces(): Promise<CommandFailure | undefined> {
  return (await transcripts()) === undefined ? noTranscripts() : undefined;
}

function transcripts(): Promise<string | undefined> {
  return defaultTraces(homedir(), process.cwd());
}

function noTranscripts(): CommandFailure {
  return failure("usage_no_default_traces", "no traces were named, and this folder has no Claude Code transcripts");
}

/** Runs what reads traces, with its progress shown, and stopped by Ctrl-C: then it answers for what it has read. */
export async function watched<T>(
  title: string,
  terminal: Terminal,
  work: (watch: Pick<ReadOptions, "signal" | "onProgress">) => Promise<T>,
): Promise<T> {
  const display = await terminal.progress(title);
  const stop = new AbortController();
  const startedMs = performance.now();
  const onProgress = ({ bytesRead, bytesTotal, calls, reading }: ReadProgress) => {
    const seconds = (performance.now() - startedMs) / 1000;
    const rate = seconds > 0.2 ? `  ${bytesText(bytesRead / seconds)}/s` : "";
    const share = bytesTotal === undefined || bytesTotal === 0 ? undefined : bytesRead / bytesTotal;
    const again = reading === 2 ? "  second reading" : "";
    display.update(`${bytesText(bytesRead)}  ${calls.toLocaleString("en-US")} calls${rate}${again}`, share);
  };
  const dispose = terminal.onInterrupt(() => stop.abort());
  try {
    return await work({ signal: stop.signal, onProgress });
  } finally {
    dispose();
    display.stop();
  }
}

function bytesText(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
