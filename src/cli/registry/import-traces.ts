import { diagnostic } from "../../diagnostics/codes.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import { quoteText } from "../../diagnostics/escape.js";
import type { RegistryFailure } from "../../registry/failure.js";
import type { Registry } from "../../registry/registry.js";
import type { IngestAnswer } from "../../registry/shapes.js";
import { fileChunks } from "../../trace/io/file-bytes.js";
import { codeOf, type FileSource, type StreamSource, unreadable, type WalkStep, walkInputs } from "../../trace/io/walk.js";
import type { CommandFailure } from "../failure.js";
import type { Terminal } from "../terminal.js";
import { asDiagnostic } from "./change.js";
import { isRefusal, refusal } from "./refusal.js";

export interface ImportOutcome {
  /** Inputs that brought a trace. */
  readonly inputs: number;
  /** Files of folders and patterns that hold no traces. */
  readonly strangers: number;
  readonly traces: number;
  readonly calls: number;
  readonly repeatedCalls: number;
  readonly skippedRecords: number;
  readonly findings: readonly Diagnostic[];
  /** Ctrl-C came before the end. */
  readonly stopped: boolean;
}

interface Sums {
  inputs: number;
  strangers: number;
  traces: number;
  calls: number;
  repeatedCalls: number;
  skippedRecords: number;
}

/**
 * Sends every input to the registry, one after the other. Sending the same again changes nothing, so an import that was cut
 * off is simply repeated.
 */
export async function importTraces(
  registry: Registry,
  sources: readonly string[],
  agent: string | undefined,
  terminal: Terminal,
): Promise<ImportOutcome> {
  const steps = await walkInputs(sources, terminal.stdin);
  const display = await terminal.progress("Importing traces");
  const total = bytesOf(steps);
  const sums: Sums = { inputs: 0, strangers: 0, traces: 0, calls: 0, repeatedCalls: 0, skippedRecords: 0 };
  const findings: Diagnostic[] = [];
  let stopped = false;
  let bytes = 0;
  const dispose = terminal.onInterrupt(() => {
    stopped = true;
  });
  const seen = (chunk: number) => {
    bytes += chunk;
    const share = total === undefined || total === 0 ? undefined : bytes / total;
    // Counted input by input: the registry answers for a whole one.
    const stored = sums.calls === 0 ? "" : `  ${sums.calls.toLocaleString("en-US")} calls stored`;
    display.update(`${(bytes / 1e6).toFixed(1)} MB${stored}`, share);
  };
  try {
    for (const step of steps) {
      if (stopped) break;
      if (step.kind === "finding") findings.push(diagnostic(step.code, { message: step.message }));
      else if (step.kind !== "groupEnd") await importOne(registry, step, agent, { sums, findings, seen });
    }
  } finally {
    dispose();
    display.stop();
  }
  return { ...sums, findings, stopped };
}

interface Running {
  readonly sums: Sums;
  readonly findings: Diagnostic[];
  readonly seen: (bytes: number) => void;
}

async function importOne(
  registry: Registry,
  source: FileSource | StreamSource,
  agent: string | undefined,
  { sums, findings, seen }: Running,
): Promise<void> {
  const name = source.kind === "file" ? source.path : source.name;
  let answer: IngestAnswer;
  try {
    answer = await registry.ingest(counted(source, seen), { agent, name });
  } catch (error) {
    if (source.kind === "file" && fileFaults.has(codeOf(error))) {
      const { code, message } = unreadable(name, error);
      findings.push(diagnostic(code, { message }));
      return;
    }
    if (!isRefusal(error, "invalid_request", "validation_error")) throw error;
    // A folder may hold other files; a file that was named may not be one.
    if (source.kind === "file" && source.found && isStranger(error as RegistryFailure)) sums.strangers++;
    else findings.push(...named(refusal(error, name) as CommandFailure, name));
    return;
  }
  if (answer.traces > 0) sums.inputs++;
  else if (source.kind === "file" && source.found && answer.warnings.length === 0) sums.strangers++;
  sums.traces += answer.traces;
  sums.calls += answer.calls;
  sums.repeatedCalls += answer.repeated_calls;
  sums.skippedRecords += answer.skipped_records;
  findings.push(...answer.warnings.map(asDiagnostic));
}

function named(refused: CommandFailure, name: string): Diagnostic[] {
  return refused.diagnostics.map((each) => ({ ...each, message: `${quoteText(name, 200)}: ${each.message}` }));
}

function isStranger({ details }: RegistryFailure): boolean {
  return details.every(({ code }) => code !== undefined && strangerCodes.has(code));
}

const strangerCodes: ReadonlySet<string> = new Set(["trace_empty", "trace_format_unknown", "trace_not_json"]);

/** What the system says of a file; what it says of a connection ends the command. */
const fileFaults: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "EACCES", "EPERM", "EISDIR", "EIO"]);

async function* counted(source: FileSource | StreamSource, seen: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const chunks = source.kind === "file" ? fileChunks(source.path, source.bytes !== undefined) : source.chunks;
  for await (const chunk of chunks) {
    seen(chunk.length);
    yield chunk;
  }
}

/** Undefined while something without a known end is among the inputs. */
function bytesOf(steps: readonly WalkStep[]): number | undefined {
  let total = 0;
  for (const step of steps) {
    if (step.kind !== "file" && step.kind !== "stream") continue;
    if (step.bytes === undefined) return undefined;
    total += step.bytes;
  }
  return total;
}
